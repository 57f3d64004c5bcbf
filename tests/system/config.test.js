// The config file: what an operator writes wrong is named with its line, by check-config and by serve alike; and what is right
// does what it says.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, linkSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { until, World } from './world.js';

let world;
before(async () => {
  world = await World.start({ service: false });
});
after(() => world?.stop());

const at = (name) => join(world.folder, name);
const right = () => readFileSync(world.configFile, 'utf8');

async function check(text, environment = {}) {
  writeFileSync(at('tried.conf'), text);
  return world.cli(['check-config', '--config', at('tried.conf')], { environment });
}

// Exit 1, and both commands name this line of the file.
async function faultAt(text, line, word) {
  const { code, stdout, stderr } = await check(text);
  assert.equal(code, 1, `${word}: ${stdout}${stderr}`);
  assert.match(stdout + stderr, new RegExp(`(^|\\D)${line}(\\D|$)`), `line ${line} is named: ${stdout}${stderr}`);
  assert.match(stdout + stderr, word);
}

const lineOf = (text, part) => text.split('\n').findIndex((line) => line.startsWith(part)) + 1;
const replaced = (part, line) => right().split('\n').map((one) => (one.startsWith(part) ? line : one)).join('\n');

describe('a config file that is wrong', () => {
  const wrong = [
    ['an unknown section', () => `${right()}[serer]\nlisten = 1\n`, '[serer]', /serer/],
    ['an unknown key', () => replaced('listen', 'lisen = 127.0.0.1:1'), 'lisen', /lisen/],
    ['a double section', () => `${right()}[server]\n`, null, /server/],
    ['a double key', () => replaced('listen', 'listen = 127.0.0.1:1\nlisten = 127.0.0.1:2'), null, /listen/],
    ['a continuation', () => replaced('listen', 'listen = 127.0.0.1:1\n   127.0.0.1:2'), null, /continu/i],
    ['an over-long line', () => replaced('listen', `listen = 127.0.0.1:${'1'.repeat(70000)}`), 'listen', /long/],
    ['no key and no section', () => replaced('listen', 'what is this'), 'what is', /./],
    ['a key before any section', () => `listen = 127.0.0.1:1\n${right()}`, 'listen', /./],
    ['a secret in plain text', () => replaced('webhook_secret', 'webhook_secret = hunter2hunter2'), 'webhook_secret', /reference|env:/],
    ['a store that is none', () => replaced('url = sqlite', 'url = mysql://x'), 'url = mysql', /sqlite/],
    ['http to another host', () => replaced('login_url', 'login_url = http://login.example'), 'login_url', /https/],
    ['a login_url with a path', () => replaced('login_url', 'login_url = https://login.example/tenant'), 'login_url', /path/],
    ['an unknown auth', () => replaced('auth =', 'auth = digest'), 'auth =', /basic/],
    ['a sweep of nothing', () => replaced('sweep_seconds', 'sweep_seconds = 0'), 'sweep_seconds', /./],
    ['a sweep in words', () => replaced('sweep_seconds', 'sweep_seconds = often'), 'sweep_seconds', /./],
    ['a listen that is none', () => replaced('listen', 'listen = somewhere'), 'listen', /ADDRESS|address/],
    ['the world without TLS', () => replaced('listen', 'listen = 0.0.0.0:8480'), 'listen', /tls_cert|behind_proxy/],
    ['a relative file reference', () => replaced('master_key', 'master_key = file:master.key'), 'master_key', /reference|file:/],
    ['an allow that is none', () => replaced('master_key', 'master_key = env:X\nallow = everything'), 'allow', /./],
    ['bindable groups that are none', () => replaced('graph_url', 'graph_url = http://127.0.0.1:1\nbindable_groups = all'), 'bindable_groups', /any/],
    ['three webhook secrets', () => replaced('webhook_secret', 'webhook_secret = env:A, env:B, env:C'), 'webhook_secret', /./],
    ['bad UTF-8', () => Buffer.concat([Buffer.from('# \n'), Buffer.from([0x23, 0xff, 0x0a]), Buffer.from(right())]), null, /UTF-8|./],
    ['a NUL', () => `${replaced('listen', 'listen = 127.0.0.1:1\0')}`, 'listen', /./],
    ['a log level that is none', () => `${right()}[log]\nlevel = chatty\n`, 'level', /./],
    ['an inbox kept for no day', () => `${right()}[retention]\ninbox_days = -1\n`, 'inbox_days', /./],
  ];
  for (const [what, make, begins, word] of wrong) {
    test(`with ${what} is refused, its line named`, async () => {
      const text = make();
      const lines = text.toString().split('\n');
      const line = begins ? lineOf(text.toString(), begins) : { 'a double section': lines.length - 1, 'a double key': 3, 'a continuation': 3, 'bad UTF-8': 2 }[what];
      assert.ok(line > 0);
      await faultAt(text, line, word);
      writeFileSync(at('tried.conf'), text);
      const serve = await world.cli(['serve', '--config', at('tried.conf')]);
      assert.ok(serve.code === 1 || serve.code === 2, `serve ended with ${serve.code}`);
      assert.ok(serve.stderr.length > 0);
    });
  }

  test('has all its faults named at once, not one after the other', async () => {
    const { code, stdout, stderr } = await check(`${replaced('listen', 'lisen = 1').replace('auth = basic', 'auth = digest')}[nowhere]\n`);
    assert.equal(code, 1);
    for (const word of ['lisen', 'auth', 'nowhere']) assert.ok((stdout + stderr).includes(word), word);
  });

  test('names no secret: a value written by mistake into the file is not repeated', async () => {
    const { stdout, stderr } = await check(replaced('webhook_secret', 'webhook_secret = hunter2hunter2').replace('token = env:TEST_JIRA_TOKEN', 'token = jira-canary-token'));
    assert.ok(!/hunter2|jira-canary/.test(stdout + stderr), stdout + stderr);
  });

  test('that is not there, is a folder, or may not be read, is said so', async () => {
    for (const path of [at('nowhere.conf'), world.folder, '/dev/null/x']) {
      const { code, stderr } = await world.cli(['check-config', '--config', path]);
      assert.ok([1, 2].includes(code), `${path}: ${code}`);
      assert.ok(stderr.length > 10);
    }
    assert.equal((await world.cli(['check-config'])).code, 2);
  });
});

describe('a config file that is right', () => {
  test('is said to be; every key of the contract is known', async () => {
    assert.equal((await check(right())).code, 0);
    const all = `; a comment
# another
[server]
listen = unix:/run/aiclearance/api.sock
public_url = https://clearance.example.com
[store]
url = sqlite:/var/lib/aiclearance/clearance.db
[secrets]
master_key = file:/etc/aiclearance/master.key
allow = dir:/etc/aiclearance/secrets, env:ENTRA_*, systemd:*
[entra]
login_url = https://login.example:8443
graph_url = https://graph.example
ca_file = /etc/ssl/extra.pem
bindable_groups = prefix:AI Clearance - 
[http]
proxy = http://proxy.example:3128
[jira]
site_url = https://example.atlassian.net
api_url = https://api.atlassian.com/ex/jira/1324a887-45db-1bf4-1e99-ef0ff456d421
auth = oauth
client_id = id
client_secret = env:JIRA_CLIENT_SECRET
token_url = https://auth.atlassian.com/oauth/token
webhook_secret = env:JIRA_WEBHOOK_SECRET, env:JIRA_WEBHOOK_SECRET_OLD
automation_token = systemd:automation
sweep_seconds = 300
[forge]
app_id = ari:cloud:ecosystem::app/8f1c2d3e-4a5b-4c6d-8e7f-901a2b3c4d5e
jwks_url = https://forge.cdn.prod.atlassian-dev.net/.well-known/jwks.json
[auth]
issuer = https://login.microsoftonline.com/8f1c2d3e-4a5b-4c6d-8e7f-901a2b3c4d5e/v2.0
client_id = console
client_secret = env:OIDC
[retention]
inbox_days = 30
[log]
level = info
`;
    const { code, stdout, stderr } = await check(all);
    assert.equal(code, 0, stdout + stderr);
    for (const bindable of ['any', 'owned', 'ids:90000000-0000-4000-8000-000000000001']) assert.equal((await check(all.replace(/bindable_groups = .*/, `bindable_groups = ${bindable}`))).code, 0, bindable);
    for (const listen of ['127.0.0.1:8480', '[::1]:8480', '127.9.9.9:1']) assert.equal((await check(all.replace(/listen = .*/, `listen = ${listen}`))).code, 0, listen);
    assert.equal((await check(all.replace(/listen = .*/, 'listen = 0.0.0.0:8480\nbehind_proxy = true'))).code, 0);
  });

  test('is overridden by AICLEARANCE_SECTION_KEY, whose faults are named too', async () => {
    const wrong = await check(right(), { AICLEARANCE_SERVER_LISTEN: 'nonsense' });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stdout + wrong.stderr, /AICLEARANCE_SERVER_LISTEN/);
    assert.equal((await check(replaced('sweep_seconds', 'sweep_seconds = 5'), { AICLEARANCE_JIRA_SWEEP_SECONDS: '7' })).code, 0);
    assert.equal((await check(right(), { AICLEARANCE_URL: 'x', AICLEARANCE_TOKEN: 'y' })).code, 0, 'these two are for the client');
    const unknown = await check(right(), { AICLEARANCE_SERVER_LISEN: '127.0.0.1:1' });
    assert.match(unknown.stdout + unknown.stderr, /AICLEARANCE_SERVER_LISEN/, 'a misspelt override is not passed over in silence');
  });
});

describe('what the config says is what happens', () => {
  const start = async (changes, environment = {}) => {
    world.writeConfig(changes);
    world.options.environment = environment;
    await world.startService();
  };

  test('a second service on the same file is refused with a sentence, and the first goes on', async () => {
    await start({});
    world.admin = await world.token('admin', world.seed.accounts.cleo);
    const { code, stderr } = await world.cli(['serve', '--config', world.configFile], { environment: { AICLEARANCE_SERVER_LISTEN: '127.0.0.1:0' } });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /already|another|in use/i);
    assert.equal((await world.api('GET', '/api/v1/me')).status, 200);
    // By another name of the same file too.
    symlinkSync(at('clearance.db'), at('link.db'));
    const linked = await world.cli(['serve', '--config', world.configFile], { environment: { AICLEARANCE_SERVER_LISTEN: '127.0.0.1:0', AICLEARANCE_STORE_URL: `sqlite:${at('link.db')}` } });
    assert.equal(linked.code, 1, linked.stderr);
    linkSync(at('clearance.db'), at('hard.db'));
    const hard = await world.cli(['serve', '--config', world.configFile], { environment: { AICLEARANCE_SERVER_LISTEN: '127.0.0.1:0', AICLEARANCE_STORE_URL: `sqlite:${at('hard.db')}` } });
    assert.equal(hard.code, 1, hard.stderr);
    rmSync(at('hard.db'));
    assert.equal((await world.api('GET', '/api/v1/me')).status, 200);
  });

  test('an address in use is said so, with exit 1', async () => {
    const { code, stderr } = await world.cli(['serve', '--config', world.configFile], { environment: { AICLEARANCE_STORE_URL: `sqlite:${at('other.db')}` } });
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`${world.servicePort}|in use`));
    await world.stopService();
  });

  test('after kill -9 the next service starts on the same file at once', async () => {
    await start({});
    await world.stopService('SIGKILL');
    await start({});
    assert.equal(await world.stopService(), 0);
  });

  test('the database is nobody else’s to read', () => {
    assert.equal(statSync(at('clearance.db')).mode & 0o077, 0);
  });

  test('a database of a newer version is refused with a sentence, and left as it is', async () => {
    const db = new DatabaseSync(at('clearance.db'));
    const tables = db.prepare("SELECT name, sql FROM sqlite_schema WHERE name LIKE '%migration%' AND type = 'table'").all();
    assert.equal(tables.length, 1, JSON.stringify(tables));
    const { name } = tables[0];
    const columns = db.prepare(`PRAGMA table_info(${name})`).all();
    const last = db.prepare(`SELECT * FROM ${name} ORDER BY 1 DESC LIMIT 1`).get();
    const newer = { ...last, [columns[0].name]: last[columns[0].name] + 1000 };
    const insert = db.prepare(`INSERT INTO ${name} (${columns.map((one) => one.name).join()}) VALUES (${columns.map(() => '?').join()})`);
    insert.run(...columns.map((one) => newer[one.name]));
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
    const before = readFileSync(at('clearance.db'));
    for (const args of [['serve', '--config', world.configFile], ['token', 'create', '--config', world.configFile, '--role', 'admin', '--name', 'x'], ['audit', 'verify', '--config', world.configFile]]) {
      const { code, stderr } = await world.cli(args);
      assert.equal(code, 1, `${args[0]}: ${stderr}`);
      assert.match(stderr, /newer/i, args.join(' '));
    }
    assert.ok(before.equals(readFileSync(at('clearance.db'))));
    const undo = new DatabaseSync(at('clearance.db'));
    undo.prepare(`DELETE FROM ${name} WHERE ${columns[0].name} = ?`).run(newer[columns[0].name]);
    undo.close();
    await start({});
    await world.stopService();
  });

  test('a master key that is missing, too open, too short or another one stops the service with a sentence', async () => {
    const serve = () => world.cli(['serve', '--config', world.configFile]);
    const key = readFileSync(at('master.key'));
    const refused = async (what) => {
      const { code, stderr } = await serve();
      assert.equal(code, 1, `${what}: ${code} ${stderr}`);
      assert.match(stderr, /master[ _]key/i, what);
      assert.ok(!stderr.includes(key.toString()), what);
    };
    chmodSync(at('master.key'), 0o644);
    await refused('too open');
    rmSync(at('master.key'));
    await refused('missing');
    for (const [what, text] of [['short', Buffer.alloc(16).toString('base64')], ['long', Buffer.alloc(64).toString('base64')], ['no base64', '!'.repeat(44)], ['empty', '']]) {
      writeFileSync(at('master.key'), text, { mode: 0o600 });
      await refused(what);
      rmSync(at('master.key'));
    }
    writeFileSync(at('master.key'), Buffer.alloc(32, 7).toString('base64'), { mode: 0o600 });
    await refused('another one');
    rmSync(at('master.key'));
    writeFileSync(at('master.key'), `${key}\n`, { mode: 0o600 });
    await start({});
    await world.stopService();
  });

  test('a Unix socket is listened on, left by kill -9 it does not stop the next start, and is gone in the end', async () => {
    const path = at('api.sock');
    const ask = () => new Promise((done, fail) => {
      const request = httpRequest({ socketPath: path, path: '/readyz', headers: { Host: 'localhost' } }, (response) => done(response.statusCode) || response.resume());
      request.on('error', fail);
      request.end();
    });
    world.writeConfig({ server: { listen: `unix:${path}` } });
    for (const signal of ['SIGKILL', 'SIGTERM']) {
      world.launchService();
      await until('the socket', async () => (await ask()) === 200);
      assert.ok(statSync(path).isSocket());
      assert.equal(statSync(path).mode & 0o007, 0, 'not everybody may talk to it');
      await world.stopService(signal);
    }
    assert.ok(!existsSync(path));
    writeFileSync(path, 'somebody’s file');
    const { code } = await world.cli(['serve', '--config', world.configFile]);
    assert.equal(code, 1, 'a file that is no socket is not removed');
    assert.equal(readFileSync(path, 'utf8'), 'somebody’s file');
  });

  test('two webhook secrets hold while they are rotated, and no third', async () => {
    await start({ jira: { webhook_secret: 'env:TEST_WEBHOOK_SECRET, env:TEST_WEBHOOK_OLD' } }, { TEST_WEBHOOK_OLD: 'the-old-one' });
    const first = world.webhookSecret;
    const send = async (secret, n) => {
      world.webhookSecret = secret;
      const { status } = await world.webhook({ n, issue: { id: '1', key: 'AIC-1' } });
      world.webhookSecret = first;
      return status;
    };
    assert.deepEqual([await send(first, 1), await send('the-old-one', 2), await send('', 3), await send('the-old-on', 4), await send(`${first}, the-old-one`, 5)], [202, 202, 401, 401, 401]);
    await world.stopService();
  });
});
