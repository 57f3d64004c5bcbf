// Actions, decisions and work under way: what repeating does, what conflicts, how to wait, and what hangs on what.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertFault, assertInstants, assertProblem, UUID7 } from './answers.js';
import { Story } from './story.js';
import { sleep, until, World } from './world.js';

let world;
let story;
let approver;
let requester;
before(async () => {
  world = await World.start();
  approver = await world.token('approver', world.seed.accounts.ben);
  requester = await world.token('requester', world.seed.accounts.ada);
});
after(() => world?.stop());

const as = (token) => ({ token });

async function happened() {
  return (await world.must('GET', '/api/v1/audit-events?limit=1')).items[0]?.seq ?? 0;
}

const grantIn = (grantId, status) => until(`grant ${status}`, async () => {
  const grant = await world.must('GET', `/api/v1/grants/${grantId}?wait=5`);
  if (grant.status === status) return grant;
  throw new Error(JSON.stringify(grant));
});

// A request filed and approved in the console; gives the approval's answer.
async function consoleGrant(person = 'ada', toolId = 'test-tool') {
  const request = await world.must('POST', '/api/v1/requests', { toolId, purpose: '', accountId: world.seed.accounts[person] });
  return world.must('POST', `/api/v1/requests/${request.requestId}/approve`, { comment: '' }, as(approver));
}

describe('before anything is set up', () => {
  test('the intake settings say their defaults before the first PUT', async () => {
    const settings = await world.must('GET', '/api/v1/settings/intake');
    assert.deepEqual(Object.keys(settings).sort(), ['allowedApprovers', 'allowedAuthors', 'approval', 'approvedStatuses', 'beneficiary', 'deniedStatuses', 'durationField', 'matchPortalCustomers',
      'projectKeys', 'purposeField', 'requestTypeIds', 'revokedStatuses', 'toolField', 'writeBack']);
    assert.equal(settings.approval, 'jsm');
    assert.equal(settings.matchPortalCustomers, false);
    assert.deepEqual(settings.projectKeys, []);
    assert.equal(settings.beneficiary, 'reporter');
  });

  test('mode status without a single allowed author is refused: anybody who can move an issue could grant', async () => {
    assertFault(await world.api('PUT', '/api/v1/settings/intake', { approval: 'status', allowedAuthors: [], approvedStatuses: ['Approved'] }), 'allowedAuthors');
    assertFault(await world.api('PUT', '/api/v1/settings/intake', { approval: 'status', approvedStatuses: ['Approved'] }), 'allowedAuthors');
    assert.equal((await world.must('GET', '/api/v1/settings/intake')).approval, 'jsm');
  });

  test('a request by API while Jira decides is refused', async () => {
    await world.must('POST', '/api/v1/tools', { toolId: 'early', name: 'Early' });
    assertProblem(await world.api('POST', '/api/v1/requests', { toolId: 'early', purpose: '' }, as(requester)), 409, 'decided_in_jira');
  });

  test('health, readiness and figures', async () => {
    for (const path of ['/healthz', '/readyz']) assert.equal((await world.api('GET', path, undefined, { token: null })).status, 200);
    const metrics = await world.api('GET', '/metrics');
    assert.match(metrics.headers.get('content-type'), /^text\/plain/);
    const lines = metrics.text.trimEnd().split('\n');
    for (const line of lines.filter((one) => !one.startsWith('#'))) assert.match(line, /^[a-zA-Z_:][\w:]*(\{[^}]*\})? -?[\d.e+]+$/, line);
    assert.ok(lines.filter((one) => one.startsWith('# TYPE')).length > 3);
    assert.equal(new Set(lines.filter((one) => one.startsWith('# TYPE'))).size, lines.filter((one) => one.startsWith('# TYPE')).length);
  });
});

describe('connectors and tools hang together', () => {
  test('a group is bound only over a connector whose test was good', async () => {
    await world.must('POST', '/api/v1/connectors', { connectorId: 'untested', type: 'entra', name: 'n', config: { tenantId: 't', clientId: 'c', clientSecret: 's' } });
    await world.must('POST', '/api/v1/tools', { toolId: 'untested', name: 'n', connectorId: 'untested' });
    const bind = (toolId) => world.api('POST', `/api/v1/tools/${toolId}/entitlement-group`, { mode: 'bind', groupId: world.seed.testGroupId });
    assertProblem(await bind('untested'), 409, 'connector_not_tested');
    assert.equal((await world.must('POST', '/api/v1/connectors/untested/test')).outcome, 'failed');
    assertProblem(await bind('untested'), 409, 'connector_not_tested');
    const none = await bind('early');
    assertProblem(none, none.status);
    assert.ok([409, 422].includes(none.status), none.text);
    assertProblem(await world.api('DELETE', '/api/v1/connectors/untested'), 409, 'connector_in_use');
    await world.must('PUT', '/api/v1/tools/untested', { name: 'n', connectorId: null });
    assert.equal((await world.api('DELETE', '/api/v1/connectors/untested')).status, 204);
  });

  test('tenant and cloud move only while nothing hangs on them; the client may change', async () => {
    const body = (config) => ({ connectorId: 'moving', type: 'entra', name: 'n', config: { tenantId: 'contoso.example', clientId: 'c', cloud: 'global', ...config } });
    await world.must('POST', '/api/v1/connectors', body({ clientSecret: 's' }));
    assert.equal((await world.must('PUT', '/api/v1/connectors/moving', body({ tenantId: 'other.example' }))).config.tenantId, 'other.example');
    await world.must('POST', '/api/v1/identity-mappings', { accountId: 'x', connectorId: 'moving', externalId: 'x@other.example' });
    assertProblem(await world.api('PUT', '/api/v1/connectors/moving', body({ tenantId: 'third.example' })), 409, 'connector_tenant_fixed');
    assertProblem(await world.api('PUT', '/api/v1/connectors/moving', body({ tenantId: 'other.example', cloud: 'china' })), 409, 'connector_tenant_fixed');
    assert.equal((await world.api('PUT', '/api/v1/connectors/moving', body({ tenantId: 'other.example', clientId: 'd' }))).status, 200);
  });

  test('a new secret is not shown to another tenant or cloud than the one that is fixed', async () => {
    const { tenantId, clientId, clientSecret } = world.seed;
    const body = (config) => ({ connectorId: 'fixed', type: 'entra', name: 'n', config: { tenantId, clientId, clientSecret, ...config } });
    await world.must('POST', '/api/v1/connectors', body());
    await world.must('POST', '/api/v1/identity-mappings', { accountId: 'x', connectorId: 'fixed', externalId: 'x@contoso.example' });
    for (const config of [{ tenantId: '11111111-2222-4333-8444-555555555555' }, { cloud: 'usgov' }])
      assertProblem(await world.api('PUT', '/api/v1/connectors/fixed', body(config)), 409, 'connector_tenant_fixed');
    const { items } = await world.must('GET', '/api/v1/audit-events?limit=200');
    assert.ok(!items.some((event) => event.action === 'connector.credentialRefused' && event.target.id === 'fixed'), 'nothing was tried');
    assert.equal((await world.api('PUT', '/api/v1/connectors/fixed', body())).status, 200);
  });

  test('a new credential that Entra refuses is answered with the report, and the old one goes on', async () => {
    story = await Story.ready(world, { intake: { approval: 'console' } });
    const before = await world.must('GET', '/api/v1/connectors/sandbox');
    const answer = await world.api('PUT', '/api/v1/connectors/sandbox', { ...before, config: { ...before.config, clientSecret: 'wrong-canary-secret' } });
    assert.equal(answer.status, 422, answer.text);
    assert.ok(answer.text.includes('7000215') || answer.text.includes('secret_invalid'), answer.text);
    assert.ok(!answer.text.includes('wrong-canary-secret'));
    assert.deepEqual((await world.must('GET', '/api/v1/connectors/sandbox')).credential, before.credential);
    assert.equal((await world.must('POST', '/api/v1/connectors/sandbox/test')).outcome, 'passed');
  });

  test('as read, a connector has exactly the members of the contract', async () => {
    const read = await world.must('GET', '/api/v1/connectors/sandbox');
    assert.deepEqual(Object.keys(read).sort(), ['config', 'connectorId', 'createdAt', 'credential', 'description', 'enabled', 'groupMode', 'health', 'lastTest', 'lastUsedAt', 'name', 'toolCount', 'type', 'updatedAt']);
    assert.deepEqual(Object.keys(read.config).sort(), ['clientId', 'cloud', 'tenantId']);
    assert.deepEqual(Object.keys(read.credential).sort(), ['expiresAt', 'kind', 'reference', 'source', 'storedAt']);
    assert.deepEqual([read.toolCount, read.health, read.credential.kind, read.credential.source, read.credential.reference], [1, 'passed', 'clientSecret', 'sealed', null]);
    assert.deepEqual([...new Set(read.lastTest.checks.map((one) => one.check))],
      ['credential', 'reach-login', 'token', 'permissions', 'reach-graph', 'read-users', 'read-groups', 'groups', 'credential-expiry']);
    for (const check of read.lastTest.checks) {
      assert.deepEqual(Object.keys(check.evidence).sort(), ['aadsts', 'correlationId', 'excess', 'graphCode', 'groupId', 'httpStatus', 'missing', 'requestId', 'traceId'], check.check);
      assert.ok(check.summary.length > 10);
      if (check.outcome !== 'passed' && check.outcome !== 'skipped') assert.ok(check.remedy, check.check);
    }
    assertInstants(read);
  });

  test('enable and disable: repeated they are 200 without an event', async () => {
    const act = (action) => world.api('POST', `/api/v1/connectors/sandbox/${action}`);
    let events = await happened();
    assert.equal((await act('enable')).status, 200);
    assert.equal(await happened(), events);
    const disabled = await act('disable');
    assert.equal(disabled.json.enabled, false);
    events = await happened();
    assert.equal((await act('disable')).text, disabled.text);
    assert.equal(await happened(), events);
    assert.equal((await act('enable')).json.enabled, true);
    assert.equal(await happened(), events + 1);
  });
});

describe('requests', () => {
  const file = (body, token = requester) => world.api('POST', '/api/v1/requests', { toolId: 'test-tool', purpose: 'p', ...body }, as(token));

  test('a request that cannot be is refused with the code that says why', async () => {
    await world.must('POST', '/api/v1/tools', { toolId: 'locked', name: 'Locked', requestable: false });
    const codes = {};
    for (const [what, body] of Object.entries({ tool_unknown: { toolId: 'nothing' }, tool_not_requestable: { toolId: 'locked' }, duration_exceeds_maximum: { durationDays: 91 } })) {
      const answer = await file(body);
      codes[what] = assertProblem(answer, answer.status).code;
      assert.ok([409, 422].includes(answer.status), answer.text);
    }
    assert.deepEqual(codes, { tool_unknown: 'tool_unknown', tool_not_requestable: 'tool_not_requestable', duration_exceeds_maximum: 'duration_exceeds_maximum' });
    for (const days of [0, -1, 1.5, '30']) assertFault(await file({ durationDays: days }), 'durationDays');
    assert.deepEqual((await world.must('GET', '/api/v1/requests')).items, []);
  });

  test('neither beneficiary nor filer decides, with whatever token; an approval by a third is 202 with its job', async () => {
    const own = (await file({ durationDays: 5 })).json;
    assert.equal(own.status, 'pending');
    assert.equal(own.durationDays, 5);
    assert.match(own.requestId, UUID7);
    const samePerson = await world.token('approver', world.seed.accounts.ada);
    const adminAda = await world.token('admin', world.seed.accounts.ada);
    for (const token of [samePerson, adminAda]) {
      for (const action of ['approve', 'deny']) assertProblem(await world.api('POST', `/api/v1/requests/${own.requestId}/${action}`, undefined, as(token)), 403, 'self_approval');
    }
    const filed = await world.must('POST', '/api/v1/requests', { toolId: 'test-tool', purpose: '', accountId: world.seed.accounts.fay });
    assertProblem(await world.api('POST', `/api/v1/requests/${filed.requestId}/approve`), 403, 'self_approval', 'the admin who filed it');
    const secondToken = await world.token('approver', world.seed.accounts.cleo);
    assertProblem(await world.api('POST', `/api/v1/requests/${filed.requestId}/approve`, undefined, as(secondToken)), 403, 'self_approval', 'the same admin with another token');
    assertProblem(await world.api('POST', `/api/v1/requests/${own.requestId}/approve`, undefined, as(requester)), 403, 'forbidden');

    const answer = await world.api('POST', `/api/v1/requests/${own.requestId}/approve`, { comment: 'fine' }, as(approver));
    assert.equal(answer.status, 202, answer.text);
    assert.match(answer.json.jobId, UUID7);
    assert.equal(answer.json.status, 'approved');
    assert.equal(answer.json.decidedBy, world.seed.accounts.ben);
    assert.match(answer.json.grantId, UUID7);
    assertInstants(answer.json);
    assert.equal((await world.must('GET', `/api/v1/requests/${own.requestId}`)).jobId, undefined);
    await grantIn(answer.json.grantId, 'active');

    let events = await happened();
    const again = await world.api('POST', `/api/v1/requests/${own.requestId}/approve`, {}, as(approver));
    assert.equal(again.status, 200, again.text);
    for (const action of ['deny', 'cancel']) assertProblem(await world.api('POST', `/api/v1/requests/${own.requestId}/${action}`, undefined, as(approver)), 409);
    assert.equal(await happened(), events);

    assert.equal((await world.must('POST', `/api/v1/requests/${filed.requestId}/deny`, { comment: 'no' }, as(approver))).status, 'denied');
    events = await happened();
    assert.equal((await world.api('POST', `/api/v1/requests/${filed.requestId}/deny`, undefined, as(approver))).status, 200);
    for (const action of ['approve', 'cancel']) assertProblem(await world.api('POST', `/api/v1/requests/${filed.requestId}/${action}`, undefined, as(approver)), 409);
    assert.equal(await happened(), events);
  });

  test('a requester cancels what is theirs, once', async () => {
    await world.must('POST', '/api/v1/tools', { toolId: 'second', name: 'Second', connectorId: 'sandbox', requestable: true });
    const made = (await file({ toolId: 'second' })).json;
    assert.equal((await world.must('POST', `/api/v1/requests/${made.requestId}/cancel`, undefined, as(requester))).status, 'cancelled');
    const events = await happened();
    assert.equal((await world.api('POST', `/api/v1/requests/${made.requestId}/cancel`, undefined, as(requester))).status, 200);
    assert.equal(await happened(), events);
    assertProblem(await world.api('POST', `/api/v1/requests/${made.requestId}/approve`, undefined, as(approver)), 409);
  });

  test('a comment may be empty or null, and is no novel', async () => {
    for (const comment of ['', null, 'ok']) {
      const made = (await file({ toolId: 'second' })).json;
      assert.equal((await world.api('POST', `/api/v1/requests/${made.requestId}/deny`, { comment }, as(approver))).status, 200);
    }
    const made = (await file({ toolId: 'second' })).json;
    assertFault(await world.api('POST', `/api/v1/requests/${made.requestId}/deny`, { comment: 'x'.repeat(30000) }, as(approver)), 'comment');
    assertFault(await world.api('POST', `/api/v1/requests/${made.requestId}/deny`, { commment: 'x' }, as(approver)), 'commment');
    await world.must('POST', `/api/v1/requests/${made.requestId}/cancel`, undefined, as(requester));
  });

  test('decided twice at the same moment, in both directions, it is decided once', async () => {
    const made = (await file({ toolId: 'second' })).json;
    const other = await world.token('approver', world.seed.accounts.cleo);
    const answers = await Promise.all([[approver, 'deny'], [other, 'cancel'], [approver, 'deny'], [other, 'cancel']].map(([token, action]) =>
      world.api('POST', `/api/v1/requests/${made.requestId}/${action}`, undefined, as(token))));
    assert.deepEqual(answers.map((one) => one.status).sort(), [200, 200, 409, 409]);
  });
});

describe('grants and jobs', () => {
  test('with an open grant: no deletion of tool or connector, no other connector, no unbinding', async () => {
    assertProblem(await world.api('DELETE', '/api/v1/tools/test-tool'), 409, 'tool_has_grants');
    assertProblem(await world.api('DELETE', '/api/v1/connectors/sandbox'), 409, 'connector_in_use');
    const tool = await world.must('GET', '/api/v1/tools/test-tool');
    assertProblem(await world.api('PUT', '/api/v1/tools/test-tool', { ...tool, connectorId: null }), 409, 'tool_has_grants');
    assertProblem(await world.api('PUT', '/api/v1/tools/test-tool', { ...tool, connectorId: 'moving' }), 409, 'tool_has_grants');
    assertProblem(await world.api('DELETE', '/api/v1/tools/test-tool/entitlement-group'), 409);
    assert.equal((await world.api('PUT', '/api/v1/tools/test-tool', { ...tool, description: 'changed' })).status, 200);
    assert.equal((await world.must('GET', '/api/v1/tools/test-tool')).entitlementGroup.groupId, story.groupId);
  });

  test('?wait= answers at the change, not before and not at the end of its time', async () => {
    await world.control('PUT', '/faults', { latencyMs: { entra: 150, jira: 0 } });
    const approved = await consoleGrant('fay');
    const began = await world.must('GET', `/api/v1/grants/${approved.grantId}`);
    assert.equal(began.status, 'pendingProvision');
    const start = Date.now();
    const waited = await world.must('GET', `/api/v1/grants/${approved.grantId}?wait=20`);
    assert.notEqual(waited.status, 'pendingProvision');
    assert.ok(Date.now() - start < 18000);
    await world.control('PUT', '/faults', { latencyMs: 0 });
    const job = await until('the job at rest', async () => {
      const one = await world.must('GET', `/api/v1/jobs/${approved.jobId}?wait=20`);
      return one.status === 'succeeded' && one;
    });
    assert.equal(job.grantId, approved.grantId);
    assert.equal(job.kind, 'provision');
    // What is final has no next change: it is answered at once.
    const again = Date.now();
    await world.must('GET', `/api/v1/jobs/${approved.jobId}?wait=20`);
    assert.ok(Date.now() - again < 15000);
  });

  test('?wait= ends with what there is when its time is over', async () => {
    await world.must('POST', '/api/v1/connectors/sandbox/disable');
    const approved = await consoleGrant('max');
    const start = Date.now();
    const waiting = await world.must('GET', `/api/v1/grants/${approved.grantId}?wait=2`);
    assert.equal(waiting.status, 'pendingProvision');
    assert.ok(Date.now() - start >= 1900, `after ${Date.now() - start} ms`);
    assert.ok(Date.now() - start < 15000);
    const lastAt = Date.now();
    assert.equal((await world.must('GET', `/api/v1/grants/${approved.grantId}?wait=0`)).status, 'pendingProvision');
    assert.ok(Date.now() - lastAt < 10000);
    const parked = world.must('GET', `/api/v1/grants/${approved.grantId}?wait=20`);
    await sleep(300);
    await world.must('POST', '/api/v1/connectors/sandbox/enable');
    assert.equal((await parked).status, 'active');
  });

  test('revoke: 202 with its job, then 200 and no event; the opposite of the end is 409', async () => {
    const { items } = await world.must('GET', `/api/v1/grants?status=active&accountId=${encodeURIComponent(world.seed.accounts.fay)}`);
    const path = `/api/v1/grants/${items[0].grantId}`;
    const first = await world.api('POST', `${path}/revoke`, { comment: '' });
    assert.equal(first.status, 202, first.text);
    assert.match(first.json.jobId, UUID7);
    assert.equal(first.json.status, 'pendingDeprovision');
    await grantIn(items[0].grantId, 'revoked');
    await story.quiet();
    const events = await happened();
    const again = await world.api('POST', `${path}/revoke`);
    assert.equal(again.status, 200, again.text);
    assert.equal(again.json.jobId, undefined);
    assertProblem(await world.api('POST', `${path}/retry`), 409);
    assertProblem(await world.api('POST', `${path}/resolve`, { outcome: 'notGranted', reason: 'r' }), 409);
    assert.equal(await happened(), events);
    assert.ok(!(await story.members()).includes(await story.user('fay')));
  });

  test("the tag of an action's 202 is the object's own, so that If-Match with it is not refused", async () => {
    await world.must('POST', '/api/v1/connectors/sandbox/disable');
    const request = await world.must('POST', '/api/v1/requests', { toolId: 'test-tool', purpose: '', accountId: world.seed.accounts.fay });
    const approved = await world.api('POST', `/api/v1/requests/${request.requestId}/approve`, {}, as(approver));
    assert.equal(approved.status, 202);
    const read = await world.api('GET', `/api/v1/requests/${request.requestId}`);
    assert.equal(approved.headers.get('etag'), read.headers.get('etag'));
    await world.must('POST', '/api/v1/connectors/sandbox/enable');
    await grantIn(approved.json.grantId, 'active');
    await world.must('POST', `/api/v1/grants/${approved.json.grantId}/revoke`);
    await grantIn(approved.json.grantId, 'revoked');
  });

  test("resolve takes one way out, with its reason, and only one that fits the follow-up's action", async () => {
    const approved = await consoleGrant('ida');
    const grant = await grantIn(approved.grantId, 'manualFollowUp');
    assert.equal(grant.followUp.action, 'provision');
    assert.equal(grant.followUp.candidates.length, 2);
    const resolve = (body) => world.api('POST', `/api/v1/grants/${grant.grantId}/resolve`, body);
    for (const body of [{}, { outcome: 'notGranted' }, { externalId: grant.followUp.candidates[0].objectId, outcome: 'notGranted', reason: 'r' }, { externalId: 'x' }, { outcome: 'whatever', reason: 'r' }]) {
      assertProblem(await resolve(body), 422, 'validation_failed', JSON.stringify(body));
    }
    for (const outcome of ['removedByHand', 'keptByHand']) assertProblem(await resolve({ outcome, reason: 'r' }), 409);
    const follow = await world.must('GET', '/api/v1/follow-ups');
    assert.deepEqual(follow.items.map((one) => one.grantId), [grant.grantId]);
    const closed = await resolve({ outcome: 'notGranted', reason: '' });
    assert.equal(closed.status, 200, closed.text);
    assert.equal(closed.json.status, 'notGranted');
    const events = await happened();
    assert.equal((await resolve({ outcome: 'notGranted', reason: 'again' })).status, 200);
    assertProblem(await world.api('POST', `/api/v1/grants/${grant.grantId}/retry`), 409);
    assert.equal(await happened(), events);
    assert.deepEqual((await world.must('GET', '/api/v1/follow-ups')).items, []);
  });

  test('what Jira decides is not decided here', async () => {
    await story.intake({});
    const issue = await story.file('gus');
    const request = await story.requestIs(issue, 'pending');
    for (const action of ['approve', 'deny']) assertProblem(await world.api('POST', `/api/v1/requests/${request.requestId}/${action}`, undefined, as(approver)), 409, 'decided_in_jira', action);
    assert.equal((await story.requests(issue))[0].status, 'pending');
  });

  test('a requester may give back their own access, and sees their own alone', async () => {
    const own = (await world.must('GET', '/api/v1/grants', undefined, as(requester))).items;
    assert.ok(own.length > 0);
    assert.ok(own.every((one) => one.accountId === world.seed.accounts.ada));
    const active = own.find((one) => one.status === 'active');
    assert.equal((await world.api('POST', `/api/v1/grants/${active.grantId}/revoke`, undefined, as(requester))).status, 202);
    const { items } = await world.must('GET', `/api/v1/grants?accountId=${encodeURIComponent(world.seed.accounts.max)}`);
    assertProblem(await world.api('POST', `/api/v1/grants/${items[0].grantId}/revoke`, undefined, as(requester)), 404, 'not_found');
    await grantIn(active.grantId, 'revoked');
  });

  test('when every grant has ended, what was held by them is free', async () => {
    const { items } = await world.must('GET', '/api/v1/grants?limit=200');
    for (const grant of items.filter((one) => ['active', 'pendingProvision', 'manualFollowUp'].includes(one.status))) await world.must('POST', `/api/v1/grants/${grant.grantId}/revoke`);
    for (const grant of items) await until('an end', async () => ['revoked', 'notGranted'].includes((await world.must('GET', `/api/v1/grants/${grant.grantId}`)).status));
    assert.equal((await world.api('DELETE', '/api/v1/tools/test-tool/entitlement-group')).status, 204);
    assert.equal((await world.must('GET', '/api/v1/tools/test-tool')).entitlementGroup, null);
    assert.equal((await world.api('DELETE', '/api/v1/tools/test-tool')).status, 204);
    assert.equal((await world.api('DELETE', '/api/v1/tools/second')).status, 204);
    const gone = await world.api('DELETE', '/api/v1/connectors/sandbox');
    assert.equal(gone.status, 204, gone.text);
    // The history stays readable.
    const read = await world.must('GET', `/api/v1/grants/${items[0].grantId}`);
    assert.equal(read.connectorId, 'sandbox');
    assert.equal(read.toolId, 'test-tool');
  });
});
