// Who ends up in the group, and who does not: provisioning and deprovisioning against an Entra that loses answers, refuses,
// throttles, lags, and has people in its groups whom we did not put there. Each test is named for what would be lost.
//
// What is in the group is read from Entra's own side; what we sent, from Entra's log.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Story } from './story.js';
import { sleep, until, World } from './world.js';

const groups = { test: '90000000-0000-4000-8000-000000000001', chat: '90000000-0000-4000-8000-000000000002', copilot: '90000000-0000-4000-8000-000000000003' };
const people = {
  ada: 'a0000000-0000-4000-8000-000000000001', gus: 'a0000000-0000-4000-8000-000000000006', hal: 'a0000000-0000-4000-8000-000000000007',
  ida: 'a0000000-0000-4000-8000-000000000008', ira: 'a0000000-0000-4000-8000-000000000009', jo: 'a0000000-0000-4000-8000-00000000000a',
  nia: 'a0000000-0000-4000-8000-00000000000e', nia2: 'a0000000-0000-4000-8000-00000000000f',
};

class Case {
  static async ready({ faults, config } = {}) {
    const one = new Case();
    one.world = await World.start({ config: config ?? { jira: { sweep_seconds: '300' } } });
    if (faults) await one.faults(faults);
    one.story = await Story.ready(one.world);
    one.used = 0;
    return one;
  }

  person() {
    this.used += 1;
    return `user${String(this.used).padStart(3, '0')}`;
  }

  objectId(person) {
    return people[person] ?? `c0000000-0000-4000-8000-${person.slice(4).padStart(12, '0')}`;
  }

  async inGroup(person, group) {
    return (await this.story.members(group)).includes(this.objectId(person));
  }

  faults(faults) {
    return this.world.control('PUT', '/faults', faults);
  }

  rules(...rules) {
    return this.faults({ rules });
  }

  calm() {
    return this.faults({ rules: [], latencyMs: 0, replicationDelayMs: 0 });
  }

  state(state) {
    return this.world.control('PUT', '/state?quiet=1', state);
  }

  putIn(person, groupId = groups.test) {
    return this.state({ membership: { groupId, add: [this.objectId(person)] } });
  }

  takeOut(person, groupId = groups.test) {
    return this.state({ membership: { groupId, remove: [this.objectId(person)] } });
  }

  async log(since = 0) {
    return (await this.world.control('GET', `/requests?since=${since}`)).requests;
  }

  // What changes of a membership were sent about that person, oldest first: [{ method, status, atMs }].
  async writes(person) {
    const id = this.objectId(person);
    return (await this.log()).filter((one) => one.site === 'entra' && one.path.includes('/members')
      && ((one.method === 'DELETE' && one.path.includes(id)) || (one.method !== 'GET' && (one.body ?? '').includes(id))));
  }

  async lastSeq() {
    return (await this.world.control('GET', '/requests?since=999999999')).count;
  }

  async approved(person, fields) {
    const issue = await this.story.file(person, fields);
    await this.story.requestIs(issue, 'pending');
    await this.story.approve(issue);
    await this.story.requestIs(issue, 'approved');
    return issue;
  }

  async revoke(issue) {
    const [grant] = await this.story.grants(issue);
    return this.world.must('POST', `/api/v1/grants/${grant.grantId}/revoke`);
  }

  async resolve(issue, body) {
    const [grant] = await this.story.grants(issue);
    return this.world.api('POST', `/api/v1/grants/${grant.grantId}/resolve`, body);
  }

  async followUp(issue, action, code) {
    const grant = await this.story.grantIs(issue, 'manualFollowUp');
    assert.equal(grant.followUp.action, action);
    assert.equal(grant.followUp.code, code);
    assert.ok(grant.followUp.reason.length > 0, 'a sentence');
    const { items } = await this.world.must('GET', '/api/v1/follow-ups?limit=200');
    assert.ok(items.some((item) => item.grantId === grant.grantId), 'listed under follow-ups');
    return grant;
  }

  async noFollowUps() {
    assert.deepEqual((await this.world.must('GET', '/api/v1/follow-ups?limit=200')).items, []);
  }

  // The job that acts for the issue's grant, once it waits with that code.
  async waits(issue, ...codes) {
    const [grant] = await this.story.grants(issue);
    return until(`a job of ${issue} to wait for ${codes}`, async () => {
      const { items } = await this.world.must('GET', '/api/v1/jobs?status=waiting&limit=200');
      const job = items.find((item) => item.grantId === grant.grantId && item.kind !== 'writeBack');
      if (codes.includes(job?.lastError?.code)) return job;
      throw new Error(JSON.stringify(job ?? null));
    });
  }

  async incidents() {
    const { items } = await this.world.must('GET', '/api/v1/audit-events?limit=200');
    return items.filter((event) => event.action === 'connector.incidentOpened');
  }

  async history(issue) {
    const [grant] = await this.story.grants(issue);
    return grant.history.map((step) => step.to);
  }

  // The one thing that must never be sent: a DELETE that would have deleted the user.
  async stop() {
    if (!this.world) return;
    try {
      const state = await this.world.control('GET', '/state');
      assert.equal(state.entra.danger, 0, 'a membership was deleted without /$ref');
      const removals = (await this.log()).filter((one) => one.site === 'entra' && one.method === 'DELETE');
      for (const one of removals) assert.match(one.path, /^\/v1\.0\/groups\/[0-9a-f-]{36}\/members\/[0-9a-f-]{36}\/\$ref$/);
    } finally {
      await this.world.stop();
    }
  }
}

const addPath = '/v1.0/groups/*/members/$ref';
const removePath = '/v1.0/groups/*/members/*/$ref';
const add = (rule) => ({ site: 'entra', method: 'POST', path: addPath, ...rule });
const remove = (rule) => ({ site: 'entra', method: 'DELETE', path: removePath, ...rule });

describe('Whose membership it is', () => {
  let one;
  let story;

  before(async () => {
    one = await Case.ready();
    ({ story } = one);
    await story.tool('chat', { name: 'ChatGPT Enterprise' });
    await one.world.must('POST', '/api/v1/tools/chat/entitlement-group', { mode: 'bind', groupId: groups.test, allowShared: true });
  });
  after(() => one?.stop());

  test('a user who was in the group before us stays in it until a person decides: kept', async () => {
    const person = one.person();
    await one.putIn(person);
    const issue = await story.grant(person);
    assert.equal((await story.grants(issue))[0].membershipPreexisting, true);
    await story.move(issue, 'Access removed');
    await one.followUp(issue, 'deprovision', 'membership_not_ours');
    assert.equal(await one.inGroup(person), true);
    await story.look(issue);
    const comments = await story.comments(issue);
    assert.equal(comments.length, 2);
    assert.match(comments[1], /needs a person/);
    assert.equal((await one.resolve(issue, { outcome: 'notGranted', reason: 'x' })).status, 409, 'that is no way to end a removal');
    const kept = await one.resolve(issue, { outcome: 'keptByHand', reason: 'Was a member before.' });
    assert.equal(kept.json.status, 'revoked', kept.text);
    await story.look(issue);
    assert.equal(await one.inGroup(person), true);
    assert.deepEqual(await one.writes(person), [], 'nothing was ever written about them');
    assert.equal((await story.comments(issue)).length, 3);
  });

  test('a user who was in the group before us stays in it until a person decides: removed by hand', async () => {
    const person = one.person();
    await one.putIn(person);
    const issue = await story.grant(person);
    await one.revoke(issue);
    await one.followUp(issue, 'deprovision', 'membership_not_ours');
    await one.takeOut(person);
    const removed = await one.resolve(issue, { outcome: 'removedByHand', reason: 'Done in Entra.' });
    assert.equal(removed.json.status, 'revoked', removed.text);
    // Whoever gets access again later is ours.
    const again = await story.grant(person);
    assert.equal((await story.grants(again))[0].membershipPreexisting, false);
    await one.revoke(again);
    await story.grantIs(again, 'revoked');
    assert.equal(await one.inGroup(person), false);
  });

  test('one who was there before us is recognised even where a lagging read did not show it', async () => {
    const person = one.person();
    await one.faults({ replicationDelayMs: 2500 });
    try {
      await one.putIn(person);
      const issue = await story.grant(person);
      assert.equal((await story.grants(issue))[0].membershipPreexisting, true);
      await one.revoke(issue);
      await one.followUp(issue, 'deprovision', 'membership_not_ours');
    } finally {
      await one.calm();
    }
    assert.equal(await one.inGroup(person), true);
    assert.deepEqual((await one.writes(person)).map((write) => write.method), ['POST']);
  });

  test('a user with two grants to one group stays until the last one ends', async () => {
    const person = one.person();
    const first = await story.grant(person);
    const second = await story.grant(person, { tool: 'ChatGPT Enterprise' });
    assert.equal((await story.grants(second))[0].groupId, groups.test);
    assert.equal((await story.grants(second))[0].membershipPreexisting, false, 'it was we who put them there');
    await one.revoke(first);
    const ended = await story.grantIs(first, 'revoked');
    assert.match(ended.reason, /keeps the user in the group/);
    await story.look(first);
    assert.equal(await one.inGroup(person), true);
    assert.deepEqual((await one.writes(person)).map((write) => write.method), ['POST']);
    await one.revoke(second);
    await story.grantIs(second, 'revoked');
    assert.equal(await one.inGroup(person), false);
  });

  test('two grants of one user to one group that end together leave nobody in', async () => {
    const person = one.person();
    const first = await story.grant(person);
    const second = await story.grant(person, { tool: 'ChatGPT Enterprise' });
    await Promise.all([one.revoke(first), one.revoke(second)]);
    await Promise.all([story.grantIs(first, 'revoked'), story.grantIs(second, 'revoked')]);
    assert.equal(await one.inGroup(person), false);
  });

  test('an answer lost after the write was done ends active, and it is still known that it was we', async () => {
    const person = one.person();
    await one.rules(add({ action: 'reset', when: 'after' }));
    const issue = await story.grant(person);
    assert.equal((await story.grants(issue))[0].membershipPreexisting, false);
    assert.deepEqual((await one.writes(person)).map((write) => write.method), ['POST'], 'done once');
    await one.revoke(issue);
    await story.grantIs(issue, 'revoked');
    assert.equal(await one.inGroup(person), false);
  });

  test('an answer lost, and a read that lags behind: still ours, and taken out in the end', async () => {
    const person = one.person();
    await one.faults({ replicationDelayMs: 3000, rules: [add({ action: 'reset', when: 'after' })] });
    try {
      const issue = await story.grant(person);
      assert.equal((await story.grants(issue))[0].membershipPreexisting, false);
      await one.calm();
      await one.revoke(issue);
      await story.grantIs(issue, 'revoked');
    } finally {
      await one.calm();
    }
    assert.equal(await one.inGroup(person), false);
  });

  test('an error after the write was done ends active, and it is ours', async () => {
    const person = one.person();
    await one.rules(add({ action: 'status', status: 503, when: 'after' }));
    const issue = await story.grant(person);
    assert.equal((await story.grants(issue))[0].membershipPreexisting, false);
    await one.revoke(issue);
    await story.grantIs(issue, 'revoked');
    assert.equal(await one.inGroup(person), false);
  });

  test('a removal whose answer was lost ends outside', async () => {
    const person = one.person();
    const issue = await story.grant(person);
    await one.rules(remove({ action: 'reset', when: 'after', times: 2 }));
    await one.revoke(issue);
    await story.grantIs(issue, 'revoked');
    assert.equal(await one.inGroup(person), false);
    await one.calm();
  });

  test('a removal that meets a provisioning under way ends outside, whenever it comes', async () => {
    const crowd = [0, 150, 300, 450, 600, 900].map((delay) => ({ delay, person: one.person() }));
    await one.faults({ latencyMs: { entra: 120, jira: 0 } });
    try {
      for (const { delay, person } of crowd) {
        const issue = await one.approved(person);
        await sleep(delay);
        await one.revoke(issue);
        await story.grantIs(issue, 'revoked');
        assert.equal(await one.inGroup(person), false, `revoked ${delay} ms after the approval`);
      }
    } finally {
      await one.calm();
    }
    await story.quiet();
    for (const { person } of crowd) assert.equal(await one.inGroup(person), false);
  });

  test('a removal that overtakes an add whose answer never came ends outside', async () => {
    const person = one.person();
    await one.rules(add({ action: 'hang', when: 'after', ms: 2500 }));
    const issue = await one.approved(person);
    await until('the add to be sent', async () => (await one.inGroup(person)) || (await one.writes(person)).length > 0);
    await one.revoke(issue);
    await story.grantIs(issue, 'revoked');
    await one.calm();
    await story.quiet();
    assert.equal(await one.inGroup(person), false);
  });

  test('a new approval for the same user and group waits for the removal under way', async () => {
    const person = one.person();
    const issue = await story.grant(person);
    await one.faults({ latencyMs: { entra: 1200, jira: 0 } });
    await story.move(issue, 'Access removed');
    await until('the removal to be under way', async () => {
      const { items } = await one.world.must('GET', '/api/v1/jobs?status=running&kind=deprovision&limit=1');
      return items.length === 1;
    });
    await story.move(issue, 'Waiting for approval');
    await story.requestIs(issue, 'pending');
    await story.approve(issue);
    await until('the first to end and the second to begin', async () => {
      const statuses = (await story.grants(issue)).map((grant) => grant.status);
      return statuses.length === 2 && statuses[0] === 'active' && statuses[1] === 'revoked';
    });
    await one.calm();
    assert.equal(await one.inGroup(person), true);
    assert.deepEqual((await one.writes(person)).map((write) => write.method), ['POST', 'DELETE', 'POST']);
    const [grant] = await story.grants(issue);
    assert.equal(grant.membershipPreexisting, false);
    await one.revoke(issue);
    await story.grantIs(issue, 'revoked');
    assert.equal(await one.inGroup(person), false);
  });

  test('a new approval that comes before the removal was done keeps the user in, as ours', async () => {
    const person = one.person();
    const issue = await story.grant(person);
    await one.rules(remove({ action: 'status', status: 503, headers: { 'Retry-After': '2' } }));
    await story.move(issue, 'Access removed');
    await until('the removal to be tried', async () => (await one.writes(person)).some((write) => write.method === 'DELETE'));
    await story.move(issue, 'Waiting for approval');
    await story.requestIs(issue, 'pending');
    await story.approve(issue);
    await until('the first to end and the second to begin', async () => {
      const statuses = (await story.grants(issue)).map((grant) => grant.status);
      return statuses.length === 2 && statuses[0] === 'active' && statuses[1] === 'revoked';
    });
    assert.equal(await one.inGroup(person), true);
    const [grant] = await story.grants(issue);
    assert.equal(grant.membershipPreexisting, false);
    await one.revoke(issue);
    await story.grantIs(issue, 'revoked');
    assert.equal(await one.inGroup(person), false);
  });

  test('a membership that spreads slowly is written once, and its state never goes back', async () => {
    const person = one.person();
    await one.faults({ replicationDelayMs: 2500 });
    try {
      const issue = await one.approved(person);
      await story.grantIs(issue, 'active');
      assert.deepEqual((await one.writes(person)).map((write) => write.method), ['POST']);
      await story.look(issue);
      await sleep(1500);
      await one.revoke(issue);
      await story.grantIs(issue, 'revoked');
      assert.deepEqual((await one.writes(person)).map((write) => write.method), ['POST', 'DELETE']);
      assert.deepEqual(await one.history(issue), ['pendingProvision', 'active', 'pendingDeprovision', 'revoked']);
    } finally {
      await one.calm();
    }
    assert.equal(await one.inGroup(person), false);
  });

  test('while the connector is disabled its work waits, and goes on when it is enabled', async () => {
    const [person, leaver] = [one.person(), one.person()];
    const leaving = await story.grant(leaver);
    const before = await one.lastSeq();
    await one.world.must('POST', '/api/v1/connectors/sandbox/disable');
    const issue = await one.approved(person);
    await one.revoke(leaving);
    await one.waits(issue, 'connector_disabled');
    await one.waits(leaving, 'connector_disabled');
    await story.look(issue);
    assert.deepEqual((await one.log(before)).filter((call) => call.site === 'entra' && call.path.startsWith('/v1.0/groups')), [], 'nothing was asked of Entra');
    assert.equal(await one.inGroup(leaver), true);
    await one.world.must('POST', '/api/v1/connectors/sandbox/enable');
    await story.grantIs(issue, 'active');
    await story.grantIs(leaving, 'revoked');
    assert.equal(await one.inGroup(person), true);
    assert.equal(await one.inGroup(leaver), false);
  });
});

describe('What passes by itself', () => {
  let one;
  let story;

  before(async () => {
    one = await Case.ready();
    ({ story } = one);
  });
  after(() => one?.stop());

  const graphError = (code, message) => ({ error: { code, message, innerError: {} } });

  for (const [form, value] of [['a number', '2'], ['a decimal', '1.5'], ['a date', null]]) {
    test(`a throttled write waits as long as Entra asks, with ${form}, and is not lost`, async () => {
      const person = one.person();
      const wait = value ?? new Date(Math.ceil((Date.now() + 3000) / 1000) * 1000).toUTCString();
      await one.rules(add({ status: 429, headers: { 'Retry-After': wait }, body: graphError('TooManyRequests', 'Please retry again later.') }));
      const issue = await one.approved(person);
      await story.grantIs(issue, 'active');
      const writes = await one.writes(person);
      assert.deepEqual(writes.map((write) => write.status), [429, 204]);
      const until429 = value ? writes[0].atMs + Number(value) * 1000 : Date.parse(wait);
      const early = (await one.log()).filter((call) => call.site === 'entra' && call.path.startsWith('/v1.0/')
        && call.seq > writes[0].seq && (call.receivedMs ?? call.atMs) < until429 - 50);
      assert.deepEqual(early.map((call) => `${call.method} ${call.path}`), [], 'nothing is sent while we are told to wait');
      await one.noFollowUps();
    });
  }

  test('an Entra that fails for a while is tried again, and costs nobody a follow-up', async () => {
    const person = one.person();
    await one.rules(add({ status: 503, times: 2 }), add({ status: 500 }), add({ status: 504 }),
      { site: 'entra', method: 'GET', path: '/v1.0/users*', status: 502, times: 2 },
      { site: 'entra', method: 'GET', path: '/v1.0/groups/*', action: 'truncate', times: 1 });
    const issue = await one.approved(person);
    await story.grantIs(issue, 'active');
    assert.equal(await one.inGroup(person), true);
    await one.noFollowUps();
    assert.equal((await story.comments(issue)).length, 1);
  });

  test('a login that fails for a while is tried again', async () => {
    const person = one.person();
    await one.world.stopService(); // and with it the token that it holds
    await one.rules({ site: 'entra', method: 'POST', path: '*/oauth2/v2.0/token', status: 503, times: 2, body: {} });
    await one.world.startService();
    const issue = await one.approved(person);
    await story.grantIs(issue, 'active');
    await one.noFollowUps();
  });

  test('a token that ends in the middle of the work is replaced', async () => {
    const person = one.person();
    const expired = graphError('InvalidAuthenticationToken', 'Lifetime validation failed, the token is expired.');
    await one.rules(add({ status: 401, body: expired, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } }));
    const before = await one.lastSeq();
    const issue = await one.approved(person);
    await story.grantIs(issue, 'active');
    assert.deepEqual((await one.writes(person)).map((write) => write.status), [401, 204]);
    const calls = await one.log(before);
    assert.equal(calls.filter((call) => call.path.endsWith('/oauth2/v2.0/token')).length, 1);
    assert.deepEqual(await one.incidents(), [], 'no incident');
  });

  test('tokens that live for seconds only do not stop the work', async () => {
    const person = one.person();
    await one.faults({ tokenLifetimeSeconds: 2 });
    await one.world.stopService();
    await one.world.startService();
    try {
      const first = await one.approved(person);
      await story.grantIs(first, 'active');
      await sleep(2200);
      await one.revoke(first);
      await story.grantIs(first, 'revoked');
      assert.equal(await one.inGroup(person), false);
    } finally {
      await one.faults({ tokenLifetimeSeconds: 3599 });
    }
  });
});

describe('What concerns all, and nobody in particular', () => {
  let one;
  let story;

  before(async () => {
    one = await Case.ready({ faults: { tokenLifetimeSeconds: 2 } });
    ({ story } = one);
    await story.tool('chat', { name: 'ChatGPT Enterprise' }, groups.chat);
  });
  after(() => one?.stop());

  test('a deleted group is one incident: its work waits, asks nobody, and goes on by itself once the group is back', async () => {
    const [person, other, leaver] = [one.person(), one.person(), one.person()];
    const chat = { tool: 'ChatGPT Enterprise' };
    const leaving = await story.grant(leaver, chat);
    await one.state({ groups: [{ id: groups.chat, deleted: true }] });
    const issues = [await one.approved(person, chat), await one.approved(other, chat)];
    await one.revoke(leaving);
    for (const issue of [...issues, leaving]) await one.waits(issue, 'group_deleted', 'group_missing');
    await one.noFollowUps();
    assert.equal((await one.incidents()).length, 1, 'told once');
    for (const issue of issues) assert.deepEqual(await story.comments(issue), []);
    // The connector says so, by name.
    const report = await one.world.must('POST', '/api/v1/connectors/sandbox/test');
    assert.equal(report.outcome, 'failed');
    const check = report.checks.find((found) => found.evidence.groupId === groups.chat);
    assert.equal(check.code, 'group_deleted');
    assert.equal((await one.world.must('GET', '/api/v1/connectors/sandbox')).health, 'failed');
    // Other groups are not held up.
    const elsewhere = await story.grant(one.person());
    assert.equal((await story.grants(elsewhere))[0].groupId, groups.test);
    await one.state({ groups: [{ id: groups.chat, restored: true }] });
    for (const issue of issues) await story.grantIs(issue, 'active');
    await story.grantIs(leaving, 'revoked');
    assert.equal(await one.inGroup(person, groups.chat), true);
    assert.equal(await one.inGroup(leaver, groups.chat), false);
    await one.noFollowUps();
  });

  test('a withdrawn consent is one incident; after it is given again a connection test lets all go on', async () => {
    await one.world.must('POST', '/api/v1/connectors/sandbox/test');
    const before = (await one.incidents()).length;
    const leaver = one.person();
    const leaving = await story.grant(leaver);
    await one.state({ application: { permissions: [] } });
    await sleep(2500); // tokens keep the roles that they were given
    const crowd = [one.person(), one.person(), one.person()];
    const issues = [];
    for (const person of crowd) issues.push(await one.approved(person));
    await one.revoke(leaving);
    for (const issue of [...issues, leaving]) await one.waits(issue, 'consent_missing', 'graph_denied', 'connector_failing');
    await one.noFollowUps();
    assert.equal((await one.incidents()).length, before + 1, 'told once');
    assert.equal(await one.inGroup(leaver), true);
    const failed = await one.world.must('POST', '/api/v1/connectors/sandbox/test');
    assert.equal(failed.outcome, 'failed');
    assert.equal(failed.checks.find((check) => check.check === 'permissions').code, 'consent_missing');
    for (const issue of issues) await one.waits(issue, 'consent_missing', 'graph_denied', 'connector_failing');
    await one.state({ application: { permissions: ['User.Read.All', 'GroupMember.ReadWrite.All', 'Application.Read.All'] } });
    const passed = await one.world.must('POST', '/api/v1/connectors/sandbox/test');
    assert.notEqual(passed.outcome, 'failed');
    for (const issue of issues) await story.grantIs(issue, 'active');
    await story.grantIs(leaving, 'revoked');
    for (const person of crowd) assert.equal(await one.inGroup(person), true);
    await one.noFollowUps();
    for (const issue of issues) assert.equal((await story.comments(issue)).length, 1);
  });

  test('a permission that is missing at the write is named, and holds the work', async () => {
    const person = one.person();
    await one.state({ application: { permissions: ['User.Read.All', 'GroupMember.Read.All'] } });
    await sleep(2500);
    const issue = await one.approved(person);
    await one.waits(issue, 'permission_missing');
    await one.noFollowUps();
    await one.state({ application: { permissions: ['User.Read.All', 'GroupMember.ReadWrite.All', 'Application.Read.All'] } });
    await sleep(2500);
    await one.world.must('POST', '/api/v1/connectors/sandbox/test');
    await story.grantIs(issue, 'active');
  });

  test('a secret that is no longer accepted holds the work, and a new one lets it go on', async () => {
    const person = one.person();
    await one.state({ application: { secret: 'a sandbox value that replaced the old one' } });
    await sleep(2500);
    const issue = await one.approved(person);
    await one.waits(issue, 'secret_invalid');
    await one.noFollowUps();
    const connector = await one.world.must('GET', '/api/v1/connectors/sandbox');
    const replaced = await one.world.api('PUT', '/api/v1/connectors/sandbox',
      { ...connector, config: { ...connector.config, clientSecret: 'a sandbox value that replaced the old one' } });
    assert.equal(replaced.status, 200, replaced.text);
    await one.world.must('POST', '/api/v1/connectors/sandbox/test');
    await story.grantIs(issue, 'active');
    assert.equal(await one.inGroup(person), true);
  });
});

describe('Who it is', () => {
  let one;
  let story;

  before(async () => {
    one = await Case.ready();
    ({ story } = one);
    await story.tool('chat', { name: 'ChatGPT Enterprise' }, groups.chat);
  });
  after(() => one?.stop());

  const candidates = (grant) => (grant.followUp.candidates ?? []).map((candidate) => candidate.objectId).sort();
  const map = (person, externalId) => one.world.must('POST', '/api/v1/identity-mappings',
    { accountId: story.account(person), connectorId: 'sandbox', externalId, note: '' });
  const mappings = async () => (await one.world.must('GET', '/api/v1/identity-mappings?limit=200')).items;

  for (const [person, code, expected, what] of [
    ['nobody', 'user_not_found', [], 'somebody whom the directory does not know'],
    ['ida', 'user_ambiguous', [people.ida, people.ira], 'an address that two users share'],
    ['nia', 'user_ambiguous', [people.nia, people.nia2], 'an address that is one user\'s name and another\'s mail'],
    ['jo', 'user_ambiguous', [people.jo], 'an address that is only an alias'],
    ['gus', 'user_guest', [people.gus], 'a guest'],
    ['hal', 'user_disabled', [people.hal], 'a disabled account'],
    ['quiet', 'email_hidden', [], 'somebody whose address Jira does not tell'],
    ['pia', 'portal_customer', [], 'a portal customer, whose address nobody verified'],
  ]) {
    test(`${what} is never guessed at: a person is asked, with the candidates`, async () => {
      const issue = await one.approved(person);
      const grant = await one.followUp(issue, 'provision', code);
      assert.deepEqual(candidates(grant), [...expected].sort());
      await story.look(issue);
      const comments = await story.comments(issue);
      assert.equal(comments.length, 1);
      assert.match(comments[0], /needs a person/);
      for (const id of expected) assert.ok(!comments[0].includes(id), 'a comment names no directory id');
      for (const id of expected) assert.ok(!(await story.members()).includes(id));
    });
  }

  test('an admin who names the user is followed, and the mapping is kept for the next time', async () => {
    const [issue] = (await one.world.must('GET', '/api/v1/follow-ups?limit=200')).items
      .filter((grant) => grant.accountId === story.account('ida')).map((grant) => grant.issueKey);
    const answer = await one.resolve(issue, { externalId: people.ira, saveMapping: true });
    assert.equal(answer.status, 202, answer.text);
    const grant = await story.grantIs(issue, 'active');
    assert.equal(grant.externalUserId, people.ira);
    assert.equal(grant.followUp, null);
    assert.equal(await one.inGroup('ira'), true);
    assert.equal(await one.inGroup('ida'), false);
    const mapping = (await mappings()).find((found) => found.accountId === story.account('ida'));
    assert.equal(mapping.externalId, people.ira);
    assert.deepEqual(mapping.resolved, { objectId: people.ira, userPrincipalName: 'ira@contoso.example' });
    const next = await story.grant('ida', { tool: 'ChatGPT Enterprise' });
    assert.equal((await story.grants(next))[0].externalUserId, people.ira);
    assert.equal(await one.inGroup('ira', groups.chat), true);
  });

  test('an admin who names the user for this once leaves no mapping', async () => {
    const { issueKey } = (await one.world.must('GET', '/api/v1/follow-ups?limit=200')).items.find((grant) => grant.accountId === story.account('jo'));
    assert.equal((await one.resolve(issueKey, { externalId: people.jo })).status, 202);
    await story.grantIs(issueKey, 'active');
    assert.equal(await one.inGroup('jo'), true);
    assert.ok(!(await mappings()).some((mapping) => mapping.accountId === story.account('jo')));
  });

  test('an admin who names a disabled user is told so, and nobody is put in', async () => {
    const { issueKey } = (await one.world.must('GET', '/api/v1/follow-ups?limit=200')).items.find((grant) => grant.accountId === story.account('hal'));
    await one.resolve(issueKey, { externalId: people.hal });
    const grant = await until('the follow-up to come back', async () => {
      const [found] = await story.grants(issueKey);
      return found.status === 'manualFollowUp' && found.followUp.code === 'mapping_target_disabled' && found;
    });
    assert.equal(grant.followUp.action, 'provision');
    assert.equal(await one.inGroup('hal'), false);
  });

  test('an admin closes what cannot be granted', async () => {
    const { issueKey } = (await one.world.must('GET', '/api/v1/follow-ups?limit=200')).items.find((grant) => grant.accountId === story.account('nobody'));
    const answer = await one.resolve(issueKey, { outcome: 'notGranted', reason: 'Has left.' });
    assert.equal(answer.json.status, 'notGranted', answer.text);
    await story.look(issueKey);
    const comments = await story.comments(issueKey);
    assert.equal(comments.length, 2);
    assert.match(comments[1], /was not given/);
    assert.ok(!comments[1].includes('Has left'));
  });

  test('a follow-up that was mended in the directory goes on when it is tried again', async () => {
    const { issueKey, grantId } = (await one.world.must('GET', '/api/v1/follow-ups?limit=200')).items.find((grant) => grant.accountId === story.account('hal'));
    await one.state({ users: [{ id: people.hal, accountEnabled: true }] });
    await one.world.must('POST', `/api/v1/grants/${grantId}/retry`);
    await story.grantIs(issueKey, 'active');
    assert.equal(await one.inGroup('hal'), true);
    await one.state({ users: [{ id: people.hal, accountEnabled: false }] });
  });

  test('a mapping by object id goes before the address, and pins the user', async () => {
    const [person, other] = [one.person(), one.person()];
    const mapping = await map(person, one.objectId(other));
    assert.equal(mapping.resolved, null);
    await story.grant(person);
    assert.equal(await one.inGroup(other), true);
    assert.equal(await one.inGroup(person), false);
    const { resolved } = await one.world.must('GET', `/api/v1/identity-mappings/${mapping.mappingId}`);
    assert.equal(resolved.objectId, one.objectId(other));
  });

  test('a mapping by user principal name pins the user: a name that goes to somebody else later is not followed', async () => {
    const [person, other, heir] = [one.person(), one.person(), one.person()];
    const mapping = await map(person, `${other}@contoso.example`);
    const issue = await story.grant(person);
    assert.equal(await one.inGroup(other), true);
    assert.equal((await one.world.must('GET', `/api/v1/identity-mappings/${mapping.mappingId}`)).resolved.objectId, one.objectId(other));
    await one.state({ users: [{ id: one.objectId(other), userPrincipalName: 'gone@contoso.example', mail: 'gone@contoso.example' }] });
    await one.state({ users: [{ id: one.objectId(heir), userPrincipalName: `${other}@contoso.example`, mail: `${other}@contoso.example` }] });
    const next = await one.approved(person, { tool: 'ChatGPT Enterprise' });
    await one.followUp(next, 'provision', 'mapping_target_changed');
    assert.equal(await one.inGroup(heir, groups.chat), false);
    // The removal goes by the object id, whatever the names became.
    await one.revoke(issue);
    await story.grantIs(issue, 'revoked');
    assert.equal(await one.inGroup(other), false);
  });

  test('a mapping may name a guest', async () => {
    const person = one.person();
    await map(person, people.gus);
    await story.grant(person);
    assert.equal(await one.inGroup('gus'), true);
  });

  test('a mapping may not name a disabled account', async () => {
    const person = one.person();
    await map(person, people.hal);
    const issue = await one.approved(person, { tool: 'ChatGPT Enterprise' });
    const grant = await one.followUp(issue, 'provision', 'mapping_target_disabled');
    assert.deepEqual(candidates(grant), [people.hal]);
    assert.equal(await one.inGroup('hal', groups.chat), false);
  });

  test('a mapping to a user who does not exist asks a person', async () => {
    const person = one.person();
    await map(person, 'a0000000-0000-4000-8000-0000000fffff');
    const issue = await one.approved(person);
    await one.followUp(issue, 'provision', 'mapping_target_missing');
  });

  test('a user who left the directory while in the group: the removal is done, nobody is asked', async () => {
    const person = one.person();
    const issue = await story.grant(person);
    await one.state({ users: [{ id: one.objectId(person), deleted: true }] });
    await one.revoke(issue);
    await story.grantIs(issue, 'revoked');
    assert.equal(await one.inGroup(person), false);
  });
});
