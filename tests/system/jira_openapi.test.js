// What the sandbox's Jira site answers, success and error, judged by Atlassian's own OpenAPI documents: every call that the
// product makes, and those by which a person files and decides a request.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { jiraDocument, jsmDocument } from './openapi_document.js';
import { World } from './world.js';

const documents = { platform: jiraDocument(), portal: jsmDocument() };
const nobody = '712020:00000000-0000-4000-8000-00000000ffff';
const paragraph = (text) => ({
  type: 'doc',
  version: 1,
  content: [{ type: 'paragraph', content: [{ type: 'text', text }] }],
});

let world;
let people;
let site;

const documentOf = (path) => (path.startsWith('/rest/servicedeskapi/') ? documents.portal : documents.platform);

// Calls, judges request and answer, and gives the answer.
async function judged(
  expected,
  method,
  path,
  body,
  { account = people.bot, token = world.jiraToken(account), requestJudged = expected < 400 } = {},
) {
  const response = await fetch(world.jira + path, {
    method,
    headers: {
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      Accept: 'application/json',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  const told = `${method} ${path} answered ${response.status}: ${text.slice(0, 800)}`;
  assert.equal(response.status, expected, told);
  const answer = text ? JSON.parse(text) : null;
  assert.deepEqual(documentOf(path).answerFaults(method, path, response.status, answer), [], told);
  if (requestJudged) assert.deepEqual(documentOf(path).requestFaults(method, path, body), [], `${method} ${path}`);
  return answer;
}

async function file(account = people.ada, tool = 'Test Tool') {
  return judged(
    201,
    'POST',
    '/rest/servicedeskapi/request',
    {
      serviceDeskId: site.serviceDeskId,
      requestTypeId: site.requestTypeId,
      requestFieldValues: {
        summary: 'AI tool access',
        [site.toolField]: { value: tool },
        [site.purposeField]: 'Summaries',
        [site.durationField]: 30,
      },
    },
    { account },
  );
}

before(async () => {
  world = await World.start({ service: false });
  people = world.seed.accounts;
  site = world.seed.jira;
});

after(() => world.stop());

beforeEach(() => world.control('POST', '/reset'));

describe('the judge', () => {
  test('finds an undescribed property, a wrong type, an undocumented route and status', () => {
    const approval = `/rest/servicedeskapi/request/AIC-1/approval`;
    assert.deepEqual(
      documents.portal.answerFaults('GET', approval, 200, {
        size: 0,
        start: 0,
        limit: 50,
        isLastPage: true,
        values: [],
      }),
      [],
    );
    assert.ok(documents.portal.answerFaults('GET', approval, 200, { values: [{ id: '1', colour: 'red' }] }).length > 0);
    assert.ok(documents.portal.answerFaults('GET', approval, 200, { isLastPage: 'yes' }).length > 0);
    assert.ok(documents.portal.answerFaults('GET', approval, 418, {}).length > 0);
    assert.ok(
      documents.platform.answerFaults('GET', '/rest/api/3/issue/AIC-1', 404, { errorMessages: 'gone' }).length > 0,
    );
    assert.ok(
      documents.platform.requestFaults('GET', '/rest/api/3/search?jql=x').length > 0,
      'the old search was taken away in 2025',
    );
    assert.ok(documents.portal.requestFaults('POST', `${approval}/1`, { decision: 7 }).length > 0);
  });
});

describe('a request in the portal', () => {
  test('is filed, read, approved by its approver, and moved on', async () => {
    const request = await file();
    const path = `/rest/servicedeskapi/request/${request.issueKey}`;
    await judged(200, 'GET', path);
    const { values } = await judged(200, 'GET', `${path}/approval?start=0&limit=50`);
    assert.equal(values.length, 1);
    assert.equal(values[0].finalDecision, 'pending');
    await judged(200, 'GET', `${path}/approval/${values[0].id}`);
    const decided = await judged(
      200,
      'POST',
      `${path}/approval/${values[0].id}`,
      { decision: 'approve' },
      { account: people.ben },
    );
    assert.equal(decided.finalDecision, 'approved');
    assert.ok(decided.completedDate.epochMillis > 0);
    await judged(200, 'GET', `${path}/status`);
    await judged(200, 'GET', `${path}/transition`);
    await judged(201, 'POST', `${path}/comment`, { body: 'Seen.', public: true });
    await judged(200, 'GET', `${path}/comment`);
    await judged(200, 'GET', '/rest/servicedeskapi/request', undefined, { account: people.ada });
  });

  test('is declined; and is not decided twice, nor by somebody who is not asked', async () => {
    const request = await file();
    const path = `/rest/servicedeskapi/request/${request.issueKey}/approval`;
    const {
      values: [{ id }],
    } = await judged(200, 'GET', path);
    await judged(403, 'POST', `${path}/${id}`, { decision: 'approve' }, { account: people.dan });
    const decided = await judged(200, 'POST', `${path}/${id}`, { decision: 'decline' }, { account: people.ben });
    assert.equal(decided.finalDecision, 'declined');
    await judged(409, 'POST', `${path}/${id}`, { decision: 'approve' }, { account: people.ben });
  });

  test('comes with approvals over several pages, each as the document says', async () => {
    await world.control('PUT', '/state?quiet=1', { settings: { stages: 2, approvalPageSize: 1 } });
    const request = await file();
    const path = `/rest/servicedeskapi/request/${request.issueKey}/approval`;
    const first = await judged(200, 'GET', path);
    await judged(200, 'POST', `${path}/${first.values[0].id}`, { decision: 'approve' }, { account: people.ben });
    const page = await judged(200, 'GET', `${path}?start=0&limit=50`);
    assert.equal(page.isLastPage, false);
    assert.equal(page.values.length, 1);
    const next = new URL(page._links.next);
    const second = await judged(200, 'GET', next.pathname + next.search);
    assert.equal(second.isLastPage, true);
    assert.notEqual(second.values[0].id, page.values[0].id);
  });

  test('is refused for what is missing, and unknown to who may not see it', async () => {
    await judged(400, 'POST', '/rest/servicedeskapi/request', {
      serviceDeskId: site.serviceDeskId,
      requestTypeId: site.requestTypeId,
      requestFieldValues: {},
    });
    await judged(404, 'GET', '/rest/servicedeskapi/request/AIC-999');
    await judged(404, 'GET', '/rest/servicedeskapi/request/AIC-999/approval');
    await judged(401, 'GET', '/rest/servicedeskapi/request/AIC-999', undefined, { token: 'wrong' });
  });

  test('belongs to a desk with a request type and its fields', async () => {
    await judged(200, 'GET', '/rest/servicedeskapi/servicedesk');
    await judged(200, 'GET', `/rest/servicedeskapi/servicedesk/${site.serviceDeskId}`);
    await judged(200, 'GET', `/rest/servicedeskapi/servicedesk/${site.serviceDeskId}/requesttype`);
    await judged(
      200,
      'GET',
      `/rest/servicedeskapi/servicedesk/${site.serviceDeskId}/requesttype/${site.requestTypeId}`,
    );
    await judged(
      200,
      'GET',
      `/rest/servicedeskapi/servicedesk/${site.serviceDeskId}/requesttype/${site.requestTypeId}/field`,
    );
  });
});

describe('the issue behind it', () => {
  test('is read with its fields, its history, its comments and its properties', async () => {
    const { issueKey, issueId } = await file();
    const path = `/rest/api/3/issue/${issueKey}`;
    await judged(200, 'GET', path);
    await judged(
      200,
      'GET',
      `/rest/api/3/issue/${issueId}?fields=status,reporter,project,${site.toolField},${site.purposeField},${site.durationField}`,
    );
    await judged(204, 'PUT', path, { fields: { [site.durationField]: 60 } });
    const changelog = await judged(200, 'GET', `${path}/changelog?startAt=0&maxResults=100`);
    assert.equal(changelog.values.at(-1).items[0].fieldId, site.durationField);
    await judged(201, 'POST', `${path}/comment`, {
      body: paragraph('Granted.'),
      properties: [{ key: 'aiclearance', value: { tag: 'x' } }],
    });
    const { comments } = await judged(200, 'GET', `${path}/comment?startAt=0&maxResults=100&expand=properties`);
    assert.equal(comments.length, 1);
    await judged(201, 'PUT', `${path}/properties/aiclearance`, { a: 1 });
    await judged(200, 'PUT', `${path}/properties/aiclearance`, { a: 2 });
    await judged(200, 'GET', `${path}/properties/aiclearance`);
    await judged(200, 'GET', `${path}/properties`);
  });

  test('is moved by a transition that its workflow has, and by no other', async () => {
    const { issueKey } = await file();
    const path = `/rest/api/3/issue/${issueKey}/transitions`;
    const { transitions } = await judged(200, 'GET', path);
    assert.ok(transitions.length > 0);
    await judged(204, 'POST', path, { transition: { id: transitions[0].id } });
    await judged(400, 'POST', path, { transition: { id: '99999' } });
  });

  test('is found by a search, page by page', async () => {
    await world.control('PUT', '/state?quiet=1', { settings: { searchPageSize: 2 } });
    for (let i = 0; i < 3; i += 1) await file();
    const body = { jql: 'project = AIC ORDER BY updated ASC', fields: ['status', 'updated'], maxResults: 50 };
    const first = await judged(200, 'POST', '/rest/api/3/search/jql', body);
    assert.equal(first.issues.length, 2);
    const second = await judged(200, 'POST', '/rest/api/3/search/jql', { ...body, nextPageToken: first.nextPageToken });
    assert.equal(second.issues.length, 1);
    await judged(200, 'GET', `/rest/api/3/search/jql?jql=${encodeURIComponent('project = AIC')}&fields=status`);
    await judged(400, 'POST', '/rest/api/3/search/jql', { jql: 'this is no jql ((' });
  });

  test('is not there: the error is the documented one', async () => {
    await judged(404, 'GET', '/rest/api/3/issue/AIC-999');
    await judged(404, 'GET', '/rest/api/3/issue/AIC-999/changelog');
    await judged(404, 'POST', '/rest/api/3/issue/AIC-999/comment', { body: paragraph('x') });
    await judged(404, 'GET', '/rest/api/3/issue/AIC-999/transitions');
    await judged(401, 'GET', '/rest/api/3/issue/AIC-999', undefined, { token: 'wrong' });
  });
});

describe('people and the site', () => {
  test('an account with its e-mail, one that hides it, a portal customer, and nobody', async () => {
    const ada = await judged(200, 'GET', `/rest/api/3/user?accountId=${encodeURIComponent(people.ada)}`);
    assert.equal(ada.emailAddress, 'ada@contoso.example');
    const quiet = await judged(200, 'GET', `/rest/api/3/user?accountId=${encodeURIComponent(people.quiet)}`);
    assert.ok(!quiet.emailAddress);
    const pia = await judged(200, 'GET', `/rest/api/3/user?accountId=${encodeURIComponent(people.pia)}`);
    assert.equal(pia.accountType, 'customer');
    await judged(404, 'GET', `/rest/api/3/user?accountId=${encodeURIComponent(nobody)}`);
    await judged(401, 'GET', `/rest/api/3/user/email?accountId=${encodeURIComponent(people.ada)}`);
    await world.control('PUT', '/state?quiet=1', { settings: { userEmail: true } });
    await judged(200, 'GET', `/rest/api/3/user/email?accountId=${encodeURIComponent(people.quiet)}`);
    await judged(200, 'GET', '/rest/api/3/user/search?query=Ada');
  });

  test('who calls, and what they may', async () => {
    await judged(200, 'GET', '/rest/api/3/myself');
    const mine = await judged(200, 'GET', '/rest/api/3/mypermissions?permissions=ADMINISTER');
    assert.equal(mine.permissions.ADMINISTER.havePermission, true);
    await judged(200, 'POST', '/rest/api/3/permissions/check', {
      accountId: people.ada,
      globalPermissions: ['ADMINISTER'],
    });
    await judged(
      403,
      'POST',
      '/rest/api/3/permissions/check',
      { accountId: people.ben, globalPermissions: ['ADMINISTER'] },
      { account: people.ada },
    );
    await judged(401, 'GET', '/rest/api/3/myself', undefined, { token: 'wrong' });
  });

  test('fields, statuses, projects, issue types and the server itself', async () => {
    for (const path of ['serverInfo', 'field', 'status', 'issuetype', 'project/search', `project/${site.projectKey}`])
      await judged(200, 'GET', `/rest/api/3/${path}`);
    await judged(404, 'GET', '/rest/api/3/project/NONE');
  });
});
