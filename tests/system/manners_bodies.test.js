// What the API does with bodies, paths and arguments that are not as they should be.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { assertFault, assertProblem } from './answers.js';
import { World } from './world.js';

let world;
before(async () => {
  world = await World.start();
});
after(() => world?.stop());

const tool = (toolId, more = {}) => ({ toolId, name: 'A tool', ...more });
const post = (body, options) => world.api('POST', '/api/v1/tools', body, options);
const bytes = (...parts) => Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));

// Over node:http, where path and headers go out as they are written here.
function raw(method, path, { headers = {}, body } = {}) {
  return new Promise((done, fail) => {
    const request = httpRequest({ host: '127.0.0.1', port: world.servicePort, method, path, headers: { Authorization: `Bearer ${world.admin}`, ...headers } }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        let json = null;
        try {
          json = JSON.parse(text);
        } catch {}
        done({ status: response.statusCode, headers: new Headers(Object.entries(response.headers).map(([key, value]) => [key, String(value)])), text, json });
      });
    });
    request.on('error', fail);
    request.end(body);
  });
}

describe('a body that is not JSON', () => {
  // Where the fault is: the line and the column that a person would look at, one later at most.
  const malformed = {
    'is empty': ['', null],
    'is only blanks': [' \n\t ', null],
    'is no JSON': ['toolId=x', [1, null]],
    'ends too early': ['{"toolId":"x",', null],
    'has a trailing comma': ['{\n  "toolId": "x",\n}', [3, 1]],
    'has a comment': ['{ // no\n"toolId":"x"}', [1, 3]],
    'has single quotes': ["{'toolId':'x'}", [1, 2]],
    'has something behind it': ['{"toolId":"x","name":"n"} {}', [1, 26]],
    'has a NUL behind it': [bytes('{"toolId":"x","name":"n"}', [0]), null],
    'has a NUL within': [bytes('{"toolId":"x', [0], '","name":"n"}'), null],
    'has an escaped NUL in a text': ['{"toolId":"x","name":"a\\u0000b"}', null],
    'has an escaped NUL in a key': ['{"tool\\u0000Id":"x","name":"n"}', null],
    'has a key twice': ['{"toolId":"x","name":"n",\n "toolId":"y"}', [2, null]],
    'has a key twice, once escaped': ['{"toolId":"x","name":"n","tool\\u0049d":"y"}', null],
    'has a key twice, deep inside': ['{"connectorId":"c","type":"entra","name":"n","config":{"tenantId":"a","clientId":"b","tenantId":"c"}}', null],
    'has a line break in a text': ['{"toolId":"x","name":"a\nb"}', [1, null]],
    'has bad UTF-8': [bytes('{"toolId":"x",\n"name":"', [0xff], '"}'), [2, null]],
    'has overlong UTF-8': [bytes('{"toolId":"x","name":"', [0xc0, 0xaf], '"}'), null],
    'has a surrogate in UTF-8': [bytes('{"toolId":"x","name":"', [0xed, 0xa0, 0x80], '"}'), null],
    'has half a UTF-8 character': [bytes('{"toolId":"x","name":"', [0xe2, 0x82], '"}'), null],
    'has a lone surrogate': ['{"toolId":"x","name":"\\ud800"}', null],
    'is UTF-16': [Buffer.from('{"toolId":"x"}', 'utf16le'), null],
    'begins with a byte order mark': [bytes([0xef, 0xbb, 0xbf], '{"toolId":"x","name":"n"}'), null],
    'is NaN': ['{"toolId":"x","name":"n","maxDurationDays":NaN}', null],
    'has a number with a leading zero': ['{"toolId":"x","name":"n","maxDurationDays":012}', null],
    'has a number too large for any machine': [`{"toolId":"x","name":"n","maxDurationDays":${'9'.repeat(400)}}`, null],
    'is nested ten thousand deep': [`${'['.repeat(10000)}${']'.repeat(10000)}`, null],
    'is nested in objects without end': ['{"a":'.repeat(9000), null],
  };
  for (const [what, [body, place]] of Object.entries(malformed)) {
    test(`400 json_malformed with its place, and nothing is made, when it ${what}`, async () => {
      const problem = assertProblem(await post(body), 400, 'json_malformed', what);
      const found = /line (\d+), column (\d+)/.exec(problem.detail);
      assert.ok(found, `no line and column in: ${problem.detail}`);
      if (place) {
        assert.equal(Number(found[1]), place[0], problem.detail);
        if (place[1]) assert.ok(Math.abs(Number(found[2]) - place[1]) <= 1, `column ${place[1]} was expected: ${problem.detail}`);
      }
      assertProblem(await world.api('GET', '/api/v1/tools/x'), 404, 'not_found');
    });
  }

  test('an object is asked for: every other kind of value is a 422', async () => {
    for (const body of ['[]', '"text"', '12', 'null', 'true', '[{"toolId":"x","name":"n"}]']) {
      assertProblem(await post(body), 422, 'validation_failed', body);
    }
  });

  test('an action takes no body or {}, and nothing that is neither', async () => {
    await world.must('POST', '/api/v1/tools', tool('act'));
    await world.must('POST', '/api/v1/connectors', { connectorId: 'act', type: 'entra', name: 'n', config: { tenantId: 't', clientId: 'c', clientSecret: 's' } });
    assert.equal((await world.api('POST', '/api/v1/connectors/act/disable')).status, 200);
    assert.equal((await world.api('POST', '/api/v1/connectors/act/enable', {})).status, 200);
    assert.equal((await world.api('POST', '/api/v1/connectors/act/enable', undefined, { headers: { 'Content-Type': 'text/plain' } })).status, 200);
    assertProblem(await world.api('POST', '/api/v1/connectors/act/enable', '{'), 400, 'json_malformed');
    assertFault(await world.api('POST', '/api/v1/connectors/act/enable', { force: true }), 'force');
    assertProblem(await world.api('POST', '/api/v1/connectors/act/enable', '{}', { headers: { 'Content-Type': 'text/xml' } }), 415, 'media_type');
  });
});

describe('media types and sizes', () => {
  test('415 for everything but JSON in UTF-8', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'application/json2', 'application/merge-patch+json',
      'application/json; charset=latin1', 'application/json; charset=utf-16', 'multipart/form-data; boundary=x', 'json']) {
      assertProblem(await post(tool('media'), { headers: { 'Content-Type': type } }), 415, 'media_type', type);
    }
    assertProblem(await raw('POST', '/api/v1/tools', { body: '{"toolId":"media","name":"n"}' }), 415, 'media_type', 'none');
    assertProblem(await world.api('GET', '/api/v1/tools/media'), 404, 'not_found');
  });

  test('JSON is JSON in whatever case, and with its charset', async () => {
    const types = ['application/json', 'APPLICATION/JSON', 'application/json;charset=UTF-8', 'application/json ; charset="utf-8"'];
    for (const [at, type] of types.entries()) {
      assert.equal((await post(tool(`media-${at}`), { headers: { 'Content-Type': type } })).status, 201, type);
    }
  });

  test('413 for a body over its limit, said before or only found out', async () => {
    for (const size of [65537, 300000, 3000000]) {
      assertProblem(await post(`{"toolId":"big","name":"${'x'.repeat(size - 25)}"}`), 413, 'body_too_large', `${size}`);
    }
    const answer = await raw('POST', '/api/v1/tools', { headers: { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' }, body: ' '.repeat(200000) });
    assertProblem(answer, 413, 'body_too_large', 'chunked');
  });

  test('a body of exactly its limit is read', async () => {
    const head = '{"toolId":"exactly","name":"n"}';
    assert.equal((await post(head + ' '.repeat(65536 - head.length))).status, 201);
    assertProblem(await post(head + ' '.repeat(65537 - head.length)), 413, 'body_too_large');
  });
});

describe('paths and methods', () => {
  test('404 as a problem for every path that is none', async () => {
    for (const path of ['/', '/api', '/api/v1', '/api/v1/', '/api/v2/tools', '/api/v1/tool', '/api/v1/tools/', '/api/v1/tools/a/b', '/api/v1//tools', '/API/v1/tools',
      '/api/v1/connectors/x/held-removals', '/hooks', '/hooks/', '/hooks/jira/', '/metrics/', '/../etc/passwd', '/api/v1/tools/../me', `/${'x'.repeat(3000)}`, '/api/v1/tools/%2e%2e/me']) {
      assertProblem(await raw('GET', path), 404, 'not_found', path);
      assertProblem(await raw('POST', path, { headers: { 'Content-Type': 'application/json' }, body: '{}' }), 404, 'not_found', path);
    }
  });

  test('an id that cannot be one is simply not found', async () => {
    for (const id of ['%00', '%ff', '%', '%zz', 'a%2Fb', 'A', '-a', 'x'.repeat(200), "'%20OR%201=1--", '%F0%9F%98%80', 'act%00', '..%2f..']) {
      assertProblem(await raw('GET', `/api/v1/tools/${id}`), 404, 'not_found', id);
      assertProblem(await raw('GET', `/api/v1/grants/${id}`), 404, 'not_found', id);
      assertProblem(await raw('DELETE', `/api/v1/connectors/${id}`), 404, 'not_found', id);
    }
  });

  test('405 with Allow names what the path answers to', async () => {
    const allowed = async (method, path) => {
      const answer = await raw(method, path);
      if (method !== 'HEAD') assertProblem(answer, 405, 'method_not_allowed', `${method} ${path}`);
      assert.equal(answer.status, 405);
      return answer.headers.get('allow').split(',').map((one) => one.trim()).sort().join(' ');
    };
    assert.match(await allowed('PATCH', '/api/v1/tools'), /^GET (HEAD )?POST$/);
    assert.match(await allowed('DELETE', '/api/v1/tools'), /^GET (HEAD )?POST$/);
    assert.match(await allowed('POST', '/api/v1/tools/act'), /^DELETE GET (HEAD )?PUT$/);
    assert.equal(await allowed('GET', '/api/v1/connectors/act/test'), 'POST');
    assert.equal(await allowed('PUT', '/api/v1/tools/act/entitlement-group'), 'DELETE POST');
    assert.match(await allowed('POST', '/api/v1/me'), /^GET( HEAD)?$/);
    assert.equal(await allowed('GET', '/hooks/jira'), 'POST');
    assert.match(await allowed('BREW', '/healthz'), /^GET( HEAD)?$/);
  });

  test('half a request and nonsense on the wire do not disturb the next one', async () => {
    for (const noise of ['GET / HT', 'POST /api/v1/tools HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{', '\x16\x03\x01\x02\x00', `GET /${'y'.repeat(100000)} HTTP/1.1\r\n\r\n`,
      'POST /api/v1/tools HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n']) {
      await new Promise((done) => {
        const socket = connect(world.servicePort, '127.0.0.1', () => socket.write(noise, () => setTimeout(() => { socket.destroy(); done(); }, 50)));
        socket.on('error', done);
      });
    }
    assert.equal((await world.api('GET', '/readyz')).status, 200);
  });
});

describe('values', () => {
  const long = (count) => 'x'.repeat(count);
  const cases = [
    [{ color: 'red' }, 'color'], [{ entitlementgroup: null }, 'entitlementgroup'], [{ name: 12 }, 'name'], [{ name: null }, 'name'], [{ name: '' }, 'name'],
    [{ name: long(2001) }, 'name'], [{ vendor: long(2001) }, 'vendor'], [{ description: long(20001) }, 'description'], [{ url: [] }, 'url'], [{ risk: 'extreme' }, 'risk'],
    [{ risk: 'Low' }, 'risk'], [{ defaultDurationDays: '90' }, 'defaultDurationDays'], [{ defaultDurationDays: 1.5 }, 'defaultDurationDays'], [{ defaultDurationDays: 0 }, 'defaultDurationDays'],
    [{ maxDurationDays: -1 }, 'maxDurationDays'], [{ maxDurationDays: 9007199254740993 }, 'maxDurationDays'], [{ requestable: 'true' }, 'requestable'], [{ requestable: 1 }, 'requestable'],
    [{ connectorId: '' }, 'connectorId'], [{ connectorId: 'No Such' }, 'connectorId'],
  ];
  for (const [more, path] of cases) {
    test(`422 names ${path} for ${JSON.stringify(more).slice(0, 60)}`, async () => {
      assertFault(await post(tool('values', more)), path, JSON.stringify(more).slice(0, 60));
      assertProblem(await world.api('GET', '/api/v1/tools/values'), 404, 'not_found');
    });
  }

  test('422 names what is missing, and every fault at once', async () => {
    assertFault(await post({}), 'toolId');
    assertFault(await post({ toolId: 'x' }), 'name');
    const problem = assertFault(await post({ name: 1, risk: 2, weird: 3 }), 'toolId');
    assert.deepEqual(problem.errors.map((one) => one.path).sort(), ['name', 'risk', 'toolId', 'weird']);
  });

  test('422 names the path inside nested objects and lists', async () => {
    const base = { connectorId: 'nested', type: 'entra', name: 'n' };
    const config = { tenantId: 't', clientId: 'c' };
    const create = (changes) => world.api('POST', '/api/v1/connectors', { ...base, ...changes });
    assertFault(await create({ config: { ...config, clientSecret: 's', extra: 1 } }), 'config.extra');
    assertFault(await create({ config: { ...config, clientSecret: 5 } }), 'config.clientSecret');
    assertFault(await create({ config: { ...config, clientSecret: 's', cloud: 'mars' } }), 'config.cloud');
    assertFault(await create({ config: { ...config, certificate: { keyRef: 'file:/x' } } }), 'config.certificate.certRef');
    assertFault(await create({ config: { ...config, secretRef: 'whatever' } }), 'config.secretRef');
    assertFault(await create({ config: [] }), 'config');
    assertFault(await create({ config, type: 'okta' }), 'type');
    assertFault(await create({ config: { ...config, clientSecret: long(20000) } }), 'config.clientSecret');
    assertProblem(await create({ config }), 422, 'validation_failed', 'no credential');
    assertProblem(await create({ config: { ...config, clientSecret: 's', secretRef: 'env:X' } }), 422, 'validation_failed', 'two credentials');
    const put = (changes) => world.api('PUT', '/api/v1/settings/intake', changes);
    assertFault(await put({ writeBack: { comment: 'yes' } }), 'writeBack.comment');
    assertFault(await put({ writeBack: { coment: true } }), 'writeBack.coment');
    assertFault(await put({ projectKeys: ['A', 5] }), 'projectKeys[1]');
    assertFault(await put({ projectKeys: 'AIC' }), 'projectKeys');
    assertFault(await put({ approval: 'auto' }), 'approval');
  });

  test('a limit counts characters of every script, not bytes', async () => {
    const longest = async (text) => (await post({ toolId: `len-${Math.random().toString(36).slice(2)}`, name: text })).status;
    let most = 0;
    for (const count of [100, 120, 128, 200, 250, 255, 256, 300, 500, 1000]) if ((await longest(long(count))) === 201) most = count;
    assert.ok(most >= 100);
    assert.equal(await longest('語'.repeat(most)), 201);
    assert.equal(await longest('😀'.repeat(most)), 201);
    assert.equal(await longest('😀'.repeat(most + 1)), await longest(long(most + 1)));
  });

  test('every text comes back as it was given: quotes, markup, scripts from right to left, emoji, line breaks', async () => {
    const strange = 'Ünïcode "quotes" \\ </script> \u202Eabc\u202C שלום 😀\n\t& \'; DROP TABLE tool; -- %s%n ${x} \u0001';
    await world.must('POST', '/api/v1/tools', tool('strange', { name: strange, description: strange, vendor: strange }));
    const read = await world.must('GET', '/api/v1/tools/strange');
    assert.equal(read.name, strange);
    assert.equal(read.description, strange);
    const { items } = await world.must('GET', '/api/v1/tools?limit=200');
    assert.equal(items.find((one) => one.toolId === 'strange').vendor, strange);
  });

  test('all texts but the name may be empty', async () => {
    await world.must('POST', '/api/v1/tools', { toolId: 'empty', name: 'n', vendor: '', url: '', description: '', connectorId: null });
    const { name: _name, ...config } = { name: 'x', tenantId: '', clientId: '', clientSecret: '', cloud: 'global' };
    const made = await world.must('POST', '/api/v1/connectors', { connectorId: 'empty', type: 'entra', name: 'n', description: '', config });
    assert.equal(made.description, '');
    const report = await world.must('POST', '/api/v1/connectors/empty/test');
    assert.equal(report.outcome, 'failed');
    await world.must('POST', '/api/v1/identity-mappings', { accountId: 'a', connectorId: 'empty', externalId: 'u@x.example', note: '' });
    await world.must('PUT', '/api/v1/settings/intake', { toolField: '', purposeField: '', durationField: '', projectKeys: [], approval: 'console' });
    await world.must('POST', '/api/v1/requests', { toolId: 'empty', purpose: '', accountId: world.seed.accounts.ada });
  });
});

describe('query and cursor', () => {
  for (const [query, path] of [['limit=0', 'limit'], ['limit=201', 'limit'], ['limit=-1', 'limit'], ['limit=ten', 'limit'], ['limit=1.0', 'limit'], ['limit=', 'limit'], ['limit=+5', 'limit'],
    ['limit=%205', 'limit'], ['limit=5&limit=6', 'limit'], ['cursor=', 'cursor'], ['cursor=abc', 'cursor'], ['cursor=%00', 'cursor'], [`cursor=${'A'.repeat(600)}`, 'cursor'],
    ['sort=name', 'sort'], ['Limit=5', 'Limit'], ['limit=99999999999999999999', 'limit']]) {
    test(`422 names ${path} for ?${query.slice(0, 40)}`, async () => {
      assertFault(await raw('GET', `/api/v1/tools?${query}`), path, query);
      assertFault(await raw('GET', `/api/v1/audit-events?${query}`), path, query);
    });
  }

  test("another list's cursor, and one that was touched, is refused", async () => {
    for (let at = 0; at < 3; at++) await world.must('POST', '/api/v1/tools', tool(`cursor-${at}`));
    const { nextCursor } = await world.must('GET', '/api/v1/tools?limit=1');
    assert.ok(nextCursor);
    assert.equal((await world.api('GET', `/api/v1/tools?limit=1&cursor=${encodeURIComponent(nextCursor)}`)).status, 200);
    assertFault(await world.api('GET', `/api/v1/connectors?cursor=${encodeURIComponent(nextCursor)}`), 'cursor');
    assertFault(await world.api('GET', `/api/v1/tools?cursor=${encodeURIComponent(nextCursor.slice(0, -2))}`), 'cursor');
    assertFault(await world.api('GET', `/api/v1/tools?cursor=${encodeURIComponent(`x${nextCursor}`)}`), 'cursor');
  });

  test('bad filters and arguments are named', async () => {
    for (const [path, name] of [['/api/v1/requests?status=open', 'status'], ['/api/v1/grants?status=Active', 'status'], ['/api/v1/jobs?kind=nothing', 'kind'], ['/api/v1/jobs?status=', 'status'],
      ['/api/v1/audit-events/export?format=xml', 'format'], [`/api/v1/connectors/empty/groups?search=${'x'.repeat(3000)}`, 'search'], ['/api/v1/me?x=1', 'x'], ['/api/v1/requests?toolid=x', 'toolid'], ['/healthz?x=y', 'x']]) {
      assertFault(await world.api('GET', path), name, path);
    }
    for (const wait of ['-1', '21', 'x', '1.5', '']) {
      assertFault(await world.api('GET', `/api/v1/jobs/01890000-0000-7000-8000-000000000000?wait=${wait}`), 'wait', wait);
    }
  });
});
