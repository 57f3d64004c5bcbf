// Ten seconds after a client secret was used no copy of it is left in the service's memory, in any form that it took on its
// way: as it was typed, as JSON, as a form. Needs root, and a build without sanitizers: those keep freed memory on purpose.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { Story } from './story.js';
import { buildFolder, sleep, World } from './world.js';

const PIECE = 4 * 1024 * 1024;
const plainBuild = [buildFolder, join(dirname(buildFolder), 'build')].find(
  (folder) => existsSync(join(folder, 'aiclearance')) && !execFileSync('ldd', [join(folder, 'aiclearance')]).includes('san.so'));
const skip = process.getuid() !== 0 ? 'only root may read the memory of a process that cannot be dumped' : !plainBuild && 'there is no build without sanitizers';

let world;

function canary() {
  return `C~${randomBytes(12).toString('hex')}+/"\\&=%`;
}

// What of a value would give it away, in every form that it takes: the hexadecimal digits stay as they are in all of them but
// base64.
function forms(value) {
  const core = value.match(/[0-9a-f]{24}/)?.[0] ?? value;
  return [core, core.slice(0, 16), core.slice(8)].map((text) => Buffer.from(text)).concat(Buffer.from(Buffer.from(value).toString('base64').slice(4, 28)));
}

// The addresses at which a needle stands, with the mapping that it stands in.
function scan(pid, needles) {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const hits = [];
  let bytesRead = 0;
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').trim().split('\n')) {
    const [, from, to, rights] = line.match(/^([0-9a-f]+)-([0-9a-f]+) (\S+)/);
    if (!rights.startsWith('rw')) continue;
    const begin = BigInt(`0x${from}`);
    const length = Number(BigInt(`0x${to}`) - begin);
    for (let at = 0; at < length; at += PIECE) {
      const piece = Buffer.alloc(Math.min(PIECE + 64, length - at));
      let got = 0;
      try {
        got = readSync(memory, piece, 0, piece.length, begin + BigInt(at));
      } catch {
        continue; // a guard page, or one that was never touched
      }
      bytesRead += got;
      for (const [what, needle] of needles) if (piece.subarray(0, got).includes(needle)) hits.push(`${what} in ${line.split(/\s+/).slice(1).join(' ')}`);
    }
  }
  closeSync(memory);
  return { hits: [...new Set(hits)], bytesRead };
}

before(async () => {
  if (skip) return;
  world = await World.start({ service: false, buildFolder: plainBuild });
  mkdirSync(join(world.folder, 'secrets'));
  world.writeConfig({ secrets: { allow: `dir:${join(world.folder, 'secrets')}` } });
  await world.startService();
  world.admin = await world.token('admin', world.seed.jira.accounts.cleo.accountId);
});
after(() => world?.stop());

test('ten seconds after it was used no client secret is in the memory of the service', { skip }, async () => {
  const story = new Story(world);
  const secrets = { 'the one that works': canary(), 'one by reference': canary(), 'one that Entra refuses': canary(), 'one in a bad body': canary(), 'one in a body that is no JSON': canary() };
  const kept = `kept-${randomBytes(12).toString('hex')}`;
  const connector = (connectorId, config) => ({ connectorId, type: 'entra', name: connectorId, groupMode: 'bind', config: { tenantId: world.seed.tenantId, clientId: world.seed.clientId, cloud: 'global', ...config } });
  await world.control('PUT', '/state', { application: { secret: secrets['the one that works'] } });
  assert.equal((await story.connector('sandbox', { clientSecret: secrets['the one that works'] })).outcome, 'passed');
  await story.tool('test-tool', { name: 'Test Tool', description: kept }, story.groupId);
  await story.intake();
  await story.grant('ada');
  const repeated = connector('repeated', { clientSecret: secrets['the one that works'] });
  for (let i = 0; i < 3; i++) await world.api('POST', '/api/v1/connectors', repeated, { headers: { 'Idempotency-Key': 'one' } });
  assert.equal((await world.api('PUT', '/api/v1/connectors/sandbox', connector('sandbox', { clientSecret: secrets['one that Entra refuses'] }))).status, 422);
  assert.equal((await world.api('POST', '/api/v1/connectors', { ...connector('bad', { clientSecret: secrets['one in a bad body'] }), surplus: 1 })).status, 422);
  writeFileSync(join(world.folder, 'secrets', 'entra'), secrets['one by reference'], { mode: 0o600 });
  await world.must('POST', '/api/v1/connectors', connector('refers', { secretRef: `file:${join(world.folder, 'secrets', 'entra')}` }));
  assert.equal((await world.must('POST', '/api/v1/connectors/refers/test')).outcome, 'failed');
  const broken = await fetch(`${world.service}/api/v1/connectors`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${world.admin}` },
    body: `${JSON.stringify(connector('broken', { clientSecret: secrets['one in a body that is no JSON'] })).slice(0, -2)},,}`,
  });
  assert.equal(broken.status, 400);
  await world.must('GET', '/api/v1/tools/test-tool');
  await sleep(10000);
  const needles = Object.entries(secrets).flatMap(([what, value]) => forms(value).map((form) => [what, form]));
  const { hits, bytesRead } = scan(world.serviceProcess.pid, needles);
  assert.deepEqual(hits, []);
  assert.ok(bytesRead > 1024 * 1024, `${bytesRead} bytes were read`);
  // The scan finds what is there: the webhook's secret is compared with on every delivery, so it is kept.
  assert.notDeepEqual(scan(world.serviceProcess.pid, [['webhook', Buffer.from(world.webhookSecret)]]).hits, []);
});

// A private key in its forms: lines of the PEM, and its secret numbers as they are written down and as they are computed with.
function keyForms(key) {
  const lines = key.export({ type: 'pkcs8', format: 'pem' }).split('\n').slice(4, 20).map((line) => Buffer.from(line.slice(0, 40)));
  const { d, p, q, dp, dq, qi } = key.export({ format: 'jwk' });
  return [d, p, q, dp, dq, qi].map((number) => Buffer.from(number, 'base64url').subarray(16, 48)).flatMap((bytes) => [bytes, Buffer.from(bytes).reverse()]).concat(lines);
}

test('ten seconds after it was used no private key, assertion or federated token is in the memory of the service', { skip }, async () => {
  const folder = join(world.folder, 'secrets');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(folder, 'key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  execFileSync('openssl', ['req', '-x509', '-key', join(folder, 'key'), '-subj', '/CN=scan', '-days', '60', '-out', join(folder, 'crt')], { stdio: 'pipe' });
  execFileSync('chmod', ['600', join(folder, 'crt')]);
  const signed = `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${Buffer.from(JSON.stringify({ iss: 'https://idp.example', sub: 'x', exp: 9999999999 })).toString('base64url')}.${randomBytes(256).toString('base64url')}`;
  writeFileSync(join(folder, 'token'), signed, { mode: 0o600 });
  await world.control('PUT', '/state', { application: { certificates: [readFileSync(join(folder, 'crt'), 'utf8')] } });
  const credentials = { certified: { certificate: { keyRef: `file:${folder}/key`, certRef: `file:${folder}/crt` } }, federated: { federated: { tokenRef: `file:${folder}/token` } } };
  const outcomes = [];
  for (const [connectorId, credential] of Object.entries(credentials)) {
    await world.must('POST', '/api/v1/connectors', { connectorId, type: 'entra', name: connectorId, groupMode: 'bind', config: { tenantId: world.seed.tenantId, clientId: world.seed.clientId, cloud: 'global', ...credential } });
    outcomes.push((await world.must('POST', `/api/v1/connectors/${connectorId}/test`)).outcome);
  }
  assert.deepEqual(outcomes, ['passed', 'failed']);
  await sleep(10000);
  const needles = keyForms(privateKey).map((form) => ['the private key', form]);
  needles.push(['the federated token', Buffer.from(signed.split('.')[2].slice(20, 60))], ['the assertion', Buffer.from('client_assertion=')]);
  assert.deepEqual(scan(world.serviceProcess.pid, needles).hits, []);
});
