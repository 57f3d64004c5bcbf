// Many memberships at once, on a Story: people with a directory user each, tools with a group each, and grants that come due in
// one moment, because their connector is disabled while they are approved.
import { until } from './world.js';

const hex = (number) => String(number).padStart(12, '0');
export const groupOf = (number) => `b1000000-0000-4000-8000-${hex(number)}`;
export const userOf = (number) => `e0000000-0000-4000-8000-${hex(number)}`; // as the sandbox makes them
export const accountOf = (number) => `712020:e0000000-0000-4000-8000-${hex(number)}`;

// Runs `work` for each of the list, some at a time.
export async function each(list, work, atOnce = 16) {
  const queue = [...list.entries()];
  const results = new Array(list.length);
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await work(next[1]);
  }));
  return results;
}

export class Bulk {
  constructor(story) {
    this.story = story;
    this.world = story.world;
  }

  // `people` with a mapping each, `groups` with a tool each.
  static async ready(story, people, groups) {
    const bulk = new Bulk(story);
    const { world } = story;
    await story.intake({ approval: 'console' });
    bulk.approver = await world.token('approver', world.seed.accounts.approver);
    await world.control('PUT', '/state?quiet=1', { generateUsers: people });
    const rows = Array.from({ length: people }, (_, at) => `${accountOf(at)},sandbox,${userOf(at)}`);
    await world.must('POST', '/api/v1/identity-mappings/import', `accountId,connectorId,externalId\n${rows.join('\n')}\n`,
      { headers: { 'Content-Type': 'text/csv' } });
    for (let at = 0; at < groups; at++) {
      await world.control('PUT', '/state?quiet=1', {
        groups: [{ id: groupOf(at), displayName: `Bulk ${at}`, mailNickname: `bulk${at}`, securityEnabled: true, mailEnabled: false, groupTypes: [] }],
      });
      await story.tool(`bulk-${at}`, { name: `Bulk ${at}` }, groupOf(at));
    }
    return bulk;
  }

  enable() {
    return this.world.must('POST', '/api/v1/connectors/sandbox/enable');
  }

  disable() {
    return this.world.must('POST', '/api/v1/connectors/sandbox/disable');
  }

  // Files and approves one: gives the grant's id.
  async grant({ person, group }) {
    const request = await this.world.must('POST', '/api/v1/requests',
      { toolId: `bulk-${group}`, accountId: accountOf(person), purpose: 'Bulk', durationDays: 30 });
    const approved = await this.world.must('POST', `/api/v1/requests/${request.requestId}/approve`, {}, { token: this.approver });
    return approved.grantId;
  }

  grants(list) {
    return each(list, (one) => this.grant(one));
  }

  revoke(grantIds) {
    return each(grantIds, (grantId) => this.world.must('POST', `/api/v1/grants/${grantId}/revoke`));
  }

  read(grantIds) {
    return each(grantIds, (grantId) => this.world.must('GET', `/api/v1/grants/${grantId}`));
  }

  // Every page of a list.
  async all(path) {
    const items = [];
    for (let cursor = ''; cursor !== null;) {
      const page = await this.world.must('GET', `${path}${path.includes('?') ? '&' : '?'}limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      items.push(...page.items);
      cursor = page.nextCursor;
    }
    return items;
  }

  async countOf(status) {
    return (await this.all(`/api/v1/grants?status=${status}`)).length;
  }

  // No membership is on its way any more.
  rest(limitMs = 60000) {
    return until('every grant to be at rest', async () => {
      for (const status of ['pendingProvision', 'pendingDeprovision']) {
        const { items } = await this.world.must('GET', `/api/v1/grants?status=${status}&limit=1`);
        if (items.length > 0) {
          const jobs = await this.world.must('GET', '/api/v1/jobs?status=waiting&limit=1');
          throw new Error(JSON.stringify([items[0], jobs.items[0]]));
        }
      }
      return true;
    }, limitMs);
  }

  async membersOf(groups) {
    const { entra } = await this.world.control('GET', '/state');
    return groups.map((group) => new Set(entra.groups.find((one) => one.id === groupOf(group)).members));
  }

  // What was called of Graph since `seq`, items of a $batch not counted.
  async calls(since) {
    const { requests } = await this.world.control('GET', `/requests?since=${since}`);
    return requests.filter((one) => one.site === 'entra' && !one.batched);
  }

  async lastSeq() {
    return (await this.world.control('GET', '/requests?since=999999999')).count;
  }
}
