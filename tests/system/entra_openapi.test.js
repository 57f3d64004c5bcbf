// What the sandbox's Entra answers, success and error, judged by Microsoft's own OpenAPI document: every route of Graph that
// the product uses, and no answer that the document does not describe.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { graphDocument } from './openapi_document.js';
import { World } from './world.js';

const document = graphDocument();
const groups = {
  test: '90000000-0000-4000-8000-000000000001',
  unified: '90000000-0000-4000-8000-000000000005',
  dynamic: '90000000-0000-4000-8000-000000000006',
  synced: '90000000-0000-4000-8000-000000000007',
  mail: '90000000-0000-4000-8000-000000000008',
  role: '90000000-0000-4000-8000-000000000009',
  restricted: '90000000-0000-4000-8000-000000000010',
  hidden: '90000000-0000-4000-8000-000000000011',
};
const flags =
  'id,displayName,description,mailNickname,groupTypes,securityEnabled,mailEnabled,onPremisesSyncEnabled,isAssignableToRole,' +
  'isManagementRestricted,membershipRule,membershipRuleProcessingState,resourceProvisioningOptions,visibility';
const ada = 'a0000000-0000-4000-8000-000000000001';
const nobody = '00000000-1111-4222-8333-444444444444';
const link = (id) => ({ '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${id}` });

let world;
let token;

async function signIn() {
  const form = new URLSearchParams({
    client_id: world.seed.clientId,
    client_secret: world.seed.clientSecret,
    grant_type: 'client_credentials',
    scope: 'https://graph.microsoft.com/.default',
  });
  const response = await fetch(`${world.entra}/${world.seed.tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    body: form,
  });
  return (await response.json()).access_token;
}

// Calls, judges, and gives the answer: a status other than the expected one, or an answer that is not in the document, fails.
async function judged(expected, method, path, body, headers = {}) {
  const response = await fetch(`${world.entra}/v1.0${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.startsWith('application/json');
  const answer = text && json ? JSON.parse(text) : text;
  const told = `${method} ${path} answered ${response.status}: ${text.slice(0, 600)}`;
  assert.equal(response.status, expected, told);
  assert.deepEqual(document.answerFaults(method, `/v1.0${path}`, response.status, answer), [], told);
  assert.match(response.headers.get('request-id') ?? '', /^[0-9a-f-]{36}$/);
  return answer;
}

async function permit(...permissions) {
  await world.control('PUT', '/state?quiet=1', { application: { permissions } });
  token = await signIn();
}

before(async () => {
  world = await World.start({ service: false });
});

after(() => world.stop());

beforeEach(async () => {
  await world.control('POST', '/reset');
  token = await signIn();
});

describe('the judge', () => {
  test('finds a property that Graph does not have, a wrong type, an undocumented route and status', () => {
    assert.equal(document.answerFaults('GET', `/v1.0/users/${ada}`, 200, { id: ada }).length, 0);
    assert.equal(document.answerFaults('GET', `/v1.0/users/${ada}`, 200, { id: ada, colour: 'red' }).length, 1);
    assert.ok(document.answerFaults('GET', `/v1.0/users/${ada}`, 200, { id: 7 }).length > 0);
    assert.ok(
      document.answerFaults('GET', '/v1.0/users', 200, { value: [{ id: ada, accountEnabled: 'yes' }] }).length > 0,
    );
    assert.ok(
      document.answerFaults('GET', `/v1.0/groups/${ada}/members`, 200, {
        value: [{ '@odata.type': '#microsoft.graph.user', id: ada, accountEnabled: 'yes' }],
      }).length > 0,
    );
    assert.ok(document.answerFaults('GET', `/v1.0/users/${ada}`, 404, { error: 'gone' }).length > 0);
    assert.ok(document.answerFaults('POST', `/v1.0/groups/${ada}/members/$ref`, 200, null).length > 0);
    assert.ok(
      document.requestFaults('DELETE', `/v1.0/groups/${groups.test}/members/${ada}`).length > 0,
      'a DELETE without /$ref is in no document',
    );
    assert.ok(
      document.requestFaults('GET', '/v1.0/users?$skip=10').length > 0 ||
        document.requestFaults('GET', '/v1.0/users?$offset=10').length > 0,
    );
  });
});

describe('users', () => {
  test('a listing, its pages, filters and selections', async () => {
    let page = await judged(
      200,
      'GET',
      '/users?$top=100&$select=id,displayName,userPrincipalName,mail,userType,accountEnabled,proxyAddresses,otherMails',
    );
    let count = page.value.length;
    while (page['@odata.nextLink']) {
      const next = new URL(page['@odata.nextLink']);
      page = await judged(200, 'GET', next.pathname.slice('/v1.0'.length) + next.search);
      count += page.value.length;
    }
    assert.ok(count >= 230);
    await judged(200, 'GET', '/users?$count=true&$top=5', undefined, { ConsistencyLevel: 'eventual' });
    for (const filter of [
      "mail eq 'fay.o''brien@contoso.example'",
      "userPrincipalName eq 'ada@contoso.example'",
      "proxyAddresses/any(p:p eq 'smtp:jo@contoso.example')",
      "otherMails/any(m:m eq 'kim@home.example')",
    ]) {
      const found = await judged(
        200,
        'GET',
        `/users?$filter=${encodeURIComponent(filter)}&$select=id,userPrincipalName,mail`,
      );
      assert.equal(found.value.length, 1, filter);
    }
  });

  test('one, by object id and by principal name, with the default properties and with selected ones', async () => {
    await judged(200, 'GET', `/users/${ada}`);
    await judged(
      200,
      'GET',
      '/users/gus_partner.example%23EXT%23@contoso.example?$select=id,userType,accountEnabled,mail',
    );
    await judged(200, 'GET', "/users('$lee@contoso.example')?$select=id");
    await judged(200, 'POST', `/users/${ada}/checkMemberGroups`, { groupIds: [groups.dynamic, groups.test] });
    await judged(200, 'GET', `/users/${ada}/memberOf`);
  });

  test('what cannot be asked, or found', async () => {
    await judged(404, 'GET', `/users/${nobody}`);
    await judged(400, 'GET', '/users?$top=1000');
    await judged(400, 'GET', "/users?$filter=mail%20eq%20'o'brien'");
    await judged(400, 'GET', '/users?$select=colour');
    token = '';
    await judged(401, 'GET', '/users');
    token = 'not-a-token';
    await judged(401, 'GET', '/users');
    await permit();
    await judged(403, 'GET', '/users');
  });
});

describe('groups', () => {
  test('a listing, a search by name, and each kind of group with its flags', async () => {
    await judged(200, 'GET', `/groups?$top=999&$select=${flags}`);
    const found = await judged(
      200,
      'GET',
      `/groups?$filter=${encodeURIComponent("startswith(displayName,'AI Clearance')")}&$select=${flags}`,
    );
    assert.equal(found.value.length, 4);
    for (const id of Object.values(groups)) {
      await judged(200, 'GET', `/groups/${id}`);
      const group = await judged(200, 'GET', `/groups/${id}?$select=${flags}`);
      assert.equal(group.id, id);
    }
    await judged(404, 'GET', `/groups/${nobody}`);
    await judged(200, 'GET', `/groups/${groups.test}/owners?$select=id&$top=999`);
  });

  test('creating, renaming, deleting one, finding it among the deleted, and restoring it', async () => {
    await permit('Group.ReadWrite.All', 'User.Read.All');
    const wanted = {
      displayName: 'Made by a test',
      mailEnabled: false,
      mailNickname: 'made-by-a-test',
      securityEnabled: true,
      groupTypes: [],
    };
    const { id } = await judged(201, 'POST', '/groups', wanted);
    await judged(204, 'PATCH', `/groups/${id}`, { displayName: 'Renamed by a test' });
    await judged(400, 'POST', '/groups', { displayName: 'Half a group' });
    await judged(204, 'DELETE', `/groups/${id}`);
    await judged(404, 'GET', `/groups/${id}`);
    await judged(200, 'GET', `/directory/deletedItems/${id}`);
    const deleted = await judged(200, 'GET', '/directory/deletedItems/microsoft.graph.group?$select=id&$top=999');
    assert.deepEqual(
      deleted.value.map((one) => one.id),
      [id],
    );
    await judged(200, 'POST', `/directory/deletedItems/${id}/restore`);
    await judged(404, 'GET', `/directory/deletedItems/${id}`);
  });
});

describe('members', () => {
  const ref = `/groups/${groups.test}/members/$ref`;

  test('adding, listing, counting and removing', async () => {
    await judged(204, 'POST', ref, link(ada));
    const { value } = await judged(
      200,
      'GET',
      `/groups/${groups.test}/members?$select=id,displayName,userPrincipalName,mail,accountEnabled,userType&$top=999`,
    );
    assert.deepEqual(
      value.map((one) => one.id),
      [ada],
    );
    await judged(200, 'GET', `/groups/${groups.test}/members`);
    assert.equal(
      await judged(200, 'GET', `/groups/${groups.test}/members/$count`, undefined, { ConsistencyLevel: 'eventual' }),
      '1',
    );
    await judged(200, 'GET', `/groups/${groups.test}/members/microsoft.graph.user?$count=true`, undefined, {
      ConsistencyLevel: 'eventual',
    });
    await judged(204, 'DELETE', `/groups/${groups.test}/members/${ada}/$ref`);
    await judged(204, 'PATCH', `/groups/${groups.test}`, { 'members@odata.bind': [link(ada)['@odata.id']] });
  });

  test('every way in which that is refused', async () => {
    await judged(204, 'POST', ref, link(ada));
    const again = await judged(400, 'POST', ref, link(ada));
    assert.match(again.error.message, /already exist.*'members'/);
    assert.match((await judged(404, 'POST', ref, link(nobody))).error.message, new RegExp(nobody));
    await judged(404, 'POST', `/groups/${nobody}/members/$ref`, link(ada));
    await judged(400, 'POST', ref, { '@odata.id': 'https://graph.microsoft.com/v1.0/nonsense' });
    await judged(404, 'DELETE', `/groups/${groups.test}/members/${nobody}/$ref`);
    await judged(403, 'POST', `/groups/${groups.dynamic}/members/$ref`, link('c0000000-0000-4000-8000-000000000001'));
    await judged(403, 'POST', `/groups/${groups.role}/members/$ref`, link(ada));
    await judged(403, 'POST', `/groups/${groups.restricted}/members/$ref`, link(ada));
    await judged(400, 'POST', `/groups/${groups.synced}/members/$ref`, link('c0000000-0000-4000-8000-000000000001'));
    await judged(400, 'POST', `/groups/${groups.mail}/members/$ref`, link(ada));
    await judged(403, 'GET', `/groups/${groups.hidden}/members`);
    await judged(400, 'PATCH', `/groups/${groups.test}`, {
      'members@odata.bind': Array.from({ length: 21 }, () => link(ada)['@odata.id']),
    });
    await permit('User.Read.All', 'GroupMember.Read.All');
    await judged(403, 'DELETE', `/groups/${groups.test}/members/${ada}/$ref`);
  });

  test('throttled, the answer is still an error that the document describes', async () => {
    await world.control('PUT', '/faults', { throttle: { writes: 1, windowMs: 600000, linkCost: 1 } });
    await judged(204, 'POST', ref, link(ada));
    await judged(429, 'POST', ref, link('c0000000-0000-4000-8000-000000000001'));
  });
});

describe('the rest', () => {
  test('the organisation, an object by id, and the application with its secrets but not their values', async () => {
    await judged(200, 'GET', '/organization');
    await judged(200, 'GET', `/directoryObjects/${ada}`);
    const path = `/applications(appId='${world.seed.clientId}')?$select=id,displayName,passwordCredentials,keyCredentials`;
    const application = await judged(200, 'GET', path);
    assert.equal(application.passwordCredentials.length, 1);
    assert.ok(!JSON.stringify(application).includes(world.seed.clientSecret));
    await judged(200, 'GET', `/applications?$filter=${encodeURIComponent(`appId eq '${world.seed.clientId}'`)}`);
    await judged(404, 'GET', `/applications(appId='${nobody}')`);
  });

  test('a batch, and each answer in it as if it had been asked alone', async () => {
    const requests = [
      { id: '1', method: 'GET', url: `/users/${ada}?$select=id,userPrincipalName` },
      { id: '2', method: 'GET', url: `/groups/${nobody}` },
      {
        id: '3',
        method: 'POST',
        url: `/groups/${groups.test}/members/$ref`,
        headers: { 'Content-Type': 'application/json' },
        body: link(ada),
      },
      { id: '4', method: 'GET', url: `/groups/${groups.dynamic}/members?$select=id` },
      { id: '5', method: 'DELETE', url: `/groups/${groups.test}/members/${nobody}/$ref` },
    ];
    const { responses } = await judged(200, 'POST', '/$batch', { requests });
    assert.equal(responses.length, requests.length);
    for (const one of responses) {
      const asked = requests.find((request) => request.id === one.id);
      assert.deepEqual(
        document.answerFaults(asked.method, `/v1.0${asked.url}`, one.status, one.body),
        [],
        JSON.stringify(one),
      );
    }
    await judged(400, 'POST', '/$batch', { requests: [] });
    await judged(400, 'POST', '/$batch', { requests: [requests[0], requests[0]] });
  });
});
