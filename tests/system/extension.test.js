// Access goes on for longer: asked for through the API or in Jira, or kept in the review before its end. Time is made to pass as in
// expiry.test.js: the ends are moved in the database of a stopped service.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { World, until } from './world.js';
import { Story } from './story.js';

const second = 1000;
const day = 24 * 60 * 60 * second;

// The grant ends at that instant; it began when its duration says.
async function endAt(world, grantId, at) {
  await world.stopService();
  execFileSync('sqlite3', ['-bail', join(world.folder, 'clearance.db'),
    `UPDATE access_grant SET expires_at = ${Math.round(at)}, active_at = ${Math.round(at)} - duration_days * ${day} WHERE grant_id = '${grantId}'`]);
  await world.startService();
}

const told = (comments, text) => comments.filter((one) => one.includes(text)).length;
const about = (instant, days) => Math.abs(Date.parse(instant) - Date.now() - days * day) < 60 * second;

describe('an extension through the API', () => {
  let world;
  let story;
  let ada;
  let fay;
  let approver;
  before(async () => {
    world = await World.start();
    story = await Story.ready(world, { intake: { approval: 'console' } });
    ada = await world.token('requester', world.seed.accounts.ada);
    fay = await world.token('requester', world.seed.accounts.fay);
    approver = await world.token('approver', world.seed.accounts.approver);
  });
  after(() => world.stop());

  const read = (grantId) => world.must('GET', `/api/v1/grants/${grantId}`);
  const extend = (grantId, body, options) => world.api('POST', `/api/v1/grants/${grantId}/extend`, body, options);
  const approve = (request, token = approver) => world.api('POST', `/api/v1/requests/${request.requestId}/approve`, {}, { token });
  async function grant(person = 'ada') {
    const request = await world.must('POST', '/api/v1/requests',
      { toolId: 'test-tool', accountId: story.account(person), purpose: 'To try it', durationDays: 14 });
    const { grantId } = await world.must('POST', `/api/v1/requests/${request.requestId}/approve`, {}, { token: approver });
    return until('the grant to be active', async () => {
      const found = await read(grantId);
      return found.status === 'active' && found;
    });
  }
  const membershipWrites = async () => (await world.control('GET', '/requests')).requests
    .filter((one) => one.site === 'entra' && one.method !== 'GET' && /\/groups\/|\$batch/.test(one.path)).length;

  let grantId;
  test('moves the end of the same grant once somebody else approves, and writes nothing to Entra', async () => {
    const first = await grant();
    ({ grantId } = first);
    await story.quiet();
    const writes = await membershipWrites();
    const body = { durationDays: 60, purpose: 'The project goes on' };
    const key = { 'Idempotency-Key': 'extend-ada-1' };
    const made = await extend(grantId, body, { token: ada, headers: key });
    assert.equal(made.status, 201, made.text);
    assert.equal(made.headers.get('location'), `/api/v1/requests/${made.json.requestId}`);
    assert.equal(made.json.kind, 'extension');
    assert.equal(made.json.extendsGrantId, grantId);
    assert.equal(made.json.status, 'pending');
    assert.equal(made.json.grantId, null);
    const again = await extend(grantId, body, { token: ada, headers: key });
    assert.equal(again.json.requestId, made.json.requestId);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    const queue = await world.must('GET', '/api/v1/requests?status=pending', undefined, { token: approver });
    assert.deepEqual(queue.items.map((one) => one.requestId), [made.json.requestId]);

    const second = await extend(grantId, { durationDays: 5, purpose: '' }, { token: ada });
    assert.deepEqual([second.status, second.json.code], [409, 'duplicate_request']);
    const anew = await world.api('POST', '/api/v1/requests', { toolId: 'test-tool', purpose: '', durationDays: 5 }, { token: ada });
    assert.deepEqual([anew.status, anew.json.code], [409, 'duplicate_grant']);
    const own = await world.token('approver', world.seed.accounts.ada);
    const self = await approve(made.json, own);
    assert.deepEqual([self.status, self.json.code], [403, 'self_approval']);
    assert.equal((await read(grantId)).expiresAt, first.expiresAt);

    const done = await approve(made.json);
    assert.equal(done.status, 200, done.text);
    assert.equal(done.json.status, 'approved');
    const now = await read(grantId);
    assert.equal(now.status, 'active');
    assert.ok(about(now.expiresAt, 60), now.expiresAt);
    assert.equal(now.activeAt, first.activeAt);
    assert.deepEqual([now.history.at(-1).from, now.history.at(-1).to, now.history.at(-1).code], ['active', 'active', 'grant_extended']);
    await story.quiet();
    assert.equal(await membershipWrites(), writes);
    const { items } = await world.must('GET', '/api/v1/audit-events?limit=200');
    const [event, ...others] = items.filter((one) => one.action === 'grant.extended');
    assert.equal(others.length, 0);
    assert.deepEqual(event.target, { kind: 'grant', id: grantId });
    assert.deepEqual([event.detail.from, event.detail.to, event.detail.extensionRequestId], [first.expiresAt, now.expiresAt, made.json.requestId]);
    assert.ok(!JSON.stringify(items).includes('The project goes on'));
  });

  test('is refused where it is not allowed, each time with what is wrong', async () => {
    const cases = [
      [{ durationDays: 91, purpose: '' }, ada, 422, 'duration_exceeds_maximum'],
      [{ durationDays: 0, purpose: '' }, ada, 422, 'validation_failed'],
      [{ durationDays: 9 }, ada, 422, 'validation_failed'],
      [{ purpose: '' }, fay, 404, 'not_found'],
      [{ purpose: '' }, approver, 403, 'forbidden'],
      [{ purpose: '' }, await world.token('admin'), 403, 'principal_unlinked'],
    ];
    for (const [body, token, status, code] of cases) {
      const answer = await extend(grantId, body, { token });
      assert.deepEqual([answer.status, answer.json.code], [status, code], JSON.stringify(body));
    }
    await story.intake({ approval: 'jsm' });
    const inJira = await extend(grantId, { purpose: '' }, { token: ada });
    assert.deepEqual([inJira.status, inJira.json.code], [409, 'decided_in_jira']);
    await story.intake({ approval: 'console' });
  });

  test('denied or withdrawn, changes nothing; and what the command line asks for is the same', async () => {
    const before = await read(grantId);
    for (const [action, token, status] of [['deny', approver, 'denied'], ['cancel', ada, 'cancelled']]) {
      const { code, stdout } = await world.cli(['grant', 'extend', grantId, '--days', '80', '--purpose', 'Longer', '--json'],
        { environment: { AICLEARANCE_URL: world.service, AICLEARANCE_TOKEN: ada } });
      assert.equal(code, 0);
      const request = JSON.parse(stdout);
      assert.equal(request.durationDays, 80);
      assert.equal((await world.must('POST', `/api/v1/requests/${request.requestId}/${action}`, {}, { token })).status, status);
    }
    const now = await read(grantId);
    assert.deepEqual(now, before);
  });

  test('that waits when the access is revoked is refused with it, and none is taken after', async () => {
    const made = await extend(grantId, { purpose: 'Too late' }, { token: ada });
    await world.must('POST', `/api/v1/grants/${grantId}/revoke`);
    const request = await world.must('GET', `/api/v1/requests/${made.json.requestId}`);
    assert.deepEqual([request.status, request.code], ['refused', 'grant_not_active']);
    const late = await approve(request);
    assert.deepEqual([late.status, late.json.code], [409, 'request_already_decided']);
    await until('the end', async () => (await read(grantId)).status === 'revoked');
    const none = await extend(grantId, { purpose: '' }, { token: ada });
    assert.deepEqual([none.status, none.json.code], [409, 'grant_not_active']);
  });

  test('of an erased person leaves no text of theirs behind', async () => {
    await world.must('POST', `/api/v1/people/${world.seed.accounts.ada}/erase`, { confirm: world.seed.accounts.ada });
    const { items } = await world.must('GET', `/api/v1/requests?accountId=${world.seed.accounts.ada}`);
    assert.ok(items.some((one) => one.kind === 'extension'));
    for (const one of items) assert.deepEqual([one.purpose, one.reason], ['', null]);
  });
});

describe('an extension in Jira', () => {
  let world;
  let story;
  before(async () => {
    world = await World.start();
    story = await Story.ready(world);
  });
  after(() => world.stop());

  const mark = (changes = {}) => story.intake({ extensionRequestTypeIds: [world.seed.jira.requestTypeId], ...changes });

  test('an ordinary second issue is refused as before, whatever the settings say of other types', async () => {
    await story.grant('ada');
    await story.intake({ extensionRequestTypeIds: ['9999'], extensionField: 'customfield_99999' });
    const settings = await world.must('GET', '/api/v1/settings/intake');
    assert.deepEqual([settings.extensionRequestTypeIds, settings.extensionField], [['9999'], 'customfield_99999']);
    const issue = await story.file('ada');
    const request = await story.requestIs(issue, 'refused');
    assert.equal(request.code, 'duplicate_grant');
    assert.equal(request.kind, undefined);
  });

  test('approved, moves the end of the grant that is there, tells its issue once, and the next end is warned of anew', async () => {
    await story.intake();
    await story.grant('user101', { days: '14' });
    const [{ grantId }] = (await world.must('GET', `/api/v1/grants?accountId=${story.account('user101')}`)).items;
    await endAt(world, grantId, Date.now() + 7 * day + second);
    const [{ issueKey: first }] = (await world.must('GET', `/api/v1/grants?accountId=${story.account('user101')}`)).items;
    await until('the warning', async () => told(await story.comments(first), 'ends on') === 1);
    assert.equal(told(await story.comments(first), 'file a new request once it has ended'), 1);
    await mark({ writeBack: { comment: true, transitionOnActive: null } });
    const issue = await story.file('user101', { days: '40' });
    const pending = await story.requestIs(issue, 'pending');
    assert.deepEqual([pending.kind, pending.extendsGrantId], ['extension', grantId]);
    await story.approve(issue);
    await story.requestIs(issue, 'approved');
    const grant = await world.must('GET', `/api/v1/grants/${grantId}`);
    assert.equal(grant.status, 'active');
    assert.ok(about(grant.expiresAt, 40), grant.expiresAt);
    assert.deepEqual(await story.grants(issue), []);
    await until('the comment', async () => told(await story.comments(issue), 'goes on') === 1);
    await story.look(issue);
    await world.stopService('SIGKILL');
    await world.startService();
    await story.look(issue);
    assert.equal(told(await story.comments(issue), 'goes on'), 1);
    assert.equal((await story.requests(issue)).length, 1);
    await endAt(world, grantId, Date.now() + 7 * day + second);
    await until('the next warning', async () => told(await story.comments(first), 'ask for an extension before then') === 1);
  });

  test('is refused where there is nothing to extend, and its approval opens nothing later', async () => {
    await mark();
    const issue = await story.file('user102');
    const request = await story.requestIs(issue, 'refused');
    assert.equal(request.code, 'grant_not_active');
    await until('the comment', async () => told(await story.comments(issue), 'to extend access to Test Tool was refused') === 1);
    await story.approve(issue);
    await story.look(issue);
    await story.intake();
    await story.grant('user102', { days: '14' });
    const [before] = (await world.must('GET', `/api/v1/grants?accountId=${story.account('user102')}`)).items;
    await mark();
    await story.look(issue);
    for (const one of await story.requests(issue)) assert.equal(one.status, 'refused');
    assert.equal((await world.must('GET', `/api/v1/grants/${before.grantId}`)).expiresAt, before.expiresAt);
  });

  test('declined, changes nothing; and moved to a status that takes access away, the extending issue does so', async () => {
    await story.intake();
    await story.grant('user103', { days: '14' });
    await mark();
    const [before] = (await world.must('GET', `/api/v1/grants?accountId=${story.account('user103')}`)).items;
    const declined = await story.file('user103', { days: '40' });
    await story.requestIs(declined, 'pending');
    await story.decline(declined);
    await story.requestIs(declined, 'denied');
    assert.equal((await world.must('GET', `/api/v1/grants/${before.grantId}`)).expiresAt, before.expiresAt);
    const issue = await story.file('user103', { days: '40' });
    await story.requestIs(issue, 'pending');
    await story.approve(issue);
    await story.requestIs(issue, 'approved');
    await story.move(issue, 'Access removed');
    await until('the end', async () => (await world.must('GET', `/api/v1/grants/${before.grantId}`)).status === 'revoked');
  });

  test('a plain issue is one by the field that the settings name', async () => {
    await story.intake();
    await story.grant('user104', { days: '14' });
    const { jira } = world.seed;
    await story.intake({ extensionField: jira.purposeField });
    const issue = await story.file('user104', { days: '40', purpose: 'Goes on' });
    const pending = await story.requestIs(issue, 'pending');
    assert.equal(pending.kind, 'extension');
  });
});

describe('the review before the end', () => {
  let world;
  let story;
  let approver;
  before(async () => {
    world = await World.start();
    story = await Story.ready(world, { tool: { reviewBeforeExpiry: true, reviewDays: 10 } });
    approver = await world.token('approver', world.seed.accounts.approver);
  });
  after(() => world.stop());

  const cli = (...args) => world.cli(args, { environment: { AICLEARANCE_URL: world.service, AICLEARANCE_TOKEN: approver } });
  const pending = async () => (await world.must('GET', '/api/v1/requests?status=pending', undefined, { token: approver })).items;

  // Somebody's access that ends in nine days, and the review of it.
  async function underReview(person) {
    const issue = await story.grant(person, { days: '20' });
    const [{ grantId }] = await story.grants(issue);
    assert.deepEqual(await pending(), []);
    await endAt(world, grantId, Date.now() + 9 * day);
    const review = await until('the review', async () => (await pending())[0]);
    return { issue, grantId, review };
  }

  test('stands in the approvers\' list and in the issue, once, and is no business of who has the access', async () => {
    const { issue, grantId, review } = await underReview('ada');
    assert.deepEqual([review.kind, review.extendsGrantId, review.approval, review.durationDays], ['review', grantId, 'console', 30]);
    assert.equal(review.accountId, story.account('ada'));
    assert.equal(review.purpose, 'To try it');
    await until('the comment', async () => told(await story.comments(issue), 'under review') === 1);
    await story.quiet();
    await world.stopService('SIGKILL');
    await world.startService();
    await story.look(issue);
    assert.equal(told(await story.comments(issue), 'under review'), 1);
    assert.equal((await pending()).length, 1);
    for (const action of ['approve', 'deny']) {
      const own = await world.api('POST', `/api/v1/requests/${review.requestId}/${action}`, {},
        { token: await world.token('approver', story.account('ada')) });
      assert.deepEqual([own.status, own.json.code], [403, 'self_approval']);
    }
    assert.match((await cli('review', 'list', '--status', 'pending')).stdout, new RegExp(review.requestId));
    const { code, stdout } = await cli('review', 'keep', review.requestId, '--comment', 'Still in the project', '--json');
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).status, 'approved');
    const grant = await world.must('GET', `/api/v1/grants/${grantId}`);
    assert.equal(grant.status, 'active');
    assert.ok(about(grant.expiresAt, 30), grant.expiresAt);
    await until('the comment', async () => told(await story.comments(issue), 'goes on') === 1);
  });

  test('answered with end, lets the access go on to its end and not a day longer', async () => {
    const { issue, grantId, review } = await underReview('user101');
    const before = await world.must('GET', `/api/v1/grants/${grantId}`);
    assert.equal((await cli('review', 'end', review.requestId)).code, 0);
    const grant = await world.must('GET', `/api/v1/grants/${grantId}`);
    assert.deepEqual([grant.status, grant.expiresAt], ['active', before.expiresAt]);
    await world.stopService();
    await world.startService();
    await story.look(issue);
    assert.deepEqual(await pending(), []);
    await endAt(world, grantId, Date.now());
    await story.grantIs(issue, 'expired');
  });

  test('not answered, ends with the access', async () => {
    const { issue, grantId, review } = await underReview('user102');
    const [{ externalUserId }] = await story.grants(issue);
    await endAt(world, grantId, Date.now());
    await story.grantIs(issue, 'expired');
    assert.ok(!(await story.members()).includes(externalUserId));
    const now = await world.must('GET', `/api/v1/requests/${review.requestId}`);
    assert.deepEqual([now.status, now.code], ['cancelled', 'grant_not_active']);
    assert.deepEqual(await pending(), []);
  });

  test('is a setting of the tool, off by itself, and held to its limits', async () => {
    await story.tool('plain', {});
    const tool = await world.must('GET', '/api/v1/tools/plain');
    assert.deepEqual([tool.reviewBeforeExpiry, tool.reviewDays], [false, 14]);
    for (const [field, value] of [['reviewDays', 0], ['reviewDays', 366], ['reviewBeforeExpiry', 'yes']]) {
      const { status, json } = await world.api('PUT', '/api/v1/tools/plain', { ...tool, [field]: value });
      assert.deepEqual([status, json.errors[0].path], [422, field]);
    }
    const { code } = await world.cli(['tool', 'update', 'plain', '--review', 'yes', '--review-days', '21'],
      { environment: { AICLEARANCE_URL: world.service, AICLEARANCE_TOKEN: world.admin } });
    assert.equal(code, 0);
    const now = await world.must('GET', '/api/v1/tools/plain');
    assert.deepEqual([now.reviewBeforeExpiry, now.reviewDays], [true, 21]);
  });
});
