// Canary secrets are led through everything that touches a secret, successes and failures, kill -9 included; then every place
// that outlives a call is searched for them: answers, database with its -wal, log, audit export, what the command line printed.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Story } from './story.js';
import { World } from './world.js';

let world;
let story;
const answers = [];
const canaries = new Map();

// Letters that need escaping in JSON, URLs and forms, so that every written form differs.
function canary(what) {
  const value = `C~${randomBytes(12).toString('hex')}+/é"\\&=%`;
  canaries.set(what, value);
  return value;
}

function forms(value) {
  const bytes = Buffer.from(value);
  return [value, JSON.stringify(value).slice(1, -1), JSON.stringify(JSON.stringify(value)).slice(3, -3), encodeURIComponent(value), new URLSearchParams([['', value]]).toString().slice(1), bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'), bytes.toString('hex'), bytes.toString('hex').toUpperCase(), value.replace(/[^\x20-\x7e]/g, ''), value.match(/[0-9a-f]{24}/)?.[0] ?? value];
}

function found(haystack) {
  const hits = [];
  for (const [what, value] of canaries) {
    for (const form of new Set(forms(value))) if (haystack.includes(Buffer.from(form))) hits.push(what);
  }
  return [...new Set(hits)];
}

async function call(method, path, body, options) {
  const answer = await world.api(method, path, body, options);
  answers.push(`${method} ${path} ${answer.status} ${JSON.stringify([...answer.headers])} ${answer.text}`);
  return answer;
}

const connector = (connectorId, clientSecret, config = {}) => ({
  connectorId, type: 'entra', name: connectorId, groupMode: 'bind', config: { tenantId: world.seed.tenantId, clientId: world.seed.clientId, cloud: 'global', clientSecret, ...config },
});

before(async () => {
  world = await World.start({ service: false });
  mkdirSync(join(world.folder, 'secrets'));
  world.options.environment = { ENTRA_FORBIDDEN: canary('a variable that is not allowed'), ENTRA_ALLOWED: canary('a variable that is allowed') };
  writeFileSync(join(world.folder, 'secrets', 'open'), canary('a file that anybody may read'), { mode: 0o644 });
  writeFileSync(join(world.folder, 'secrets', 'entra'), canary('a file'), { mode: 0o600 });
  writeFileSync(join(world.folder, 'outside'), canary('a file outside'), { mode: 0o600 });
  world.writeConfig({ secrets: { allow: `dir:${join(world.folder, 'secrets')}, env:ENTRA_A*` }, log: { level: 'debug' } });
  await world.startService();
  world.admin = await world.token('admin', world.seed.jira.accounts.cleo.accountId);
  canaries.set("the sandbox's client secret", world.seed.clientSecret);
  canaries.set('the webhook secret', world.webhookSecret);
  canaries.set('the automation token', world.automationToken);
  canaries.set('the Jira token', world.seed.jira.token);
  canaries.set('an API token', world.admin);
  canaries.set('the master key', readFileSync(join(world.folder, 'master.key'), 'utf8'));
});
after(() => world?.stop());

describe('secrets', () => {
  test('go through success, failure and repetition', async () => {
    story = await Story.ready(world);
    const key = { headers: { 'Idempotency-Key': 'canary' } };
    const first = connector('canary', canary('created'));
    assert.equal((await call('POST', '/api/v1/connectors', first, key)).status, 201);
    assert.equal((await call('POST', '/api/v1/connectors', first, key)).headers.get('idempotency-replayed'), 'true');
    assert.equal((await call('POST', '/api/v1/connectors', connector('canary', canary('other body with the same key')), key)).status, 422);
    assert.equal((await call('POST', '/api/v1/connectors', connector('canary', canary('already there')))).status, 409);
    assert.equal((await call('POST', '/api/v1/connectors/canary/test')).json.outcome, 'failed');
    for (const status of [401, 500]) {
      await world.control('PUT', '/faults', { rules: [{ site: 'entra', method: 'POST', path: '/*/oauth2/v2.0/token', times: 1, action: 'status', status, body: { error: 'invalid_client', error_description: `AADSTS7000215: you sent ${canaries.get('created')}` } }] });
      await call('POST', '/api/v1/connectors/canary/test');
    }
    await world.control('PUT', '/faults', { rules: [] });
    const edited = await call('PUT', '/api/v1/connectors/sandbox', connector('sandbox', canary('replaced and refused')));
    assert.equal(edited.status, 422, edited.text);
    await call('GET', '/api/v1/connectors/canary');
    await call('GET', '/api/v1/connectors?limit=200');
  });

  test('go through what is malformed around them', async () => {
    const bodies = (secret) => [
      `{"connectorId":"bad","config":{"clientSecret":${JSON.stringify(secret)}`, `{"connectorId":"bad","config":{"clientSecret":${JSON.stringify(secret)},"clientSecret":"x"}}`, `{"clientSecret":${JSON.stringify(secret)}}`,
      JSON.stringify({ ...connector('bad', secret), name: 5 }), JSON.stringify({ ...connector('bad', secret), [secret.slice(0, 20)]: 1 }).replace(JSON.stringify(secret.slice(0, 20)), '"other"'),
      JSON.stringify(connector('bad', { value: secret })), JSON.stringify(connector('bad', [secret])), JSON.stringify(connector('bad', secret, { cloud: 'mars' })), JSON.stringify(connector('bad', secret, { secretRef: 'env:ENTRA_ALLOWED' })),
      `${JSON.stringify(connector('bad', secret))}trailing`, JSON.stringify(connector('bad', `${secret}${'x'.repeat(30000)}`)), JSON.stringify(connector('bad', secret)).replace('"bad"', '"\\ud800"'),
      JSON.stringify(connector('Bad Id', secret)), JSON.stringify(connector('bad', secret, { tenantId: 5 })), JSON.stringify(connector('bad', secret).config), JSON.stringify(connector('bad', secret)) + ' '.repeat(70000),
    ];
    for (const [at, body] of bodies(canary('malformed body')).entries()) {
      const answer = await call('POST', '/api/v1/connectors', body, { headers: { 'Idempotency-Key': `bad-${at}` } });
      assert.ok([400, 413, 422].includes(answer.status), `${at}: ${answer.status} ${answer.text}`);
      await call('PUT', '/api/v1/connectors/canary', body);
    }
    await call('POST', '/api/v1/connectors', JSON.stringify(connector('bad', canary('wrong media type'))), { headers: { 'Content-Type': 'text/plain' } });
    await call('POST', '/api/v1/connectors', connector('bad', canary('no token')), { token: null });
    await call('GET', '/api/v1/me', undefined, { token: canary('a wrong API token').replace('é', '') });
  });

  test('go through references, allowed and not', async () => {
    const reference = async (connectorId, secretRef) => {
      const made = await call('POST', '/api/v1/connectors', { ...connector(connectorId), config: { tenantId: world.seed.tenantId, clientId: world.seed.clientId, secretRef } });
      assert.equal(made.status, 201, made.text);
      assert.equal(made.json.credential.reference, secretRef);
      const report = await call('POST', `/api/v1/connectors/${connectorId}/test`);
      assert.equal(report.json.outcome, 'failed');
      return report.json.checks.find((one) => one.outcome === 'failed').code;
    };
    const codes = await Promise.all([
      reference('ref-file', `file:${join(world.folder, 'secrets/entra')}`), reference('ref-open', `file:${join(world.folder, 'secrets/open')}`), reference('ref-outside', `file:${join(world.folder, 'outside')}`),
      reference('ref-dots', `file:${join(world.folder, 'secrets')}/../outside`), reference('ref-master', `file:${join(world.folder, 'master.key')}`), reference('ref-env', 'env:ENTRA_ALLOWED'),
      reference('ref-env-not', 'env:ENTRA_FORBIDDEN'), reference('ref-env-hook', 'env:TEST_WEBHOOK_SECRET'),
    ]);
    const not = 'secret_reference_not_allowed';
    assert.deepEqual(codes, ['secret_invalid', 'secret_reference_unreadable', not, not, not, 'secret_invalid', not, not]);
  });

  test('go through the command line', async () => {
    const environment = { AICLEARANCE_URL: world.service, AICLEARANCE_TOKEN: world.admin };
    const file = join(world.folder, 'body.json');
    writeFileSync(file, JSON.stringify(connector('by-cli', canary('by file'))));
    for (const args of [['connector', 'create', '--file', file], ['connector', 'create', '--file', file], ['connector', 'test', 'by-cli', '--json'], ['connector', 'show', 'by-cli'], ['connector', 'list'],
      ['check-config', '--config', world.configFile], ['token', 'list', '--config', world.configFile], ['token', 'list', '--config', world.configFile, '--json'], ['audit', 'list'], ['audit', 'verify', '--config', world.configFile]]) {
      const { code, stdout, stderr } = await world.cli(args, { environment });
      answers.push(`${args.join(' ')}: ${code} ${stdout} ${stderr}`);
    }
    assert.ok(answers.some((one) => one.startsWith('connector show by-cli: 0')), answers.slice(-11).join('\n'));
  });

  test('go through a grant, kill -9 and a start', async () => {
    await story.grant('fay');
    await story.file('ben');
    await call('POST', '/api/v1/connectors', connector('last', canary('just before the end')));
    await world.stopService('SIGKILL');
    search('right after kill -9');
    await world.startService();
    assert.equal((await call('POST', '/api/v1/connectors/sandbox/test')).json.outcome, 'passed');
    const replaced = await call('PUT', '/api/v1/connectors/sandbox', connector('sandbox', world.seed.clientSecret));
    assert.equal(replaced.status, 200, replaced.text);
    await call('DELETE', '/api/v1/connectors/canary');
    for (const path of ['/audit-events?limit=200', '/audit-events/export', '/audit-events/export?format=csv', '/jobs?limit=200', '/follow-ups', '/settings/intake', '/connectors?limit=200', '/audit/checkpoints', '/openapi.json']) await call('GET', `/api/v1${path}`);
    await call('GET', '/metrics');
  });

  function search(when) {
    const files = readdirSync(world.folder).filter((name) => /^clearance\.db|\.log$/.test(name));
    assert.ok(files.includes('clearance.db') && files.includes('aiclearance.log'), files.join());
    for (const name of files.filter((one) => one !== 'aiclearance-sandbox.log')) assert.deepEqual(found(readFileSync(join(world.folder, name))), [], `${name}, ${when}`);
  }

  test('are in no file of the service: not in the database, not in its -wal, not in the log', async () => {
    search('while it runs');
    await world.stopService();
    search('after its end');
    await world.startService();
    search('after a start');
  });

  test('are in no answer, no export, and nothing that the command line printed', () => {
    assert.ok(answers.length > 60);
    const hits = answers.map((one) => [one.slice(0, 80), found(Buffer.from(one))]).filter(([, hit]) => hit.length > 0);
    assert.deepEqual(hits, []);
  });

  test('the search itself finds what it looks for, in every form', () => {
    for (const [what, value] of canaries) for (const form of forms(value)) assert.ok(found(Buffer.from(`…${form}…`)).includes(what), `${what}: ${form}`);
  });

  test('are not in the arguments or the environment dump of another user, nor in a core: the process is not dumpable', () => {
    const { pid } = world.serviceProcess;
    assert.deepEqual(found(readFileSync(`/proc/${pid}/cmdline`)), []);
    // What is not dumpable belongs to root in /proc, whoever runs it; and its core limit is none.
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8').split('\n').find((line) => line.startsWith('Max core file size'));
    assert.match(limits, /Max core file size\s+0\s+0/);
  });
});
