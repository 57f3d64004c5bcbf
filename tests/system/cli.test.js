// The command line, as an operator's script sees it: exit codes, what goes to which stream, --json, and tables for people.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { UUID7 } from './answers.js';
import { Story } from './story.js';
import { freePort, until, World } from './world.js';

let world;
let story;
before(async () => {
  world = await World.start();
  story = await Story.ready(world, { intake: { approval: 'console' } });
});
after(() => world?.stop());

const client = (args, environment = {}, input) => world.cli(args, { environment: { AICLEARANCE_URL: world.service, AICLEARANCE_TOKEN: world.admin, ...environment }, input });

async function held(args, environment, input) {
  const answer = await client(args, environment, input);
  assert.equal(answer.code, 0, `${args.join(' ')}: ${answer.stdout}${answer.stderr}`);
  return answer.stdout;
}

const json = async (args, ...more) => JSON.parse(await held([...args, '--json'], ...more));

const verbs = {
  serve: [], 'check-config': [], token: ['create', 'list', 'revoke'], secrets: ['rotate'], audit: ['verify', 'list', 'export', 'checkpoints', 'public-key'],
  connector: ['list', 'show', 'create', 'update', 'delete', 'test', 'enable', 'disable', 'release-removals', 'cancel-removals', 'groups'], tool: ['list', 'show', 'create', 'update', 'delete', 'bind', 'create-group', 'unbind'],
  mapping: ['list', 'show', 'create', 'update', 'delete', 'import', 'export', 'resolve'], request: ['list', 'show', 'create', 'approve', 'deny', 'cancel'], grant: ['list', 'show', 'revoke', 'retry', 'resolve'],
  job: ['list', 'show'], settings: ['show', 'update'], 'follow-up': ['list'], inbox: ['show'], me: ['show'],
};

describe('help and usage', () => {
  test('--help on each command and verb is 0, on standard output, and needs neither service nor file', async () => {
    for (const [command, some] of Object.entries(verbs)) {
      for (const args of [[command, '--help'], ...some.map((verb) => [command, verb, '--help'])]) {
        const { code, stdout, stderr } = await world.cli(args);
        assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
        assert.match(stdout, /^usage:/, args.join(' '));
        assert.equal(stderr, '', args.join(' '));
      }
    }
    for (const args of [['--help'], ['--version']]) assert.equal((await world.cli(args)).code, 0);
    assert.match((await world.cli(['--version'])).stdout, /\d+\.\d+\.\d+/);
  });

  test('what is no command, verb or option, or misses an argument, is 2, with a word on standard error and nothing on standard output', async () => {
    for (const args of [[], ['nothing'], ['connector'], ['connector', 'nothing'], ['connector', 'show'], ['connector', 'show', 'a', 'b'], ['connector', 'list', '--nothing'], ['connector', 'list', '--json=yes'], ['tool', 'bind', 'x'],
      ['mapping', 'resolve'], ['token'], ['token', 'create'], ['token', 'create', '--config', world.configFile, '--role', 'king', '--name', 'x'], ['token', 'create', '--config', world.configFile, '--role', 'admin'],
      ['token', 'create', '--config', world.configFile, '--role', 'admin', '--name', ''], ['token', 'create', '--config', world.configFile, '--role', 'admin', '--name', 'x', '--expires-days', '0'],
      ['token', 'create', '--config', world.configFile, '--role', 'admin', '--name', 'x', '--expires-days', 'many'], ['token', 'revoke', '--config', world.configFile], ['serve'], ['serve', '--config'], ['check-config', 'x'],
      ['audit', 'verify'], ['audit', 'verify', '--export', 'x'], ['audit', 'verify', '--config', 'x', '--export', 'y', '--public-key', 'z'], ['--nothing'], ['tool', 'create', '--max-days', 'x', '--id', 'a', '--name', 'b']]) {
      const { code, stdout, stderr } = await client(args);
      assert.equal(code, 2, `${args.join(' ')}: ${code} ${stdout}${stderr}`);
      assert.ok(stderr.length > 0, args.join(' '));
      assert.equal(stdout, '', args.join(' '));
    }
  });

  test('a word that is wrong is named, and an argument that is missing is told, not only the list of all that there is', async () => {
    for (const args of [['connector', 'tset'], ['token', 'tset'], ['secrets', 'tset'], ['audit', 'tset']]) {
      const { code, stderr } = await client(args);
      assert.equal(code, 2);
      assert.match(stderr, /There is no ".* ?tset"/, args.join(' '));
    }
    assert.match((await client(['connector', 'show'])).stderr, /connector show CONNECTOR-ID/);
    assert.match((await client(['token', 'revoke', '--config', 'x'])).stderr, /PRINCIPAL-ID/);
    const { stdout } = await world.cli(['--help']);
    for (const [command, some] of Object.entries(verbs)) for (const verb of some) assert.match(stdout, new RegExp(`^  ${command} .*\\b${verb}\\b`, 'm'), `${command} ${verb} is in --help`);
    for (const [command, some] of Object.entries(verbs)) for (const verb of some) assert.doesNotMatch((await world.cli([command, verb, '--help'])).stdout, / $/m, `${command} ${verb}: an option without a word`);
  });

  test('a service that does not answer is 3, a token that is missing or wrong is 1', async () => {
    const dead = `http://127.0.0.1:${await freePort()}`;
    for (const args of [['connector', 'list'], ['me', 'show'], ['tool', 'list', '--json'], ['audit', 'export']]) {
      const { code, stdout, stderr } = await client(args, { AICLEARANCE_URL: dead });
      assert.equal(code, 3, `${args.join(' ')}: ${stderr}`);
      assert.equal(stdout, '');
      assert.ok(stderr.includes(dead.slice(7)), stderr);
    }
    assert.equal((await client(['me', 'show'], { AICLEARANCE_URL: 'http://no-such-host.invalid:1' })).code, 3);
    const wrong = await client(['connector', 'list'], { AICLEARANCE_TOKEN: 'aic_wrong-token-canary' });
    assert.equal(wrong.code, 1, wrong.stderr);
    assert.ok(!wrong.stderr.includes('wrong-token-canary'));
    assert.ok([1, 2].includes((await client(['connector', 'list'], { AICLEARANCE_TOKEN: '' })).code));
    for (const url of ['nonsense', 'ftp://x', 'file:///etc/passwd']) assert.ok([1, 2, 3].includes((await client(['me', 'show'], { AICLEARANCE_URL: url })).code), url);
  });

  test("the service's refusal is 1, with its sentence and its code", async () => {
    const { code, stdout, stderr } = await client(['tool', 'show', 'nowhere']);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /not_found|no such/i);
    assert.match((await client(['connector', 'delete', 'sandbox'])).stderr, /connector_in_use[\s\S]*→ /, 'and what to do about it');
    const bad = await client(['tool', 'create', '--id', 'Bad Id', '--name', 'n']);
    assert.equal(bad.code, 1, bad.stderr);
    assert.match(bad.stderr, /toolId/);
    assert.equal(bad.stderr.trim().split('\n').length, 1, 'said once');
    const open = await client(['grant', 'resolve', '01a213a8-b58a-7674-85fe-a8380fcd0cca']);
    assert.equal(open.code, 1);
    assert.doesNotMatch(open.stderr, /Content-Type/, 'what is missing is said in words of the command');
  });
});

describe('tokens beside a running service', () => {
  test('create prints the token once, alone on the last line; it works at once; list never shows it; revoke ends it', async () => {
    const create = await world.cli(['token', 'create', '--config', world.configFile, '--role', 'auditor', '--name', 'Übung "x"', '--account-id', 'acc-1', '--expires-days', '2']);
    assert.equal(create.code, 0, create.stderr);
    const lines = create.stdout.trimEnd().split('\n');
    const token = lines.at(-1);
    assert.match(token, /^\S{30,}$/);
    assert.ok(!lines.slice(0, -1).some((line) => line.includes(token)));
    const me = await world.must('GET', '/api/v1/me', undefined, { token });
    assert.deepEqual([me.role, me.accountId], ['auditor', 'acc-1']);
    const list = JSON.parse((await world.cli(['token', 'list', '--config', world.configFile, '--json'])).stdout);
    const found = list.items.find((one) => one.principalId === me.principalId);
    assert.equal(found.name, 'Übung "x"');
    assert.equal(found.state, 'valid');
    assert.ok(Math.abs(Date.parse(found.expiresAt) - Date.now() - 2 * 86400000) < 120000);
    const table = (await world.cli(['token', 'list', '--config', world.configFile])).stdout;
    assert.ok(table.includes(me.principalId) && !table.includes(token));
    const revoke = () => world.cli(['token', 'revoke', '--config', world.configFile, me.principalId]);
    assert.equal((await revoke()).code, 0);
    await until('the end of the token', async () => (await world.api('GET', '/api/v1/me', undefined, { token })).status === 401);
    assert.equal((await revoke()).code, 0, 'twice is no fault');
    assert.equal((await world.cli(['token', 'revoke', '--config', world.configFile, 'nobody'])).code, 1);
    const { items } = await world.must('GET', '/api/v1/audit-events?limit=50');
    assert.ok(items.some((one) => one.target.id === me.principalId), 'it is in the audit trail');
  });

  test('twenty tokens made at once beside a busy service are twenty', async () => {
    const busy = Array.from({ length: 30 }, (_, n) => world.must('PUT', '/api/v1/settings/intake', story.intakeSettings({ approval: 'console', projectKeys: [`P${n}`] })));
    const made = await Promise.all(Array.from({ length: 20 }, () => world.token('requester', 'r')));
    await Promise.all(busy);
    assert.equal(new Set(made).size, 20);
    for (const token of made) assert.equal((await world.api('GET', '/api/v1/me', undefined, { token })).status, 200);
  });

  test('the first token makes the store, before there was any service', async () => {
    const environment = { AICLEARANCE_STORE_URL: `sqlite:${join(world.folder, 'fresh.db')}` };
    for (const verb of ['list', 'revoke']) {
      const { code } = await world.cli(['token', verb, '--config', world.configFile, ...(verb === 'revoke' ? ['x'] : [])], { environment });
      assert.equal(code, 1, `${verb} makes no store`);
    }
    const { code, stdout, stderr } = await world.cli(['token', 'create', '--config', world.configFile, '--role', 'admin', '--name', 'first'], { environment });
    assert.equal(code, 0, stderr + stdout);
    assert.equal((await world.cli(['audit', 'verify', '--config', world.configFile], { environment })).code, 0);
  });
});

describe('the API from a terminal', () => {
  test('the whole life of things, each step with --json', async () => {
    const secret = join(world.folder, 'secret');
    writeFileSync(secret, `${world.seed.clientSecret}\n`);
    const made = await json(['connector', 'create', '--id', 'by-cli', '--name', 'By CLI', '--tenant-id', world.seed.tenantId, '--client-id', world.seed.clientId, '--secret-file', secret]);
    assert.equal(made.connectorId, 'by-cli');
    assert.equal((await json(['connector', 'test', 'by-cli'])).outcome, 'passed');
    assert.equal((await json(['connector', 'update', 'by-cli', '--description', 'D'])).description, 'D');
    assert.equal((await json(['connector', 'disable', 'by-cli'])).enabled, false);
    assert.equal((await json(['connector', 'enable', 'by-cli'])).enabled, true);
    assert.ok((await json(['connector', 'groups', 'by-cli', '--search', 'AI'])).items.length > 0);
    assert.equal((await json(['tool', 'create', '--id', 'cli-tool', '--name', 'CLI Tool', '--connector', 'by-cli', '--risk', 'low', '--default-days', '5', '--max-days', '10', '--requestable', 'yes'])).toolId, 'cli-tool');
    assert.equal((await json(['tool', 'bind', 'cli-tool', '--group', '90000000-0000-4000-8000-000000000002'])).entitlementGroup.manageable, true);
    const mapping = await json(['mapping', 'create', '--account', world.seed.accounts.max, '--connector', 'by-cli', '--external-id', 'max+ai@contoso.example']);
    assert.match(mapping.mappingId, UUID7);
    assert.equal((await json(['mapping', 'resolve', '--connector', 'by-cli', '--account', world.seed.accounts.max])).outcome, 'matched');
    assert.equal((await json(['settings', 'show'])).approval, 'console');
    const requester = { AICLEARANCE_TOKEN: await world.token('requester', world.seed.accounts.max) };
    const approver = { AICLEARANCE_TOKEN: await world.token('approver', world.seed.accounts.ben) };
    const request = await json(['request', 'create', '--tool', 'cli-tool', '--purpose', 'p', '--days', '3'], requester);
    assert.equal((await client(['request', 'approve', request.requestId], requester)).code, 1);
    const approved = await json(['request', 'approve', request.requestId], approver);
    await until('the grant', async () => (await json(['grant', 'show', approved.grantId])).status === 'active');
    assert.equal((await json(['job', 'show', approved.jobId])).grantId, approved.grantId);
    assert.equal((await json(['grant', 'list'])).items[0].grantId, approved.grantId);
    assert.equal((await client(['tool', 'delete', 'cli-tool'])).code, 1);
    await held(['grant', 'revoke', approved.grantId]);
    await until('the end', async () => (await json(['grant', 'show', approved.grantId])).status === 'revoked');
    assert.deepEqual(await json(['tool', 'unbind', 'cli-tool']), {});
    assert.deepEqual(await json(['tool', 'delete', 'cli-tool']), {});
    for (const verb of ['release-removals', 'cancel-removals']) assert.equal((await json(['connector', verb, 'by-cli'])).connectorId, 'by-cli');
    await held(['mapping', 'delete', mapping.mappingId]);
    await held(['connector', 'delete', 'by-cli']);
    assert.equal((await client(['connector', 'create', '--id', 'by-cli', '--name', 'again', '--tenant-id', 't', '--client-id', 'c', '--secret-file', secret])).code, 1);
  });

  test('--json is one whole JSON value on standard output, for every list and object', async () => {
    for (const args of [['connector', 'list'], ['connector', 'show', 'sandbox'], ['tool', 'list'], ['mapping', 'list'], ['request', 'list'], ['grant', 'list'], ['job', 'list'], ['audit', 'list'], ['audit', 'checkpoints'], ['settings', 'show'], ['follow-up', 'list'], ['me', 'show']]) {
      assert.equal(typeof (await json(args)), 'object', args.join(' '));
      const table = await held(args);
      assert.throws(() => JSON.parse(table), args.join(' '));
      assert.ok(table.split('\n').every((line) => !/\s$/.test(line) || line.trim() === ''), `${args.join(' ')}: ${table}`);
    }
    assert.match(await held(['audit', 'public-key']), /BEGIN PUBLIC KEY/);
    assert.equal((await held(['audit', 'export'])).trimEnd().split('\n').map((line) => JSON.parse(line)).at(0).seq, 1);
    assert.match(await held(['audit', 'export', '--format', 'csv']), /^seq,/);
  });

  test('a failing connection test prints every check with its remedy, and is 1; the JSON too', async () => {
    await held(['connector', 'create', '--id', 'failing', '--name', 'F', '--tenant-id', 'not a tenant', '--client-id', 'c', '--secret-file', '-'], {}, 'wrong-canary');
    const { code, stdout, stderr } = await client(['connector', 'test', 'failing']);
    assert.equal(code, 1, stderr);
    for (const check of ['credential', 'token', 'permissions', 'read-users', 'read-groups', 'credential-expiry']) assert.ok(stdout.includes(check), `${check}: ${stdout}`);
    assert.match(stdout, /tenant_malformed/);
    assert.ok(!(stdout + stderr).includes('wrong-canary'));
    const { checks } = await world.must('POST', '/api/v1/connectors/failing/test');
    const { remedy } = checks.find((one) => one.code === 'tenant_malformed');
    assert.ok(stdout.replace(/\s+/g, ' ').includes(remedy.slice(0, 40)), stdout);
    const machine = await client(['connector', 'test', 'failing', '--json']);
    assert.equal(machine.code, 1);
    assert.equal(JSON.parse(machine.stdout).outcome, 'failed');
    await held(['connector', 'test', 'sandbox']);
  });

  test('a warning is no failure: exit 0', async () => {
    await world.control('PUT', '/state?quiet=1', { application: { permissions: ['User.Read.All', 'GroupMember.ReadWrite.All', 'Directory.Read.All'] } });
    const report = await until('the permission to be in a new token', async () => {
      await held(['connector', 'disable', 'sandbox']);
      await held(['connector', 'enable', 'sandbox']);
      const { code, stdout } = await client(['connector', 'test', 'sandbox', '--json']);
      const one = JSON.parse(stdout);
      return one.outcome === 'warning' && { code, one };
    });
    assert.equal(report.code, 0);
    assert.ok(report.one.checks.some((one) => one.code === 'permission_excessive'));
  });

  test('what others wrote cannot drive the terminal: control characters are shown, not sent', async () => {
    await world.must('POST', '/api/v1/tools', { toolId: 'evil', name: '\u001b[2J\u001b]0;owned\u0007evil\r\nTOOL', description: '\u009b31m\u202e' });
    for (const args of [['tool', 'list'], ['tool', 'show', 'evil']]) {
      const stdout = await held(args);
      // eslint-disable-next-line no-control-regex
      assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/, JSON.stringify(stdout));
    }
    assert.equal((await json(['tool', 'show', 'evil'])).name, '\u001b[2J\u001b]0;owned\u0007evil\r\nTOOL');
  });

  test('ids are ids, whatever is in them: no path is walked and no query is added', async () => {
    for (const id of ['../me', 'x?limit=1', 'a/b', '%2e%2e', '', 'x#y', 'sandbox/../sandbox']) {
      const { code } = await client(['connector', 'show', id]);
      assert.ok([1, 2].includes(code), `${id}: ${code}`);
    }
  });

  test('a body from a file or from standard input, and one that is broken', async () => {
    await held(['tool', 'create', '--file', '-'], {}, JSON.stringify({ toolId: 'from-stdin', name: 'S' }));
    assert.equal((await json(['tool', 'show', 'from-stdin'])).name, 'S');
    for (const input of ['', '{', '[]', '{"toolId":"x","toolId":"y"}']) {
      const { code, stderr } = await client(['tool', 'create', '--file', '-'], {}, input);
      assert.ok([1, 2].includes(code), input);
      assert.ok(stderr.length > 0);
    }
    assert.ok([1, 2].includes((await client(['tool', 'create', '--file', '/nowhere'])).code));
    const body = JSON.stringify({ connectorId: 'twice', type: 'entra', name: 'n', groupMode: 'bind', config: { tenantId: 't', clientId: 'c', cloud: 'global' } });
    assert.equal((await client(['connector', 'create', '--file', '-', '--secret-file', '-'], {}, body)).code, 2, 'no empty secret is stored');
    assert.equal((await client(['connector', 'show', 'twice'])).code, 1);
    const key = ['--idempotency-key', 'cli-key'];
    const once = await json(['tool', 'create', '--id', 'once', '--name', 'n', ...key]);
    assert.deepEqual(await json(['tool', 'create', '--id', 'once', '--name', 'n', ...key]), once);
  });

  test('update changes what was said and nothing else', async () => {
    await held(['tool', 'create', '--id', 'partly', '--name', 'N', '--vendor', 'V', '--default-days', '7', '--max-days', '9', '--risk', 'high']);
    const before = await json(['tool', 'show', 'partly']);
    const after = await json(['tool', 'update', 'partly', '--vendor', '']);
    assert.deepEqual(after, { ...before, vendor: '' });
    const settings = await json(['settings', 'show']);
    assert.deepEqual(await json(['settings', 'update', '--projects', 'AIC,OPS']), { ...settings, projectKeys: ['AIC', 'OPS'] });
  });

  test('lists are whole, however many there are', async () => {
    for (let n = 0; n < 60; n++) await world.must('POST', '/api/v1/tools', { toolId: `many-${n}`, name: `Many ${n}` });
    const page = await client(['tool', 'list']);
    assert.equal(page.code, 0);
    assert.match(page.stderr, /--all/, 'that there is more is said');
    const table = await held(['tool', 'list', '--all', '--limit', '7']);
    for (let n = 0; n < 60; n++) assert.match(table, new RegExp(`^many-${n} `, 'm'));
    const { items, nextCursor } = await json(['tool', 'list', '--all']);
    assert.equal(items.filter((one) => one.toolId.startsWith('many-')).length, 60);
    assert.equal(nextCursor, null);
    assert.notEqual((await json(['tool', 'list'])).nextCursor, null);
  });
});
