// The path from Jira's word to membership, walked by somebody who means it ill, or by an unlucky hour: Jira refusing us for a
// while, one issue that nobody may read, a status passed through while we were down, a removal that is still spreading when the
// next approval comes. Each test is named for what would be lost if it failed.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Story } from './story.js';
import { until, World } from './world.js';

describe('from approval to membership, on a bad day', () => {
  let world;
  let story;

  before(async () => {
    world = await World.start({ config: { jira: { sweep_seconds: '300' } } });
    story = await Story.ready(world);
  });
  after(() => world?.stop());
  afterEach(() => faults({ rules: [], latencyMs: 0, replicationDelayMs: 0 }));

  const faults = (changes) => world.control('PUT', '/faults', changes);
  const objectId = (person) => `c0000000-0000-4000-8000-${person.slice(4).padStart(12, '0')}`;
  const inGroup = async (person) => (await story.members()).includes(objectId(person));
  const jiraRule = (path, rule) => faults({ rules: [{ site: 'jira', method: 'GET', path, action: 'status', forever: true, body: {}, ...rule }] });
  const intakeJobs = async (status) => (await world.must('GET', `/api/v1/jobs?kind=intake&status=${status}`)).items;

  test('an event that comes while Jira refuses us waits, and is a request soon after Jira takes us back', async () => {
    await jiraRule('/rest/*', { status: 401 });
    const issue = await story.file('user001');
    const waiting = await until('the event to wait', async () => (await intakeJobs('waiting'))[0]);
    assert.equal(waiting.lastError.code, 'jira_denied');
    assert.deepEqual(await story.requests(issue), []);
    await faults({ rules: [] });
    await story.requestIs(issue, 'pending');
  });

  test('one issue that we may not read holds up no other', async () => {
    const poisoned = await story.file('user002');
    await story.requestIs(poisoned, 'pending');
    const { issueId } = (await story.requests(poisoned))[0];
    await jiraRule(`/rest/servicedeskapi/request/${issueId}/approval*`, { status: 403 });
    await story.approve(poisoned);
    await story.grant('user003');
    assert.equal(await inGroup('user003'), true);
    assert.deepEqual(await story.grants(poisoned), []);
    await faults({ rules: [] });
    await story.grantIs(poisoned, 'active');
  });

  test('a removal that still spreads when the next approval comes is finished before the user is put in again', async () => {
    const issue = await story.grant('user004');
    await faults({ replicationDelayMs: 4000 });
    await story.move(issue, 'Access removed');
    await until('the removal to be sent', async () => {
      const { requests } = await world.control('GET', '/requests');
      return requests.some((one) => one.method === 'DELETE' && one.path.includes(objectId('user004')) && one.status === 204);
    });
    await story.move(issue, 'Waiting for approval');
    await story.requestIs(issue, 'pending');
    await story.approve(issue);
    const [grant] = await until('the first to end and the second to begin', async () => {
      const grants = await story.grants(issue);
      return grants.length === 2 && grants[0].status === 'active' && grants[1].status === 'revoked' && grants;
    }, 60000);
    assert.equal(grant.membershipPreexisting, false);
    assert.equal(await inGroup('user004'), true);
  });

  test('access taken away by a status that the issue has left again when we look is taken away all the same', async () => {
    const issue = await story.grant('user005');
    await world.stopService();
    await story.move(issue, 'Access removed');
    await story.move(issue, 'Waiting for approval');
    await world.startService();
    await story.look(issue);
    await until('the removal', async () => (await story.grants(issue)).some((grant) => grant.status === 'revoked'));
    assert.equal(await inGroup('user005'), false);
  });

  test('the time of a grant begins with the membership, not with the approval', async () => {
    await world.must('POST', '/api/v1/connectors/sandbox/disable');
    const issue = await story.file('user006');
    await story.requestIs(issue, 'pending');
    await story.approve(issue);
    const waiting = await story.grantIs(issue, 'pendingProvision');
    assert.equal(waiting.activeAt, null);
    assert.equal(waiting.expiresAt, null);
    await world.must('POST', '/api/v1/connectors/sandbox/enable');
    const active = await story.grantIs(issue, 'active');
    assert.equal(Date.parse(active.expiresAt) - Date.parse(active.activeAt), 14 * 24 * 3600 * 1000);
  });

  test('a grant that is taken back while its provisioning waits is never carried out, and ends', async () => {
    await world.must('POST', '/api/v1/connectors/sandbox/disable');
    const issue = await story.file('user007');
    await story.requestIs(issue, 'pending');
    await story.approve(issue);
    const grant = await story.grantIs(issue, 'pendingProvision');
    await world.must('POST', `/api/v1/grants/${grant.grantId}/revoke`);
    await world.must('POST', '/api/v1/connectors/sandbox/enable');
    await story.grantIs(issue, 'revoked');
    assert.equal(await inGroup('user007'), false);
    const { items } = await world.must('GET', '/api/v1/jobs?kind=provision&status=cancelled');
    assert.ok(items.some((job) => job.grantId === grant.grantId));
  });

  test('the comment on an issue that was deleted meanwhile is given up, and nothing waits for it for ever', async () => {
    const issue = await story.grant('user008');
    const [grant] = await story.grants(issue);
    await story.quiet();
    await world.jiraCall('DELETE', `/rest/api/3/issue/${issue}`);
    await world.must('POST', `/api/v1/grants/${grant.grantId}/revoke`);
    await story.grantIs(issue, 'revoked');
    await until('the comment to be given up', async () => {
      const { items } = await world.must('GET', '/api/v1/jobs?kind=writeBack');
      const mine = items.filter((job) => job.grantId === grant.grantId);
      return mine.length === 2 && mine.every((job) => job.status === 'succeeded');
    });
  });

  test('an issue that does not say for whom is refused with a reason, and asked anew once it does', async () => {
    await story.intake({ beneficiary: 'customfield_10099' });
    const issue = await story.file('user009');
    const refused = await story.requestIs(issue, 'refused');
    assert.equal(refused.code, 'approval_not_verified');
    assert.equal(refused.accountId, null);
    await story.approve(issue);
    await story.look(issue);
    assert.deepEqual(await story.grants(issue), []);
    await story.intake();
  });
});
