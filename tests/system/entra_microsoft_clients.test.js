// The sandbox's Entra, judged where nobody here wrote the client: Microsoft's MSAL and Microsoft's Graph SDK talk to it over
// its HTTPS, trusting nothing but the CA that it made itself. What these clients find wrong here, they would find wrong in no
// real tenant: a fault is the sandbox's.
import assert from 'node:assert/strict';
import { createPublicKey, createVerify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import tls from 'node:tls';
import { ConfidentialClientApplication } from '@azure/msal-node';
import { BatchRequestContent, BatchResponseContent, Client, PageIterator } from '@microsoft/microsoft-graph-client';
import { World } from './world.js';

const graph = 'https://graph.microsoft.com';
const scopes = [`${graph}/.default`];
const testGroup = '90000000-0000-4000-8000-000000000001';
const otherGroup = '90000000-0000-4000-8000-000000000002';
const dynamicGroup = '90000000-0000-4000-8000-000000000006';
const syncedGroup = '90000000-0000-4000-8000-000000000007';
const mailGroup = '90000000-0000-4000-8000-000000000008';
const ada = 'a0000000-0000-4000-8000-000000000001';
const staff = (number) => `c0000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const link = (id) => `${graph}/v1.0/directoryObjects/${id}`;

const security = (fields = {}) => ({
  displayName: 'Made by the SDK',
  mailEnabled: false,
  mailNickname: 'made-by-the-sdk',
  securityEnabled: true,
  groupTypes: [],
  ...fields,
});

let world;
let origin;
let trusted;

function application({
  secret = world.seed.clientSecret,
  tenant = world.seed.tenantId,
  clientId = world.seed.clientId,
} = {}) {
  return new ConfidentialClientApplication({
    auth: {
      clientId,
      clientSecret: secret,
      authority: `${origin}/${tenant}`,
      knownAuthorities: [new URL(origin).host],
    },
  });
}

async function token(app = application()) {
  return (await app.acquireTokenByClientCredential({ scopes })).accessToken;
}

// The SDK's own chain of middleware, its retries included.
function graphClient(getAccessToken) {
  let cached;
  return Client.initWithMiddleware({
    baseUrl: origin,
    customHosts: new Set([new URL(origin).hostname]),
    authProvider: { getAccessToken: getAccessToken ?? (async () => (cached ??= await token())) },
  });
}

const claimsOf = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString());

async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  assert.fail('nothing was refused');
}

async function membersOf(client, groupId) {
  const ids = [];
  let page = await client.api(`/groups/${groupId}/members`).select('id').top(999).get();
  for (;;) {
    ids.push(...page.value.map((member) => member.id));
    if (!page['@odata.nextLink']) return ids;
    page = await client.api(page['@odata.nextLink']).get();
  }
}

const requestsTo = async (path) =>
  (await world.control('GET', '/requests')).requests.filter((one) => one.path === path);

const groupsMade = async () =>
  (await world.control('GET', '/state')).entra.groups.filter((group) => group.displayName === 'Made by the SDK');

before(async () => {
  world = await World.start({ service: false });
  origin = world.entraHttps;
  trusted = tls.getCACertificates('default');
});

after(async () => {
  tls.setDefaultCACertificates(trusted);
  await world.stop();
});

beforeEach(async () => {
  await world.control('POST', '/reset');
  tls.setDefaultCACertificates([readFileSync(join(world.folder, 'ca.pem'), 'utf8')]);
});

describe('the certificate', () => {
  test('a client that does not know the CA is not let through, so that the CA is what lets the others', async () => {
    tls.setDefaultCACertificates(trusted);
    // Connections that were opened while the CA was known must not be used again.
    const socket = tls.connect({ port: Number(new URL(origin).port), host: '127.0.0.1', servername: 'localhost' });
    const error = await new Promise((done) => {
      socket.once('error', done);
      socket.once('secureConnect', () => done(null));
    });
    socket.destroy();
    assert.match(String(error?.code), /UNABLE_TO_VERIFY|SELF_SIGNED|UNABLE_TO_GET_ISSUER/);
  });
});

describe('MSAL', () => {
  test('gets a token by the discovery that the sandbox answers, and the token is signed with the published key', async () => {
    const answer = await application().acquireTokenByClientCredential({ scopes });
    const claims = claimsOf(answer.accessToken);
    assert.equal(answer.tokenType, 'Bearer');
    assert.equal(answer.fromCache, false);
    assert.ok(answer.expiresOn > new Date());
    assert.equal(claims.tid, world.seed.tenantId);
    assert.equal(claims.appid, world.seed.clientId);
    assert.equal(claims.aud, graph);
    assert.ok(claims.roles.includes('User.Read.All') && claims.roles.includes('GroupMember.ReadWrite.All'));

    const discovery = await (
      await fetch(`${origin}/${world.seed.tenantId}/v2.0/.well-known/openid-configuration`)
    ).json();
    const { keys } = await (await fetch(discovery.jwks_uri)).json();
    const [header, payload, signature] = answer.accessToken.split('.');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url'));
    const key = createPublicKey({ key: keys.find((one) => one.kid === kid), format: 'jwk' });
    assert.ok(createVerify('RSA-SHA256').update(`${header}.${payload}`).verify(key, signature, 'base64url'));
  });

  test('keeps the token, so that it understood how long it lasts', async () => {
    const app = application();
    const first = await app.acquireTokenByClientCredential({ scopes });
    const second = await app.acquireTokenByClientCredential({ scopes });
    assert.equal(second.fromCache, true);
    assert.equal(second.accessToken, first.accessToken);
  });

  test('is told AADSTS7000215 when the secret is wrong, with a correlation id', async () => {
    const error = await refusal(token(application({ secret: 'this-is-not-the-secret' })));
    assert.equal(error.errorCode, 'invalid_client');
    assert.match(error.errorMessage, /AADSTS7000215: Invalid client secret provided/);
    assert.match(error.correlationId, /^[0-9a-f-]{36}$/);
    assert.ok(!error.errorMessage.includes('this-is-not-the-secret'));
  });

  test('is told AADSTS700016 for an application that the tenant does not know', async () => {
    const error = await refusal(token(application({ clientId: '00000000-1111-4222-8333-444444444444' })));
    assert.equal(error.errorCode, 'unauthorized_client');
    assert.match(error.errorMessage, /AADSTS700016/);
  });

  test('is told AADSTS90002 for a tenant that does not exist', async () => {
    const error = await refusal(token(application({ tenant: '00000000-1111-4222-8333-555555555555' })));
    assert.match(`${error.errorCode} ${error.errorMessage}`, /90002|endpoints_resolution_error|openid_config_error/);
  });

  test('gets a token without roles where an admin has consented to nothing, and Graph refuses it', async () => {
    await world.control('PUT', '/state?quiet=1', { application: { permissions: [] } });
    const jwt = await token();
    assert.equal(claimsOf(jwt).roles, undefined);
    const error = await refusal(
      graphClient(async () => jwt)
        .api('/users')
        .get(),
    );
    assert.equal(error.statusCode, 403);
    assert.equal(error.code, 'Authorization_RequestDenied');
  });
});

describe('the Graph SDK reads', () => {
  test('every user once, page by page, with PageIterator', async () => {
    const client = graphClient();
    const seen = [];
    const page = await client
      .api('/users')
      .select('id,userPrincipalName')
      .top(50)
      .header('ConsistencyLevel', 'eventual')
      .count(true)
      .get();
    assert.equal(page.value.length, 50);
    const total = page['@odata.count'];
    const iterator = new PageIterator(
      client,
      page,
      (user) => {
        seen.push(user);
        return true;
      },
      { headers: { ConsistencyLevel: 'eventual' } },
    );
    await iterator.iterate();
    assert.equal(iterator.isComplete(), true);
    assert.ok(seen.length >= 230, `${seen.length} users`);
    assert.equal(seen.length, total);
    assert.equal(new Set(seen.map((user) => user.id)).size, seen.length);
    assert.equal((await requestsTo('/v1.0/users')).length, Math.ceil(seen.length / 50));
  });

  test('100 users to a page where no size is asked for, and refuses a page of 1000', async () => {
    const client = graphClient();
    assert.equal((await client.api('/users').get()).value.length, 100);
    const error = await refusal(client.api('/users').top(1000).get());
    assert.equal(error.statusCode, 400);
    assert.equal(error.code, 'Request_UnsupportedQuery');
    assert.match(error.message, /Invalid page size specified: '1000'\. Must be between 1 and 999 inclusive\./);
  });

  test('one user by a principal name with an apostrophe, a #EXT#, a plus and a leading dollar', async () => {
    const client = graphClient();
    const paths = {
      "/users/fay.o'brien@contoso.example": "fay.o'brien@contoso.example",
      '/users/gus_partner.example%23EXT%23@contoso.example': 'gus_partner.example#EXT#@contoso.example',
      '/users/max%2Bai@contoso.example': 'max+ai@contoso.example',
      "/users('$lee@contoso.example')": '$lee@contoso.example',
    };
    for (const [path, upn] of Object.entries(paths)) {
      assert.equal((await client.api(path).select('id,userPrincipalName').get()).userPrincipalName, upn);
    }
    const error = await refusal(client.api('/users/nobody@contoso.example').get());
    assert.equal(error.statusCode, 404);
    assert.equal(error.code, 'Request_ResourceNotFound');
  });

  test('a user by a filter whose apostrophe is doubled; what was not selected is not there', async () => {
    const client = graphClient();
    const { value } = await client.api('/users').filter("mail eq 'fay.o''brien@contoso.example'").get();
    assert.deepEqual(
      value.map((user) => user.displayName),
      ["Fay O'Brien"],
    );
    assert.equal('accountEnabled' in value[0], false);
    const { value: selected } = await client
      .api('/users')
      .filter("userPrincipalName eq 'hal@contoso.example'")
      .select('id,accountEnabled,userType')
      .get();
    assert.equal(selected[0].accountEnabled, false);
    assert.equal(selected[0].userType, 'Member');
    const error = await refusal(client.api('/users').filter("mail eq 'fay.o'brien@contoso.example'").get());
    assert.equal(error.statusCode, 400);
  });
});

describe('the Graph SDK writes', () => {
  test('adds one member; a second time it gets the documented duplicate error', async () => {
    const client = graphClient();
    const add = () => client.api(`/groups/${testGroup}/members/$ref`).post({ '@odata.id': link(ada) });
    await add();
    assert.deepEqual(await membersOf(client, testGroup), [ada]);
    const error = await refusal(add());
    assert.equal(error.statusCode, 400);
    assert.equal(error.code, 'Request_BadRequest');
    assert.equal(
      error.message,
      "One or more added object references already exist for the following modified properties: 'members'.",
    );
    assert.match(error.requestId, /^[0-9a-f-]{36}$/);
  });

  test('adds 20 by one PATCH, not 21, and none at all where one is already in or unknown', async () => {
    const client = graphClient();
    const bind = (ids) => client.api(`/groups/${otherGroup}`).patch({ 'members@odata.bind': ids.map(link) });
    const numbers = (from, count) => Array.from({ length: count }, (_, i) => staff(from + i));
    await bind(numbers(1, 20));
    assert.deepEqual((await membersOf(client, otherGroup)).sort(), numbers(1, 20));

    const tooMany = await refusal(bind(numbers(30, 21)));
    assert.match(tooMany.message, /A resource cannot contain more than 20 link changes/);
    const duplicate = await refusal(bind([...numbers(30, 19), staff(1)]));
    assert.equal(duplicate.code, 'Request_BadRequest');
    assert.match(duplicate.message, /already exist.*'members'/);
    const twice = await refusal(bind([staff(30), staff(30)]));
    assert.match(twice.message, /can only be present once as an add\/remove change/);
    const unknown = await refusal(bind([staff(31), '00000000-1111-4222-8333-666666666666']));
    assert.equal(unknown.statusCode, 404);
    assert.match(unknown.message, /Resource '00000000-1111-4222-8333-666666666666' does not exist/);
    assert.equal((await membersOf(client, otherGroup)).length, 20);
  });

  test('batches 20 calls, in whatever order they are answered, and no more than 20', async () => {
    const client = graphClient();
    const steps = Array.from({ length: 20 }, (_, i) => ({
      id: `add-${i + 1}`,
      // The SDK takes what stands after the host as the item's url, which is relative to the version.
      request: new Request(`${origin}/groups/${testGroup}/members/$ref`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ '@odata.id': link(staff(i === 7 ? 999 : i + 1)) }),
      }),
    }));
    const answer = await client.api('/$batch').post(await new BatchRequestContent(steps).getContent());
    const response = new BatchResponseContent(answer);
    assert.deepEqual(answer.responses.map((one) => one.id).sort(), steps.map((one) => one.id).sort());
    for (const { id } of steps) assert.equal(response.getResponseById(id).status, id === 'add-8' ? 404 : 204, id);
    assert.equal((await membersOf(client, testGroup)).length, 19);

    const orders = new Set();
    for (let i = 0; i < 8 && orders.size < 2; i += 1) {
      const reads = Array.from({ length: 10 }, (_, n) => ({
        id: String(n),
        method: 'GET',
        url: `/users/${staff(n + 1)}?$select=id`,
      }));
      const { responses } = await client.api('/$batch').post({ requests: reads });
      for (const one of responses) assert.equal(one.body.id, staff(Number(one.id) + 1));
      orders.add(responses.map((one) => one.id).join());
    }
    assert.ok(orders.size > 1, 'the answers of a batch always came in the same order: nobody may rely on that');

    const many = Array.from({ length: 21 }, (_, n) => ({ id: String(n), method: 'GET', url: '/users?$top=1' }));
    const error = await refusal(client.api('/$batch').post({ requests: many }));
    assert.equal(error.statusCode, 400);
  });

  test('a batched call that depends on a failed one is not carried out', async () => {
    const client = graphClient();
    const { responses } = await client.api('/$batch').post({
      requests: [
        { id: 'a', method: 'GET', url: '/users/nobody@contoso.example' },
        {
          id: 'b',
          method: 'POST',
          url: `/groups/${testGroup}/members/$ref`,
          dependsOn: ['a'],
          headers: { 'Content-Type': 'application/json' },
          body: { '@odata.id': link(ada) },
        },
      ],
    });
    assert.deepEqual(Object.fromEntries(responses.map((one) => [one.id, one.status])), { a: 404, b: 424 });
    assert.deepEqual(await membersOf(client, testGroup), []);
  });

  test('removes with /$ref; a second time there is nothing to remove', async () => {
    const client = graphClient();
    await client.api(`/groups/${testGroup}/members/$ref`).post({ '@odata.id': link(ada) });
    await client.api(`/groups/${testGroup}/members/${ada}/$ref`).delete();
    assert.deepEqual(await membersOf(client, testGroup), []);
    const error = await refusal(client.api(`/groups/${testGroup}/members/${ada}/$ref`).delete());
    assert.ok([400, 404].includes(error.statusCode));
    assert.equal((await client.api(`/users/${ada}`).get()).id, ada);
  });

  test('a DELETE without /$ref fails loudly, and neither user nor membership is lost', async () => {
    const client = graphClient();
    await client.api(`/groups/${testGroup}/members/$ref`).post({ '@odata.id': link(ada) });
    const error = await refusal(client.api(`/groups/${testGroup}/members/${ada}`).delete());
    assert.equal(error.statusCode, 403);
    assert.equal(error.headers.get('x-sandbox-danger') !== null, true);
    assert.equal((await client.api(`/users/${ada}`).get()).id, ada);
    assert.deepEqual(await membersOf(client, testGroup), [ada]);
    assert.match(
      readFileSync(join(world.folder, 'aiclearance-sandbox.log'), 'utf8'),
      /DANGER: DELETE .*\$ref is missing/,
    );
  });

  test('is denied a write for which its token has no permission, though the read is allowed', async () => {
    await world.control('PUT', '/state?quiet=1', {
      application: { permissions: ['User.Read.All', 'GroupMember.Read.All'] },
    });
    const client = graphClient();
    assert.equal((await client.api(`/groups/${testGroup}`).get()).id, testGroup);
    const error = await refusal(client.api(`/groups/${testGroup}/members/$ref`).post({ '@odata.id': link(ada) }));
    assert.equal(error.statusCode, 403);
    assert.equal(error.code, 'Authorization_RequestDenied');
    assert.equal(error.message, 'Insufficient privileges to complete the operation.');
    assert.deepEqual(await membersOf(client, testGroup), []);
  });

  test('is refused by groups that nobody can manage: dynamic, synchronised, mail-enabled', async () => {
    const client = graphClient();
    const add = (group) => refusal(client.api(`/groups/${group}/members/$ref`).post({ '@odata.id': link(staff(1)) }));
    const dynamic = await add(dynamicGroup);
    assert.equal(dynamic.statusCode, 403);
    assert.equal(dynamic.code, 'Authorization_RequestDenied');
    const synced = await add(syncedGroup);
    assert.equal(synced.statusCode, 400);
    assert.match(synced.message, /on-premises mastered/);
    const mail = await add(mailGroup);
    assert.equal(mail.statusCode, 400);
    assert.equal(mail.message, 'Cannot Update a mail-enabled security groups and or distribution list.');
  });

  for (const form of ['integer', 'decimal', 'date', 'none']) {
    test(`waits as Retry-After says (${form}) and then succeeds, by the SDK's own retries`, async () => {
      const client = graphClient();
      await client.api(`/groups/${testGroup}`).get();
      await world.control('PUT', '/faults', { throttle: { writes: 1, windowMs: 1500, linkCost: 1, retryAfter: form } });
      // One write is allowed in a window; a machine so slow that each lands in a window of its own gets further tries.
      let added = 0;
      let throttle;
      do {
        added += 1;
        await client.api(`/groups/${testGroup}/members/$ref`).post({ '@odata.id': link(staff(added)) });
        ({ throttle } = await world.control('GET', '/faults'));
      } while (throttle.refusedWrites === 0 && added < 50);
      assert.equal((await membersOf(client, testGroup)).length, added);
      const statuses = (await requestsTo(`/v1.0/groups/${testGroup}/members/$ref`)).map((one) => one.status);
      assert.ok(statuses.includes(429));
      assert.equal(statuses.at(-1), 204);
      if (form !== 'none') assert.equal(throttle.beforeRetryAfter, 0);
    });
  }
});

describe('the Graph SDK makes a group', () => {
  const ourselves = () => `${graph}/v1.0/servicePrincipals/${world.seed.servicePrincipalId}`;
  const key = "/groups(uniqueName='made-by-the-sdk')";
  const upsert = (client, body = security({ 'owners@odata.bind': [ourselves()] })) =>
    client.api(key).header('Prefer', 'create-if-missing').patch(body);
  const permit = (...permissions) => world.control('PUT', '/state?quiet=1', { application: { permissions } });

  beforeEach(() => permit('User.Read.All', 'GroupMember.Read.All', 'Group.Create'));

  test('of its own, with no more than Group.Create, and works with it; the log says what each call needed', async () => {
    const client = graphClient();
    const links = { 'owners@odata.bind': [ourselves()], 'members@odata.bind': [link(ada)] };
    const group = await client.api('/groups').post(security({ description: 'Who may', ...links }));
    assert.match(group.id, /^[0-9a-f-]{36}$/);
    assert.equal(group.mailNickname, 'made-by-the-sdk');
    assert.deepEqual(group.groupTypes, []);
    assert.equal('owners@odata.bind' in group, false);
    const owners = await client.api(`/groups/${group.id}/owners`).get();
    assert.deepEqual(
      owners.value.map((one) => one.id),
      [world.seed.servicePrincipalId],
    );
    assert.deepEqual(await membersOf(client, group.id), [ada]);
    await client.api(`/groups/${group.id}/members/$ref`).post({ '@odata.id': link(staff(1)) });
    await client.api(`/groups/${group.id}`).patch({ description: 'Who else may' });
    assert.equal((await client.api(`/groups/${group.id}`).get()).description, 'Who else may');
    const [creation] = await requestsTo('/v1.0/groups');
    assert.equal(creation.status, 201);
    assert.ok(creation.permission.startsWith('Group.Create|'));
    const change = (await requestsTo(`/v1.0/groups/${group.id}`)).find((one) => one.method === 'PATCH');
    assert.equal(change.permission, 'Group.ReadWrite.All|Directory.ReadWrite.All');
  });

  test('which it cannot touch again when it did not name itself the owner', async () => {
    const client = graphClient();
    const { id } = await client.api('/groups').post(security());
    assert.deepEqual((await client.api(`/groups/${id}/owners`).get()).value, []);
    const calls = [
      () => client.api(`/groups/${id}`).patch({ description: 'x' }),
      () => client.api(`/groups/${id}/members/$ref`).post({ '@odata.id': link(ada) }),
      () => client.api(`/groups/${id}`).delete(),
    ];
    for (const call of calls) assert.equal((await refusal(call())).statusCode, 403);
  });

  test('and not without Group.Create, by either way', async () => {
    await permit('User.Read.All', 'GroupMember.ReadWrite.All');
    const client = graphClient();
    for (const call of [() => client.api('/groups').post(security()), () => upsert(client)]) {
      const error = await refusal(call());
      assert.equal(error.statusCode, 403);
      assert.equal(error.code, 'Authorization_RequestDenied');
    }
    assert.deepEqual(await groupsMade(), []);
  });

  test('only whole: what is missing or wrong is named as Graph names it', async () => {
    const client = graphClient();
    for (const name of ['displayName', 'mailEnabled', 'mailNickname', 'securityEnabled']) {
      const error = await refusal(client.api('/groups').post(security({ [name]: undefined })));
      assert.equal(error.code, 'Request_BadRequest');
      assert.equal(error.message, `A value is required for property '${name}' of resource 'Group'.`);
    }
    const wrong = [
      ['displayName', 'x'.repeat(257)],
      ['mailNickname', 'x'.repeat(65)],
      ['mailNickname', 'with space'],
      ['mailNickname', 'm\u00fcller'],
      ['mailEnabled', 'no'],
      ['mailEnabled', true],
      ['groupTypes', ['Mailing']],
    ];
    for (const [name, value] of wrong) {
      const error = await refusal(client.api('/groups').post(security({ [name]: value })));
      assert.equal(error.message, `Invalid value specified for property '${name}' of resource 'Group'.`);
    }
    await client.api('/groups').post(security({ displayName: '\u00fc'.repeat(256), mailNickname: "o'hara.x" }));
    assert.deepEqual(await groupsMade(), []);
  });

  test('with owners and members that exist, each once, no more than 20 together', async () => {
    const client = graphClient();
    const make = (owners, members = []) =>
      refusal(client.api('/groups').post(security({ 'owners@odata.bind': owners, 'members@odata.bind': members })));
    const nobody = '00000000-1111-4222-8333-777777777777';
    const many = Array.from({ length: 20 }, (_, i) => link(staff(i + 1)));
    assert.equal((await make([link(nobody)])).statusCode, 404);
    assert.match((await make([ourselves(), ourselves()])).message, /duplicate values/);
    assert.match((await make([`${graph}/v1.0/nonsense`])).message, /Invalid URL format specified in payload/);
    assert.match((await make([ourselves()], [link(ada), link(ada)])).message, /can only be present once/);
    assert.match((await make([ourselves()], many)).message, /cannot contain more than 20 link changes/);
    assert.deepEqual(await groupsMade(), []);
  });

  test('twice under one nickname where it is a security group, not where it is a Microsoft 365 group', async () => {
    const client = graphClient();
    const unified = security({ groupTypes: ['Unified'], mailEnabled: true });
    await client.api('/groups').post(security());
    await client.api('/groups').post(security());
    await client.api('/groups').post(unified);
    const error = await refusal(client.api('/groups').post(unified));
    assert.equal(error.statusCode, 400);
    assert.match(error.message, /same value for property mailNickname already exists/);
    // The SDK keeps what stood in "error".
    assert.equal(JSON.parse(error.body).details[0].target, 'mailNickname');
    assert.equal((await groupsMade()).length, 3);
  });

  test('once by its uniqueName, however often it is upserted: 201 with the group, then 204', async () => {
    const client = graphClient();
    const missing = await refusal(client.api(key).patch(security()));
    assert.equal(missing.statusCode, 404);
    const group = await upsert(client);
    assert.equal(group.uniqueName, 'made-by-the-sdk');
    assert.equal(await upsert(client, security({ description: 'again' })), undefined);
    const read = await client.api(key).select('id,description,uniqueName').get();
    assert.deepEqual([read.id, read.description, read.uniqueName], [group.id, 'again', 'made-by-the-sdk']);
    const renamed = await refusal(client.api(`/groups/${group.id}`).patch({ uniqueName: 'another' }));
    assert.equal(renamed.statusCode, 400);
    const taken = await refusal(client.api('/groups').post(security({ uniqueName: 'made-by-the-sdk' })));
    assert.equal(taken.statusCode, 400);
    assert.equal((await groupsMade()).length, 1);
    const log = (await requestsTo(`/v1.0${key}`)).filter((one) => one.method === 'PATCH');
    assert.deepEqual(
      log.map((one) => one.status),
      [404, 201, 204],
    );
    assert.ok(log[1].permission.startsWith('Group.Create|'));
  });

  test('by POST alone where the tenant has no upsert, or wants more permission for it', async () => {
    const client = graphClient();
    await world.control('PUT', '/faults', { groupUpsert: 'off' });
    const off = await refusal(upsert(client));
    assert.equal(off.statusCode, 400);
    assert.equal((await refusal(client.api(key).get())).statusCode, 400);
    await world.control('PUT', '/faults', { responses: { groupUpsertOff: { status: 501, code: 'NotImplemented' } } });
    const other = await refusal(upsert(client));
    assert.deepEqual([other.statusCode, other.code], [501, 'NotImplemented']);
    await world.control('PUT', '/faults', { groupUpsert: 'readWrite' });
    assert.equal((await refusal(upsert(client))).statusCode, 403);
    assert.deepEqual(await groupsMade(), []);
    await client.api('/groups').post(security());
    assert.equal((await groupsMade()).length, 1);
  });

  test('that no read shows for a while; an upsert meanwhile does not make a second', async () => {
    const client = graphClient();
    await world.control('PUT', '/faults', { newGroupDelayMs: 3600000 });
    const { id } = await upsert(client);
    const listed = async () =>
      (await client.api('/groups').filter("mailNickname eq 'made-by-the-sdk'").get()).value.length;
    assert.equal((await refusal(client.api(`/groups/${id}`).get())).statusCode, 404);
    assert.equal((await refusal(client.api(key).get())).statusCode, 404);
    assert.equal(await listed(), 0);
    const early = await refusal(client.api(`/groups/${id}/members/$ref`).post({ '@odata.id': link(ada) }));
    assert.match(early.message, /The source resource object or one of the objects being referenced do not exist/);
    await upsert(client);
    assert.equal((await client.api(`/groups/${testGroup}`).get()).id, testGroup);
    await world.control('PUT', '/faults', { newGroupDelayMs: 0 });
    assert.equal((await client.api(`/groups/${id}`).get()).id, id);
    assert.equal(await listed(), 1);
  });

  for (const [way, rule] of [
    ['a POST', { method: 'POST', path: '/v1.0/groups' }],
    ['an upsert', { method: 'PATCH', path: '/v1.0/groups(uniqueName=*' }],
  ]) {
    test(`and loses the answer of ${way}: the connection is closed, the group is there`, async () => {
      const client = graphClient();
      await client.api(`/groups/${testGroup}`).get();
      await world.control('PUT', '/faults', { rules: [{ site: 'entra', ...rule, action: 'reset', when: 'after' }] });
      const error = await refusal(way === 'a POST' ? client.api('/groups').post(security()) : upsert(client));
      assert.equal(error.statusCode, -1, String(error));
      assert.equal((await groupsMade()).length, 1);
      const lost = (await world.control('GET', '/requests')).requests.at(-1);
      assert.equal(lost.status, 0);
    });
  }
});

// The delta query of groups, as Microsoft's SDK walks it: PageIterator follows nextLinks and hands out the deltaLink.
describe('the Graph SDK follows', () => {
  const first = `/groups/delta?$select=id,displayName,members&$filter=id eq '${testGroup}'`;

  async function round(client, url) {
    const groups = [];
    const page = await client.api(url).get();
    const iterator = new PageIterator(client, page, (group) => groups.push(group));
    await iterator.iterate();
    return { link: iterator.getDeltaLink(), groups, members: groups.flatMap((group) => group['members@delta'] ?? []) };
  }

  const change = (membership) => world.control('PUT', '/state?quiet=1', { membership: { groupId: testGroup, ...membership } });
  const ids = (members) => members.map(({ id }) => id);

  test('a group through many pages, then only what changed since', async () => {
    const client = graphClient();
    await world.control('PUT', '/faults', { deltaPageSize: 50 });
    await change({ add: Array.from({ length: 120 }, (_, at) => staff(at + 1)) });
    const whole = await round(client, first);
    assert.equal(whole.groups[0].displayName, 'AI Clearance - Test Tool - Users');
    assert.equal(new Set(ids(whole.members)).size, 120);
    assert.equal(whole.members[0]['@odata.type'], '#microsoft.graph.user');
    assert.ok((await requestsTo('/v1.0/groups/delta')).length >= 3);

    assert.deepEqual((await round(client, whole.link)).groups, [], 'nothing changed');
    await change({ add: [staff(200)], remove: [staff(1), staff(2)] });
    const since = await round(client, whole.link);
    assert.deepEqual(since.members, [
      { '@odata.type': '#microsoft.graph.user', id: staff(200) },
      { '@odata.type': '#microsoft.graph.user', id: staff(1), '@removed': { reason: 'deleted' } },
      { '@odata.type': '#microsoft.graph.user', id: staff(2), '@removed': { reason: 'deleted' } },
    ]);
    assert.deepEqual((await round(client, since.link)).groups, []);
  });

  test('a group that is renamed, deleted and restored', async () => {
    const client = graphClient();
    await change({ add: [ada] });
    let { link } = await round(client, first);
    const next = async () => {
      const told = await round(client, link);
      ({ link } = told);
      return told;
    };
    await world.control('PUT', '/state?quiet=1', { groups: [{ id: testGroup, displayName: 'Another name' }] });
    assert.equal((await next()).groups[0].displayName, 'Another name');
    await world.control('PUT', '/state?quiet=1', { groups: [{ id: testGroup, deleted: true }] });
    assert.deepEqual((await next()).groups, [{ id: testGroup, '@removed': { reason: 'changed' } }]);
    await world.control('PUT', '/state?quiet=1', { groups: [{ id: testGroup, restored: true }] });
    assert.deepEqual(ids((await next()).members), [ada]);
  });

  test('from now on, where it asks for the latest token', async () => {
    const client = graphClient();
    await change({ add: [ada] });
    const now = await round(client, `${first}&$deltatoken=latest`);
    assert.deepEqual(now.groups, []);
    await change({ remove: [ada] });
    assert.deepEqual(ids((await round(client, now.link)).members), [ada]);
  });

  test('no link that is too old: 410 and where to begin again, or a 400 that says so', async () => {
    const client = graphClient();
    const { link } = await round(client, first);
    await world.control('PUT', '/faults', { expireDeltaTokens: true });
    const gone = await refusal(client.api(link).get());
    assert.equal(gone.statusCode, 410);
    assert.equal(gone.code, 'syncStateNotFound');
    assert.match(gone.headers.get('Location'), /\/v1\.0\/groups\/delta\?\$deltatoken=$/);
    await world.control('PUT', '/faults', { responses: { deltaExpired: { status: 400 } } });
    assert.equal((await refusal(client.api(link).get())).statusCode, 400);
    assert.equal((await round(client, first)).groups.length, 1);
  });
});
