// Changing the master key: beside a running service, through any crash, and with nothing sealed left behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Story } from './story.js';
import { World } from './world.js';

let world;
let story;
before(async () => {
  world = await World.start();
  story = await Story.ready(world, { intake: { approval: 'console' } });
});
after(() => world?.stop());

const keyFile = () => join(world.folder, 'master.key');
const key = () => readFileSync(keyFile(), 'utf8');
const lines = () => key().trim().split('\n');
const rotate = (...more) => world.cli(['secrets', 'rotate', '--config', world.configFile, ...more]);
const tests = async (connectorId = 'sandbox') => (await world.must('POST', `/api/v1/connectors/${connectorId}/test`)).outcome;

async function works() {
  assert.equal(await tests(), 'passed');
}

async function restarts() {
  await world.stopService();
  await world.startService();
  await works();
}

describe('beside a running service', () => {
  test('the key changes, everything opens, and new secrets are sealed, without a restart', async () => {
    const before = key().trim();
    const { code, stdout, stderr } = await rotate();
    assert.equal(code, 0, stderr);
    assert.match(stdout, /2 secrets are sealed under the new master key/);
    assert.equal(lines().length, 1);
    assert.notEqual(lines()[0], before);
    for (const text of [stdout, stderr]) assert.ok(!text.includes(before) && !text.includes(lines()[0]), 'a key was printed');
    assert.equal(statSync(keyFile()).mode & 0o777, 0o600);
    await works();
    await story.connector('second');
    await restarts();
    assert.equal(await tests('second'), 'passed');
    const { items } = await world.must('GET', '/api/v1/audit-events?limit=200');
    assert.equal(items.filter((event) => event.action === 'secrets.rotated').length, 1);
    const verified = await world.cli(['audit', 'verify', '--config', world.configFile]);
    assert.equal(verified.code, 0, verified.stderr);
  });

  test('the key of before opens nothing any more', async () => {
    const old = key();
    assert.equal((await rotate('--json')).code, 0);
    const present = key();
    writeFileSync(keyFile(), old);
    assert.notEqual((await rotate()).code, 0);
    assert.equal(key(), old, 'a failing rotation leaves the file alone');
    writeFileSync(keyFile(), present);
    await restarts();
  });

  test('secrets that are created while keys change all open afterwards', async () => {
    let going = true;
    const made = [];
    const maker = (async () => {
      for (let at = 0; going && at < 40; at++) {
        const { tenantId, clientId, clientSecret } = world.seed;
        const answer = await world.api('POST', '/api/v1/connectors', {
          connectorId: `busy-${at}`, type: 'entra', name: 'Busy', description: '', groupMode: 'bind', config: { tenantId, clientId, clientSecret, cloud: 'global' } });
        assert.ok([201, 503].includes(answer.status), answer.text);
        if (answer.status === 201) made.push(`busy-${at}`);
      }
    })();
    for (let round = 0; round < 3; round++) assert.equal((await rotate()).code, 0);
    going = false;
    await maker;
    assert.ok(made.length > 0);
    for (const connectorId of made) assert.equal(await tests(connectorId), 'passed', connectorId);
  });

  test('secrets that are replaced all the time do not keep the key from being changed', async () => {
    let going = true;
    const { tenantId, clientId, clientSecret } = world.seed;
    const replacer = async () => {
      while (going) await world.api('PUT', '/api/v1/connectors/second', { name: 'Busy', config: { tenantId, clientId, clientSecret } });
    };
    const replacers = [replacer(), replacer(), replacer()];
    const codes = [];
    for (let round = 0; round < 5; round++) codes.push((await rotate()).code);
    going = false;
    await Promise.all(replacers);
    assert.deepEqual(codes, [0, 0, 0, 0, 0]);
    assert.equal(lines().length, 1);
    assert.equal(await tests('second'), 'passed');
  });
});

describe('broken off', () => {
  test('after the new key was written: the service starts, and the next run finishes it and makes no third key', async () => {
    const fresh = randomBytes(32).toString('base64');
    writeFileSync(keyFile(), `${fresh}\n${key()}`);
    await restarts();
    assert.equal((await story.connector('made-between')).outcome, 'passed', 'a secret can be stored as long as it takes');
    const { code, stdout } = await rotate();
    assert.equal(code, 0);
    assert.match(stdout, /Finished/);
    assert.deepEqual(lines(), [fresh]);
    await restarts();
    assert.equal(await tests('made-between'), 'passed');
  });

  test('after everything was sealed again: likewise', async () => {
    const old = lines()[0];
    assert.equal((await rotate()).code, 0);
    const [present] = lines();
    writeFileSync(keyFile(), `${present}\n${old}\n`);
    await restarts();
    assert.equal((await rotate()).code, 0);
    assert.deepEqual(lines(), [present]);
    await works();
  });

  test('at any moment, by kill -9: it always starts, and always finishes', async () => {
    for (let round = 0; round < 8; round++) {
      const child = spawn(join(world.build, 'aiclearance'), ['secrets', 'rotate', '--config', world.configFile], { stdio: 'ignore', env: { ...process.env, ...world.environment } });
      const ended = new Promise((done) => child.once('exit', done));
      await new Promise((done) => setTimeout(done, round * 12));
      child.kill('SIGKILL');
      await ended;
      await works();
    }
    const { code, stderr } = await rotate();
    assert.equal(code, 0, stderr);
    assert.equal(lines().length, 1);
    assert.ok(!existsSync(`${keyFile()}.rotating`), 'no key is left lying beside it');
    await restarts();
  });
});

describe('what stands in the way is told, and nothing is lost', () => {
  test('a directory that cannot be written to', { skip: process.getuid() === 0 && 'root may write everywhere' }, async () => {
    const before = key();
    chmodSync(world.folder, 0o500);
    const { code, stderr } = await rotate();
    chmodSync(world.folder, 0o700);
    assert.equal(code, 1);
    assert.match(stderr, /cannot be written to/);
    assert.equal(key(), before);
  });

  test('a link in place of the file, and a file that holds no key', async () => {
    const before = key();
    renameSync(keyFile(), join(world.folder, 'elsewhere.key'));
    symlinkSync(join(world.folder, 'elsewhere.key'), keyFile());
    const linked = await rotate();
    assert.equal(linked.code, 1);
    assert.match(linked.stderr, /link/);
    unlinkSync(keyFile());
    writeFileSync(keyFile(), 'not a key\n', { mode: 0o600 });
    assert.equal((await rotate()).code, 1);
    unlinkSync(keyFile());
    renameSync(join(world.folder, 'elsewhere.key'), keyFile());
    assert.equal(key(), before);
    await works();
  });

  test('a key that comes from the environment: it says how to do it by hand, and that works', async () => {
    const environment = { AICLEARANCE_SECRETS_MASTER_KEY: 'env:TEST_MASTER_KEY', TEST_MASTER_KEY: lines()[0] };
    const asked = await world.cli(['secrets', 'rotate', '--config', world.configFile], { environment });
    assert.equal(asked.code, 1);
    assert.match(asked.stderr, /on a line before the present one/);
    const fresh = randomBytes(32).toString('base64');
    const done = await world.cli(['secrets', 'rotate', '--config', world.configFile], { environment: { ...environment, TEST_MASTER_KEY: `${fresh}\n${lines()[0]}` } });
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stdout, /take the second line/);
    writeFileSync(keyFile(), `${fresh}\n`);
    await restarts();
  });

  test('usage', async () => {
    assert.equal((await world.cli(['secrets'])).code, 2);
    assert.equal((await world.cli(['secrets', 'rotate'])).code, 2);
    assert.equal((await world.cli(['secrets', 'rotate', '--help'])).code, 0);
  });
});
