// Who may do what. The table below is written from the contract's own table, and knows nothing of the product's: each route
// that the service says it has is called by each role, by nobody, and with tokens that are wrong, expired or revoked.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { assertProblem } from './answers.js';
import { until, World } from './world.js';

const ANYONE = 'anyone';
const ALL = ['admin', 'approver', 'auditor', 'requester'];
const A = ['admin'];
const AU = ['admin', 'auditor'];
const AP = ['admin', 'approver'];
const AR = ['admin', 'requester'];
const APR = ['admin', 'approver', 'requester'];

const connector = '/api/v1/connectors/{connectorId}';
const tool = '/api/v1/tools/{toolId}';
const mapping = '/api/v1/identity-mappings/{mappingId}';
const request = '/api/v1/requests/{requestId}';
const grant = '/api/v1/grants/{grantId}';
const finding = '/api/v1/findings/{findingId}';

const may = {
  'GET /healthz': ANYONE, 'GET /readyz': ANYONE, 'GET /metrics': AU, 'GET /api/v1/openapi.json': ANYONE, 'GET /api/v1/me': ALL,
  'GET /api/v1/connectors': AU, 'POST /api/v1/connectors': A,
  [`GET ${connector}`]: AU, [`PUT ${connector}`]: A, [`DELETE ${connector}`]: A,
  [`POST ${connector}/test`]: A, [`POST ${connector}/enable`]: A, [`POST ${connector}/disable`]: A,
  [`POST ${connector}/held-removals/release`]: A, [`POST ${connector}/held-removals/cancel`]: A, [`GET ${connector}/groups`]: A,
  'GET /api/v1/tools': ALL, 'POST /api/v1/tools': A, [`GET ${tool}`]: ALL, [`PUT ${tool}`]: A, [`DELETE ${tool}`]: A,
  [`POST ${tool}/stop`]: A, [`GET ${tool}/stop`]: AU, [`POST ${tool}/resume`]: A,
  [`POST ${tool}/entitlement-group`]: A, [`DELETE ${tool}/entitlement-group`]: A,
  'GET /api/v1/identity-mappings': AU, 'POST /api/v1/identity-mappings': A,
  [`GET ${mapping}`]: AU, [`PUT ${mapping}`]: A, [`DELETE ${mapping}`]: A,
  'POST /api/v1/identity-mappings/import': A, 'GET /api/v1/identity-mappings/export': A, 'POST /api/v1/identity-mappings/resolve': A,
  'GET /api/v1/settings/intake': AU, 'PUT /api/v1/settings/intake': A,
  'GET /api/v1/requests': ALL, 'POST /api/v1/requests': AR, [`GET ${request}`]: ALL,
  [`POST ${request}/approve`]: AP, [`POST ${request}/deny`]: AP, [`POST ${request}/cancel`]: APR,
  'GET /api/v1/grants': ALL, [`GET ${grant}`]: ALL, [`POST ${grant}/revoke`]: AR, [`POST ${grant}/extend`]: AR, [`POST ${grant}/retry`]: A, [`POST ${grant}/resolve`]: A,
  'GET /api/v1/follow-ups': AU, 'GET /api/v1/jobs': AU, 'GET /api/v1/jobs/{jobId}': AU,
  'GET /api/v1/audit-events': AU, 'GET /api/v1/audit-events/export': AU, 'GET /api/v1/audit/checkpoints': AU, 'GET /api/v1/audit/public-key': AU,
  'GET /api/v1/inbox-events/{eventId}': AU,
  'GET /api/v1/evidence': AU, 'POST /api/v1/people/{accountId}/erase': A,
  [`POST ${connector}/check`]: A, [`GET ${connector}/checks`]: AU,
  'GET /api/v1/findings': AU, [`GET ${finding}`]: AU,
  [`POST ${finding}/put-back`]: A, [`POST ${finding}/take-out`]: A, [`POST ${finding}/adopt`]: A,
  'GET /api/v1/people/{accountId}': AU, 'POST /api/v1/people/{accountId}/revoke': A, 'GET /api/v1/people/{accountId}/revoke': AU,
};
// Proven by a signature and by a token of their own: no role has anything to do with them.
const hooks = ['POST /hooks/jira', 'POST /hooks/jira-automation'];
// In the contract; their rooms are still empty.
const later = [];

let world;
let routes;
const tokens = {};

const target = (path) =>
  path.replace(/\{(connectorId|toolId)\}/g, 'no-such-thing').replace(/\{\w+\}/g, '01890000-0000-7000-8000-000000000000');

function call(route, token, headers = {}) {
  const [method, path] = route.split(' ');
  return world.api(method, target(path), method === 'POST' || method === 'PUT' ? {} : undefined, { token, headers });
}

async function principalId(token) {
  return (await world.must('GET', '/api/v1/me', undefined, { token })).principalId;
}

before(async () => {
  world = await World.start();
  const { accounts } = world.seed;
  for (const role of ALL) tokens[role] = await world.token(role, accounts[role]);
  const { paths } = await world.must('GET', '/api/v1/openapi.json', undefined, { token: null });
  routes = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).filter((key) => ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'].includes(key)).map((method) => `${method.toUpperCase()} ${path}`));
});

after(() => world?.stop());

describe('who may do what', () => {
  test('the service has every route of the contract, and none that the contract does not know', () => {
    assert.deepEqual(routes.filter((route) => !(route in may) && !hooks.includes(route)), []);
    assert.deepEqual([...Object.keys(may), ...hooks].filter((route) => !routes.includes(route) && !later.includes(route)), []);
  });

  for (const role of ALL) {
    test(`a token of role ${role} opens what the contract's table allows, and nothing else`, async () => {
      const wrong = [];
      for (const route of routes.filter((one) => !hooks.includes(one))) {
        const answer = await call(route, tokens[role]);
        const allowed = may[route] === ANYONE || may[route].includes(role);
        if (!allowed) assertProblem(answer, 403, 'forbidden', `${role}: ${route}`);
        else if ([401, 403, 405, 500, 501, 503].includes(answer.status)) wrong.push(`${route}: ${answer.status} ${answer.text}`);
      }
      assert.deepEqual(wrong, []);
    });
  }

  test('nobody, and tokens that are wrong, in every way that a header can be wrong, open only what is open to anyone', async () => {
    const good = tokens.admin;
    const half = good.slice(0, good.length - 1);
    const bad = [null, `${good}x`, half, good.toUpperCase(), good.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')), ' ', 'x'.repeat(4000)];
    for (const route of routes.filter((one) => !hooks.includes(one))) {
      for (const token of may[route] === ANYONE ? [null, `${good}x`] : bad) {
        const answer = await call(route, token);
        if (may[route] === ANYONE) assert.equal(answer.status, 200, `${route} ${answer.text}`);
        else assertProblem(answer, 401, 'unauthenticated', `${route} with ${token?.slice(0, 12)}`);
      }
    }
    for (const header of [good, `Basic ${good}`, `Bearer`, `Bearer  `, `Bearer ${good} ${good}`, `Bearer ${good},`, `Token ${good}`, `Basic ${Buffer.from(`x:${good}`).toString('base64')}`]) {
      assertProblem(await call('GET /api/v1/me', null, { Authorization: header }), 401, 'unauthenticated', header.slice(0, 10));
    }
    assert.equal((await call('GET /api/v1/me', null, { Authorization: `bearer ${good}` })).status, 200, 'a scheme is named in any case');
  });

  test('a 401 says with WWW-Authenticate what is wanted', async () => {
    const answer = await call('GET /api/v1/me', null);
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
  });

  test('an expired token opens nothing', async () => {
    const token = await world.token('admin', null, 'short-lived');
    const id = await principalId(token);
    const database = new DatabaseSync(join(world.folder, 'clearance.db'));
    database.exec('PRAGMA busy_timeout = 5000');
    const past = Date.now() - 1000;
    assert.equal(database.prepare('UPDATE api_token SET expires_at = ? WHERE principal_id = ?').run(past, id).changes, 1);
    database.close();
    await until('the expired token to be refused', async () => (await call('GET /api/v1/me', token)).status === 401);
    for (const route of routes.filter((one) => !hooks.includes(one) && may[one] !== ANYONE)) {
      assertProblem(await call(route, token), 401, 'unauthenticated', route);
    }
  });

  test('a revoked token opens nothing, within seconds and without a restart', async () => {
    const token = await world.token('auditor', null, 'to-be-revoked');
    const id = await principalId(token);
    const { code, stderr } = await world.cli(['token', 'revoke', '--config', world.configFile, id]);
    assert.equal(code, 0, stderr);
    await until('the revoked token to be refused', async () => (await call('GET /api/v1/me', token)).status === 401, 8000);
    for (const route of routes.filter((one) => !hooks.includes(one) && may[one] !== ANYONE)) {
      assertProblem(await call(route, token), 401, 'unauthenticated', route);
    }
  });

  test('/me tells who a token stands for', async () => {
    for (const role of ALL) {
      const me = await world.must('GET', '/api/v1/me', undefined, { token: tokens[role] });
      assert.equal(me.role, role);
      assert.equal(me.kind, 'token');
      assert.equal(me.accountId, world.seed.accounts[role]);
      assert.match(me.principalId, /^[0-9a-f-]{36}$/);
    }
  });

  test('a stranger cannot learn from an answer what exists: id, body and query are looked at after the token', async () => {
    for (const [method, path, body] of [
      ['POST', '/api/v1/connectors', '{"broken'], ['GET', '/api/v1/tools?limit=banana', undefined], ['PUT', '/api/v1/settings/intake', 'x'.repeat(70000)],
    ]) {
      assertProblem(await world.api(method, path, body, { token: null }), 401, 'unauthenticated', `${method} ${path}`);
      const answer = await world.api(method, path, body, { token: tokens.approver });
      if (!path.includes('/tools')) assertProblem(answer, 403, 'forbidden', `${method} ${path}`);
    }
  });

  test("a webhook is not let in by an admin's token, nor an admin's route by the webhook's secret", async () => {
    assertProblem(await world.api('POST', '/hooks/jira', {}), 401, 'unauthenticated');
    assertProblem(await world.api('POST', '/hooks/jira-automation', { issueKey: 'AIC-1' }), 401, 'unauthenticated');
    assertProblem(await world.api('POST', '/hooks/jira-automation', { issueKey: 'AIC-1' }, { headers: { 'X-AIClearance-Token': world.webhookSecret } }), 401, 'unauthenticated');
    assertProblem(await call('GET /api/v1/me', world.webhookSecret), 401, 'unauthenticated');
    assertProblem(await call('GET /api/v1/me', world.automationToken), 401, 'unauthenticated');
  });
});

describe("another's objects", () => {
  let foreign;
  before(async () => {
    await world.must('PUT', '/api/v1/settings/intake', { approval: 'console' });
    await world.must('POST', '/api/v1/tools', { toolId: 'roles-tool', name: 'Roles Tool', requestable: true });
    foreign = await world.must('POST', '/api/v1/requests', { toolId: 'roles-tool', purpose: '', accountId: world.seed.accounts.fay });
  });

  test('a requester does not see, cancel or even learn of what is not theirs', async () => {
    const options = { token: tokens.requester };
    const missing = await world.api('GET', `/api/v1/requests/${randomUUID()}`, undefined, options);
    const theirs = await world.api('GET', `/api/v1/requests/${foreign.requestId}`, undefined, options);
    assertProblem(theirs, 404, 'not_found');
    assert.equal(theirs.text.replaceAll(foreign.requestId, ''), missing.text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, ''));
    assertProblem(await world.api('POST', `/api/v1/requests/${foreign.requestId}/cancel`, undefined, options), 404, 'not_found');
    assert.deepEqual((await world.must('GET', '/api/v1/requests', undefined, options)).items, []);
    assert.deepEqual((await world.must('GET', `/api/v1/requests?accountId=${encodeURIComponent(world.seed.accounts.fay)}`, undefined, options)).items, []);
  });

  test('a requester without an account sees nothing, and may ask for nothing', async () => {
    const token = await world.token('requester');
    assert.deepEqual((await world.must('GET', '/api/v1/requests', undefined, { token })).items, []);
    assert.deepEqual((await world.must('GET', '/api/v1/grants', undefined, { token })).items, []);
    assertProblem(await world.api('GET', `/api/v1/requests/${foreign.requestId}`, undefined, { token }), 404, 'not_found');
    assertProblem(await world.api('POST', '/api/v1/requests', { toolId: 'roles-tool', purpose: '' }, { token }), 403, 'principal_unlinked');
    const approver = await world.token('approver');
    assertProblem(await world.api('POST', `/api/v1/requests/${foreign.requestId}/approve`, undefined, { token: approver }), 403, 'principal_unlinked');
    assertProblem(await world.api('POST', `/api/v1/requests/${foreign.requestId}/deny`, undefined, { token: approver }), 403, 'principal_unlinked');
  });

  test('a requester cannot ask in the name of somebody else', async () => {
    const answer = await world.api('POST', '/api/v1/requests', { toolId: 'roles-tool', purpose: '', accountId: world.seed.accounts.fay }, { token: tokens.requester });
    assert.ok([403, 422].includes(answer.status), answer.text);
    assertProblem(answer, answer.status);
  });
});
