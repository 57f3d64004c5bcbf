// Access taken away at once: a tool is stopped, or everything of a person is revoked. 300 people and four kills here; 5,000 and
// ten with AICLEARANCE_FULL, or as many as STOP_PEOPLE and STOP_KILLS say.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertFault, assertProblem } from './answers.js';
import { Bulk, accountOf, each, groupOf, userOf } from './bulk.js';
import { Story } from './story.js';
import { World, until } from './world.js';

const full = Boolean(process.env.AICLEARANCE_FULL);
const people = Number(process.env.STOP_PEOPLE ?? (full ? 5000 : 300));
const kills = Number(process.env.STOP_KILLS ?? (full ? 10 : 4));
const patience = 60000 + people * 300;
const reason = 'The vendor told us of a leak';

let world;
let story;
let bulk;
const cli = (...args) => world.cli(args, { environment: { AICLEARANCE_URL: world.service, AICLEARANCE_TOKEN: world.admin } });
const toolOf = (toolId) => world.must('GET', `/api/v1/tools/${toolId}`);
const events = async (action) => (await bulk.all('/api/v1/audit-events')).filter((event) => event.action === action);
const membersOf = async (group) => (await bulk.membersOf([group]))[0];
const settled = ({ stop }) => stop && stop.done + stop.kept + stop.failed === stop.total;

// Every page of what it would do.
async function preview(path) {
  const items = [];
  for (let cursor = ''; ;) {
    const page = await world.must('POST', `${path}?dryRun=true&limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    items.push(...page.items);
    if (page.nextCursor === null) return { ...page, items };
    cursor = page.nextCursor;
  }
}

// `second` is a tool on the same group as bulk-0.
before(async () => {
  world = await World.start({ config: { jira: { sweep_seconds: '3600' } } });
  story = await Story.ready(world);
  bulk = await Bulk.ready(story, people + 10, 4);
  await story.tool('second', { name: 'Second' });
  await world.must('POST', '/api/v1/tools/second/entitlement-group', { mode: 'bind', groupId: groupOf(0), allowShared: true });
});
after(() => world?.stop());

async function grantOf(toolId, person) {
  const request = await world.must('POST', '/api/v1/requests', { toolId, accountId: accountOf(person), purpose: 'Work', durationDays: 30 });
  return (await world.must('POST', `/api/v1/requests/${request.requestId}/approve`, {}, { token: bulk.approver })).grantId;
}

describe('a tool that is stopped', () => {
  const list = Array.from({ length: people }, (_, person) => ({ person, group: 0 }));
  const path = '/api/v1/tools/bulk-0/stop';
  let grants;
  let keeper;
  let pending;
  before(async () => {
    keeper = await grantOf('second', 0);
    await bulk.rest();
    grants = await bulk.grants(list);
    await bulk.rest(patience);
    pending = await world.must('POST', '/api/v1/requests', { toolId: 'bulk-0', accountId: accountOf(people), purpose: 'Late', durationDays: 30 });
  });

  test('is told to stop by its own id alone, and by an admin', async () => {
    const trail = (await bulk.all('/api/v1/audit-events')).length;
    assertFault(await world.api('POST', path, { confirm: 'bulk-1', reason }), 'confirm');
    assertFault(await world.api('POST', path, { reason }), 'confirm');
    assertFault(await world.api('POST', path), 'confirm');
    assertFault(await world.api('POST', path, { confirm: 'bulk-0', why: 'x' }), 'why');
    assertFault(await world.api('POST', `${path}?dryRun=perhaps`), 'dryRun');
    assertProblem(await world.api('POST', '/api/v1/tools/none/stop', { confirm: 'none' }), 404, 'not_found');
    assertProblem(await world.api('POST', '/api/v1/tools/none/stop?dryRun=true'), 404, 'not_found');
    assertProblem(await world.api('POST', path, { confirm: 'bulk-0' }, { headers: { 'If-Match': '"other"' } }), 412, 'precondition_failed');
    assert.equal((await bulk.all('/api/v1/audit-events')).length, trail);
    assert.equal((await toolOf('bulk-0')).stop, undefined);
  });

  test('names everybody first who would lose it, and who would stay', async () => {
    const would = await preview(path);
    assert.deepEqual([would.total, would.removed, would.kept, would.failed, would.pendingRequests], [people, people - 1, 1, 0, 1]);
    assert.deepEqual(would.items.map((item) => item.grantId).sort(), [...grants].sort());
    assert.deepEqual(new Set(would.items.map((item) => item.externalUserId)), new Set(list.map((one) => userOf(one.person))));
    const kept = would.items.filter((item) => item.outcome === 'kept');
    assert.deepEqual(kept.map((item) => [item.accountId, item.keptByGrantId, item.keptByToolId]), [[accountOf(0), keeper, 'second']]);
    const { code, stdout } = await cli('tool', 'stop', 'bulk-0', '--dry-run');
    assert.equal(code, 0);
    for (const { person } of list) assert.ok(stdout.includes(accountOf(person)), accountOf(person));
    assert.match(stdout, new RegExp(`total +${people}\\b[^]*removed +${people - 1}\\b[^]*kept +1\\b`));
    const machine = JSON.parse((await cli('tool', 'stop', 'bulk-0', '--dry-run', '--json')).stdout);
    assert.equal(machine.items.length, people);
    assert.equal(machine.nextCursor, null);
    await story.quiet();
    assert.equal((await membersOf(0)).size, people);
    assert.equal((await toolOf('bulk-0')).stop, undefined);
  });

  test(`takes all of them out through ${kills} kill -9, and leaves in whom another tool keeps there`, async () => {
    const answer = await world.api('POST', path, { confirm: 'bulk-0', reason });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.stop.total, people);
    assert.equal(answer.json.stop.reason, reason);
    assert.equal(answer.json.stop.actor.kind, 'token');
    let amid = 0;
    let done = 0;
    for (let times = 0; times < kills; times++) {
      await world.stopService('SIGKILL');
      await world.startService();
      const before = done;
      await until('some to have left', async () => {
        const tool = await toolOf('bulk-0');
        assert.equal(tool.stop.total, people);
        ({ done } = tool.stop);
        return settled(tool) || done - before >= people / (kills + 2);
      }, patience);
      amid += done < people - 1;
    }
    assert.ok(amid > 0, 'at least one kill came amid the removals');
    await world.stopService('SIGKILL');
    await world.startService();
    const { stop } = await until('the stop to be done', async () => {
      const tool = await toolOf('bulk-0');
      return settled(tool) && tool;
    }, patience);
    assert.deepEqual([stop.done, stop.kept, stop.failed], [people - 1, 1, 0]);
    assert.deepEqual([...(await membersOf(0))], [userOf(0)]);
    for (const grant of await bulk.read(grants)) assert.equal(grant.status, 'revoked', JSON.stringify(grant));
    assert.equal((await world.must('GET', `/api/v1/grants/${keeper}`)).status, 'active');
    const kept = await bulk.all(`${path}?outcome=kept`);
    assert.deepEqual(kept.map((item) => [item.accountId, item.keptByGrantId, item.keptByToolId]), [[accountOf(0), keeper, 'second']]);
    assert.equal((await bulk.all(path)).length, people);
  });

  test('is one event, with who and how many, and one for each grant', async () => {
    const [event, ...others] = await events('tool.stopped');
    assert.equal(others.length, 0);
    assert.equal(event.target.id, 'bulk-0');
    assert.equal(event.detail.grants, people);
    assert.match(event.detail.reasonHash, /^[0-9a-f]{64}$/);
    const revoked = (await events('grant.revoke')).filter((one) => grants.includes(one.target.id));
    assert.equal(revoked.length, people);
    for (const one of revoked) assert.deepEqual(one.actor, event.actor);
    assert.equal((await events('grant.notMember')).filter((one) => grants.includes(one.target.id)).length, people - 1);
    assert.deepEqual((await events('connector.removalsHeld')), []);
    const { code, stdout } = await world.cli(['audit', 'verify', '--config', world.configFile]);
    assert.equal(code, 0, stdout);
  });

  test('is given to nobody, not even to whom it was about to be, and says so', async () => {
    assertProblem(await world.api('POST', '/api/v1/requests', { toolId: 'bulk-0', accountId: accountOf(1), purpose: 'Again', durationDays: 30 }), 422, 'tool_stopped');
    assertProblem(await world.api('POST', `/api/v1/requests/${pending.requestId}/approve`, {}, { token: bulk.approver }), 409, 'tool_stopped');
    const refused = await world.must('GET', `/api/v1/requests/${pending.requestId}`);
    assert.deepEqual([refused.status, refused.code, refused.grantId], ['refused', 'tool_stopped', null]);
    const requester = await world.token('requester', accountOf(2));
    const shown = await world.must('GET', '/api/v1/tools/bulk-0', undefined, { token: requester });
    assert.equal(shown.stop.total, people);
    assert.equal(shown.stop.reason, undefined);
  });

  test('is stopped once, is written as any other, and once resumed is asked for again and gives nobody back', async () => {
    const trail = (await bulk.all('/api/v1/audit-events')).length;
    assert.equal((await world.api('POST', path, { confirm: 'bulk-0' })).status, 200);
    assert.equal((await bulk.all('/api/v1/audit-events')).length, trail);
    const tool = await toolOf('bulk-0');
    assert.equal((await world.api('PUT', '/api/v1/tools/bulk-0', { ...tool, description: 'Changed' })).json.stop.total, people);
    assert.match((await cli('tool', 'list')).stdout, /STOPPED[^]*bulk-0 [^\n]*\d{4}-\d\d-\d\dT/);
    assert.match((await cli('tool', 'show', 'bulk-0')).stdout, new RegExp(`stop\\.done +${people - 1}\\b`));
    assert.equal((await cli('tool', 'resume', 'bulk-0')).code, 0);
    assert.equal((await toolOf('bulk-0')).stop, undefined);
    assert.equal((await world.api('POST', '/api/v1/tools/bulk-0/resume')).status, 200);
    assert.equal((await events('tool.resumed')).length, 1);
    await story.quiet();
    assert.deepEqual([...(await membersOf(0))], [userOf(0)]);
    await grantOf('bulk-0', 1);
    await bulk.rest();
    assert.deepEqual([...(await membersOf(0))].sort(), [userOf(0), userOf(1)].sort());
  });
});

describe('a person whose access is revoked', () => {
  const person = people + 1;
  const path = `/api/v1/people/${encodeURIComponent(accountOf(person))}/revoke`;

  test('is out of every tool, asks for nothing any more, and nobody else is touched', async () => {
    const mine = await each([1, 2, 3], (group) => bulk.grant({ person, group }));
    const other = await bulk.grant({ person: person + 1, group: 1 });
    const asked = await world.must('POST', '/api/v1/requests', { toolId: 'second', accountId: accountOf(person), purpose: 'More', durationDays: 30 });
    await bulk.rest();
    const would = await preview(path);
    assert.deepEqual([would.total, would.removed, would.pendingRequests], [3, 3, 1]);
    assert.deepEqual(would.items.map((item) => item.grantId).sort(), [...mine].sort());
    assertFault(await world.api('POST', path, { confirm: accountOf(person + 1) }), 'confirm');
    assertProblem(await world.api('POST', '/api/v1/people/nobody/revoke', { confirm: 'nobody' }), 404, 'not_found');
    const table = await cli('person', 'revoke', accountOf(person), '--dry-run');
    for (const toolId of ['bulk-1', 'bulk-2', 'bulk-3']) assert.ok(table.stdout.includes(toolId), toolId);

    assert.equal((await cli('person', 'revoke', accountOf(person), '--reason', 'Left the company')).code, 0);
    await world.stopService('SIGKILL');
    await world.startService();
    const { stop } = await until('three to be out', async () => {
      const seen = await world.must('GET', `/api/v1/people/${encodeURIComponent(accountOf(person))}`);
      return settled(seen) && seen;
    });
    assert.deepEqual([stop.total, stop.done, stop.reason], [3, 3, 'Left the company']);
    for (const grant of await bulk.read(mine)) assert.equal(grant.status, 'revoked');
    assert.equal((await world.must('GET', `/api/v1/requests/${asked.requestId}`)).status, 'cancelled');
    for (const members of await bulk.membersOf([1, 2, 3])) assert.ok(!members.has(userOf(person)));
    assert.ok((await membersOf(1)).has(userOf(person + 1)));
    assert.equal((await world.must('GET', `/api/v1/grants/${other}`)).status, 'active');
    assert.equal((await cli('person', 'revoke', accountOf(person))).code, 0);
    const [event, ...others] = await events('person.revoked');
    assert.equal(others.length, 0);
    assert.deepEqual([event.target.id, event.detail.grants, event.detail.requests], [accountOf(person), 3, 1]);
  });
});

describe('a stop, as an issue sees it', () => {
  test('is told to the issue of who leaves and of who asks; what was approved meanwhile is not given on resuming', async () => {
    await story.intake();
    const issue = await story.grant('ada');
    await world.must('POST', '/api/v1/tools/test-tool/stop', { confirm: 'test-tool' });
    await story.grantIs(issue, 'revoked');
    await until('the comment', async () => (await story.comments(issue)).some((one) => one.includes('has ended')));
    const late = await story.file('fay');
    const refused = await story.requestIs(late, 'refused');
    assert.equal(refused.code, 'tool_stopped');
    await until('the comment', async () => (await story.comments(late)).some((one) => one.includes('stopped')));
    await story.approve(late);
    await story.look(late);
    await world.must('POST', '/api/v1/tools/test-tool/resume');
    await story.look(late);
    assert.deepEqual(await story.grants(late), []);
    assert.deepEqual(await story.members(), []);
  });

  test('of a person is not undone by an approval of before', async () => {
    const issue = await story.file('user101');
    await story.requestIs(issue, 'pending');
    const accountId = story.account('user101');
    await world.must('POST', `/api/v1/people/${encodeURIComponent(accountId)}/revoke`, { confirm: accountId });
    await story.requestIs(issue, 'cancelled');
    await story.approve(issue);
    await story.look(issue);
    assert.deepEqual(await story.grants(issue), []);
  });
});
