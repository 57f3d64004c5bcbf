// The membership engine under every fault of the directory that the facts name: whatever goes wrong on the way, the group ends
// exactly as approved, every job has its own outcome, and nothing is sent before it may be.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { World } from './world.js';
import { Story } from './story.js';
import { Bulk, groupOf, userOf } from './bulk.js';
import { faultPage } from './fault_page.js';

const full = process.env.AICLEARANCE_FULL === '1';
const many = full ? 400 : 40;
const spread = full ? 20 : 4;

const graph = (path, fault) => ({ site: 'entra', path, ...fault });
// Several of a kind, at calls that lie apart.
const now = (times, skip, rule) => Array.from({ length: times }, (_, at) => ({ ...rule, skip: at * skip, times: 1 }));
const often = full ? 4 : 2;
const batch = (fault) => now(often, 3, graph('/v1.0/$batch', { method: 'POST', ...fault }));
const write = (fault, times = often) => [...now(times, 2, graph('/v1.0/groups/*', { method: 'PATCH', ...fault })),
  ...now(times, 2, graph('/v1.0/groups/*/members/*', { method: 'DELETE', ...fault })),
  ...now(1, 0, graph('/v1.0/groups/*/members/$ref', { method: 'POST', ...fault }))];
const status = (code, error, message, headers = {}) => ({
  action: 'status', status: code, headers, body: { error: { code: error, message, innerError: {} } },
});
const throttled = (retryAfter) => status(429, 'TooManyRequests', 'Please retry again later.', retryAfter === null ? {} : { 'Retry-After': retryAfter });

const faults = {
  'nothing goes wrong': {},
  'the connection is reset before the call is carried out': { rules: batch({ action: 'reset' }) },
  'the connection is reset after the call was carried out': { rules: batch({ action: 'reset', when: 'after' }) },
  'the answer is cut short': { rules: batch({ action: 'truncate' }) },
  'Graph answers 503 to the whole call': { rules: batch(status(503, 'ServiceUnavailable', 'Later.')) },
  'Graph answers 500 after it carried the call out': { rules: batch({ ...status(500, 'Service_InternalServerError', 'Oops.'), when: 'after' }) },
  'Graph answers 504 to one write, having carried it out': { rules: write({ ...status(504, 'GatewayTimeout', 'Oops.'), when: 'after' }) },
  'Graph answers 503 to one write': { rules: write(status(503, 'ServiceUnavailable', 'Later.', { 'Retry-After': '1' })) },
  '429 to the whole call, in whole seconds': { rules: batch(throttled('1')) },
  '429 to the whole call, in parts of a second': { rules: batch(throttled('0.3')) },
  '429 to the whole call, as a date': { rules: batch(throttled('@date')) },
  '429 to the whole call, saying nothing': { rules: batch(throttled(null)) },
  '429 to the whole call, saying nonsense': { rules: batch(throttled('soon')) },
  '429 to one write, in whole seconds': { rules: write(throttled('1')) },
  '429 to one write, saying nothing': { rules: write(throttled(null)) },
  'a quota of writes that is soon used up': { throttle: { writes: full ? 100 : 20, windowMs: 2000, linkCost: 7, retryAfter: 'integer', envelope424: false } },
  'the same, and the envelope is a 424': { throttle: { writes: full ? 100 : 20, windowMs: 2000, linkCost: 7, retryAfter: 'decimal', envelope424: true } },
  'the token runs out on the way': { rules: batch(status(401, 'InvalidAuthenticationToken', 'Lifetime validation failed, the token is expired.')) },
  '409 to a write': { rules: write(status(409, 'Directory_ConcurrencyViolation', 'Error due to concurrent requests being made to the tenant. Please wait briefly and retry.')) },
  'the group is not found for a moment': { rules: write(status(404, 'Request_ResourceNotFound', "Resource 'x' does not exist or one of its queried reference-property objects are not present."), 2) },
  'reads are two seconds behind': { replicationDelayMs: 2000 },
};
const quietFaults = { rules: [], throttle: null, replicationDelayMs: 0, latencyMs: 0 };

// What is to be, and what was before: lists of { person, group }.
const one = [{ person: 0, group: 0 }];
const over = Array.from({ length: many }, (_, person) => ({ person, group: person % spread }));
const heap = Array.from({ length: many }, (_, person) => ({ person, group: 0 }));
const half = (list, part) => list.filter((_, at) => at % 2 === part);
const loads = {
  'one add': { adds: one, removes: [] },
  'adds over many groups': { adds: over, removes: [] },
  'adds to one group': { adds: heap, removes: [] },
  removes: { adds: [], removes: over },
  'adds and removes mixed': { adds: half(over, 0), removes: half(over, 1) },
};

const inShort = (process.env.FAULT_LOADS ?? 'adds and removes mixed').split(',');

let world;
let bulk;
const page = faultPage(Object.keys(loads));

async function soon(rules) {
  const date = new Date(Date.now() + 2000).toUTCString();
  return JSON.parse(JSON.stringify(rules ?? []).replaceAll('@date', date));
}

// Everybody out again, whatever became of the row before.
async function clear() {
  await world.control('PUT', '/faults', quietFaults);
  await bulk.enable();
  const open = (await bulk.all('/api/v1/grants')).filter((grant) => !['revoked', 'expired', 'notGranted'].includes(grant.status));
  await bulk.revoke(open.map((grant) => grant.grantId));
  await bulk.rest();
}

// How long an answer asked us to wait, from the moment it was given; 0: it did not say.
function waitOf(answer) {
  if (answer.status !== 429 || !answer.retryAfter) return 0;
  const seconds = Number(answer.retryAfter);
  return Number.isFinite(seconds) ? seconds * 1000 : Math.max(0, Date.parse(answer.retryAfter) - answer.atMs || 0);
}

// Calls that came in while we had been asked to wait. What was under way when the answer left is not meant.
async function early(since) {
  const { requests } = await world.control('GET', `/requests?since=${since}`);
  const graph = requests.filter((one) => one.site === 'entra' && one.path.startsWith('/v1.0/'));
  const waits = graph.filter((one) => waitOf(one) > 0).map((one) => [one.atMs + 100, one.atMs + waitOf(one) - 5]);
  return graph.filter((one) => !one.batched && waits.some(([from, to]) => one.receivedMs > from && one.receivedMs < to));
}

async function runLoad(load, fault) {
  const gone = await bulk.grants(load.removes);
  await bulk.rest();
  await bulk.disable();
  await bulk.revoke(gone);
  const wanted = await bulk.grants(load.adds);
  await world.control('PUT', '/faults', { ...quietFaults, ...fault, rules: await soon(fault.rules) });
  const since = await bulk.lastSeq();
  await bulk.enable();
  await bulk.rest();
  return { wanted, gone, early: await early(since) };
}

async function judge(load, { wanted, gone, early }) {
  const members = await bulk.membersOf([...Array(spread).keys()]);
  for (const [at, set] of members.entries()) {
    const expected = load.adds.filter((one) => one.group === at).map((one) => userOf(one.person));
    assert.deepEqual([...set].sort(), expected.sort(), `members of ${groupOf(at)}`);
  }
  for (const grant of await bulk.read(wanted)) assert.equal(grant.status, 'active', JSON.stringify(grant));
  for (const grant of await bulk.read(gone)) assert.equal(grant.status, 'revoked', JSON.stringify(grant));
  assert.deepEqual(early, [], 'nothing is sent before Retry-After is over');
  const ends = await bulk.all('/api/v1/audit-events');
  const count = (action, id) => ends.filter((event) => event.action === action && event.target.id === id).length;
  for (const id of wanted) assert.equal(count('grant.member', id), 1, `one event that ${id} is a member`);
  for (const id of gone) assert.equal(count('grant.notMember', id), 1, `one event that ${id} is out`);
}

// What is kept in memory of one row (waits, what was written of late) is not the next one's.
async function anew() {
  await world.stopService();
  await world.startService();
}

describe('the engine', () => {
  before(async () => {
    world = await World.start({ config: { jira: { sweep_seconds: '3600' } } });
    bulk = await Bulk.ready(await Story.ready(world), many, spread);
  });
  after(() => world.stop());
  for (const [name, fault] of Object.entries(faults)) {
    for (const [loadName, load] of Object.entries(loads).filter(([one]) => full || inShort.includes(one))) {
      test(`nobody is lost and nobody too many when ${name}: ${loadName}`, async () => {
        await anew();
        await clear();
        await judge(load, await runLoad(load, fault));
        page.note(name, loadName, 'exact');
      });
    }
  }
});
