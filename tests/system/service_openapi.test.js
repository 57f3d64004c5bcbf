// What the service itself sends, judged by the same documents: the whole way from the connection test to the removal is
// gone once, with everything that can be asked about people and groups on the way; then the sandbox's log is read, and each
// request in it must be one that Microsoft's and Atlassian's own documents know, with the query and the body that they
// describe.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { graphDocument, jiraDocument, jsmDocument } from './openapi_document.js';
import { until, World } from './world.js';

const documents = { graph: graphDocument(), platform: jiraDocument(), portal: jsmDocument() };
const testGroup = '90000000-0000-4000-8000-000000000001';
const otherGroup = '90000000-0000-4000-8000-000000000002';
const goneGroup = '90000000-0000-4000-8000-000000000003';
const dynamicGroup = '90000000-0000-4000-8000-000000000006';
const fay = 'a0000000-0000-4000-8000-000000000005';

let world;
let sent;

// A logged path is decoded; it is written as a URL again.
const targetOf = (one) =>
  one.path.split('/').map(encodeURIComponent).join('/') + (one.query ? `?${new URLSearchParams(one.query)}` : '');
const documentOf = (one) =>
  one.site === 'entra'
    ? documents.graph
    : one.path.startsWith('/rest/servicedeskapi/')
      ? documents.portal
      : documents.platform;
const isToken = (one) => one.site === 'entra' && one.path === `/${world.seed.tenantId}/oauth2/v2.0/token`;

async function settings(changes) {
  const { jira } = world.seed;
  await world.must('PUT', '/api/v1/settings/intake', {
    projectKeys: [jira.projectKey],
    requestTypeIds: [jira.requestTypeId],
    toolField: jira.toolField,
    purposeField: jira.purposeField,
    durationField: jira.durationField,
    beneficiary: 'reporter',
    approval: 'jsm',
    allowedApprovers: [],
    allowedAuthors: [],
    approvedStatuses: ['Approved'],
    deniedStatuses: ['Declined'],
    revokedStatuses: ['Access removed'],
    matchPortalCustomers: false,
    writeBack: { comment: true, transitionOnActive: null },
    ...changes,
  });
}

async function grantOf(issueKey, ...states) {
  return until(`the grant of ${issueKey} is ${states.join(' or ')}`, async () => {
    const { items } = await world.must('GET', `/api/v1/grants?issueKey=${issueKey}`);
    return items.find((one) => states.includes(one.status));
  });
}

async function fileInPortal(account) {
  const { jira } = world.seed;
  const { issueKey } = await world.jiraCall(
    'POST',
    '/rest/servicedeskapi/request',
    {
      serviceDeskId: jira.serviceDeskId,
      requestTypeId: jira.requestTypeId,
      requestFieldValues: {
        summary: 'AI tool access',
        [jira.toolField]: { value: 'Test Tool' },
        [jira.purposeField]: 'Summaries',
        [jira.durationField]: 30,
      },
    },
    account,
  );
  return issueKey;
}

async function approveInPortal(issueKey) {
  const path = `/rest/servicedeskapi/request/${issueKey}/approval`;
  const { values } = await world.jiraCall('GET', path);
  await world.jiraCall('POST', `${path}/${values[0].id}`, { decision: 'approve' }, world.seed.accounts.ben);
}

async function connectAndBind() {
  await world.must('POST', '/api/v1/connectors', {
    connectorId: 'entra',
    type: 'entra',
    name: 'Entra',
    groupMode: 'bind',
    config: {
      tenantId: world.seed.tenantId,
      clientId: world.seed.clientId,
      cloud: 'global',
      clientSecret: world.seed.clientSecret,
    },
  });
  const first = await world.must('POST', '/api/v1/connectors/entra/test');
  assert.equal(first.outcome, 'passed', JSON.stringify(first, null, 1));
  await world.must(
    'GET',
    `/api/v1/connectors/entra/groups?search=${encodeURIComponent("AI Clearance - O'Brien & Co")}`,
  );
  const found = await world.must('GET', '/api/v1/connectors/entra/groups?search=AI%20Clearance');
  assert.ok(found.items.length >= 4);
  for (const [toolId, name, groupId] of [
    ['test-tool', 'Test Tool', testGroup],
    ['chatgpt', 'ChatGPT Enterprise', otherGroup],
    ['copilot', 'GitHub Copilot', goneGroup],
  ]) {
    await world.must('POST', '/api/v1/tools', {
      toolId,
      name,
      risk: 'low',
      connectorId: 'entra',
      defaultDurationDays: 90,
      requestable: true,
    });
    await world.must('POST', `/api/v1/tools/${toolId}/entitlement-group`, { mode: 'bind', groupId });
  }
  await world.must('POST', '/api/v1/tools', { toolId: 'extra', name: 'Extra', risk: 'low', connectorId: 'entra' });
  for (const groupId of [dynamicGroup, '00000000-1111-4222-8333-444444444444']) {
    const refused = await world.api('POST', '/api/v1/tools/extra/entitlement-group', { mode: 'bind', groupId });
    assert.equal(refused.status, 409, refused.text);
  }
  // A bound group that was deleted since: the test looks among the deleted ones.
  await world.control('PUT', '/state?quiet=1', { groups: [{ id: goneGroup, deleted: true }] });
  const second = await world.must('POST', '/api/v1/connectors/entra/test');
  assert.equal(
    second.checks.find((one) => one.evidence?.groupId === goneGroup).code,
    'group_deleted',
    JSON.stringify(second, null, 1),
  );
}

async function askAboutPeople() {
  await world.must('POST', '/api/v1/identity-mappings', {
    accountId: world.seed.accounts.max,
    connectorId: 'entra',
    externalId: 'gus_partner.example#EXT#@contoso.example',
  });
  await world.must('POST', '/api/v1/identity-mappings', {
    accountId: world.seed.accounts.hal,
    connectorId: 'entra',
    externalId: fay,
  });
  const outcomes = {};
  for (const email of [
    "fay.o'brien@contoso.example",
    'max+ai@contoso.example',
    'twins@contoso.example',
    'jo@contoso.example',
    'kim@home.example',
    'gus@partner.example',
    'hal@contoso.example',
    'nia@contoso.example',
    'nobody@contoso.example',
    '$lee@contoso.example',
    'a&b=c#d@contoso.example',
  ]) {
    outcomes[email] = (
      await world.must('POST', '/api/v1/identity-mappings/resolve', { connectorId: 'entra', email })
    ).outcome;
  }
  for (const name of ['max', 'hal', 'quiet', 'pia', 'ada']) {
    outcomes[name] = (
      await world.must('POST', '/api/v1/identity-mappings/resolve', {
        connectorId: 'entra',
        accountId: world.seed.accounts[name],
      })
    ).outcome;
  }
  assert.equal(outcomes["fay.o'brien@contoso.example"], 'matched', JSON.stringify(outcomes));
  assert.equal(outcomes['twins@contoso.example'], 'ambiguous', JSON.stringify(outcomes));
  assert.equal(outcomes['nobody@contoso.example'], 'notFound', JSON.stringify(outcomes));
}

// In the portal, with an approval, a comment and a transition written back; then taken away again by the API.
async function grantAndRevoke() {
  await settings({ writeBack: { comment: true, transitionOnActive: 'Mark active' } });
  const issueKey = await fileInPortal(world.seed.accounts.ada);
  await approveInPortal(issueKey);
  const grant = await grantOf(issueKey, 'active');
  await until(
    'the comment is there',
    async () => (await world.jiraCall('GET', `/rest/api/3/issue/${issueKey}/comment`)).comments.length > 0,
  );
  await until(
    'the issue was moved',
    async () =>
      (await world.jiraCall('GET', `/rest/api/3/issue/${issueKey}?fields=status`)).fields.status.name ===
      'Access active',
  );
  await world.must('POST', `/api/v1/grants/${grant.grantId}/revoke`);
  await grantOf(issueKey, 'revoked');
  await until(
    'both comments are there',
    async () => (await world.jiraCall('GET', `/rest/api/3/issue/${issueKey}/comment`)).comments.length > 1,
  );
}

// In a plain project, by a status that an allowed person sets, and taken away by another.
async function grantByStatus() {
  const { jira, accounts } = world.seed;
  const found = (transitions, status) =>
    transitions.find((one) => one.to.name === status) ??
    assert.fail(`no transition to ${status}: ${JSON.stringify(transitions)}`);
  await settings({
    projectKeys: [jira.plainProjectKey],
    requestTypeIds: [],
    approval: 'status',
    allowedAuthors: [accounts.ben],
  });
  const { key } = await world.jiraCall(
    'POST',
    '/rest/api/3/issue',
    {
      fields: {
        project: { key: jira.plainProjectKey },
        issuetype: { id: '10100' },
        summary: 'AI tool access',
        [jira.toolField]: { value: 'Test Tool' },
        [jira.purposeField]: 'Summaries',
        [jira.durationField]: 30,
      },
    },
    accounts.fay,
  );
  const { transitions } = await world.jiraCall('GET', `/rest/api/3/issue/${key}/transitions`);
  await world.jiraCall(
    'POST',
    `/rest/api/3/issue/${key}/transitions`,
    { transition: { id: found(transitions, 'Approved').id } },
    accounts.ben,
  );
  await grantOf(key, 'active');
  const { transitions: next } = await world.jiraCall('GET', `/rest/api/3/issue/${key}/transitions`);
  await world.jiraCall(
    'POST',
    `/rest/api/3/issue/${key}/transitions`,
    { transition: { id: found(next, 'Access removed').id } },
    accounts.ben,
  );
  await grantOf(key, 'revoked');
}

before(async () => {
  world = await World.start();
  await connectAndBind();
  await askAboutPeople();
  await grantAndRevoke();
  await grantByStatus();
  await until('a sweep has searched', async () =>
    (await world.control('GET', '/requests')).requests.some((one) => one.path === '/rest/api/3/search/jql'),
  );
  const { requests } = await world.control('GET', '/requests');
  sent = requests.filter((one) => /^AI-?Clearance\//i.test(one.userAgent ?? ''));
  assert.ok(
    sent.length > 0,
    `nothing in the log is ours: ${JSON.stringify([...new Set(requests.map((one) => one.userAgent))])}`,
  );
});

after(() => world?.stop());

describe('what the service sends', () => {
  test('was all there to be judged: the calls without which nothing works are in the log', () => {
    const seen = new Set(
      sent
        .filter((one) => !isToken(one))
        .map((one) => `${one.method} ${documentOf(one).find(one.method, targetOf(one))?.template}`),
    );
    for (const wanted of [
      'GET /users',
      'GET /groups',
      'GET /groups/{group-id}',
      'GET /groups/{group-id}/members',
      'DELETE /groups/{group-id}/members/{directoryObject-id}/$ref',
      'GET /rest/api/3/issue/{issueIdOrKey}',
      'POST /rest/api/3/search/jql',
      'GET /rest/api/3/user',
      'GET /rest/servicedeskapi/request/{issueIdOrKey}/approval',
      'POST /rest/api/3/issue/{issueIdOrKey}/comment',
      'GET /rest/api/3/issue/{issueIdOrKey}/transitions',
      'POST /rest/api/3/issue/{issueIdOrKey}/transitions',
      'GET /rest/api/3/issue/{issueIdOrKey}/changelog',
    ])
      assert.ok(seen.has(wanted), `${wanted} was never sent; sent were ${[...seen].join(', ')}`);
    const adds = ['POST /groups/{group-id}/members/$ref', 'PATCH /groups/{group-id}'];
    assert.ok(
      adds.some((one) => seen.has(one)),
      'no member was ever added',
    );
  });

  test('is in the documents, with its query and its body', () => {
    const faults = [];
    for (const one of sent.filter((request) => !isToken(request))) {
      const body =
        one.body === undefined
          ? ['POST', 'PUT', 'PATCH'].includes(one.method)
            ? null
            : undefined
          : JSON.parse(one.body);
      for (const fault of documentOf(one).requestFaults(one.method, targetOf(one), body))
        faults.push(`${one.method} ${targetOf(one)} ${one.body ?? ''}: ${fault}`);
    }
    assert.deepEqual([...new Set(faults)], []);
  });

  test('never goes where it has no permission, and is never malformed for its receiver', () => {
    const wrong = sent.filter((one) => [400, 401, 403, 405, 415].includes(one.status) && one.site === 'entra');
    assert.deepEqual(
      wrong.map((one) => `${one.status} ${one.method} ${targetOf(one)}`),
      [],
    );
  });

  test('a client-request-id of its own goes with every call of Graph, so that an admin finds it in Entra', () => {
    const graph = sent.filter((one) => one.site === 'entra' && one.path.startsWith('/v1.0/') && !one.batched);
    const ids = graph.map((one) => one.clientRequestId);
    assert.deepEqual(
      graph.filter((one) => !/^[0-9a-f-]{36}$/.test(one.clientRequestId ?? '')),
      [],
    );
    assert.equal(new Set(ids).size, ids.length);
  });

  test('no membership was ever deleted without /$ref, and no secret is in any logged request', async () => {
    const { entra } = await world.control('GET', '/state');
    assert.equal(entra.danger, 0);
    assert.deepEqual(
      sent.filter((one) => one.method === 'DELETE' && !one.path.endsWith('/$ref')),
      [],
    );
    assert.ok(!JSON.stringify(sent).includes(world.seed.clientSecret));
  });
});
