// Whatever a body is, that somebody with the webhook's secret sends: real ones, and hundreds of broken ones. Each is taken and
// then processed or ignored with a reason, or refused with a problem. None brings the service down, and none grants anything.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertProblem, UUID7 } from './answers.js';
import { Story } from './story.js';
import { until, World } from './world.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../data/jira-payloads');
const samples = readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => [name, readFileSync(join(folder, name))]);

// The same mutations in every run: a small generator with a seed (mulberry32).
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function places(value, into = []) {
  if (value === null || typeof value !== 'object') return into;
  for (const key of Object.keys(value)) {
    into.push([value, key]);
    places(value[key], into);
  }
  return into;
}

const strangers = [null, true, false, 0, -1, 1e308, 9007199254740993, '', ' ', 'x'.repeat(100000), '\u0000', '\uD83D', [], {}, [[[]]], { self: {} }, 'AIC-1', 'AIC-999999999999999999999', '../../AIC-1', "AIC-1' OR 1=1",
  '10042', ['10042'], { id: '10042', key: 'AIC-1' }, '２０'];

const mutations = {
  otherType(random, value) {
    const all = places(value);
    for (let times = 1 + Math.floor(random() * 4); times > 0; times--) {
      const [holder, key] = all[Math.floor(random() * all.length)];
      holder[key] = strangers[Math.floor(random() * strangers.length)];
    }
    return Buffer.from(JSON.stringify(value));
  },
  // Where it hurts: exactly the members that are read.
  otherIssue(random, value) {
    const strange = strangers[Math.floor(random() * strangers.length)];
    const where = Math.floor(random() * 6);
    if (where === 0) value.issue = strange;
    else if (where === 1) value.webhookEvent = strange;
    else if (where === 2) value.issue = { ...value.issue, id: strange };
    else if (where === 3) value.issue = { ...value.issue, key: strange };
    else if (where === 4) value.issue = { id: '10000', key: 'AIC-1', fields: strange };
    else value.changelog = strange;
    return Buffer.from(JSON.stringify(value));
  },
  removed(random, value) {
    const all = places(value);
    for (let times = 1 + Math.floor(random() * 6); times > 0; times--) {
      const [holder, key] = all[Math.floor(random() * all.length)];
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
    }
    return Buffer.from(JSON.stringify(value));
  },
  truncated: (random, _, bytes) => bytes.subarray(0, Math.floor(random() * bytes.length)),
  bits(random, _, bytes) {
    const copy = Buffer.from(bytes);
    for (let times = 1 + Math.floor(random() * 8); times > 0; times--) copy[Math.floor(random() * copy.length)] ^= 1 << Math.floor(random() * 8);
    return copy;
  },
  badUtf8(random, _, bytes) {
    const at = Math.floor(random() * bytes.length);
    const bad = [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0x80], [0]][Math.floor(random() * 6)];
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(bad), bytes.subarray(at)]);
  },
  twice(random, value) {
    const text = JSON.stringify(value);
    return Buffer.from(`${text.slice(0, -1)},"issue":{"id":"10000","key":"AIC-1"},"issue":{"id":"10001"}}${random() < 0.5 ? '' : '{}'}`);
  },
  hugeString(random, value) {
    const all = places(value);
    const [holder, key] = all[Math.floor(random() * all.length)];
    holder[key] = 'é'.repeat(100000 + Math.floor(random() * 100000));
    return Buffer.from(JSON.stringify(value));
  },
};

let world;
let story;
let issue;
const accepted = new Map();

async function send(body, headers) {
  const response = await world.webhook(body, headers);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: JSON.parse(text) };
}

// Acknowledged: remembers the event, to be looked up when everything has been sent.
async function taken(body, what, headers) {
  const answer = await send(body, headers);
  assert.equal(answer.status, 202, `${what}: ${answer.text}`);
  assert.deepEqual(Object.keys(answer.json), ['eventId']);
  assert.match(answer.json.eventId, UUID7);
  accepted.set(answer.json.eventId, what);
  return answer.json.eventId;
}

async function ended(eventId, what) {
  return until(`the end of ${what}`, async () => {
    const event = await world.must('GET', `/api/v1/inbox-events/${eventId}`);
    if (event.status === 'received') return null;
    assert.deepEqual(Object.keys(event).sort(), ['code', 'eventId', 'reason', 'receivedAt', 'requestId', 'status']);
    assert.ok(['processed', 'ignored'].includes(event.status), `${what}: ${JSON.stringify(event)}`);
    if (event.status === 'ignored') assert.ok(event.reason && event.code, `${what}: ignored without a reason: ${JSON.stringify(event)}`);
    return event;
  }, 60000);
}

async function nothingGranted() {
  assert.deepEqual((await world.must('GET', '/api/v1/grants')).items, []);
  assert.deepEqual(await story.members(), []);
  assert.equal((await world.api('GET', '/readyz')).status, 200);
  assert.equal(world.serviceProcess.exitCode, null);
  assert.equal(world.serviceProcess.signalCode, null);
}

before(async () => {
  world = await World.start();
  story = await Story.ready(world);
  // Something to be taken in by: an issue that waits for its approval, and whose key and id the broken bodies name too.
  issue = await story.file('ada');
  await story.requestIs(issue, 'pending');
});
after(() => world?.stop());

describe('what comes to /hooks/jira', () => {
  test('bodies as Jira sends them are taken, and end with a reason', async () => {
    assert.ok(samples.length >= 8, 'the sample bodies are there');
    for (const [name, bytes] of samples) {
      const event = await ended(await taken(bytes, name), name);
      assert.equal(event.requestId, null, name);
    }
    await nothingGranted();
  });

  for (const [seed, [kind, mutate]] of Object.entries(mutations).entries()) {
    test(`40 bodies broken by "${kind}" are taken, and none is believed`, async () => {
      const random = generator(20261123 + seed);
      for (let round = 0; round < 40; round++) {
        const [name, bytes] = samples[Math.floor(random() * samples.length)];
        const value = JSON.parse(bytes);
        const ours = random() < 0.3 ? JSON.parse(JSON.stringify(value).replaceAll(/"key":"[A-Z]+-\d+"/g, `"key":"${issue}"`)) : value;
        const body = mutate(random, ours, bytes);
        if (body.length > 1 << 20) assertProblem(await send(body), 413, 'body_too_large');
        else await taken(body, `${kind} ${round} of ${name}`);
      }
      await nothingGranted();
    });
  }

  test('a megabyte of nesting, of brackets, of keys, of digits, of nothing', async () => {
    const limit = 1 << 20;
    const full = (head, filler, tail) => head + filler.repeat(Math.floor((limit - head.length - tail.length) / filler.length)) + tail;
    for (const [what, body] of Object.entries({
      arrays: '['.repeat(limit / 2) + ']'.repeat(limit / 2), opened: '['.repeat(limit), objects: '{"a":'.repeat(limit / 5), mixed: full('', '[{"issue":', ''),
      keys: full('{', '"k":0,', '"issue":{"id":"1","key":"AIC-1"}}'), digits: full('{"issue":{"id":', '9', '}}'), blanks: full('', ' ', '{}'), escapes: full('{"issue":{"key":"', '\\u0041', '"}}'),
      zeros: Buffer.alloc(limit), quotes: '"'.repeat(limit), empty: '', list: '[]', null: 'null', text: '"AIC-1"',
    })) {
      assert.ok(body.length <= limit);
      await taken(body, what);
    }
    await nothingGranted();
  });

  test('exactly 1 MiB is taken, one byte more is refused, said before or only found out', async () => {
    const body = (size) => `{"issue":{"id":"1","key":"AIC-77"}${' '.repeat(size - 35)}}`;
    await taken(body(1 << 20), 'exactly');
    assertProblem(await send(body((1 << 20) + 1)), 413, 'body_too_large');
    assertProblem(await send(body(5 << 20)), 413, 'body_too_large');
    const bytes = Buffer.from(body(3 << 20));
    const response = await fetch(`${world.service}/hooks/jira`, {
      method: 'POST', duplex: 'half', headers: { 'X-Hub-Signature': `sha256=${createHmac('sha256', world.webhookSecret).update(bytes).digest('hex')}` },
      body: new ReadableStream({ start(controller) { controller.enqueue(bytes); controller.close(); } }),
    });
    assert.equal(response.status, 413);
  });

  test('headers that are wrong or missing change nothing: the body is what counts', async () => {
    const body = (n) => JSON.stringify({ webhookEvent: 'jira:issue_updated', issue: { id: '1', key: `AIC-8${n}` } });
    for (const [at, headers] of [{ 'Content-Type': 'text/plain' }, { 'Content-Type': 'multipart/form-data' }, { 'Content-Type': '' }, { 'X-Atlassian-Webhook-Identifier': 'x'.repeat(2000) },
      { 'X-Atlassian-Webhook-Identifier': '' }, { Authorization: 'Bearer nonsense' }, { 'Idempotency-Key': 'x' }, { 'If-Match': '"x"' }, { 'Content-Type': 'application/json; charset=latin1' }].entries()) {
      await taken(body(at), JSON.stringify(headers).slice(0, 60), headers);
    }
    const signature = createHmac('sha256', world.webhookSecret).update(body(99)).digest('hex');
    const withQuery = await fetch(`${world.service}/hooks/jira?user_id=712020%3Ax&limit=zero`, { method: 'POST', body: body(99), headers: { 'X-Hub-Signature': `sha256=${signature}` } });
    assert.equal(withQuery.status, 202);
  });

  test('without a signature that holds nothing is taken, however near it comes', async () => {
    const body = JSON.stringify({ issue: { id: '1', key: issue } });
    const right = createHmac('sha256', world.webhookSecret).update(body).digest('hex');
    const other = createHmac('sha256', 'other').update(body).digest('hex');
    for (const signature of ['', 'sha256=', 'sha256', right, `sha1=${right}`, `sha256=${other}`, `sha256=${right.slice(0, -1)}`, `sha256=${right}0`, `sha256= ${right}`, `sha256=${right.replace(/.$/, (c) => (c === '0' ? '1' : '0'))}`,
      `sha256=${Buffer.from(right, 'hex').toString('base64')}`, `sha256=${other}, sha256=${right}x`, `sha256=${'0'.repeat(64)}`]) {
      assertProblem(await send(body, { 'X-Hub-Signature': signature }), 401, 'unauthenticated', signature);
    }
    const response = await fetch(`${world.service}/hooks/jira`, { method: 'POST', body });
    assert.equal(response.status, 401);
    assertProblem(await send(`${body} `, { 'X-Hub-Signature': `sha256=${right}` }), 401, 'unauthenticated', 'one blank more');
  });

  test('a duplicate answers the first eventId, alone and eight at once', async () => {
    const body = JSON.stringify({ webhookEvent: 'jira:issue_updated', issue: { id: '5', key: 'AIC-555' } });
    const first = await taken(body, 'first');
    assert.equal((await send(body)).json.eventId, first);
    const many = JSON.stringify({ webhookEvent: 'jira:issue_updated', issue: { id: '6', key: 'AIC-556' } });
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(many)));
    assert.equal(new Set(answers.map((one) => one.json.eventId)).size, 1);
    const broken = '{"issue":';
    assert.equal((await send(broken)).json.eventId, (await send(broken)).json.eventId);
  });

  test('every single one that was taken ended, with a reason where it was ignored', async () => {
    assert.ok(accepted.size > 300, `${accepted.size} were taken`);
    const codes = new Set();
    for (const [eventId, what] of accepted) codes.add((await ended(eventId, what)).code);
    assert.ok(codes.has('json_malformed'));
    await nothingGranted();
  });
});

describe('what comes to /hooks/jira-automation', () => {
  const call = async (body, headers = {}) => {
    const response = await fetch(`${world.service}/hooks/jira-automation`, { method: 'POST', body, headers: { 'Content-Type': 'application/json', 'X-AIClearance-Token': world.automationToken, ...headers } });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: text ? JSON.parse(text) : null };
  };

  test('only with its token, whole and in its own header', async () => {
    const body = JSON.stringify({ issueKey: issue });
    for (const token of ['', 'x', world.automationToken.slice(1), `${world.automationToken}0`, world.automationToken.toUpperCase() + ' ', world.webhookSecret, world.admin]) {
      assertProblem(await call(body, { 'X-AIClearance-Token': token }), 401, 'unauthenticated', token.slice(0, 6));
    }
    assertProblem(await call('x'.repeat(2000000), { 'X-AIClearance-Token': 'x' }), (await call('x'.repeat(2000000), { 'X-AIClearance-Token': 'x' })).status);
  });

  test('hundreds of broken bodies are taken or refused, and grant nothing', async () => {
    const random = generator(42);
    const seeds = [JSON.stringify({ issueKey: issue }), JSON.stringify({ issueKey: 'AIC-1', more: { issueKey: 'AIC-2' } }), JSON.stringify({ issueKey: 'OPS-1' })];
    const bodies = ['', '{}', '[]', 'null', '{"issueKey":null}', '{"issueKey":""}', '{"issueKey":["AIC-1"]}', '{"issueKey":1}', '{"issuekey":"AIC-1"}', '{"issueKey":"AIC-1","issueKey":"AIC-2"}',
      `{"issueKey":"${'A'.repeat(60000)}-1"}`, `{"issueKey":"AIC-1"}${' '.repeat(70000)}`, '{"issueKey":"../../rest/api/3/myself"}', '{"issueKey":"AIC-1?fields=x"}', '{"issueKey":"AIC-1\\u0000"}', '{"issueKey":"AIC-1\\r\\nX: y"}',
      '{"issueKey":"aic-1"}', '{"issueKey":" AIC-1 "}', '['.repeat(30000)];
    for (let round = 0; round < 120; round++) {
      const bytes = Buffer.from(seeds[round % seeds.length]);
      const kind = ['truncated', 'bits', 'badUtf8', 'otherType'][round % 4];
      bodies.push(mutations[kind](random, JSON.parse(bytes), bytes));
    }
    const seen = {};
    for (const body of bodies) {
      const answer = await call(body);
      seen[answer.status] = (seen[answer.status] ?? 0) + 1;
      if (answer.status === 202) await ended(answer.json.eventId, String(body).slice(0, 60));
      else assertProblem(answer, answer.status, { 400: 'json_malformed', 413: 'body_too_large', 422: 'validation_failed' }[answer.status], String(body).slice(0, 60));
    }
    assert.ok(seen[202] > 0 && seen[400] > 0 && seen[422] > 0, JSON.stringify(seen));
    await nothingGranted();
  });

  test('other members than issueKey are not read', async () => {
    const answer = await call(JSON.stringify({ issueKey: 'AIC-4711', status: 'approved', approvals: [{ finalDecision: 'approved' }] }));
    assert.equal(answer.status, 202, answer.text);
    assert.equal((await ended(answer.json.eventId, 'with more')).requestId, null);
  });
});

describe('after all that', () => {
  test('a signed hint about the waiting issue grants nothing, and the real approval does', async () => {
    const lie = { webhookEvent: 'jira:issue_updated', issue: { id: '10000', key: issue, fields: { status: { name: 'Approved', id: '10001' }, customfield_10026: [{ finalDecision: 'approved', completedDate: { epochMillis: Date.now() } }] } } };
    await ended(await taken(lie, 'the lie'), 'the lie');
    await story.quiet();
    await nothingGranted();
    await story.approve(issue);
    const grant = await story.grantIs(issue, 'active');
    assert.equal(grant.accountId, world.seed.accounts.ada);
    const { code, stdout } = await world.cli(['audit', 'verify', '--config', world.configFile]);
    assert.equal(code, 0, stdout);
  });

  test('the identifier of an event seen before does not keep a new one out', async () => {
    const identifier = { 'X-Atlassian-Webhook-Identifier': randomUUID() };
    const one = await taken({ webhookEvent: 'jira:issue_updated', issue: { id: '7', key: 'AIC-601' } }, 'one', identifier);
    const other = await taken({ webhookEvent: 'jira:issue_updated', issue: { id: '8', key: 'AIC-602' }, n: 1 }, 'other', identifier);
    await ended(one, 'one');
    await ended(other, 'other');
  });
});
