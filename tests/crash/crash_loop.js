// node tests/crash/crash_loop.js --approvals 200 --kills 12 [--removals 50] [--seed N]
//
// Files that many requests in Jira, each of another person, and approves them all, while the service is killed with SIGKILL at
// random moments (also while it starts) and started again. In the end everything happened once: each person is in the group
// once, each issue has one request, one grant, one comment, and the audit chain is whole. Then some are removed the same way.
// The moments come from a seed, which is printed: --seed plays them again, as far as two machines can agree on time.
import { parseArgs } from 'node:util';
import { World, sleep, until } from '../system/world.js';
import { STATUS, Story } from '../system/story.js';

const { values: flags } = parseArgs({
  options: {
    approvals: { type: 'string', default: '200' }, kills: { type: 'string', default: '12' },
    removals: { type: 'string', default: '50' }, seed: { type: 'string', default: String(Date.now() % 1000000) },
  },
});
const approvals = Number(flags.approvals);
const kills = Number(flags.kills);
const removals = Math.min(Number(flags.removals), approvals);
const SETTLE_MS = 240000;

// mulberry32: small, and the same everywhere.
let state = Number(flags.seed) >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
}
const below = (limit) => Math.floor(random() * limit);

const faults = [];
const expect = (holds, what) => {
  if (!holds) faults.push(what);
};
const started = Date.now();
const say = (text) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);

const person = (at) => `user${String(at + 1).padStart(3, '0')}`;

// Cuts `items` into `count` shares of about the same size.
function shares(items, count) {
  return Array.from({ length: count }, (_, at) =>
    items.slice(Math.floor((items.length * at) / count), Math.floor((items.length * (at + 1)) / count)));
}

async function inTurn(items, act) {
  for (const item of items) {
    await act(item);
    if (random() < 0.3) await sleep(below(40));
  }
}

// The service dies, perhaps again while it comes up, and is back.
async function kill(world) {
  await world.stopService('SIGKILL');
  while (random() < 0.25) {
    world.launchService();
    await sleep(below(60));
    await world.stopService('SIGKILL');
  }
  await sleep(below(200));
  await world.startService();
}

// Does the work of `rounds` in parts, and kills the service once while each is under way.
async function throughKills(world, rounds) {
  for (const round of rounds) {
    const work = round();
    await sleep(below(2500));
    await kill(world);
    await work;
  }
}

async function all(world, path) {
  const items = [];
  let cursor = '';
  do {
    const page = await world.must('GET', `${path}${path.includes('?') ? '&' : '?'}limit=200${cursor}`);
    items.push(...page.items);
    cursor = page.nextCursor ? `&cursor=${encodeURIComponent(page.nextCursor)}` : '';
  } while (cursor);
  return items;
}

async function settled(world, what, wanted) {
  let last = '';
  await until(what, async () => {
    const grants = await all(world, '/api/v1/grants');
    const counts = {};
    for (const grant of grants) counts[grant.status] = (counts[grant.status] ?? 0) + 1;
    const shown = JSON.stringify(counts);
    if (shown !== last) say(`grants: ${shown}`);
    last = shown;
    await sleep(300);
    if (Object.entries(wanted).every(([status, count]) => (counts[status] ?? 0) === count)) return true;
    throw new Error(shown);
  }, SETTLE_MS);
}

async function atRest(world) {
  await until('all jobs to be at rest', async () => {
    const open = [];
    for (const status of ['queued', 'running', 'waiting']) open.push(...(await all(world, `/api/v1/jobs?status=${status}`)));
    const left = open.filter((job) => job.kind !== 'sweep');
    if (left.length === 0) return true;
    throw new Error(JSON.stringify(left.slice(0, 3)));
  }, SETTLE_MS);
}

function oncePerIssue(items, issues, what) {
  const count = new Map(issues.map((issue) => [issue, 0]));
  for (const item of items) {
    if (!count.has(item.issueKey)) expect(false, `a ${what} of ${item.issueKey}, which nobody filed`);
    count.set(item.issueKey, (count.get(item.issueKey) ?? 0) + 1);
  }
  for (const [issue, number] of count) expect(number === 1, `${issue} has ${number} ${what}s instead of one`);
}

function historyIs(grant, wanted) {
  const shown = grant.history.map((entry) => entry.to).join(' ');
  expect(shown === wanted, `the history of ${grant.issueKey} is "${shown}" instead of "${wanted}"`);
}

async function auditHolds(world) {
  const verified = await world.cli(['audit', 'verify', '--config', world.configFile]);
  expect(verified.code === 0, `audit verify ended with ${verified.code}: ${verified.stdout}${verified.stderr}`);
  const events = (await all(world, '/api/v1/audit-events')).reverse();
  events.forEach((event, at) => {
    if (at > 0) expect(event.prevHash === events[at - 1].hash && event.seq === events[at - 1].seq + 1, `the chain breaks at ${event.seq}`);
  });
  const seen = new Set();
  for (const event of events.filter((one) => one.target.kind === 'grant')) {
    const key = `${event.action} of ${event.target.id}`;
    expect(!seen.has(key), `${key} stands twice in the audit trail`);
    seen.add(key);
  }
  say(`audit chain: ${events.length} events`);
}

async function check(world, story, issues, gone) {
  const removed = new Set(gone);
  const members = await story.members();
  const users = members.map((member) => member.id ?? member);
  expect(new Set(users).size === users.length, 'somebody is in the group twice');
  expect(users.length === issues.length - removed.size, `${users.length} members instead of ${issues.length - removed.size}`);
  oncePerIssue(await all(world, '/api/v1/requests'), issues, 'request');
  const grants = await all(world, '/api/v1/grants');
  oncePerIssue(grants, issues, 'grant');
  for (const grant of grants) {
    const full = await world.must('GET', `/api/v1/grants/${grant.grantId}`);
    const ended = removed.has(grant.issueKey);
    expect(full.status === (ended ? 'revoked' : 'active'), `${grant.issueKey} is ${full.status}: ${full.code} ${full.reason}`);
    expect(users.includes(full.externalUserId) !== ended, `${grant.issueKey}: the group and the grant disagree`);
    historyIs(full, ended ? 'pendingProvision active pendingDeprovision revoked' : 'pendingProvision active');
  }
  for (const issue of issues) {
    const comments = await story.comments(issue);
    const wanted = removed.has(issue) ? 2 : 1;
    expect(comments.length === wanted, `${issue} has ${comments.length} comments instead of ${wanted}`);
  }
  const { entra } = await world.control('GET', '/state');
  expect(entra.danger === 0, `${entra.danger} deletes without /$ref`);
  await auditHolds(world);
}

async function grantAll(world, story, issues) {
  const filing = shares(Array.from({ length: approvals }, (_, at) => at), Math.max(1, kills));
  let waiting = [];
  await throughKills(world, filing.map((share) => async () => {
    const approve = waiting;
    waiting = [];
    await Promise.all([
      inTurn(share, async (at) => {
        const issue = await story.file(person(at));
        issues.push(issue);
        waiting.push(issue);
      }),
      inTurn(approve, (issue) => story.approve(issue)),
    ]);
  }));
  await inTurn(waiting, (issue) => story.approve(issue));
  say(`${issues.length} filed and approved, the service was killed at least ${kills} times`);
}

async function removeSome(world, story, gone) {
  const rounds = shares(gone, Math.max(1, Math.ceil(kills / 3)));
  await throughKills(world, rounds.map((share) => () => inTurn(share, (issue) => story.move(issue, STATUS.removed))));
  say(`${gone.length} moved to "${STATUS.removed}"`);
}

say(`seed ${flags.seed}: ${approvals} approvals, ${removals} removals, ${kills} kills`);
const world = await World.start();
try {
  const story = await Story.ready(world);
  const issues = [];
  await grantAll(world, story, issues);
  await settled(world, 'all grants to be active', { active: approvals });
  await atRest(world);
  await check(world, story, issues, []);
  if (removals > 0) {
    const gone = issues.filter((_, at) => at % Math.floor(approvals / removals) === 0).slice(0, removals);
    await removeSome(world, story, gone);
    await settled(world, 'the removed to be out', { active: approvals - removals, revoked: removals });
    await atRest(world);
    await check(world, story, issues, gone);
  }
} catch (error) {
  faults.push(error.stack ?? String(error));
} finally {
  if (faults.length > 0) console.log(world.log());
  await world.stop();
}
for (const fault of faults.slice(0, 40)) console.log(`FAULT ${fault}`);
say(faults.length === 0 ? 'nothing was lost, doubled or stuck' : `${faults.length} faults (seed ${flags.seed})`);
process.exitCode = faults.length === 0 ? 0 : 1;
