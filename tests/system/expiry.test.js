// Access ends when its time is over; unusually many ends at once wait for an admin. Time is made to pass by moving the ends in
// the database while the service is stopped, as if the grants had been given that much earlier.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { World, until } from './world.js';
import { Story } from './story.js';
import { Bulk, each, groupOf, userOf } from './bulk.js';

const second = 1000;
const day = 24 * 60 * 60 * second;

// Runs SQL on a stopped service's database.
function sql(world, text) {
  return execFileSync('sqlite3', ['-bail', join(world.folder, 'clearance.db'), text], { encoding: 'utf8' }).trim();
}

// The grants end at that instant; they began when their duration says.
function endAt(world, grantIds, at) {
  const list = grantIds.map((one) => `'${one}'`).join(',');
  sql(world, `UPDATE access_grant SET expires_at = ${Math.round(at)}, active_at = ${Math.round(at)} - duration_days * ${day} WHERE grant_id IN (${list})`);
}

const told = (comments, text) => comments.filter((one) => one.includes(text)).length;

describe('the end of a grant', () => {
  let world;
  let story;
  before(async () => {
    world = await World.start();
    story = await Story.ready(world);
  });
  after(() => world.stop());

  test('takes the user out, says so once, and survives kill -9 and a restart', async () => {
    const issue = await story.grant('ada');
    const [{ grantId, externalUserId }] = await story.grants(issue);
    assert.ok((await story.members()).includes(externalUserId));
    await world.stopService();
    endAt(world, [grantId], Date.now() - day);
    for (let times = 0; times < 3; times++) {
      world.launchService();
      await new Promise((done) => setTimeout(done, 200 * times));
      await world.stopService('SIGKILL');
    }
    await world.startService();
    const grant = await story.grantIs(issue, 'expired');
    assert.ok(!(await story.members()).includes(externalUserId));
    await until('the comment', async () => told(await story.comments(issue), 'Its time was over') === 1);
    await story.quiet();
    await world.stopService();
    await world.startService();
    await story.quiet();
    assert.equal(told(await story.comments(issue), 'Its time was over'), 1);
    assert.equal((await world.must('GET', `/api/v1/grants/${grantId}`)).status, 'expired');
    assert.ok(!(await story.members()).includes(externalUserId));
    assert.deepEqual(grant.history.slice(-2).map((one) => [one.from, one.to]),
      [['active', 'pendingDeprovision'], ['pendingDeprovision', 'expired']]);
  });

  test('is told to the issue seven days and one day before, each once', async () => {
    const issue = await story.grant('user101');
    const [{ grantId }] = await story.grants(issue);
    for (const [left, count] of [[7, 1], [1, 2]]) {
      await world.stopService();
      endAt(world, [grantId], Date.now() + left * day + second);
      await world.startService();
      await until(`the warning of ${left} days`, async () => told(await story.comments(issue), 'ends on') === count);
      await story.quiet();
      await world.stopService('SIGKILL');
      await world.startService();
      await story.look(issue);
      assert.equal(told(await story.comments(issue), 'ends on'), count);
    }
    assert.equal((await world.must('GET', `/api/v1/grants/${grantId}`)).status, 'active');
  });

  test('is told on the days that the tool names, and other lists of days are refused', async () => {
    const tool = await world.must('GET', '/api/v1/tools/test-tool');
    assert.deepEqual(tool.expiryWarningDays, [7, 1]);
    for (const [days, code] of [[[7, 7], 'duplicate'], [[0], 'out_of_range'], [[366], 'out_of_range'], [['7'], 'wrong_type'],
      [Array.from({ length: 11 }, (_, at) => at + 1), 'too_long'], ['7', 'wrong_type']]) {
      const { status, json } = await world.api('PUT', '/api/v1/tools/test-tool', { ...tool, expiryWarningDays: days });
      assert.equal(status, 422, JSON.stringify(days));
      assert.equal(json.errors[0].code, code, JSON.stringify(days));
      assert.ok(json.errors[0].path.startsWith('expiryWarningDays'));
    }
    const { code } = await world.cli(['tool', 'update', 'test-tool', '--warning-days', '14, 3'],
      { environment: { AICLEARANCE_URL: world.service, AICLEARANCE_TOKEN: world.admin } });
    assert.equal(code, 0);
    assert.deepEqual((await world.must('GET', '/api/v1/tools/test-tool')).expiryWarningDays, [14, 3]);
    assert.deepEqual((await world.must('PUT', '/api/v1/tools/test-tool', { ...tool, expiryWarningDays: [] })).expiryWarningDays, []);
  });

  test('leaves a user in the group whom another grant keeps there', async () => {
    await story.tool('second-tool', { name: 'ChatGPT Enterprise' });
    await world.must('POST', '/api/v1/tools/second-tool/entitlement-group', { mode: 'bind', groupId: story.groupId, allowShared: true });
    const first = await story.grant('user102');
    const second = await story.grant('user102', { tool: 'ChatGPT Enterprise' });
    const [{ grantId, externalUserId }] = await story.grants(first);
    await world.stopService();
    endAt(world, [grantId], Date.now());
    await world.startService();
    await story.grantIs(first, 'expired');
    await story.quiet();
    assert.equal((await story.grants(second))[0].status, 'active');
    assert.ok((await story.members()).includes(externalUserId));
  });
});

describe('many ends of access that was asked for in Jira', () => {
  let world;
  let story;
  before(async () => {
    world = await World.start();
    story = await Story.ready(world);
  });
  after(() => world.stop());

  test('thirty that were held and released: each issue is told so once', async () => {
    const people = Array.from({ length: 30 }, (_, at) => `user${String(at + 1).padStart(3, '0')}`);
    const issues = await each(people, (person) => story.grant(person), 8);
    const grants = await each(issues, async (issue) => (await story.grants(issue))[0].grantId);
    await world.stopService();
    endAt(world, grants, Date.now());
    await world.startService();
    await until('thirty held', async () => (await world.must('GET', '/api/v1/connectors/sandbox')).heldRemovals?.count === 30);
    assert.equal((await story.members()).length, 30);
    for (const issue of issues) assert.equal(told(await story.comments(issue), 'has ended'), 0);
    await world.must('POST', '/api/v1/connectors/sandbox/held-removals/release');
    await each(issues, (issue) => story.grantIs(issue, 'expired'));
    await until('all comments', async () => {
      await story.quiet();
      const counts = await each(issues, async (issue) => told(await story.comments(issue), 'has ended. Its time was over'));
      return counts.every((count) => count === 1) || Promise.reject(new Error(counts.join()));
    });
    assert.deepEqual(await story.members(), []);
  });
});

describe('many ends at once', () => {
  let world;
  let bulk;
  let next = 0;
  before(async () => {
    world = await World.start({ config: { jira: { sweep_seconds: '3600' } } });
    bulk = await Bulk.ready(await Story.ready(world), 320, 4);
  });
  after(() => world.stop());

  // So many people with a grant of one tool. A part of them ends now.
  async function ending(group, people, count) {
    const list = Array.from({ length: people }, () => ({ person: next++, group }));
    const grants = await bulk.grants(list);
    await bulk.rest();
    await world.stopService();
    endAt(world, grants.slice(0, count), Date.now() - second);
    await world.startService();
    return { list, grants, leaving: grants.slice(0, count) };
  }

  const connector = () => world.must('GET', '/api/v1/connectors/sandbox');
  const heldIs = (count) => until(`${count} held`, async () => {
    const { heldRemovals } = await connector();
    return heldRemovals?.count === count && heldRemovals;
  });
  const events = async (action) => (await bulk.all('/api/v1/audit-events')).filter((event) => event.action === action);
  const memberCount = async (group) => (await bulk.membersOf([group]))[0].size;
  const metric = async () => (await world.api('GET', '/metrics')).text.match(/^aiclearance_removals_held (\d+)$/m)[1];
  const cli = (...args) => world.cli(args, { environment: { AICLEARANCE_URL: world.service, AICLEARANCE_TOKEN: world.admin } });

  test('ten of a hundred leave without anybody asked', async () => {
    const { leaving } = await ending(0, 100, 10);
    await until('ten to be out', async () => (await bulk.countOf('expired')) === 10);
    assert.equal(await memberCount(0), 90);
    assert.equal((await connector()).heldRemovals, undefined);
    for (const grant of await bulk.read(leaving)) assert.equal(grant.status, 'expired');
  });

  test('thirty of sixty are held as one incident, over kill -9 too, until an admin releases them', async () => {
    const { list, leaving } = await ending(1, 60, 30);
    const held = await heldIs(30);
    assert.equal(held.reason, 'tooMany');
    assert.deepEqual(held.groups.map((one) => [one.groupId, one.count]), [[groupOf(1), 30]]);
    await world.stopService('SIGKILL');
    await world.startService();
    await bulk.story.quiet();
    assert.equal(await memberCount(1), 60);
    assert.equal(await metric(), '30');
    const [event, ...others] = await events('connector.removalsHeld');
    assert.equal(others.length, 0);
    assert.equal(event.detail.count, 30);
    assert.deepEqual([...event.detail.grantIds].sort(), [...leaving].sort());
    for (const job of (await world.must('GET', '/api/v1/jobs?status=waiting&kind=deprovision&limit=200')).items) {
      assert.equal(job.lastError.code, 'removals_held');
      assert.match(job.lastError.detail, /releases or cancels/);
    }
    for (const grant of await bulk.read(leaving)) assert.equal(grant.status, 'pendingDeprovision');
    assert.match((await cli('connector', 'list')).stdout, /HELD[^]*\b30\b/);

    const { code, stdout } = await cli('connector', 'release-removals', 'sandbox', '--json');
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).heldRemovals, undefined);
    await world.stopService('SIGKILL');
    await world.startService();
    await bulk.rest();
    for (const grant of await bulk.read(leaving)) assert.equal(grant.status, 'expired');
    const members = (await bulk.membersOf([1]))[0];
    assert.deepEqual([...members].sort(), list.slice(30).map((one) => userOf(one.person)).sort());
    const released = await events('connector.removalsReleased');
    assert.equal(released.length, 1);
    assert.equal(released[0].actor.kind, 'token');
    assert.equal(released[0].detail.count, 30);
    const before = (await bulk.all('/api/v1/audit-events')).length;
    await world.must('POST', '/api/v1/connectors/sandbox/held-removals/release');
    await world.must('POST', '/api/v1/connectors/sandbox/held-removals/cancel', {});
    assert.equal((await bulk.all('/api/v1/audit-events')).length, before);
  });

  test('what an admin cancels leaves nobody out, and waits to be settled by hand', async () => {
    const { leaving } = await ending(2, 40, 30);
    await heldIs(30);
    const { json, status } = await world.api('POST', '/api/v1/connectors/sandbox/held-removals/cancel');
    assert.equal(status, 200);
    assert.equal(json.heldRemovals, undefined);
    await world.stopService('SIGKILL');
    await world.startService();
    await bulk.rest();
    assert.equal(await memberCount(2), 40);
    for (const grant of await bulk.read(leaving)) {
      assert.equal(grant.status, 'manualFollowUp');
      assert.equal(grant.followUp.action, 'deprovision');
      assert.equal(grant.followUp.code, 'removals_held');
    }
    const [kept, removed] = leaving;
    await world.must('POST', `/api/v1/grants/${kept}/resolve`, { outcome: 'keptByHand', reason: 'Still needed' });
    assert.equal((await world.must('GET', `/api/v1/grants/${kept}`)).status, 'expired');
    await world.must('POST', `/api/v1/grants/${removed}/retry`);
    await bulk.rest();
    assert.equal((await world.must('GET', `/api/v1/grants/${removed}`)).status, 'expired');
    assert.equal(await memberCount(2), 39);
  });

  test('a revoke goes out beside a hold, and so does one of the held that somebody asks for', async () => {
    const { grants, leaving } = await ending(3, 60, 30);
    await heldIs(30);
    const outsider = grants[59];
    await bulk.revoke([outsider, leaving[4]]);
    await until('both to be out', async () => {
      const [one, other] = await bulk.read([outsider, leaving[4]]);
      return one.status === 'revoked' && other.status === 'expired';
    });
    assert.equal(await memberCount(3), 58);
    assert.equal((await connector()).heldRemovals.count, 29);
    await each(leaving.filter((_, at) => at !== 4), (grantId) => world.must('POST', `/api/v1/grants/${grantId}/revoke`));
    await bulk.rest();
    assert.equal((await connector()).heldRemovals, undefined);
    assert.equal(await memberCount(3), 29);
  });

  test('a connector with held removals is read back and written as any other', async () => {
    await ending(1, 21, 21);
    await heldIs(21);
    const present = await connector();
    const { status } = await world.api('PUT', '/api/v1/connectors/sandbox', { ...present, description: 'Changed' });
    assert.equal(status, 200);
    assert.equal((await connector()).heldRemovals.count, 21);
  });
});
