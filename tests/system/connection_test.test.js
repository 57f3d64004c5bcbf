// The connection test names the cause: one broken set-up after another, and what the report says of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { INSTANT } from './answers.js';
import { Front } from './front.js';
import { reportPage } from './report_page.js';
import { freePort, World } from './world.js';

const ORDER = ['credential', 'reach-login', 'token', 'permissions', 'reach-graph', 'read-users', 'read-groups', 'groups', 'credential-expiry'];
const FINE = {
  credential: 'passed credential_ok', 'reach-login': 'passed reached', token: 'passed token_ok', permissions: 'passed permissions_ok',
  'reach-graph': 'passed reached', 'read-users': 'passed read_ok', 'read-groups': 'passed read_ok', groups: 'passed group_ok',
  'credential-expiry': 'passed credential_valid',
};
const EVIDENCE = ['httpStatus', 'aadsts', 'graphCode', 'correlationId', 'traceId', 'requestId', 'missing', 'excess', 'groupId'];
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const LIMIT_MS = 25000;
const NOBODY = '11111111-2222-4333-8444-555555555555';

let world;
let login;
let graph;
let secrets;
let made = 0;

before(async () => {
  world = await World.start({ service: false });
  login = await Front.start(world.entra);
  graph = await Front.start(world.entra);
  secrets = join(world.folder, 'secrets');
  mkdirSync(secrets);
  await serve();
  world.admin = await world.token('admin', world.seed.jira.accounts.cleo.accountId);
});
after(async () => {
  await world?.stop();
  await login?.stop();
  await graph?.stop();
});
afterEach(async () => {
  login.answer = graph.answer = null;
  login.seen = [];
  graph.seen = [];
  await world.control('POST', '/reset');
});

// The service over the two fronts, or as a test wants it.
async function serve(entra = {}) {
  await world.stopService();
  world.writeConfig({ entra: { login_url: login.url, graph_url: graph.url, ...entra }, secrets: { allow: `dir:${secrets}, env:TEST_ENTRA_*` } });
  await world.startService();
}

const entra = (state) => world.control('PUT', '/state', state);
const application = (changes) => entra({ application: changes });
const group = (last) => `90000000-0000-4000-8000-0000000000${last}`;

async function connector(config = {}, more = {}) {
  const { tenantId, clientId, clientSecret } = world.seed;
  const connectorId = `c${++made}`;
  const credential = config.secretRef === undefined ? { clientSecret } : {};
  await world.must('POST', '/api/v1/connectors', {
    connectorId, type: 'entra', name: connectorId, groupMode: 'bind', config: { tenantId, clientId, cloud: 'global', ...credential, ...config }, ...more,
  });
  return connectorId;
}

function assertReport(report, connectorId) {
  assert.deepEqual(Object.keys(report).sort(), ['checks', 'connectorId', 'durationMs', 'outcome', 'startedAt']);
  assert.equal(report.connectorId, connectorId);
  assert.match(report.startedAt, INSTANT);
  assert.ok(Number.isInteger(report.durationMs) && report.durationMs < LIMIT_MS, `durationMs ${report.durationMs}`);
  for (const check of report.checks) {
    const said = JSON.stringify(check);
    assert.deepEqual(Object.keys(check).sort(), ['check', 'code', 'evidence', 'outcome', 'remedy', 'summary'], said);
    assert.deepEqual(Object.keys(check.evidence).sort(), [...EVIDENCE].sort(), said);
    for (const list of ['missing', 'excess']) assert.ok(Array.isArray(check.evidence[list]), said);
    for (const number of ['httpStatus', 'aadsts']) assert.ok(check.evidence[number] === null || check.evidence[number] > 0, said);
    assert.ok(check.code.length > 0 && check.summary.length > 10, said);
    assert.ok(check.outcome === 'passed' || check.remedy?.length > 20, said);
  }
  const outcomes = report.checks.map((check) => check.outcome);
  assert.equal(report.outcome, outcomes.includes('failed') ? 'failed' : outcomes.includes('warning') ? 'warning' : 'passed');
  const order = report.checks.map((check) => check.check);
  assert.deepEqual(order.filter((name, at) => name !== 'groups' || order[at - 1] !== 'groups'), ORDER);
}

const shown = reportPage('The connection test', {
  'a set-up that is right': 'Right:', 'a credential that is wrong before anything is sent': 'Credential:', 'a token that Entra refuses': 'Token:',
  'a token that is given': 'Token given', 'a host that does not answer as it should': 'Host:', 'a way that is broken': 'Way:', 'bound groups': 'Groups:',
});

async function runTest(connectorId) {
  const report = await world.must('POST', `/api/v1/connectors/${connectorId}/test`, undefined);
  assertReport(report, connectorId);
  shown.note(report);
  const kept = await world.must('GET', `/api/v1/connectors/${connectorId}`);
  assert.deepEqual(kept.lastTest, report);
  assert.equal(kept.health, report.outcome);
  return report;
}

const find = (report, name) => report.checks.find((check) => check.check === name);
const codes = (report) => Object.fromEntries(report.checks.map((check) => [check.check, check.outcome === 'skipped' ? 'skipped' : `${check.outcome} ${check.code}`]));

// What the report says beside `FINE`; everything behind `endsAt` was skipped.
function assertCodes(report, changes, endsAt) {
  const expected = { ...FINE, ...changes };
  if (endsAt) for (const name of ORDER.slice(ORDER.indexOf(endsAt) + 1)) expected[name] = changes[name] ?? 'skipped';
  assert.deepEqual(codes(report), expected, JSON.stringify(report, null, 1));
}

async function brokenAt(connectorId, check, code) {
  const report = await runTest(connectorId);
  assertCodes(report, { [check]: `failed ${code}` }, check);
  return find(report, check);
}

describe('a set-up that is right', () => {
  test('passes every check in the order of the contract, with the ids that Entra logs', async () => {
    const report = await runTest(await connector());
    assertCodes(report, {});
    assert.equal(report.outcome, 'passed');
    for (const check of report.checks.filter((one) => one.check !== 'credential-expiry')) assert.equal(check.remedy, null, check.check);
    for (const name of ['read-users', 'read-groups']) assert.match(find(report, name).evidence.requestId, GUID);
    assert.match(find(report, 'token').evidence.correlationId, GUID);
    assert.equal(find(report, 'groups').evidence.groupId, null);
  });

  test('sends a secret with special characters as it is', async () => {
    for (const clientSecret of ['a+b/c&d=e~f%g"h', '%2B%20 +&client_id=x', "~'\\<>;?#[]{}|^`ä€"]) {
      await application({ secret: clientSecret });
      assertCodes(await runTest(await connector({ clientSecret })), {});
    }
  });

  test('waits out the seconds in which a new secret is refused', async () => {
    let refusals = 2;
    login.answer = () => (refusals-- > 0 ? refusal(401, 'invalid_client', 7000215) : null);
    assertCodes(await runTest(await connector()), {});
    assert.equal(login.seen.length, 3);
  });

  test('reads a secret by reference from file and environment', async () => {
    writeFileSync(join(secrets, 'good'), `${world.seed.clientSecret}\n`, { mode: 0o600 });
    assertCodes(await runTest(await connector({ secretRef: `file:${secrets}/good` })), {});
  });

  test('takes a tenant by its domain, and ids in upper case', async () => {
    assertCodes(await runTest(await connector({ tenantId: world.seed.tenantDomain })), {});
    assertCodes(await runTest(await connector({ tenantId: world.seed.tenantId.toUpperCase(), clientId: world.seed.clientId.toUpperCase() })), {});
  });
});

// As Microsoft's token endpoint refuses.
function refusal(status, error, aadsts, more = {}) {
  const [trace, correlation] = ['0a0a0a0a-1111-4222-8333-444444444444', '0b0b0b0b-1111-4222-8333-444444444444'];
  return {
    status,
    body: {
      error, error_codes: [aadsts], timestamp: '2026-01-09 02:02:12Z', trace_id: trace, correlation_id: correlation,
      error_description: `AADSTS${aadsts}: Words.\r\nTrace ID: ${trace}\r\nCorrelation ID: ${correlation}\r\nTimestamp: 2026-01-09 02:02:12Z`,
      ...more,
    },
  };
}

describe('a credential that is wrong before anything is sent', () => {
  const cases = {
    'a malformed tenant': [{ tenantId: '8f1c2d3e-4a5b-4c6d-8e7f' }, 'tenant_malformed'],
    'a tenant for everybody': [{ tenantId: 'common' }, 'tenant_malformed'],
    'an empty tenant': [{ tenantId: '' }, 'tenant_malformed'],
    'a tenant with a path in it': [{ tenantId: 'a.b/../c' }, 'tenant_malformed'],
    'a malformed client': [{ clientId: 'my app' }, 'client_malformed'],
    'an empty secret': [{ clientSecret: '' }, 'secret_missing'],
    'a reference to nothing': [() => ({ secretRef: `file:${secrets}/none` }), 'secret_reference_unreadable'],
    'a reference to an environment variable that is not set': [{ secretRef: 'env:TEST_ENTRA_NONE' }, 'secret_reference_unreadable'],
    'a reference that is not allowed': [{ secretRef: 'file:/etc/hostname' }, 'secret_reference_not_allowed'],
    'a reference to our own secrets': [{ secretRef: 'env:TEST_WEBHOOK_SECRET' }, 'secret_reference_not_allowed'],
    'a way out by dots': [() => ({ secretRef: `file:${secrets}/../master.key` }), 'secret_reference_not_allowed'],
    'a link out': [
      () => {
        symlinkSync('/etc/hostname', join(secrets, 'out'));
        return { secretRef: `file:${secrets}/out` };
      },
      'secret_reference_not_allowed',
    ],
    'a file that everybody can read': [
      () => {
        writeFileSync(join(secrets, 'open'), 'x');
        chmodSync(join(secrets, 'open'), 0o644);
        return { secretRef: `file:${secrets}/open` };
      },
      'secret_reference_unreadable',
    ],
    'a FIFO': [
      () => {
        execFileSync('mkfifo', ['-m', '600', join(secrets, 'fifo')]);
        return { secretRef: `file:${secrets}/fifo` };
      },
      'secret_reference_unreadable',
    ],
    'a folder': [() => ({ secretRef: `file:${secrets}/folder` }), 'secret_reference_unreadable'],
  };
  for (const [name, [config, code]] of Object.entries(cases)) {
    test(`${name}: ${code}`, async () => {
      mkdirSync(join(secrets, 'folder'), { recursive: true });
      await brokenAt(await connector(typeof config === 'function' ? config() : config), 'credential', code);
      assert.equal(login.seen.length, 0);
    });
  }

  test('a file that the service may not read: secret_reference_unreadable', { skip: process.getuid() === 0 && 'root reads everything' }, async () => {
    writeFileSync(join(secrets, 'closed'), 'x', { mode: 0 });
    await brokenAt(await connector({ secretRef: `file:${secrets}/closed` }), 'credential', 'secret_reference_unreadable');
  });
});

describe('a token that Entra refuses', () => {
  test('an unknown tenant: tenant_not_found', async () => {
    const check = await brokenAt(await connector({ tenantId: NOBODY }), 'token', 'tenant_not_found');
    assert.equal(check.evidence.aadsts, 90002);
    assert.equal(check.evidence.httpStatus, 400);
    for (const id of ['correlationId', 'traceId']) assert.match(check.evidence[id], GUID);
  });
  test('a tenant of another cloud: wrong_cloud', async () => {
    await brokenAt(await connector({ cloud: 'usgov' }), 'token', 'wrong_cloud');
  });
  test('an unknown client: client_not_in_tenant', async () => {
    assert.equal((await brokenAt(await connector({ clientId: NOBODY }), 'token', 'client_not_in_tenant')).evidence.aadsts, 700016);
  });
  test('a client of another tenant, where ours has not consented to it: client_not_in_tenant', async () => {
    login.answer = () => refusal(400, 'unauthorized_client', 700016);
    await brokenAt(await connector(), 'token', 'client_not_in_tenant');
  });
  test('a way that speaks a TLS older than Entra takes: tls_failed', async () => {
    login.answer = () => refusal(400, 'invalid_request', 1002016);
    const check = await brokenAt(await connector(), 'reach-login', 'tls_failed');
    assert.equal(check.evidence.aadsts, 1002016);
    assert.match(check.summary + check.remedy, /TLS 1\.2/);
  });
  test('a wrong secret: secret_invalid', async () => {
    const check = await brokenAt(await connector({ clientSecret: 'sBx~nonsense' }), 'token', 'secret_invalid');
    assert.equal(check.evidence.aadsts, 7000215);
    assert.equal(check.evidence.httpStatus, 401);
    assert.equal(JSON.stringify(check).includes('nonsense'), false);
  });
  test('the ID of the secret: secret_looks_like_id', async () => {
    await brokenAt(await connector({ clientSecret: NOBODY.toUpperCase() }), 'token', 'secret_looks_like_id');
    assert.equal(login.seen.length, 1);
  });
  test('an expired secret: secret_expired', async () => {
    await application({ secretExpiresAt: '2026-01-01T00:00:00Z' });
    await brokenAt(await connector(), 'token', 'secret_expired');
  });
  test('an app that is disabled: client_disabled', async () => {
    await application({ servicePrincipal: 'disabled' });
    await brokenAt(await connector(), 'token', 'client_disabled');
  });
  test('an app without a service principal: service_principal_missing', async () => {
    await application({ servicePrincipal: 'missing' });
    await brokenAt(await connector(), 'token', 'service_principal_missing');
  });

  const numbers = {
    90038: 'wrong_cloud', 900382: 'wrong_cloud', 900432: 'wrong_cloud', 900023: 'tenant_not_found', 53003: 'conditional_access_blocked',
    530032: 'conditional_access_blocked', 700027: 'certificate_not_registered', 700024: 'clock_skew', 700213: 'federated_mismatch',
    90033: 'login_unavailable',
  };
  for (const [number, code] of Object.entries(numbers)) {
    test(`AADSTS${number}: ${code}, whatever the status and wherever the number stands`, async () => {
      const connectorId = await connector();
      const aadsts = Number(number);
      for (const answer of [
        refusal(400, 'invalid_grant', aadsts), refusal(401, 'invalid_client', aadsts), refusal(403, 'access_denied', aadsts),
        refusal(400, 'invalid_request', aadsts, { error_codes: undefined, trace_id: undefined, correlation_id: undefined, timestamp: undefined }),
      ]) {
        login.answer = () => answer;
        const check = await brokenAt(connectorId, 'token', code);
        assert.equal(check.evidence.aadsts, aadsts);
        assert.equal(check.evidence.httpStatus, answer.status);
        assert.match(check.evidence.correlationId, GUID);
      }
    });
  }

  test('login throttled: login_throttled', async () => {
    login.answer = () => ({ status: 429, headers: { 'RETRY-AFTER': '17' }, body: { error: 'temporarily_unavailable' } });
    assert.equal((await brokenAt(await connector(), 'token', 'login_throttled')).evidence.httpStatus, 429);
  });
  test('login answers 5xx: login_unavailable', async () => {
    login.answer = () => ({ status: 503, headers: { 'Content-Type': 'text/html' }, body: '<h1>Service unavailable</h1>' });
    assert.equal((await brokenAt(await connector(), 'token', 'login_unavailable')).evidence.httpStatus, 503);
  });
});

// No set-up gives these by itself; the page of set-ups does not show them.
describe('an answer that says nothing of its cause keeps the word of the other side', () => {
  test('a refusal without any number: token_error', async () => {
    login.answer = () => ({ status: 400, body: { error: 'invalid_request' } });
    assert.equal((await brokenAt(await connector(), 'token', 'token_error')).evidence.aadsts, null);
  });
  test('Graph refuses one read alone: that one is named', async () => {
    graph.answer = (request) => request.url.startsWith('/v1.0/groups?') && { status: 400, body: { error: { code: 'Request_Odd', message: { lang: 'en', value: 'No.' } } } };
    const report = await runTest(await connector());
    assertCodes(report, { 'read-groups': 'failed graph_error' });
    assert.equal(find(report, 'read-groups').evidence.graphCode, 'Request_Odd');
  });
});

describe('a token that is given', () => {
  for (const offset of [-600000, 600000]) {
    test(`by a clock ${offset / 60000} minutes from ours: a warning`, async () => {
      login.answer = (request, body) => {
        const payload = Buffer.from(JSON.stringify({ roles: ['User.Read.All', 'GroupMember.ReadWrite.All'] })).toString('base64url');
        return body && {
          status: 200, headers: { DATE: new Date(Date.now() + offset).toUTCString() },
          body: { token_type: 'Bearer', expires_in: 3599, access_token: `e30.${payload}.x` },
        };
      };
      graph.answer = () => ({ status: 200, body: { value: [] } });
      const report = await runTest(await connector());
      assertCodes(report, { token: 'warning clock_skew', 'credential-expiry': 'passed credential_expiry_unknown' });
      assert.equal(report.outcome, 'warning');
    });
  }

  test('without any consent: consent_missing, and what Graph says to it', async () => {
    const connectorId = await connector();
    await application({ permissions: [] });
    const report = await runTest(connectorId);
    assertCodes(report, {
      permissions: 'failed consent_missing', 'read-users': 'failed graph_denied', 'read-groups': 'failed graph_denied',
      'credential-expiry': 'passed credential_expiry_unknown',
    });
    assert.deepEqual(find(report, 'permissions').evidence.missing, ['User.Read.All', 'GroupMember.ReadWrite.All']);
    assert.equal(find(report, 'read-users').evidence.graphCode, 'Authorization_RequestDenied');
    assert.equal(find(report, 'read-users').evidence.httpStatus, 403);
  });

  test('after consent was given a minute ago, on a retest', async () => {
    const connectorId = await connector();
    await application({ permissions: [] });
    assert.equal((await world.must('POST', `/api/v1/connectors/${connectorId}/test`)).outcome, 'failed');
    await application({ permissions: ['User.Read.All', 'GroupMember.ReadWrite.All', 'Application.Read.All'] });
    assertCodes(await runTest(connectorId), {});
  });

  const needed = { bind: ['User.Read.All', 'GroupMember.ReadWrite.All'], create: ['User.Read.All', 'GroupMember.ReadWrite.All', 'Group.Create'] };
  for (const [groupMode, all] of Object.entries(needed)) {
    test(`with what mode ${groupMode} needs: passed`, async () => {
      await application({ permissions: all });
      const report = await runTest(await connector({}, { groupMode }));
      assertCodes(report, { 'credential-expiry': 'passed credential_expiry_unknown' });
      assert.ok(/Application\.Read\.All/.test(find(report, 'credential-expiry').summary + find(report, 'credential-expiry').remedy));
    });
    for (const missing of all) {
      test(`without ${missing} in mode ${groupMode}: permission_missing`, async () => {
        await application({ permissions: all.filter((one) => one !== missing) });
        const report = await runTest(await connector({}, { groupMode }));
        const check = find(report, 'permissions');
        assert.equal(`${check.outcome} ${check.code}`, 'failed permission_missing');
        assert.deepEqual(check.evidence.missing, [missing]);
        assert.ok(check.summary.includes(missing));
      });
    }
  }

  test('with too many permissions: a warning that names them', async () => {
    await application({ permissions: ['User.Read.All', 'Group.ReadWrite.All', 'Mail.Read', 'AuditLog.Read.All', 'Organization.Read.All', 'Member.Read.Hidden'] });
    const report = await runTest(await connector());
    assertCodes(report, { permissions: 'warning permission_excessive', 'credential-expiry': 'passed credential_expiry_unknown' });
    assert.deepEqual(find(report, 'permissions').evidence.excess, ['Group.ReadWrite.All', 'Mail.Read']);
    assert.deepEqual(find(report, 'permissions').evidence.missing, []);
  });

  test('with some missing and some too many: both named', async () => {
    await application({ permissions: ['User.Read.All', 'Mail.Read'] });
    const { evidence, summary, code } = find(await runTest(await connector()), 'permissions');
    assert.equal(code, 'permission_missing');
    for (const name of ['GroupMember.ReadWrite.All', 'Mail.Read']) assert.ok(summary.includes(name), summary);
    assert.deepEqual([evidence.missing, evidence.excess], [['GroupMember.ReadWrite.All'], ['Mail.Read']]);
  });

  test('for a secret that ends in 12 days: a warning with the date', async () => {
    const end = new Date(Date.now() + 12 * 86400000).toISOString().slice(0, 10);
    await application({ secretExpiresAt: `${end}T00:00:00Z` });
    const connectorId = await connector();
    const report = await runTest(connectorId);
    assertCodes(report, { 'credential-expiry': 'warning credential_expiring' });
    assert.ok(find(report, 'credential-expiry').summary.includes(end));
    assert.equal((await world.must('GET', `/api/v1/connectors/${connectorId}`)).credential.expiresAt, `${end}T00:00:00Z`);
  });

  test('for a secret whose hint Entra does not show, where it is the only one: its end all the same', async () => {
    const end = new Date(Date.now() + 12 * 86400000).toISOString();
    graph.answer = (request) =>
      request.url.startsWith('/v1.0/applications') && {
        status: 200, body: { id: NOBODY, passwordCredentials: [{ keyId: NOBODY, hint: null, endDateTime: end.replace('Z', '0000Z') }], keyCredentials: [] },
      };
    assertCodes(await runTest(await connector()), { 'credential-expiry': 'warning credential_expiring' });
  });
});

describe('a host that does not answer as it should', () => {
  const page = { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<html><body>Please sign in to the network</body></html>' };
  const LOGIN = {
    'closes the connection': ['hangUp', 'login_unreachable', null],
    'hangs': ['hang', 'login_unreachable', null],
    'sends a byte now and then': ['drip', 'login_unreachable', null],
    'sends a body that never ends': ['endless', 'login_bad_response', null],
    'is a proxy with a page': [page, 'login_bad_response', 200],
    'answers JSON that is no token': [{ status: 200, body: { hello: 1 } }, 'login_bad_response', 200],
    'redirects': [{ status: 302, headers: { Location: 'https://portal.example/' } }, 'login_bad_response', 302],
    'forbids with a page': [{ ...page, status: 403 }, 'login_bad_response', 403],
  };
  for (const [name, [answer, code, status]] of Object.entries(LOGIN)) {
    test(`login ${name}: ${code}, and what depends on it is skipped`, async () => {
      login.answer = () => answer;
      const check = await brokenAt(await connector(), 'reach-login', code);
      assert.equal(check.evidence.httpStatus, status);
    });
  }

  const GRAPH = {
    'closes the connection': ['hangUp', 'graph_unreachable', null],
    'hangs': ['hang', 'graph_unreachable', null],
    'sends a byte now and then': ['drip', 'graph_unreachable', null],
    'sends a body that never ends': ['endless', 'graph_bad_response', null],
    'is a proxy with a page': [page, 'graph_bad_response', 200],
    'forbids with a page': [{ ...page, status: 403 }, 'graph_bad_response', 403],
    'answers JSON that is no list': [{ status: 200, body: { hello: 1 } }, 'graph_bad_response', 200],
  };
  for (const [name, [answer, code, status]] of Object.entries(GRAPH)) {
    test(`Graph ${name}: ${code}, and what depends on it is skipped`, async () => {
      graph.answer = () => answer;
      const report = await runTest(await connector());
      const { 'credential-expiry': expiry, ...rest } = codes(report);
      const { 'credential-expiry': _, ...expected } = { ...FINE, 'reach-graph': `failed ${code}`, 'read-users': 'skipped', 'read-groups': 'skipped', groups: 'skipped' };
      assert.deepEqual(rest, expected);
      assert.ok(['skipped', 'passed credential_expiry_unknown'].includes(expiry), expiry);
      assert.equal(find(report, 'reach-graph').evidence.httpStatus, status);
    });
  }

  test('Graph answers 5xx: graph_unavailable', async () => {
    graph.answer = () => ({ status: 503, body: { error: { code: 'ServiceUnavailable', message: 'Busy.' } } });
    const report = await runTest(await connector());
    assertCodes(report, { 'read-users': 'failed graph_unavailable', 'read-groups': 'failed graph_unavailable', 'credential-expiry': 'passed credential_expiry_unknown' });
    assert.equal(find(report, 'read-users').evidence.graphCode, 'ServiceUnavailable');
  });
  test('Graph answers 5xx with a page: graph_unavailable', async () => {
    graph.answer = () => ({ ...page, status: 502 });
    assert.equal(find(await runTest(await connector()), 'read-groups').code, 'graph_unavailable');
  });
  test('Graph throttles: graph_throttled; and the next test asks again at once', async () => {
    graph.answer = () => ({ status: 429, headers: { 'retry-after': '120' }, body: { error: { code: 'TooManyRequests', message: 'Please retry again later.' } } });
    const connectorId = await connector();
    const report = await runTest(connectorId);
    assertCodes(report, { 'read-users': 'failed graph_throttled', 'read-groups': 'failed graph_throttled', 'credential-expiry': 'passed credential_expiry_unknown' });
    graph.answer = null;
    assertCodes(await runTest(connectorId), {});
  });
  test('a token that Graph calls invalid is asked for once more, not once for each read', async () => {
    graph.answer = () => ({ status: 401, body: { error: { code: 'InvalidAuthenticationToken', message: 'Signing key is invalid' } } });
    const report = await runTest(await connector());
    assertCodes(report, { 'read-users': 'failed graph_denied', 'read-groups': 'failed graph_denied', 'credential-expiry': 'passed credential_expiry_unknown' });
    assert.equal(login.seen.length, 2);
  });
});

describe('a way that is broken', () => {
  after(() => serve());
  let connectorId;
  before(async () => (connectorId = await connector()));

  async function report(config, check, code) {
    await serve(config);
    const found = await runTest(connectorId);
    assert.equal(find(found, check).code, code, JSON.stringify(find(found, check)));
    assert.equal(find(found, check).outcome, 'failed');
    return found;
  }

  test('nothing listens', async () => {
    const closed = `http://127.0.0.1:${await freePort()}`;
    assertCodes(await report({ login_url: closed }, 'reach-login', 'login_unreachable'), { 'reach-login': 'failed login_unreachable' }, 'reach-login');
    await report({ graph_url: closed }, 'reach-graph', 'graph_unreachable');
  });
  test('the name does not resolve', async () => {
    await report({ login_url: 'https://login.aiclearance.invalid' }, 'reach-login', 'login_unreachable');
    await report({ graph_url: 'https://graph.aiclearance.invalid' }, 'reach-graph', 'graph_unreachable');
  });
  test('the certificate is not trusted', async () => {
    await report({ login_url: world.entraHttps }, 'reach-login', 'tls_failed');
    await report({ graph_url: world.entraHttps }, 'reach-graph', 'tls_failed');
    const trusted = { login_url: world.entraHttps, graph_url: world.entraHttps, ca_file: join(world.folder, 'ca.pem') };
    await serve(trusted);
    assertCodes(await runTest(connectorId), {});
  });
  test('the certificate is of another name', async () => {
    const port = new URL(world.entraHttps).port;
    await report({ login_url: `https://[::ffff:127.0.0.1]:${port}`, ca_file: join(world.folder, 'ca.pem') }, 'reach-login', 'tls_failed');
  });
  // Something else than TLS listens, and does this with whoever connects.
  async function listening(greet) {
    const sockets = new Set();
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      greet(socket);
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    const stop = () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    };
    return { url: `https://127.0.0.1:${server.address().port}`, stop };
  }
  test('what listens speaks no TLS', async () => {
    const plain = await listening((socket) => socket.once('data', () => socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')));
    await report({ login_url: plain.url }, 'reach-login', 'tls_failed');
    await report({ graph_url: plain.url }, 'reach-graph', 'tls_failed');
    plain.stop();
  });
  test('what listens takes the connection and says nothing', async () => {
    const silent = await listening(() => {});
    await report({ login_url: silent.url }, 'reach-login', 'login_unreachable');
    silent.stop();
  });
});

describe('bound groups', () => {
  let connectorId;
  let tools = 0;

  const makeTool = async () => {
    const toolId = `t${++tools}`;
    await world.must('POST', '/api/v1/tools', { toolId, name: toolId, connectorId });
    return toolId;
  };
  const bind = (toolId, groupId, more = {}) => world.api('POST', `/api/v1/tools/${toolId}/entitlement-group`, { mode: 'bind', groupId, ...more });
  const unbindAll = async () => {
    for (let at = 1; at <= tools; at++) assert.equal((await world.api('DELETE', `/api/v1/tools/t${at}/entitlement-group`)).status, 204);
  };

  before(async () => {
    connectorId = await connector();
  });
  afterEach(unbindAll);

  test('nothing is bound before the connector was tested', async () => {
    const answer = await bind(await makeTool(), group('01'));
    assert.deepEqual([answer.status, answer.json.code], [409, 'connector_not_tested']);
    await runTest(connectorId);
  });

  const refused = {
    '06': 'group_dynamic', '07': 'group_on_premises', '08': 'group_mail_enabled', '09': 'group_role_assignable', '10': 'group_restricted',
    '12': 'group_mail_enabled', '99': 'group_missing',
  };
  for (const [last, code] of Object.entries(refused)) {
    test(`a group of this kind is not bound: ${code}`, async () => {
      const toolId = await makeTool();
      const answer = await bind(toolId, group(last));
      assert.deepEqual([answer.status, answer.json.code], [409, code], answer.text);
      assert.equal((await world.must('GET', `/api/v1/tools/${toolId}`)).entitlementGroup, null);
    });
  }
  test('a deleted group is not bound: group_deleted', async () => {
    await entra({ groups: [{ id: group('04'), deleted: true }] });
    const answer = await bind(await makeTool(), group('04'));
    assert.deepEqual([answer.status, answer.json.code], [409, 'group_deleted'], answer.text);
  });
  test('a group that is no security group is not bound: group_not_security', async () => {
    await entra({ groups: [{ id: group('04'), securityEnabled: false }] });
    const answer = await bind(await makeTool(), group('04'));
    assert.deepEqual([answer.status, answer.json.code], [409, 'group_not_security'], answer.text);
  });
  test('of several faults the first of the contract is named', async () => {
    const faults = [
      [{ mailEnabled: true }, 'group_mail_enabled'], [{ isManagementRestricted: true }, 'group_restricted'], [{ isAssignableToRole: true }, 'group_role_assignable'],
      [{ onPremisesSyncEnabled: true }, 'group_on_premises'], [{ groupTypes: ['DynamicMembership'] }, 'group_dynamic'],
    ];
    const toolId = await makeTool();
    let all = { id: group('04'), securityEnabled: false };
    for (const [fault, code] of faults) {
      all = { ...all, ...fault };
      await entra({ groups: [all] });
      assert.equal((await bind(toolId, group('04'))).json.code, code);
    }
  });
  for (const [flag, code] of Object.entries({
    groupTypes: 'group_dynamic', onPremisesSyncEnabled: 'group_on_premises', isAssignableToRole: 'group_role_assignable',
    isManagementRestricted: 'group_restricted', mailEnabled: 'group_mail_enabled', securityEnabled: 'group_not_security',
  })) {
    test(`a flag that was not returned is not taken for fine: ${flag}`, async () => {
      const facts = {
        id: group('04'), displayName: 'X', groupTypes: [], onPremisesSyncEnabled: null, isAssignableToRole: null, isManagementRestricted: null,
        mailEnabled: false, securityEnabled: true, visibility: null,
      };
      delete facts[flag];
      graph.answer = (request) => request.url.startsWith(`/v1.0/groups/${group('04')}`) && { status: 200, body: facts };
      const answer = await bind(await makeTool(), group('04'));
      assert.deepEqual([answer.status, answer.json.code], [409, code], answer.text);
    });
  }

  test('a Microsoft 365 group is fine, a group with hidden membership is bound with a warning', async () => {
    const fine = await bind(await makeTool(), group('05'));
    assert.deepEqual([fine.status, fine.json.entitlementGroup.code, fine.json.entitlementGroup.manageable], [200, 'group_ok', true], fine.text);
    const hidden = await bind(await makeTool(), group('11'));
    assert.deepEqual([hidden.status, hidden.json.entitlementGroup.code], [200, 'group_hidden_membership'], hidden.text);
    const lines = (await runTest(connectorId)).checks.filter((check) => check.check === 'groups');
    assert.deepEqual(lines.map((line) => [line.evidence.groupId, line.outcome, line.code]).sort(), [
      [group('05'), 'passed', 'group_ok'], [group('11'), 'warning', 'group_hidden_membership'],
    ]);
  });

  test('one group serves one tool, unless the admin says that it is shared; the flags come first', async () => {
    const [first, second] = [await makeTool(), await makeTool()];
    assert.equal((await bind(first, group('02'))).status, 200);
    assert.equal((await bind(first, group('02'))).status, 200, 'again is no conflict');
    const answer = await bind(second, group('02'));
    assert.deepEqual([answer.status, answer.json.code], [409, 'group_already_bound']);
    assert.equal((await bind(second, group('02').toUpperCase())).json.code, 'group_already_bound');
    await entra({ groups: [{ id: group('02'), onPremisesSyncEnabled: true }] });
    assert.equal((await bind(second, group('02'))).json.code, 'group_on_premises');
    await entra({ groups: [{ id: group('02'), onPremisesSyncEnabled: null }] });
    assert.equal((await bind(second, group('02'), { allowShared: true })).status, 200);
    const lines = (await runTest(connectorId)).checks.filter((check) => check.evidence.groupId === group('02'));
    assert.equal(lines.length, 1);
  });

  test('what becomes of a bound group is noticed, and shown on the tool', async () => {
    const toolId = await makeTool();
    const made = await bind(toolId, group('03'));
    assert.equal(made.status, 200, made.text);
    const shown = async () => (await world.must('GET', `/api/v1/tools/${toolId}`)).entitlementGroup;
    const line = async () => (await runTest(connectorId)).checks.find((check) => check.evidence.groupId === group('03'));
    await entra({ groups: [{ id: group('03'), displayName: 'Another name' }] });
    for (const round of ['first', 'second']) {
      const renamed = await line();
      assert.deepEqual([renamed.outcome, renamed.code], ['warning', 'group_renamed'], `${round} test`);
      for (const name of [(await shown()).displayName, 'Another name']) assert.ok(renamed.summary.includes(name), renamed.summary);
      assert.deepEqual([(await shown()).code, (await shown()).manageable], ['group_renamed', true]);
    }
    assert.equal((await bind(toolId, group('03'))).json.entitlementGroup.displayName, 'Another name');
    assert.equal((await line()).code, 'group_ok');
    await entra({ groups: [{ id: group('03'), groupTypes: ['DynamicMembership'] }] });
    assert.deepEqual([(await line()).outcome, (await shown()).code, (await shown()).manageable], ['failed', 'group_dynamic', false]);
    await entra({ groups: [{ id: group('03'), deleted: true }] });
    assert.equal((await line()).code, 'group_deleted');
    assert.deepEqual([(await shown()).code, (await shown()).manageable], ['group_deleted', false]);
    await world.control('POST', '/reset');
    assert.equal((await line()).code, 'group_renamed');
  });

  const becomes = {
    'a dynamic one': [{ groupTypes: ['DynamicMembership'] }, 'group_dynamic'],
    'one that is synced from on premises': [{ onPremisesSyncEnabled: true }, 'group_on_premises'],
    'a mail-enabled security group': [{ mailEnabled: true }, 'group_mail_enabled'],
    'a distribution list': [{ mailEnabled: true, securityEnabled: false }, 'group_mail_enabled'],
    'one without security': [{ securityEnabled: false }, 'group_not_security'],
    'a role-assignable one': [{ isAssignableToRole: true }, 'group_role_assignable'],
    'one in restricted management': [{ isManagementRestricted: true }, 'group_restricted'],
    'one with hidden membership': [{ visibility: 'HiddenMembership' }, 'group_hidden_membership', 'warning'],
    'several of these at once, the first by the contract named': [{ groupTypes: ['DynamicMembership'], onPremisesSyncEnabled: true, isAssignableToRole: true }, 'group_dynamic'],
    'a Microsoft 365 group, which is fine': [{ groupTypes: ['Unified'], mailEnabled: true, securityEnabled: false }, 'group_ok', 'passed'],
    'a deleted one': [{ deleted: true }, 'group_deleted'],
  };
  for (const [kind, [flags, code, outcome = 'failed']] of Object.entries(becomes)) {
    test(`a bound group becomes ${kind}: ${code}`, async () => {
      const toolId = await makeTool();
      assert.equal((await bind(toolId, group('03'))).status, 200);
      await entra({ groups: [{ id: group('03'), ...flags }] });
      const line = (await runTest(connectorId)).checks.find((check) => check.evidence.groupId === group('03'));
      await world.control('POST', '/reset');
      await world.must('POST', `/api/v1/connectors/${connectorId}/test`); // nothing is bound while the last test failed
      assert.deepEqual([line.outcome, line.code], [outcome, code], line.summary);
      assert.ok(outcome === 'passed' || line.remedy.length > 20);
    });
  }

  test('a group that Graph no longer knows: group_missing, with Graph\'s own code', async () => {
    const toolId = await makeTool();
    assert.equal((await bind(toolId, group('03'))).status, 200);
    graph.answer = (request) =>
      /groups\/|deletedItems/.test(request.url) &&
      { status: 404, headers: { 'REQUEST-ID': NOBODY }, body: { error: { code: 'Request_ResourceNotFound', message: 'Gone.', innererror: {} } } };
    const line = (await runTest(connectorId)).checks.find((check) => check.evidence.groupId === group('03'));
    assert.deepEqual([line.outcome, line.code, line.evidence.graphCode, line.evidence.httpStatus, line.evidence.requestId], ['failed', 'group_missing', 'Request_ResourceNotFound', 404, NOBODY]);
  });

  test('the search shows what can be bound and what stands in the way', async () => {
    await runTest(connectorId);
    const items = (await world.must('GET', `/api/v1/connectors/${connectorId}/groups?search=${encodeURIComponent('ai clearance')}`)).items;
    assert.equal(items.length, 4);
    for (const item of items) assert.deepEqual([item.manageable, item.code], [true, 'group_ok']);
    const dynamic = (await world.must('GET', `/api/v1/connectors/${connectorId}/groups?search=All%20staff`)).items;
    assert.deepEqual(dynamic.map((item) => [item.groupId, item.manageable, item.code]), [[group('06'), false, 'group_dynamic']]);
    const named = async (words) => (await world.must('GET', `/api/v1/connectors/${connectorId}/groups?search=${encodeURIComponent(words)}`)).items.map((item) => item.groupId);
    assert.deepEqual(await named('ChatGPT'), [group('02')], 'a word within the name');
    for (const words of ["O'Hara & \"sons\"", '\\', '%', 'displayName:x" OR "displayName:a']) assert.deepEqual(await named(words), [], words);
    graph.answer = (request) => request.url.includes('$search') && { status: 400, body: { error: { code: 'Request_UnsupportedQuery', message: 'No.' } } };
    assert.equal((await named('AI Clearance')).length, 4, 'where Graph cannot search for words');
    graph.answer = null;
    assert.equal((await world.must('GET', `/api/v1/connectors/${connectorId}/groups`)).items.length, 12);
  });

  test('the search finds what stands on later pages, and gives its own pages', async () => {
    await runTest(connectorId);
    const base = `/api/v1/connectors/${connectorId}/groups`;
    const whole = (await world.must('GET', base)).items.map((item) => item.groupId);
    // A page of the directory may be empty and lead on all the same; what leads on carries no header.
    const plain = { id: group('01'), displayName: 'Late', groupTypes: [], securityEnabled: true, mailEnabled: false,
      onPremisesSyncEnabled: null, isAssignableToRole: null, isManagementRestricted: null, visibility: null };
    graph.answer = (request) => {
      if (!request.url.startsWith('/v1.0/groups?')) return null;
      if (!request.url.includes('skiptoken')) return { status: 200, body: { value: [], '@odata.nextLink': `https://graph.microsoft.com${request.url}&$skiptoken=2` } };
      const second = request.url.includes('$search');
      if (second && request.headers.consistencylevel !== 'eventual') return { status: 400, body: { error: { code: 'Request_UnsupportedQuery', message: 'No.' } } };
      return { status: 200, body: { value: [second ? { ...plain, id: group('02') } : plain] } };
    };
    assert.deepEqual((await world.must('GET', `${base}?search=Late`)).items.map((item) => item.groupId), [group('01'), group('02')]);
    graph.answer = null;
    const paged = [];
    for (let cursor = ''; cursor !== null;) {
      const page = await world.must('GET', `${base}?limit=5${cursor && `&cursor=${cursor}`}`);
      assert.ok(page.items.length <= 5);
      paged.push(...page.items.map((item) => item.groupId));
      cursor = page.nextCursor;
    }
    assert.deepEqual(paged, whole);
    assert.equal((await world.api('GET', `${base}?limit=201`)).status, 422);
    assert.equal((await world.api('GET', `${base}?cursor=x`)).status, 422);
  });

  test('the operator\'s limit holds at bind and in the test', async () => {
    const toolId = await makeTool();
    assert.equal((await bind(toolId, group('01'))).status, 200);
    const code = async (limit) => {
      await serve({ bindable_groups: limit });
      const report = await runTest(connectorId);
      const line = report.checks.find((check) => check.evidence.groupId === group('01'));
      const answer = await bind(toolId, group('01'));
      return [find(report, 'permissions').code, `${line.outcome} ${line.code}`, answer.status === 200 ? 200 : answer.json.code];
    };
    assert.deepEqual(await code('prefix:AI Clearance'), ['permissions_ok', 'passed group_ok', 200]);
    assert.deepEqual(await code('prefix:Other'), ['permissions_ok', 'failed group_not_allowed', 'connector_not_tested']);
    assert.deepEqual(await code(`ids:${NOBODY}, ${group('01').toUpperCase()}`), ['permissions_ok', 'passed group_ok', 200]);
    assert.deepEqual(await code(`ids:${NOBODY}`), ['permissions_ok', 'failed group_not_allowed', 'connector_not_tested']);
    assert.deepEqual(await code('owned'), ['permission_excessive', 'failed group_not_allowed', 'connector_not_tested']);
    await serve({ bindable_groups: 'any' });
    await unbindAll();
    assert.equal((await runTest(connectorId)).outcome, 'passed');
    await serve({ bindable_groups: 'prefix:AI Clearance' });
    const answer = await bind(toolId, group('05'));
    assert.deepEqual([answer.status, answer.json.code], [409, 'group_not_allowed']);
    await serve();
  });

  test('five faults at once: each is named', async () => {
    const [first, second] = [await makeTool(), await makeTool()];
    await bind(first, group('02'));
    await bind(second, group('03'));
    await application({ permissions: ['GroupMember.ReadWrite.All', 'Application.Read.All', 'Mail.Read'], secretExpiresAt: new Date(Date.now() + 12 * 86400000).toISOString().replace(/\.\d+/, '') });
    await entra({ groups: [{ id: group('02'), deleted: true }, { id: group('03'), isAssignableToRole: true }] });
    const report = await runTest(connectorId);
    const said = report.checks.map((check) => `${check.outcome} ${check.code}`);
    for (const one of ['failed permission_missing', 'failed graph_denied', 'failed group_deleted', 'failed group_role_assignable', 'warning credential_expiring'])
      assert.ok(said.includes(one), `${one} in ${said}`);
    assert.deepEqual(find(report, 'permissions').evidence.excess, ['Mail.Read']);
    assert.equal(report.outcome, 'failed');
  });
});

describe('what follows a test', () => {
  test('new consent is used at once: no token from before is kept', async () => {
    const connectorId = await connector();
    const resolve = () => world.api('POST', '/api/v1/identity-mappings/resolve', { connectorId, email: 'ada@contoso.example' });
    await application({ permissions: [] });
    const before = await resolve();
    assert.equal(before.json.code, 'graph_denied', before.text);
    await application({ permissions: ['User.Read.All', 'GroupMember.ReadWrite.All'] });
    assert.equal((await runTest(connectorId)).outcome, 'passed');
    const answer = await resolve();
    assert.equal(answer.json.outcome, 'matched', answer.text);
  });

  test('an app that was enabled again is asked at once: no refusal from before is kept', async () => {
    const connectorId = await connector();
    const resolve = () => world.api('POST', '/api/v1/identity-mappings/resolve', { connectorId, email: 'ada@contoso.example' });
    await application({ servicePrincipal: 'disabled' });
    assert.equal((await resolve()).json.code, 'client_disabled');
    await application({ servicePrincipal: 'enabled' });
    assert.equal((await runTest(connectorId)).outcome, 'passed');
    assert.equal((await resolve()).json.outcome, 'matched');
  });
});

describe('a credential that is replaced', () => {
  const put = async (connectorId, config) => {
    const { tenantId, clientId } = world.seed;
    return world.api('PUT', `/api/v1/connectors/${connectorId}`, { name: 'Replaced', groupMode: 'bind', config: { tenantId, clientId, cloud: 'global', ...config } });
  };
  const audited = async (connectorId) =>
    (await world.must('GET', '/api/v1/audit-events?limit=20')).items.filter((event) => event.target.id === connectorId).map((event) => `${event.action} ${event.outcome}`);

  const REFUSED = {
    'a wrong secret': [{ clientSecret: 'sBx~wrong' }, 'token', 'secret_invalid'],
    'the ID of a secret': [{ clientSecret: NOBODY }, 'token', 'secret_looks_like_id'],
    'an empty secret': [{ clientSecret: '' }, 'credential', 'secret_missing'],
    'a reference that is not allowed': [{ secretRef: 'file:/etc/hostname' }, 'credential', 'secret_reference_not_allowed'],
  };
  for (const [name, [config, check, code]] of Object.entries(REFUSED)) {
    test(`${name} is tried, refused with the report, and the old one stays`, async () => {
      const connectorId = await connector();
      await runTest(connectorId);
      const before = await world.must('GET', `/api/v1/connectors/${connectorId}`);
      const answer = await put(connectorId, config);
      assert.equal(answer.status, 422, answer.text);
      assert.match(answer.headers.get('content-type'), /problem\+json/);
      assert.equal(answer.json.code, code);
      assertReport(answer.json.report, connectorId);
      assert.equal(find(answer.json.report, check).code, code);
      assert.equal(answer.text.includes('sBx~wrong'), false);
      assert.deepEqual(await world.must('GET', `/api/v1/connectors/${connectorId}`), before);
      assert.equal((await runTest(connectorId)).outcome, 'passed');
      assert.ok((await audited(connectorId)).includes('connector.credentialRefused failed'));
    });
  }

  test('a good one replaces the old one, and its trial is kept as the last test', async () => {
    const connectorId = await connector();
    await application({ secret: 'another~secret' });
    const answer = await put(connectorId, { clientSecret: 'another~secret' });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.health, 'passed');
    assertReport(answer.json.lastTest, connectorId);
    assert.deepEqual(await world.must('GET', `/api/v1/connectors/${connectorId}`), answer.json);
    assert.ok((await audited(connectorId)).includes('connector.credentialReplaced ok'));
    assert.equal((await runTest(connectorId)).outcome, 'passed');
  });

  const UNTRIED = {
    'cannot be reached': ['hangUp', 'reach-login', 'login_unreachable'], 'is down': [{ status: 503, body: {} }, 'token', 'login_unavailable'],
    'asks to wait': [{ status: 429, body: {} }, 'token', 'login_throttled'], 'is a proxy\'s page': [{ status: 200, body: '<html>' }, 'reach-login', 'login_bad_response'],
  };
  for (const [name, [answer, check, code]] of Object.entries(UNTRIED)) {
    test(`one that Entra did not refuse is stored, and its fault shown: login ${name}`, async () => {
      const connectorId = await connector();
      await runTest(connectorId);
      login.answer = () => answer;
      const put1 = await put(connectorId, { clientSecret: 'sBx~unknown' });
      assert.equal(put1.status, 200, put1.text);
      assert.equal(put1.json.health, 'failed');
      assert.equal(find(put1.json.lastTest, check).code, code);
    });
  }

  test('a PUT without one keeps the old one and does not try it; a change of what is signed in to needs a new test', async () => {
    const connectorId = await connector();
    await runTest(connectorId);
    login.seen = [];
    const named = await put(connectorId, {});
    assert.deepEqual([named.status, named.json.name, named.json.health], [200, 'Replaced', 'passed'], named.text);
    const other = await put(connectorId, { clientId: NOBODY });
    assert.deepEqual([other.status, other.json.health], [200, 'untested'], other.text);
    assert.equal(login.seen.length, 0);
    assert.equal((await runTest(connectorId)).outcome, 'failed');
  });

  test('a GET can be put back as it came', async () => {
    const connectorId = await connector();
    await runTest(connectorId);
    const before = await world.must('GET', `/api/v1/connectors/${connectorId}`);
    const answer = await world.api('PUT', `/api/v1/connectors/${connectorId}`, before);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual({ ...answer.json, updatedAt: null }, { ...before, updatedAt: null });
  });
});

describe('an Entra that is not like our sandbox', () => {
  test('old error shapes, odd letters in headers, and missing optional members change nothing', async () => {
    const payload = Buffer.from(JSON.stringify({ roles: ['GroupMember.ReadWrite.All', 'User.Read.All'], oid: NOBODY })).toString('base64url');
    login.answer = () => ({ status: 200, headers: { 'cOnTeNt-TyPe': 'application/json; charset=utf-8' }, body: { access_token: `e30.${payload}.`, expires_in: '3599', token_type: 'bearer' } });
    graph.answer = (request) =>
      request.url.startsWith('/v1.0/users')
        ? { status: 403, headers: { 'Request-Id': NOBODY }, body: { 'odata.error': { code: 'Authorization_RequestDenied', message: { lang: 'en', value: 'Insufficient privileges.' } } } }
        : { status: 200, body: { value: [] } };
    const report = await runTest(await connector());
    assertCodes(report, { 'read-users': 'failed graph_denied', 'credential-expiry': 'passed credential_expiry_unknown' });
    assert.equal(find(report, 'read-users').evidence.graphCode, 'Authorization_RequestDenied');
    assert.equal(find(report, 'read-users').evidence.requestId, NOBODY);
  });
});
