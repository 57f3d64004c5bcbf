// Objects and lists: ids, ETags, repeated requests, pages. What a program that talks to the API relies on.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { assertFault, assertInstants, assertProblem, INSTANT, UUID7 } from './answers.js';
import { World } from './world.js';

let world;
before(async () => {
  world = await World.start();
});
after(() => world?.stop());

const connector = (connectorId, more = {}) => ({ connectorId, type: 'entra', name: 'A connector', config: { tenantId: 't', clientId: 'c', clientSecret: 'not-a-secret' }, ...more });
const tool = (toolId, more = {}) => ({ toolId, name: 'A tool', ...more });
const create = (path, body, headers = {}, token = world.admin) => world.api('POST', path, body, { headers, token });

// The newest audit event's number: how many things have happened.
async function happened() {
  const { items } = await world.must('GET', '/api/v1/audit-events?limit=1');
  return items[0]?.seq ?? 0;
}

async function walk(path, limit) {
  const items = [];
  let pages = 0;
  for (let cursor = ''; cursor !== null; pages++) {
    assert.ok(pages < 500, 'the walk does not end');
    const answer = await world.must('GET', `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    assert.deepEqual(Object.keys(answer).sort(), ['items', 'nextCursor']);
    assert.ok(answer.items.length <= limit);
    assert.ok(answer.nextCursor === null || answer.items.length === limit, 'a page before the last is full');
    items.push(...answer.items);
    cursor = answer.nextCursor;
  }
  return { items, pages };
}

describe('ids that people choose', () => {
  const good = ['a', '0', 'a-b', 'a--b', 'x'.repeat(63), '9-', 'held-removals', 'test', 'import'];
  const bad = ['', '-a', 'A', 'a_b', 'a.b', 'a b', 'x'.repeat(64), 'é', 'a/b', 'a\n', ' a', 'a%20', '１', '../x'];
  for (const [path, key, body] of [['/api/v1/connectors', 'connectorId', connector], ['/api/v1/tools', 'toolId', tool]]) {
    test(`${key}: what fits the pattern is taken, what does not is refused with its path`, async () => {
      for (const id of good) {
        const answer = await create(path, body(id));
        assert.equal(answer.status, 201, `${id}: ${answer.text}`);
        assert.equal(answer.headers.get('location'), `${path}/${id}`);
        assert.equal((await world.must('GET', answer.headers.get('location')))[key], id);
      }
      for (const id of bad) assertFault(await create(path, body(id)), key, JSON.stringify(id));
    });

    test(`${key}: a second of the same is already_exists; once deleted it is retired for good`, async () => {
      assert.equal((await create(path, body('once'))).status, 201);
      assertProblem(await create(path, body('once', { name: 'Another' })), 409, 'already_exists');
      const gone = await world.api('DELETE', `${path}/once`);
      assert.equal(gone.status, 204);
      assert.equal(gone.text, '');
      for (const method of ['GET', 'DELETE']) assertProblem(await world.api(method, `${path}/once`), 404, 'not_found');
      assertProblem(await world.api('PUT', `${path}/once`, body('once')), 404, 'not_found', 'PUT makes nothing');
      assertProblem(await create(path, body('once')), 409, 'id_retired');
    });
  }

  test('a retired connectorId is still free for a tool, and the other way round', async () => {
    assert.equal((await create('/api/v1/connectors', connector('only-mine'))).status, 201);
    assert.equal((await world.api('DELETE', '/api/v1/connectors/only-mine')).status, 204);
    assert.equal((await create('/api/v1/tools', tool('only-mine'))).status, 201);
  });

  test('our own ids are UUIDv7, and say 201 with a Location that leads there', async () => {
    await create('/api/v1/connectors', connector('ids'));
    const answer = await create('/api/v1/identity-mappings', { accountId: 'acc-1', connectorId: 'ids', externalId: 'a@b.example' });
    assert.equal(answer.status, 201, answer.text);
    assert.match(answer.json.mappingId, UUID7);
    assert.equal(answer.headers.get('location'), `/api/v1/identity-mappings/${answer.json.mappingId}`);
    assert.deepEqual(await world.must('GET', answer.headers.get('location')), answer.json);
    assertProblem(await create('/api/v1/identity-mappings', { accountId: 'acc-1', connectorId: 'ids', externalId: 'c@d.example' }), 409, 'already_exists');
    const unknown = await create('/api/v1/identity-mappings', { accountId: 'acc-1', connectorId: 'nowhere', externalId: 'c@d.example' });
    assert.ok([404, 422].includes(unknown.status), unknown.text);
    assertProblem(unknown, unknown.status);
  });
});

describe('PUT', () => {
  test('takes back unchanged what GET gave, for every kind of object', async () => {
    await create('/api/v1/connectors', connector('put'));
    await world.must('POST', '/api/v1/connectors/put/test');
    await create('/api/v1/tools', tool('put', { connectorId: 'put', vendor: 'V', url: 'https://x.example', description: 'D', risk: 'high', defaultDurationDays: 7, maxDurationDays: 9, requestable: false }));
    const { mappingId } = (await create('/api/v1/identity-mappings', { accountId: 'put', connectorId: 'put', externalId: 'u@x.example', note: 'n' })).json;
    await world.must('PUT', '/api/v1/settings/intake', { projectKeys: ['AIC'], approval: 'console', allowedApprovers: ['x'] });
    for (const path of ['/api/v1/connectors/put', '/api/v1/tools/put', `/api/v1/identity-mappings/${mappingId}`, '/api/v1/settings/intake']) {
      const before = await world.api('GET', path);
      const answer = await world.api('PUT', path, before.text, { headers: { 'If-Match': before.headers.get('etag') } });
      assert.equal(answer.status, 200, `${path}: ${answer.text}`);
      const { updatedAt: _before, ...old } = before.json;
      const { updatedAt: _after, ...now } = answer.json;
      assert.deepEqual(now, old, path);
      assert.deepEqual((await world.api('GET', path)).json, answer.json, path);
      assert.equal((await world.api('GET', path)).headers.get('etag'), answer.headers.get('etag'), path);
    }
  });

  test('ignores read-only members whatever is in them, and never takes an id from the body', async () => {
    const before = await world.must('GET', '/api/v1/connectors/put');
    const changed = { ...before, connectorId: 'other', type: 'other', enabled: false, credential: 'x', health: 7, lastTest: [], toolCount: 'many', lastUsedAt: 'never', createdAt: 0, updatedAt: {} };
    const answer = await world.api('PUT', '/api/v1/connectors/put', changed);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual({ ...answer.json, updatedAt: 0 }, { ...before, updatedAt: 0 });
    assert.equal((await world.api('PUT', '/api/v1/tools/put', { ...(await world.must('GET', '/api/v1/tools/put')), toolId: 5, entitlementGroup: { groupId: 'x' } })).status, 200);
    assert.equal((await world.must('GET', '/api/v1/tools/put')).entitlementGroup, null);
  });

  test('a name alone may not be empty', async () => {
    assertFault(await world.api('PUT', '/api/v1/tools/put', { name: '' }), 'name');
    assertFault(await world.api('PUT', '/api/v1/connectors/put', { ...connector('put'), name: '' }), 'name');
    const emptied = await world.must('PUT', '/api/v1/tools/put', { name: 'n', vendor: '', url: '', description: '' });
    assert.equal(emptied.vendor + emptied.url + emptied.description, '');
  });
});

describe('ETag and If-Match', () => {
  const strange = '"0123456789abcdef0123456789abcdef"';
  test('a change is refused that was decided on an older state, and never half made', async () => {
    await create('/api/v1/tools', tool('etag'));
    const first = (await world.api('GET', '/api/v1/tools/etag')).headers.get('etag');
    assert.match(first, /^"[^"]+"$/);
    const put = (name, ifMatch) => world.api('PUT', '/api/v1/tools/etag', { name }, { headers: { 'If-Match': ifMatch } });
    const second = await put('Two', first);
    assert.equal(second.status, 200, second.text);
    assert.notEqual(second.headers.get('etag'), first);
    assertProblem(await put('Three', first), 412, 'precondition_failed');
    assert.equal((await world.must('GET', '/api/v1/tools/etag')).name, 'Two');
    const now = second.headers.get('etag');
    assertProblem(await put('Three', `W/${now}`), 412, 'precondition_failed', 'a weak tag never matches');
    assertProblem(await put('Three', `${strange}, W/${now}`), 412, 'precondition_failed');
    assertProblem(await put('Three', now.slice(1, -1)), 412, 'precondition_failed', 'a tag without quotes is none');
    assertProblem(await put('Three', strange), 412, 'precondition_failed');
    assertProblem(await put('Three', ','), 412, 'precondition_failed');
    const listed = await put('Three', `${strange}, ${now} ,"x"`);
    assert.equal(listed.status, 200, listed.text);
    assert.equal((await put('Four', '*')).status, 200);
  });

  test('DELETE and actions honour it too, and * on what is not there is no success', async () => {
    assertProblem(await world.api('DELETE', '/api/v1/tools/etag', undefined, { headers: { 'If-Match': strange } }), 412, 'precondition_failed');
    await create('/api/v1/connectors', connector('etag'));
    for (const action of ['disable', 'enable', 'test']) {
      assertProblem(await world.api('POST', `/api/v1/connectors/etag/${action}`, undefined, { headers: { 'If-Match': strange } }), 412, 'precondition_failed', action);
    }
    assert.equal((await world.must('GET', '/api/v1/connectors/etag')).enabled, true);
    const etag = (await world.api('GET', '/api/v1/connectors/etag')).headers.get('etag');
    assert.equal((await world.api('POST', '/api/v1/connectors/etag/disable', undefined, { headers: { 'If-Match': etag } })).status, 200);
    assertProblem(await world.api('PUT', '/api/v1/settings/intake', { approval: 'console' }, { headers: { 'If-Match': strange } }), 412, 'precondition_failed');
    const missing = await world.api('PUT', '/api/v1/tools/never', { name: 'n' }, { headers: { 'If-Match': '*' } });
    assert.ok([404, 412].includes(missing.status), missing.text);
    const tag = (await world.api('GET', '/api/v1/tools/etag')).headers.get('etag');
    assert.equal((await world.api('DELETE', '/api/v1/tools/etag', undefined, { headers: { 'If-Match': tag } })).status, 204);
  });

  test('of two people who change the same state at the same moment, one learns of it', async () => {
    await create('/api/v1/tools', tool('race'));
    for (let round = 0; round < 10; round++) {
      const etag = (await world.api('GET', '/api/v1/tools/race')).headers.get('etag');
      const answers = await Promise.all(['A', 'B', 'C'].map((name) => world.api('PUT', '/api/v1/tools/race', { name: `${name}${round}` }, { headers: { 'If-Match': etag } })));
      assert.deepEqual(answers.map((one) => one.status).sort(), [200, 412, 412]);
    }
  });

  test('a list carries no promise about one object: the ETag is that of the object alone', async () => {
    const first = await world.api('GET', '/api/v1/tools/race');
    await create('/api/v1/tools', tool('etag-neighbour'));
    assert.equal((await world.api('GET', '/api/v1/tools/race')).headers.get('etag'), first.headers.get('etag'));
  });
});

describe('Idempotency-Key', () => {
  let bodies;
  before(async () => {
    await create('/api/v1/connectors', connector('idem-base'));
    await world.must('PUT', '/api/v1/settings/intake', { approval: 'console' });
    await create('/api/v1/tools', tool('idem-ask', { requestable: true }));
    bodies = {
      '/api/v1/connectors': [connector('idem', { config: { tenantId: 't', clientId: 'c', clientSecret: 'idem-secret-value' } }), connector('idem', { name: 'Other' })],
      '/api/v1/tools': [tool('idem'), tool('idem', { name: 'Other' })],
      '/api/v1/identity-mappings': [{ accountId: 'idem', connectorId: 'idem-base', externalId: 'a@b.example' }, { accountId: 'idem', connectorId: 'idem-base', externalId: 'b@b.example' }],
      '/api/v1/requests': [{ toolId: 'idem-ask', purpose: 'p', accountId: world.seed.accounts.ada }, { toolId: 'idem-ask', purpose: 'q', accountId: world.seed.accounts.ada }],
    };
  });

  for (const path of ['/api/v1/connectors', '/api/v1/tools', '/api/v1/identity-mappings', '/api/v1/requests']) {
    test(`POST ${path} sent again gives the first answer, and leaves no second trace`, async () => {
      const [body, other] = bodies[path];
      const key = { 'Idempotency-Key': `key ${randomUUID()}` };
      const first = await create(path, body, key);
      assert.equal(first.status, 201, first.text);
      assert.equal(first.headers.get('idempotency-replayed'), null);
      const events = await happened();
      for (let time = 0; time < 3; time++) {
        const again = await create(path, body, key);
        assert.equal(again.status, 201, again.text);
        assert.equal(again.headers.get('idempotency-replayed'), 'true');
        assert.equal(again.text, first.text);
        assert.equal(again.headers.get('location'), first.headers.get('location'));
        assert.equal(again.headers.get('etag'), first.headers.get('etag'));
        assert.ok(!again.text.includes('idem-secret-value'));
      }
      assertProblem(await create(path, other, key), 422, 'idempotency_key_reused', path);
      assert.equal(await happened(), events, 'a replay leaves no audit event');
    });

    test(`POST ${path} sent eight times at once makes one`, async () => {
      const fresh = structuredClone(bodies[path][0]);
      for (const name of ['connectorId', 'toolId', 'accountId']) if (fresh[name]?.startsWith?.('idem') && !fresh[name].startsWith('idem-')) fresh[name] = 'idem-at-once';
      if (path.endsWith('/requests')) fresh.accountId = world.seed.accounts.fay;
      const key = { 'Idempotency-Key': randomUUID() };
      const events = await happened();
      const answers = await Promise.all(Array.from({ length: 8 }, () => create(path, fresh, key)));
      assert.deepEqual(answers.map((one) => one.status), Array(8).fill(201), answers.map((one) => one.text).join('\n'));
      assert.equal(new Set(answers.map((one) => one.text)).size, 1);
      assert.equal(answers.filter((one) => one.headers.get('idempotency-replayed') === 'true').length, 7);
      assert.equal(await happened(), events + 1);
    });
  }

  test('a key counts for one principal and one route', async () => {
    const key = { 'Idempotency-Key': 'shared' };
    const other = await world.token('admin', world.seed.accounts.ben);
    assert.equal((await create('/api/v1/tools', tool('idem-a'), key)).status, 201);
    const foreign = await create('/api/v1/tools', tool('idem-b'), key, other);
    assert.equal(foreign.status, 201, foreign.text);
    assert.equal(foreign.headers.get('idempotency-replayed'), null);
    const route = await create('/api/v1/connectors', connector('idem-c'), key);
    assert.equal(route.status, 201, route.text);
    assertProblem(await create('/api/v1/tools', tool('idem-a'), {}, other), 409, 'already_exists');
  });

  test('what was refused is not remembered: the same key may be tried with what is right', async () => {
    const key = { 'Idempotency-Key': 'second-try' };
    assertFault(await create('/api/v1/tools', tool('Wrong Id'), key), 'toolId');
    assertProblem(await create('/api/v1/tools', tool('idem'), key), 409, 'already_exists');
    const right = await create('/api/v1/tools', tool('second-try'), key);
    assert.equal(right.status, 201, right.text);
    assert.equal(right.headers.get('idempotency-replayed'), null);
  });

  test('a replay tells the first answer even when the object is long changed or gone', async () => {
    const key = { 'Idempotency-Key': 'gone' };
    const first = await create('/api/v1/tools', tool('idem-gone'), key);
    await world.must('DELETE', '/api/v1/tools/idem-gone');
    const again = await create('/api/v1/tools', tool('idem-gone'), key);
    assert.equal(again.status, 201);
    assert.equal(again.text, first.text);
    assertProblem(await world.api('GET', '/api/v1/tools/idem-gone'), 404, 'not_found');
  });

  test('survives kill -9: a client that lost the answer asks again and gets it', async () => {
    const key = { 'Idempotency-Key': 'kill' };
    const first = await create('/api/v1/tools', tool('idem-kill'), key);
    await world.stopService('SIGKILL');
    await world.startService();
    const again = await create('/api/v1/tools', tool('idem-kill'), key);
    assert.equal(again.text, first.text);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
  });

  test('a key that is none is refused with its name', async () => {
    for (const key of ['', 'x'.repeat(300)]) {
      const answer = await create('/api/v1/tools', tool('idem-none'), { 'Idempotency-Key': key });
      if (key !== '') assertFault(answer, 'Idempotency-Key', key);
    }
  });
});

describe('lists', () => {
  const names = Array.from({ length: 120 }, (_, at) => `list-${String(at).padStart(3, '0')}`);
  before(async () => {
    await create('/api/v1/connectors', connector('lists'));
    await world.must('PUT', '/api/v1/settings/intake', { approval: 'console' });
    for (const name of names) {
      await world.must('POST', '/api/v1/tools', tool(name, { requestable: true }));
      await world.must('POST', '/api/v1/identity-mappings', { accountId: name, connectorId: 'lists', externalId: `${name}@x.example` });
      await world.must('POST', '/api/v1/requests', { toolId: name, purpose: '', accountId: Number(name.slice(-1)) % 2 ? 'odd' : 'even' });
    }
  });

  test('50 without a limit, and as many as asked for up to 200', async () => {
    assert.equal((await world.must('GET', '/api/v1/tools')).items.length, 50);
    assert.equal((await world.must('GET', '/api/v1/tools?limit=1')).items.length, 1);
    assert.ok((await world.must('GET', '/api/v1/tools?limit=200')).items.length > 120);
  });

  for (const [path, key] of [['/api/v1/tools', 'toolId'], ['/api/v1/identity-mappings', 'mappingId'], ['/api/v1/requests', 'requestId'], ['/api/v1/audit-events', 'seq'], ['/api/v1/connectors', 'connectorId']]) {
    test(`${path}: a walk over the pages meets each one once, however long the pages are`, async () => {
      const whole = await walk(path, 200);
      const keys = whole.items.map((one) => one[key]);
      assert.equal(new Set(keys).size, keys.length);
      if (key !== 'connectorId') assert.ok(keys.length >= 120);
      assertInstants(whole.items);
      for (const limit of [1, 7, 50, keys.length, keys.length - 1].filter((one) => one >= 1 && one <= 200 && keys.length / one < 400)) {
        assert.deepEqual((await walk(path, limit)).items.map((one) => one[key]), keys, `pages of ${limit}`);
      }
    });
  }

  test('a walk under way loses and doubles nothing while others come and go', async () => {
    const seen = [];
    let cursor = '';
    for (let page = 0; cursor !== null; page++) {
      const answer = await world.must('GET', `/api/v1/tools?limit=20${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      seen.push(...answer.items.map((one) => one.toolId));
      cursor = answer.nextCursor;
      await world.must('POST', '/api/v1/tools', tool(`between-${page}`));
      if (page === 0) await world.must('DELETE', `/api/v1/tools/${answer.items.at(-1).toolId}`);
    }
    assert.equal(new Set(seen).size, seen.length);
    for (const name of names) assert.ok(seen.includes(name), name);
  });

  test('filters give what fits and nothing else, and pages of them too', async () => {
    const odd = await walk('/api/v1/requests?accountId=odd', 7);
    assert.equal(odd.items.length, 60);
    assert.ok(odd.items.every((one) => one.accountId === 'odd'));
    const one = await world.must('GET', '/api/v1/requests?toolId=list-042&status=pending&accountId=even');
    assert.deepEqual(one.items.map((item) => item.toolId), ['list-042']);
    assert.deepEqual(await world.must('GET', '/api/v1/requests?toolId=list-042&status=approved'), { items: [], nextCursor: null });
    assert.deepEqual((await world.must('GET', '/api/v1/requests?issueKey=NOPE-1')).items, []);
    assert.deepEqual((await world.must('GET', "/api/v1/requests?toolId=' OR 1=1 --")).items, []);
    assert.deepEqual((await world.must('GET', '/api/v1/requests?accountId=%25')).items, []);
    assert.deepEqual((await world.must('GET', '/api/v1/jobs?connectorId=lists')).items, []);
  });

  test('requests and audit events come newest first', async () => {
    const { items } = await world.must('GET', '/api/v1/audit-events?limit=200');
    for (let at = 1; at < items.length; at++) assert.equal(items[at].seq, items[at - 1].seq - 1);
    const requests = (await world.must('GET', '/api/v1/requests?limit=200')).items;
    for (let at = 1; at < requests.length; at++) assert.ok(requests[at].requestId < requests[at - 1].requestId);
  });
});

describe('times', () => {
  test('are RFC 3339 in UTC with whole seconds, wherever one stands', async () => {
    const made = await world.must('GET', '/api/v1/connectors/put');
    assert.match(made.createdAt, INSTANT);
    assert.ok(Math.abs(Date.parse(made.createdAt) - Date.now()) < 600000);
    for (const path of ['/api/v1/connectors', '/api/v1/tools', '/api/v1/requests', '/api/v1/audit/checkpoints']) assertInstants(await world.must('GET', path), path);
  });
});
