// Entra behind a server that is not ours: Debian's nghttpx, which speaks HTTP/2 with a certificate from a CA that only
// [entra] ca_file names, and passes on to the sandbox. A token call goes over HTTP/1.1 by intention: the secret in its body
// must not stay behind in an HTTP/2 library's buffers. Everything that is Graph goes over HTTP/2.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePort, until, World } from './world.js';

const testGroup = '90000000-0000-4000-8000-000000000001';

function openssl(folder, ...args) {
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

// front-ca.pem, front.pem and front.key: a CA and a leaf for localhost.
function makeCertificates(folder) {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    folder,
    'req',
    '-x509',
    ...key,
    '-keyout',
    'front-ca.key',
    '-out',
    'front-ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=Front CA',
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign',
  );
  openssl(folder, 'req', ...key, '-keyout', 'front.key', '-out', 'front.csr', '-subj', '/CN=localhost');
  writeFileSync(
    join(folder, 'front.ext'),
    'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:FALSE\n',
  );
  openssl(
    folder,
    'x509',
    '-req',
    '-in',
    'front.csr',
    '-CA',
    'front-ca.pem',
    '-CAkey',
    'front-ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'front.ext',
    '-out',
    'front.pem',
  );
}

const listens = (port) =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => done(true) || socket.destroy());
    socket.once('error', () => done(false));
  });

describe('Entra over HTTP/2', () => {
  let world;
  let front;
  // Login and Graph are two hosts, as Microsoft's are.
  let ports;

  // What the front has seen: [{ alpn, method, path, status, connection }].
  const seen = () => {
    const file = join(world.folder, 'front.log');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [alpn, method, path, status, connection] = line.split(' ');
        return { alpn, method, path, status: Number(status), connection };
      });
  };
  const graphCalls = () => seen().filter((one) => one.path.startsWith('/v1.0/'));

  async function startWith(entra) {
    await world.stopService();
    world.writeConfig({
      entra: { login_url: `https://localhost:${ports[0]}`, graph_url: `https://localhost:${ports[1]}`, ...entra },
    });
    await world.startService();
    world.admin ??= await world.token('admin', world.seed.accounts.admin);
  }

  before(async () => {
    world = await World.start({ service: false });
    makeCertificates(world.folder);
    ports = [await freePort(), await freePort()];
    const log = openSync(join(world.folder, 'nghttpx.log'), 'a');
    // The way to the sandbox is encrypted too, so that the links to next pages that it writes begin with https.
    front = spawn(
      'nghttpx',
      [
        '--conf=/dev/null',
        '--single-process',
        '--workers=1',
        ...ports.map((port) => `--frontend=127.0.0.1,${port}`),
        `--backend=127.0.0.1,${new URL(world.entraHttps).port};;tls;sni=localhost;proto=http/1.1`,
        `--cacert=${join(world.folder, 'ca.pem')}`,
        `--accesslog-file=${join(world.folder, 'front.log')}`,
        '--accesslog-format=$alpn $method $path $status $remote_port',
        join(world.folder, 'front.key'),
        join(world.folder, 'front.pem'),
      ],
      { stdio: ['ignore', log, log] },
    );
    const failed = new Promise((_, fail) => {
      front.once('error', fail);
      front.once('exit', (code) =>
        fail(new Error(`nghttpx ended with ${code}: ${readFileSync(join(world.folder, 'nghttpx.log'), 'utf8')}`)),
      );
    });
    failed.catch(() => {});
    await Promise.race([failed, until('nghttpx', async () => (await listens(ports[0])) && listens(ports[1]))]);
  });

  after(async () => {
    front?.removeAllListeners('exit');
    front?.kill('SIGTERM');
    await world?.stop();
  });

  test('a connection test passes, its Graph calls over HTTP/2 and on connections used again, its token call not', async () => {
    await startWith({ ca_file: join(world.folder, 'front-ca.pem') });
    await world.must('POST', '/api/v1/connectors', {
      connectorId: 'entra-h2',
      type: 'entra',
      name: 'Entra over HTTP/2',
      groupMode: 'bind',
      config: {
        tenantId: world.seed.tenantId,
        clientId: world.seed.clientId,
        cloud: 'global',
        clientSecret: world.seed.clientSecret,
      },
    });
    const report = await world.must('POST', '/api/v1/connectors/entra-h2/test');
    assert.equal(report.outcome, 'passed', JSON.stringify(report, null, 1));

    const tokens = seen().filter((one) => one.path.endsWith('/oauth2/v2.0/token'));
    assert.ok(tokens.length > 0);
    assert.deepEqual([...new Set(tokens.map((one) => one.alpn))], ['http/1.1']);
    const calls = graphCalls();
    assert.ok(calls.length >= 2, JSON.stringify(calls));
    assert.deepEqual(
      calls.filter((one) => one.alpn !== 'h2'),
      [],
    );
    assert.ok(
      new Set(calls.map((one) => one.connection)).size < calls.length,
      'every Graph call opened a connection of its own',
    );
  });

  test('a membership is written and taken back over HTTP/2', async () => {
    await world.must('PUT', '/api/v1/settings/intake', { approval: 'console' });
    await world.must('POST', '/api/v1/tools', {
      toolId: 'test-tool',
      name: 'Test Tool',
      risk: 'low',
      connectorId: 'entra-h2',
      defaultDurationDays: 30,
    });
    await world.must('POST', '/api/v1/tools/test-tool/entitlement-group', { mode: 'bind', groupId: testGroup });
    const request = await world.must('POST', '/api/v1/requests', {
      toolId: 'test-tool',
      accountId: world.seed.accounts.ada,
      purpose: 'HTTP/2',
    });
    const approver = await world.token('approver', world.seed.accounts.ben);
    await world.must('POST', `/api/v1/requests/${request.requestId}/approve`, {}, { token: approver });
    const grant = await until('the grant is active', async () => {
      const { items } = await world.must('GET', '/api/v1/grants');
      return items.find((one) => one.status === 'active');
    });
    await world.must('POST', `/api/v1/grants/${grant.grantId}/revoke`);
    await until(
      'the grant has ended',
      async () => (await world.must('GET', `/api/v1/grants/${grant.grantId}`)).status === 'revoked',
    );
    const writes = graphCalls().filter((one) => ['POST', 'PATCH', 'DELETE'].includes(one.method));
    assert.ok(writes.length >= 2);
    assert.deepEqual(
      writes.filter((one) => one.alpn !== 'h2'),
      [],
    );
    const { entra } = await world.control('GET', '/state');
    assert.deepEqual(entra.groups.find((one) => one.id === testGroup).members, []);
    assert.equal(entra.danger, 0);
  });

  test('without ca_file the same server is not trusted, and the test says so', async () => {
    const before = seen().length;
    await startWith({});
    const report = await world.must('POST', '/api/v1/connectors/entra-h2/test');
    assert.equal(report.outcome, 'failed');
    assert.equal(report.checks.find((one) => one.check === 'reach-login').code, 'tls_failed');
    assert.equal(seen().length, before, 'nothing may be sent to a server that is not trusted');
  });
});
