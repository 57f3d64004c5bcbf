// A connector that signs in with a certificate, or with another identity provider's token: it works to the end, and whatever
// is wrong with it is named.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { reportPage } from './report_page.js';
import { Story } from './story.js';
import { World } from './world.js';

const ISSUER = 'https://idp.example/';
const SUBJECT = 'system:serviceaccount:clearance';
const AUDIENCE = 'api://AzureADTokenExchange';

let world;
let secrets;
let provider;
let number = 0;

// A key and its certificate, valid between two dates (YYYYMMDD), as NAME.key and NAME.crt.
function makePair(name, from, to, kind = ['rsa:2048']) {
  const folder = join(world.folder, `ca-${name}`);
  mkdirSync(folder);
  const file = (ending) => join(folder, ending);
  writeFileSync(file('index.txt'), '');
  writeFileSync(file('serial'), '01');
  writeFileSync(file('ca.cnf'), `[ca]\ndefault_ca = d\n[d]\ndatabase = ${file('index.txt')}\nserial = ${file('serial')}\nnew_certs_dir = ${folder}\ndefault_md = sha256\npolicy = p\n[p]\ncommonName = supplied\n`);
  const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
  const key = join(secrets, `${name}.key`);
  openssl('req', '-new', '-newkey', ...kind, '-nodes', '-keyout', key, '-subj', `/CN=${name}`, '-out', file('request'));
  openssl('ca', '-batch', '-config', file('ca.cnf'), '-selfsign', '-keyfile', key, '-in', file('request'), '-notext',
    '-out', join(secrets, `${name}.crt`), '-startdate', `${from}000000Z`, '-enddate', `${to}000000Z`);
  for (const ending of ['key', 'crt']) execFileSync('chmod', ['600', join(secrets, `${name}.${ending}`)]);
}

const pem = (name) => readFileSync(join(secrets, `${name}.crt`), 'utf8');
const inDays = (days) => new Date(Date.now() + days * 86400000).toISOString().slice(0, 10).replaceAll('-', '');
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function writeToken(claims = {}, key = provider.privateKey) {
  const now = Math.floor(Date.now() / 1000);
  const input = `${encoded({ alg: 'RS256', typ: 'JWT', kid: 'one' })}.${encoded({ iss: ISSUER, sub: SUBJECT, aud: AUDIENCE, iat: now, nbf: now, exp: now + 3600, ...claims })}`;
  const token = `${input}.${createSign('RSA-SHA256').update(input).sign(key).toString('base64url')}`;
  writeFileSync(join(secrets, 'token'), token, { mode: 0o600 });
  return token;
}

const application = (changes) => world.control('PUT', '/state', { application: changes });
const certificate = (key, cert = key) => ({ certificate: { keyRef: `file:${secrets}/${key}.key`, certRef: `file:${secrets}/${cert}.crt` } });
const federated = () => ({ federated: { tokenRef: `file:${secrets}/token` } });

async function connector(credential) {
  const connectorId = `c${++number}`;
  const { tenantId, clientId } = world.seed;
  await world.must('POST', '/api/v1/connectors', { connectorId, type: 'entra', name: connectorId, groupMode: 'bind', config: { tenantId, clientId, cloud: 'global', ...credential } });
  return connectorId;
}

const shown = reportPage('Certificates and federated credentials', { 'a certificate': 'A certificate', 'a federated token': 'A federated token' });

// The outcome, and check → code of what did not pass.
async function tested(credential) {
  const report = await world.must('POST', `/api/v1/connectors/${await connector(credential)}/test`);
  shown.note(report);
  const wrong = report.checks.filter((check) => check.outcome === 'failed' || check.outcome === 'warning');
  for (const check of wrong) assert.ok(check.summary && check.remedy, `${check.check} says what to do`);
  return { report, line: (name) => report.checks.find((check) => check.check === name), wrong: wrong.map((check) => `${check.check} ${check.code}`) };
}

before(async () => {
  world = await World.start({ service: false });
  secrets = join(world.folder, 'secrets');
  mkdirSync(secrets);
  makePair('good', '20240101', inDays(400));
  makePair('other', '20240101', inDays(400));
  makePair('short', '20240101', inDays(12));
  makePair('old', '20240101', '20250101');
  makePair('early', inDays(30), inDays(400));
  makePair('curve', '20240101', inDays(400), ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
  provider = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
  world.writeConfig({ secrets: { allow: `dir:${secrets}` }, log: { level: 'debug' } });
  await world.startService();
  world.admin = await world.token('admin', world.seed.jira.accounts.cleo.accountId);
});
after(() => world?.stop());
beforeEach(async () => {
  await world.control('PUT', '/faults', { clockOffsetMs: 0 });
  await application({ certificates: [pem('good'), pem('short')], federatedCredentials: [{ issuer: ISSUER, subject: SUBJECT, audiences: [AUDIENCE], publicKeyPem: provider.publicKey }] });
  writeToken();
});

describe('a certificate', () => {
  test('that Entra knows signs in, and its own end is known without any permission', async () => {
    const { report, line } = await tested(certificate('good'));
    assert.equal(report.outcome, 'passed', JSON.stringify(report.checks));
    assert.equal(line('credential-expiry').code, 'credential_valid');
    assert.match(line('credential-expiry').summary, /certificate expires on 20/);
    const read = await world.must('GET', `/api/v1/connectors/${report.connectorId}`);
    assert.deepEqual([read.credential.kind, read.credential.source], ['certificate', 'reference']);
    assert.ok(Date.parse(read.credential.expiresAt) > Date.now());
  });
  test('that ends in 12 days warns before access breaks', async () => {
    assert.deepEqual((await tested(certificate('short'))).wrong, ['credential-expiry credential_expiring']);
  });
  const broken = {
    'that is not registered on the app': ['other', 'other', 'token certificate_not_registered'],
    'that has expired': ['old', 'old', 'credential certificate_expired'],
    'that is not valid yet': ['early', 'early', 'credential certificate_expired'],
    'with the key of another certificate': ['other', 'good', 'credential certificate_key_mismatch'],
    'with a key that is not RSA': ['curve', 'curve', 'credential secret_reference_unreadable'],
    'whose key is not there': ['none', 'good', 'credential secret_reference_unreadable'],
    'whose certificate is not there': ['good', 'none', 'credential secret_reference_unreadable'],
  };
  for (const [what, [key, cert, expected]] of Object.entries(broken)) {
    test(`${what} is named as such`, async () => assert.deepEqual((await tested(certificate(key, cert))).wrong, [expected]));
  }
  test('that has expired on Entra’s side is not taken for one that was never uploaded', async () => {
    await world.control('PUT', '/faults', { clockOffsetMs: 500 * 86400000 });
    assert.deepEqual((await tested(certificate('good'))).wrong, ['token certificate_expired']);
  });
  test('outside the allow list is not opened', async () => {
    const outside = { certificate: { keyRef: `file:${secrets}/good.key`, certRef: `file:${world.folder}/master.key` } };
    assert.deepEqual((await tested(outside)).wrong, ['credential secret_reference_not_allowed']);
  });
  for (const minutes of [-10, 10]) {
    test(`with our clock ${minutes} minutes off gives the clock as the cause`, async () => {
      await world.control('PUT', '/faults', { clockOffsetMs: minutes * 60000 });
      assert.deepEqual((await tested(certificate('good'))).wrong, ['token clock_skew']);
    });
  }
  test('ends in a membership, as a secret does', async () => {
    const story = new Story(world);
    await world.must('POST', '/api/v1/connectors', { connectorId: 'sandbox', type: 'entra', name: 'x', groupMode: 'bind', config: { tenantId: world.seed.tenantId, clientId: world.seed.clientId, cloud: 'global', ...certificate('good') } });
    await world.must('POST', '/api/v1/connectors/sandbox/test');
    await story.tool('test-tool', { name: 'Test Tool' }, story.groupId);
    await story.intake();
    await story.grant('ada');
    const state = await world.control('GET', '/state');
    const group = state.entra.groups.find((one) => one.id === story.groupId);
    assert.deepEqual(Object.values(group.members).length, 1, JSON.stringify(group));
  });
  test('that would replace a working one is tried first, and refused', async () => {
    const connectorId = await connector(certificate('good'));
    const { tenantId, clientId } = world.seed;
    const put = (credential) => world.api('PUT', `/api/v1/connectors/${connectorId}`, { connectorId, type: 'entra', name: 'x', groupMode: 'bind', config: { tenantId, clientId, cloud: 'global', ...credential } });
    const refused = await put(certificate('other'));
    assert.deepEqual([refused.status, refused.json.code], [422, 'certificate_not_registered']);
    assert.equal((await world.must('POST', `/api/v1/connectors/${connectorId}/test`)).outcome, 'passed');
    await application({ certificates: [pem('other')] });
    assert.equal((await put(certificate('other'))).status, 200);
  });
});

describe('a federated token', () => {
  test('that the app trusts signs in, and is read anew each time', async () => {
    const { report, line } = await tested(federated());
    assert.equal(report.outcome, 'passed', JSON.stringify(report.checks));
    assert.equal(line('credential-expiry').code, 'credential_valid');
    writeToken({ sub: 'somebody-else' });
    const again = await world.must('POST', `/api/v1/connectors/${report.connectorId}/test`);
    assert.equal(again.checks.find((check) => check.check === 'token').code, 'federated_mismatch');
  });
  const broken = {
    'that has expired': [{ exp: Math.floor(Date.now() / 1000) - 60 }, 'credential federated_token_expired'],
    'of another subject': [{ sub: 'system:serviceaccount:other' }, 'token federated_mismatch'],
    'whose subject differs in upper and lower case': [{ sub: SUBJECT.toUpperCase() }, 'token federated_mismatch'],
    'of another issuer': [{ iss: 'https://idp.example' }, 'token federated_mismatch'],
    'for another audience': [{ aud: 'api://other' }, 'token federated_mismatch'],
    'that Entra finds out of its time': [{ nbf: Math.floor(Date.now() / 1000) + 3600, exp: Math.floor(Date.now() / 1000) + 7200 }, 'token federated_token_expired'],
  };
  for (const [what, [claims, expected]] of Object.entries(broken)) {
    test(`${what} is named as such`, async () => {
      writeToken(claims);
      assert.deepEqual((await tested(federated())).wrong, [expected]);
    });
  }
  test('with a forged signature is refused, and not called a certificate', async () => {
    writeToken({}, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
    assert.deepEqual((await tested(federated())).wrong, ['token federated_mismatch']);
  });
  test('that is no token at all is called unreadable', async () => {
    for (const text of ['not a token', 'a.b', 'a.b.c', '..', `${encoded({})}.${encoded([])}.x`]) {
      writeFileSync(join(secrets, 'token'), text, { mode: 0o600 });
      assert.deepEqual((await tested(federated())).wrong, ['credential secret_reference_unreadable'], text);
    }
  });
});

test('no private key, no federated token and no assertion is left in log, database or answers', async () => {
  const token = writeToken();
  await tested(federated());
  await tested(certificate('good'));
  const key = readFileSync(join(secrets, 'good.key'), 'utf8').split('\n')[3];
  const kept = readdirSync(world.folder, { withFileTypes: true }).filter((entry) => entry.isFile() && /\.(db|db-wal|db-shm|log)$/.test(entry.name));
  assert.ok(kept.length >= 3, 'there is something to search');
  for (const entry of kept) {
    const bytes = readFileSync(join(world.folder, entry.name));
    if (entry.name === 'aiclearance-sandbox.log') continue;
    for (const secret of [token, token.split('.')[2], key]) assert.ok(!bytes.includes(Buffer.from(secret)), entry.name);
    assert.ok(!bytes.includes(Buffer.from('client_assertion=')), entry.name);
  }
});
