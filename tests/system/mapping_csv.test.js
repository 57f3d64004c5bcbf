// Identity mappings as a file: all of it or none of it, every wrong row by its line, and the service goes on meanwhile.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Story } from './story.js';
import { World } from './world.js';

const IMPORT = '/api/v1/identity-mappings/import';
const HEAD = 'accountId,connectorId,externalId,note';

let world;
let story;
before(async () => {
  world = await World.start();
  story = await Story.ready(world);
});
after(() => world?.stop());

const send = (text, { query = '', token = world.admin, type = 'text/csv' } = {}) => world.api('POST', IMPORT + query, text, { token, headers: { 'Content-Type': type } });
const exported = async () => (await world.api('GET', '/api/v1/identity-mappings/export')).text;
const count = async () => (await exported()).trim().split('\r\n').length - 1;

async function taken(text, options) {
  const answer = await send(text, options);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

async function refused(text) {
  const before = await exported();
  const answer = await send(text);
  assert.equal(answer.status, 422, answer.text);
  assert.equal(await exported(), before, 'a refused file leaves nothing');
  return answer.json;
}

beforeEach(async () => {
  for (const { mappingId } of (await world.must('GET', '/api/v1/identity-mappings?limit=200')).items) await world.api('DELETE', `/api/v1/identity-mappings/${mappingId}`);
});

describe('a file is taken', () => {
  test('with byte order mark, CRLF, quotes, a comma, a line break and columns in another order', async () => {
    const told = await taken(`\uFEFFnote,externalId,accountId,connectorId\r\n"a ""note"", with\na line",ada@contoso.example,acc:1,sandbox\r\n,ben@contoso.example,acc:2,sandbox\r\n\r\n`);
    assert.deepEqual(told, { created: 2, updated: 0, unchanged: 0, dryRun: false });
    const { items } = await world.must('GET', '/api/v1/identity-mappings?accountId=acc:1');
    assert.equal(items[0].note, 'a "note", with\na line');
    assert.equal(items[0].externalId, 'ada@contoso.example');
  });

  test('twice, and says that nothing changed; with another target, and says what did; and keeps a note that the file does not speak of', async () => {
    await taken(`${HEAD}\nacc:1,sandbox,ada@contoso.example,kept\n`);
    assert.deepEqual(await taken('accountId,connectorId,externalId\nacc:1,sandbox,ada@contoso.example'), { created: 0, updated: 0, unchanged: 1, dryRun: false });
    assert.deepEqual(await taken('accountId,connectorId,externalId\nacc:1,sandbox,ben@contoso.example'), { created: 0, updated: 1, unchanged: 0, dryRun: false });
    const { items } = await world.must('GET', '/api/v1/identity-mappings?accountId=acc:1');
    assert.equal(items[0].note, 'kept');
  });

  test('for a trial: everything is counted, nothing written', async () => {
    assert.deepEqual(await taken(`${HEAD}\nacc:1,sandbox,ada@contoso.example,`, { query: '?dryRun=true' }), { created: 1, updated: 0, unchanged: 0, dryRun: true });
    assert.equal(await count(), 0);
  });

  test('and what is exported is imported as it was, formulas and apostrophes too, and no cell runs in a spreadsheet', async () => {
    const notes = ['=1+1', '+1', '-1', '@x', "'=1", "''@", "'plain", "'", '"', 'a,b', 'ü ☃', ' spaces ', 'line\nbreak', ''];
    for (const [at, note] of notes.entries()) await world.must('POST', '/api/v1/identity-mappings', { accountId: `acc:${at}`, connectorId: 'sandbox', externalId: `u${at}@contoso.example`, note });
    const file = await exported();
    for (const line of file.split('\r\n')) assert.doesNotMatch(line, /(^|,)"?[=+@-]/, 'a cell that a spreadsheet would run');
    assert.deepEqual(await taken(file), { created: 0, updated: 0, unchanged: notes.length, dryRun: false });
    assert.equal(await exported(), file);
    assert.match((await taken(`${HEAD}\nacc:0,sandbox,u0@contoso.example,'=1+1`)).unchanged.toString(), /1/);
  });
});

describe('a file is refused', () => {
  test('with every wrong row by its line, and nothing of it stays', async () => {
    const { errors, truncated } = await refused([HEAD, 'acc:1,sandbox,ada@contoso.example,', ',sandbox,x@contoso.example,', 'acc:2,nowhere,x@contoso.example,', 'acc:1,sandbox,ben@contoso.example,', 'acc:3,sandbox', 'acc:4,sandbox,a"b,', `acc:5,sandbox,${'x'.repeat(300)},`, 'acc:6,sandbox,ok@contoso.example,"open'].join('\n'));
    assert.deepEqual(errors.map(({ line, path, code }) => `${line} ${path} ${code}`), ['3 accountId too_short', '4 connectorId not_one_of', '5 accountId duplicate', '6  malformed', '7  malformed', '8 externalId too_long', '9  malformed']);
    assert.equal(truncated, false);
  });

  test('where the first line is wrong: unknown, missing, doubled columns, no line at all, bytes that are no text', async () => {
    for (const [text, code] of [['', 'required'], ['accountId,connectorId\n', 'required'], [`${HEAD},extra\n`, 'unknown_key'], [`${HEAD},note\n`, 'duplicate'], ['a;b;c\n', 'unknown_key']]) {
      const { errors } = await refused(text);
      assert.equal(errors[0].code, code, text);
      assert.equal(errors[0].line, 1);
    }
    for (const bytes of [Buffer.from([0xff, 0xfe]), Buffer.from([0])]) {
      const { errors } = await refused(Buffer.concat([Buffer.from(`${HEAD}\nacc:1,sandbox,`), bytes, Buffer.from(',\n')]));
      assert.deepEqual([errors[0].line, errors[0].path, errors[0].code], [2, 'externalId', 'malformed']);
    }
  });

  test('with the first thousand errors and the word that there are more', async () => {
    const { errors, truncated } = await refused(`${HEAD}\n${',,,\n'.repeat(2000)}`);
    assert.equal(errors.length, 1000);
    assert.equal(truncated, true);
    assert.equal(errors[0].line, 2);
  });

  test('of another media type, or asked with a parameter that there is not', async () => {
    assert.equal((await send(HEAD, { type: 'application/json' })).status, 415);
    assert.equal((await send(HEAD, { query: '?dry=1' })).status, 422);
    assert.equal((await send(HEAD, { query: '?dryRun=maybe' })).status, 422);
  });
});

describe('a hundred thousand rows', () => {
  const rows = (from, many) => Array.from({ length: many }, (_, at) => `712020:${String(from + at).padStart(8, '0')}-0000-4000-8000-000000000000,sandbox,user${from + at}@contoso.example,note ${at}`);

  test('a wrong row 99,999 leaves nothing behind; the whole file goes in, with bounded memory, while webhooks are acknowledged', async () => {
    const lines = rows(0, 100000);
    const broken = [...lines];
    broken[99998] = ',sandbox,x,';
    const { errors } = await refused([HEAD, ...broken].join('\n'));
    assert.deepEqual(errors.map(({ line }) => line), [100000]);
    let importing = true;
    const statuses = [];
    const webhooks = (async () => {
      while (importing) statuses.push((await world.webhook({ webhookEvent: 'jira:issue_updated', issue: { id: '1', key: 'AIC-1' } })).status);
    })();
    const told = await taken([HEAD, ...lines].join('\n'));
    importing = false;
    await webhooks;
    assert.equal(told.created, 100000);
    assert.ok(statuses.length > 0);
    assert.deepEqual([...new Set(statuses)], [202]);
    const sanitized = /lib[at]san/.test(readFileSync(`/proc/${world.serviceProcess.pid}/maps`, 'utf8'));
    const peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${world.serviceProcess.pid}/status`, 'utf8'))[1]);
    assert.ok(sanitized || peak < 256 * 1024, `the service grew to ${peak} kB`); // 48 MB were seen
    assert.equal(await count(), 100000);
  });

  test('and a file that is too large is told so, also where the sender listens only after the last byte', async () => {
    const answer = await send('x'.repeat(33 << 20));
    assert.equal(answer.status, 413, answer.text);
    assert.equal(answer.json.code, 'body_too_large');
    assert.equal((await send(HEAD)).status, 200, 'and the next file has its turn');
  });

  test('again and again: what a file needs is given back, whichever thread takes it', async () => {
    const file = [HEAD, ...rows(0, 200000)].join('\n');
    const held = () => Number(/RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${world.serviceProcess.pid}/status`, 'utf8'))[1]);
    for (let at = 0; at < 6; at++) await taken(file, { query: '?dryRun=true' });
    const sanitized = /lib[at]san/.test(readFileSync(`/proc/${world.serviceProcess.pid}/maps`, 'utf8'));
    assert.ok(sanitized || held() < 48 * 1024, `the service keeps ${held()} kB`); // 10 MB were seen
  });

  test('that are not taken are answered all the same, with the reason: no token, another\'s, another type, another file under way', async () => {
    const file = [HEAD, ...rows(0, 100000)].join('\n');
    const auditor = await world.token('auditor');
    assert.equal((await send(file, { token: null })).status, 401);
    assert.equal((await send(file, { token: auditor })).status, 403);
    assert.equal((await send(file, { type: 'application/json' })).status, 415);
    const both = await Promise.all([send(file), send(file)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 503]);
  });

  test('only one file at a time, and a stranger\'s file is refused before it is read', async () => {
    const auditor = await world.token('auditor');
    const { port } = new URL(world.service);
    const answerTo = (token) => new Promise((done, fail) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', fail);
      socket.once('data', (data) => { done(data.toString()); socket.destroy(); });
      socket.write(`POST ${IMPORT} HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 30000000\r\nExpect: 100-continue\r\n${token ? `Authorization: Bearer ${token}\r\n` : ''}\r\n`);
    });
    assert.match(await answerTo(null), /^HTTP\/1.1 401/);
    assert.match(await answerTo(auditor), /^HTTP\/1.1 403/);
    const slow = connect(Number(port), '127.0.0.1');
    slow.write(`POST ${IMPORT} HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 30000000\r\nAuthorization: Bearer ${world.admin}\r\n\r\n${HEAD}`);
    await new Promise((done) => setTimeout(done, 300));
    const busy = await send(HEAD);
    assert.equal(busy.status, 503);
    assert.ok(Number(busy.headers.get('retry-after')) > 0);
    slow.destroy();
    await new Promise((done) => setTimeout(done, 300));
    assert.equal((await send(HEAD)).status, 200);
  });
});

describe('from a terminal', () => {
  const client = (args, input) => world.cli(['mapping', ...args], { environment: { AICLEARANCE_URL: world.service, AICLEARANCE_TOKEN: world.admin }, input });

  test('a file goes in, a trial writes nothing, wrong lines are named, and what comes out goes in again', async () => {
    const file = `${HEAD}\nterm:1,sandbox,t1@contoso.example,by hand\n`;
    const trial = await client(['import', '--file', '-', '--dry-run', '--json'], file);
    assert.deepEqual(JSON.parse(trial.stdout), { created: 1, updated: 0, unchanged: 0, dryRun: true });
    const taken = await client(['import', '--file', '-'], file);
    assert.equal(taken.code, 0, taken.stderr);
    assert.match(taken.stdout, /created\s+1/i);
    const wrong = await client(['import', '--file', '-'], `${file},,,\n`);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /line 3: accountId/);
    const out = await client(['export']);
    assert.match(out.stdout, /term:1,sandbox,t1@contoso.example,by hand/);
    assert.match((await client(['import', '--file', '-'], out.stdout)).stdout, /created\s+0/i);
    assert.equal((await client(['import', '--file', '/nowhere.csv'])).code, 2);
    assert.match((await client(['list', '--account', 'term:1'])).stdout, /t1@contoso\.example/);
  });
});
