// Whom an Atlassian account is in the directory: what a provisioning would find, asked beforehand, one row for each kind of
// person. A wrong answer here is a stranger in the group.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Front } from './front.js';
import { reportPage } from './report_page.js';
import { Story } from './story.js';
import { World } from './world.js';

const person = (last) => `a0000000-0000-4000-8000-00000000000${last}`;
const P = { ada: person(1), fay: person(5), gus: person(6), hal: person(7), ida: person(8), ira: person(9), jo: person('a'), kim: person('b'), lee: person('c'), max: person('d'), nia: person('e'), nia2: person('f') };
const extra = (last) => `d0000000-0000-4000-8000-00000000000${last}`;
const CANDIDATE = ['accountEnabled', 'mail', 'objectId', 'userPrincipalName', 'userType'];
const GUEST_NAME = 'gus_partner.example#EXT#@contoso.example';

let world;
let graph;
let story;

before(async () => {
  world = await World.start({ service: false });
  graph = await Front.start(world.entra);
  world.writeConfig({ entra: { login_url: world.entra, graph_url: graph.url } });
  await world.startService();
  world.admin = await world.token('admin', world.seed.jira.accounts.cleo.accountId);
  story = await Story.ready(world);
  await user(extra(1), { userPrincipalName: 'mo@contoso.example', mail: 'mo.mail@contoso.example' });
  await user(extra(2), { userPrincipalName: 'shadow_partner.example#EXT#@contoso.example', mail: 'dan@contoso.example', userType: 'Guest' });
  await user(extra(3), { userPrincipalName: 'ext_partner.example#EXT#@contoso.example', mail: 'ext@partner.example' });
});
after(async () => {
  await world?.stop();
  await graph?.stop();
});

const user = (id, fields) =>
  world.control('PUT', '/state', { users: [{ id, displayName: 'Somebody', mail: null, accountEnabled: true, userType: 'Member', proxyAddresses: [], otherMails: [], ...fields }] });
const ask = (question) => world.api('POST', '/api/v1/identity-mappings/resolve', { connectorId: 'sandbox', ...question });

const shown = reportPage('Identity', { 'an address': 'An address:', 'an account': 'An account:', 'a mapping': 'A mapping:' });

async function resolve(question) {
  const answer = await ask(question);
  assert.equal(answer.status, 200, answer.text);
  const match = answer.json;
  shown.note(match);
  assert.deepEqual(Object.keys(match).sort(), ['candidates', 'code', 'outcome', 'reason', 'user'], answer.text);
  for (const candidate of match.candidates) assert.deepEqual(Object.keys(candidate).sort(), CANDIDATE);
  assert.ok(match.reason.length > 10, answer.text);
  assert.equal(match.user !== null, match.outcome === 'matched', answer.text);
  return match;
}

async function assertFault(question, outcome, code, candidates) {
  const match = await resolve(question);
  assert.deepEqual([match.outcome, match.code], [outcome, code], JSON.stringify(match));
  assert.deepEqual(match.candidates.map((one) => one.objectId).sort(), [...candidates].sort(), JSON.stringify(match));
}

describe('an address', () => {
  const matched = {
    'exact UPN': ['ada@contoso.example', 'upn', P.ada],
    'upper-case UPN': ['ADA@Contoso.EXAMPLE', 'upn', P.ada],
    'mail only': ['mo.mail@contoso.example', 'mail', extra(1)],
    'upper-case mail': ['MO.MAIL@CONTOSO.EXAMPLE', 'mail', extra(1)],
    'UPN with an apostrophe': ["fay.o'brien@contoso.example", 'upn', P.fay],
    'UPN with a plus': ['max+ai@contoso.example', 'upn', P.max],
    'UPN with a leading dollar': ['$lee@contoso.example', 'upn', P.lee],
    'UPN with #EXT# of a member': ['ext_partner.example#EXT#@contoso.example', 'upn', extra(3)],
    'mail of a member from outside': ['ext@partner.example', 'mail', extra(3)],
  };
  for (const [name, [email, code, objectId]] of Object.entries(matched)) {
    test(`${name}: matched by ${code}`, async () => {
      const match = await resolve({ email });
      assert.deepEqual([match.outcome, match.code, match.user?.objectId], ['matched', code, objectId], JSON.stringify(match));
      assert.deepEqual(Object.keys(match.user).sort(), ['objectId', 'userPrincipalName']);
    });
  }

  const faults = {
    'of two users': ['twins@contoso.example', 'ambiguous', 'user_ambiguous', [P.ida, P.ira]],
    'that a guest has as well as a member': ['dan@contoso.example', 'ambiguous', 'user_ambiguous', [person(4), extra(2)]],
    'of a guest': ['gus@partner.example', 'refused', 'user_guest', [P.gus]],
    'that is a guest\'s own name': [GUEST_NAME, 'refused', 'user_guest', [P.gus]],
    'of a disabled user': ['hal@contoso.example', 'refused', 'user_disabled', [P.hal]],
    'that is the name of one and the mail of another': ['nia@contoso.example', 'ambiguous', 'user_ambiguous', [P.nia, P.nia2]],
    'that is only an alias': ['jo@contoso.example', 'ambiguous', 'user_ambiguous', [P.jo]],
    'that is only another mail': ['kim@home.example', 'ambiguous', 'user_ambiguous', [P.kim]],
    'of nobody': ['nobody@contoso.example', 'notFound', 'user_not_found', []],
    'that is none': ['not an address', 'notFound', 'user_not_found', []],
    'that tries to be more than one question': ["x' or userType eq 'Member", 'notFound', 'user_not_found', []],
    'that tries the same with an @': ["x' or 'a' eq 'a@contoso.example", 'notFound', 'user_not_found', []],
  };
  for (const [name, [email, outcome, code, candidates]] of Object.entries(faults))
    test(`${name}: ${outcome}, ${code}`, () => assertFault({ email }, outcome, code, candidates));

  test('that is a member\'s name and another member\'s alias: ambiguous', async () => {
    await user(extra(4), { userPrincipalName: 'jo@contoso.example', mail: 'jo4@contoso.example' });
    await assertFault({ email: 'jo@contoso.example' }, 'ambiguous', 'user_ambiguous', [extra(4), P.jo]);
    await world.control('PUT', '/state', { users: [{ id: extra(4), deleted: true }] });
  });
});

describe('an account', () => {
  const faults = {
    quiet: ['notFound', 'email_hidden', []], pia: ['refused', 'portal_customer', []], nobody: ['notFound', 'user_not_found', []],
    gus: ['refused', 'user_guest', [P.gus]], hal: ['refused', 'user_disabled', [P.hal]],
  };
  for (const [who, [outcome, code, candidates]] of Object.entries(faults))
    test(`${who}: ${outcome}, ${code}`, () => assertFault({ accountId: story.account(who) }, outcome, code, candidates));

  test('is asked for in Jira, its id with all its colons', async () => {
    assert.ok(story.account('max').includes(':'));
    assert.equal((await resolve({ accountId: story.account('max') })).user?.objectId, P.max);
  });
  test('that Jira does not know: notFound', () => assertFault({ accountId: '712020:none:at:all' }, 'notFound', 'user_not_found', []));
  test('without a type, but with the id of a portal customer, is one', async () => {
    await world.control('PUT', '/state', { accounts: [{ accountId: 'qm:x:1', accountType: null, email: 'ada@contoso.example' }] });
    await assertFault({ accountId: 'qm:x:1' }, 'refused', 'portal_customer', []);
  });
  test('needs one of accountId and email, and a connector that exists', async () => {
    assert.equal((await ask({})).status, 422);
    assert.ok([404, 422].includes((await ask({ connectorId: 'none', email: 'a@b.example' })).status));
  });
});

describe('a mapping', () => {
  let next = 0;
  const map = async (externalId, accountId = `712020:mapped:${++next}`) => {
    const mapping = await world.must('POST', '/api/v1/identity-mappings', { accountId, connectorId: 'sandbox', externalId, note: '' });
    return { accountId, mapping };
  };
  const read = (mapping) => world.must('GET', `/api/v1/identity-mappings/${mapping.mappingId}`);
  const matched = {
    'by object id': [P.ada, P.ada], 'by object id in upper case': [P.jo.toUpperCase(), P.jo], 'by UPN': ['ada@contoso.example', P.ada],
    'by upper-case UPN': ['ADA@CONTOSO.EXAMPLE', P.ada], 'to a guest by id': [P.gus, P.gus], 'to a guest by UPN': [GUEST_NAME, P.gus],
    'by UPN with a leading dollar': ['$lee@contoso.example', P.lee], 'by UPN with an apostrophe': ["fay.o'brien@contoso.example", P.fay], 'by UPN with a plus': ['max+ai@contoso.example', P.max],
  };
  for (const [name, [externalId, objectId]] of Object.entries(matched)) {
    test(`${name}: matched, and nothing is changed by asking`, async () => {
      const { accountId, mapping } = await map(externalId);
      const { items: [{ seq }] } = await world.must('GET', '/api/v1/audit-events?limit=1');
      const match = await resolve({ accountId });
      assert.deepEqual([match.outcome, match.code, match.user?.objectId], ['matched', 'mapping', objectId], JSON.stringify(match));
      assert.deepEqual(await read(mapping), mapping);
      assert.equal(mapping.resolved, null);
      assert.equal((await world.must('GET', '/api/v1/audit-events?limit=1')).items[0].seq, seq);
    });
  }
  const faults = {
    'to a disabled user by id': [P.hal, 'mapping_target_disabled', [P.hal]], 'to a disabled user by UPN': ['hal@contoso.example', 'mapping_target_disabled', [P.hal]],
    'to nobody by id': [extra(9), 'mapping_target_missing', []], 'to nobody by UPN': ['none@contoso.example', 'mapping_target_missing', []],
    'to what is neither id nor UPN': ['delta', 'mapping_target_missing', []],
    'to a mail that is no UPN': ['mo.mail@contoso.example', 'mapping_target_missing', []],
  };
  for (const [name, [externalId, code, candidates]] of Object.entries(faults))
    test(`${name}: refused, ${code}`, async () => assertFault({ accountId: (await map(externalId)).accountId }, 'refused', code, candidates));

  test('to a user who is deleted: refused, mapping_target_missing', async () => {
    await user(extra(5), { userPrincipalName: 'gone@contoso.example' });
    const [byId, byName] = [await map(extra(5)), await map('gone@contoso.example')];
    await world.control('PUT', '/state', { users: [{ id: extra(5), deleted: true }] });
    for (const one of [byId, byName]) await assertFault({ accountId: one.accountId }, 'refused', 'mapping_target_missing', []);
  });

  test('to a UPN that was used, and now is somebody else: refused, mapping_target_changed', async () => {
    await user(extra(6), { userPrincipalName: 'first@contoso.example' });
    const { mapping } = await map('first@contoso.example', story.account('user001'));
    await story.grant('user001');
    assert.deepEqual((await read(mapping)).resolved, { objectId: extra(6), userPrincipalName: 'first@contoso.example' });
    await user(extra(6), { userPrincipalName: 'married@contoso.example' });
    await user(extra(7), { userPrincipalName: 'first@contoso.example' });
    await assertFault({ accountId: story.account('user001') }, 'refused', 'mapping_target_changed', [extra(7)]);
  });

  test('goes before Jira\'s address, also for a portal customer, and an address given does not change it', async () => {
    await map(P.max, story.account('pia'));
    assert.equal((await resolve({ accountId: story.account('pia') })).user?.objectId, P.max);
    assert.equal((await resolve({ accountId: story.account('pia'), email: 'ada@contoso.example' })).user?.objectId, P.max);
  });
});

describe('a directory that answers otherwise than ours', () => {
  const items = (body, change) => JSON.parse(body).requests.map((request) => ({ id: request.id, status: 200, headers: {}, body: { value: [] }, ...change(request, decodeURIComponent(request.url)) }));
  async function answering(change, work) {
    graph.answer = (request, body) => request.url === '/v1.0/$batch' && { status: 200, body: { responses: items(body, change).reverse() } };
    try {
      await work();
    } finally {
      graph.answer = null;
    }
  }
  const ada = { id: P.ada, userPrincipalName: 'ada@contoso.example', mail: 'ada@contoso.example', userType: 'Member', accountEnabled: true };
  const byName = (value) => (request, url) => url.includes('userPrincipalName eq') ? { body: { value: [value] } } : {};

  test('ids as numbers and in another order change nothing', () =>
    answering((request, url) => ({ id: Number(request.id), ...byName(ada)(request, url) }), async () => {
      assert.equal((await resolve({ email: 'ada@contoso.example' })).user?.objectId, P.ada);
    }));
  test('a user type that was not returned is not taken for a member', () =>
    answering(byName({ ...ada, userType: null }), () => assertFault({ email: 'ada@contoso.example' }, 'refused', 'user_guest', [P.ada])));
  test('an account state that was not returned is not taken for enabled', () =>
    answering(byName({ ...ada, accountEnabled: undefined }), () => assertFault({ email: 'ada@contoso.example' }, 'refused', 'user_disabled', [P.ada])));
  test('a user who was not asked for is not taken', () =>
    answering(byName({ ...ada, userPrincipalName: 'eve@contoso.example' }), () => assertFault({ email: 'ada@contoso.example' }, 'notFound', 'user_not_found', [])));
  test('a filter on the beginning that is not supported costs nothing', () =>
    answering((request, url) => url.includes('startswith') ? { status: 400, body: { error: { code: 'Request_UnsupportedQuery', message: 'No.' } } } : byName(ada)(request, url),
      async () => assert.equal((await resolve({ email: 'ada@contoso.example' })).outcome, 'matched')));
  for (const [name, change, status, code] of [
    ['a question that was refused', (request, url) => url.includes('mail eq') ? { status: 403, body: { error: { code: 'Authorization_RequestDenied', message: 'No.' } } } : {}, 502, 'graph_denied'],
    ['a question without an answer', (request, url) => url.includes('mail eq') ? { id: '99' } : {}, 502, 'graph_bad_response'],
    ['a question that was throttled', (request, url) => url.includes('otherMails') ? { status: 429, headers: { 'retry-after': '1' }, body: { error: { code: 'TooManyRequests', message: 'Wait.' } } } : {}, 503, 'graph_throttled'],
  ]) {
    test(`${name} is never taken for "nobody": ${code}`, () =>
      answering(change, async () => {
        const answer = await ask({ email: 'ada@contoso.example' });
        assert.deepEqual([answer.status, answer.json.code], [status, code], answer.text);
      }));
  }
});
