// ./bench: figures, each beside its baseline taken in the same minute (DESIGN section 8). Drives the built
// programs from outside. Prints a table and, with --write, makes docs/performance.md of it.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { World, buildFolder, sleep } from '../tests/system/world.js';
import { Story } from '../tests/system/story.js';
import { measureBulk } from './bulk.js';
import { measureEngine } from './engine.js';
import { measureList } from './lists.js';
import { pageOf } from './pages.js';
import { measureThrottled } from './throttled.js';

// Figures of a busy machine say little; that is said beside them.
const [load] = loadavg();
const busy = load > 1 ? `The machine was busy when this began (load ${load.toFixed(1)}): every time is too long. Run it again on a quiet one.` : '';
const rows = [];
const row = (what, figure, baseline, ratio, wanted) => rows.push({ what, figure, baseline, ratio, wanted });
const round = (value, digits = 2) => Number(value.toFixed(digits));
const program = (name) => join(buildFolder, 'benchmarks', name);

function residentKib(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

function percentile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

async function idleMemory(world) {
  await sleep(3000);
  const ours = residentKib(world.serviceProcess.pid);
  const bare = Number(execFileSync(program('bare'), { encoding: 'utf8' }));
  row('idle resident memory', `${round(ours / 1024, 1)} MiB`, `${round(bare / 1024, 1)} MiB: a bare program with the same libraries`,
    `${round(ours / bare)}×`, '≤ 1.3×');
}

// Polled every millisecond: a start takes some tens of them.
async function startOnce(world) {
  const began = process.hrtime.bigint();
  world.launchService();
  for (;;) {
    if (world.serviceProcess.exitCode !== null) throw new Error(`the service did not start\n${world.log()}`);
    try {
      if ((await fetch(`${world.service}/readyz`)).ok) return Number(process.hrtime.bigint() - began) / 1e6;
    } catch {}
    await sleep(1);
  }
}

async function startToReady(world) {
  const times = [];
  for (let i = 0; i < 7; i++) {
    await world.stopService();
    times.push(await startOnce(world));
  }
  row('start to ready, existing database', `${round(percentile(times, 0.5), 0)} ms (median of 7)`, '—', '—', '≤ 100 ms');
}

function commitEach(folder, count) {
  const file = join(folder, 'commit-each.db');
  rmSync(file, { force: true });
  const { rows: done, ms } = JSON.parse(execFileSync(program('commit_each'), [file, String(count)], { encoding: 'utf8' }));
  return (done * 1000) / ms;
}

function webhooks(world, connections, count) {
  const out = execFileSync(program('webhook_load'), [String(world.servicePort), String(connections), String(count)],
    { encoding: 'utf8', env: { ...process.env, BENCH_WEBHOOK_SECRET: world.webhookSecret } });
  const { acknowledged, refused, ms } = JSON.parse(out);
  if (refused > 0) throw new Error(`${refused} webhooks were refused`);
  return (acknowledged * 1000) / ms;
}

// Processor time of a process so far, in ms (all its threads).
function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function webhookRate(world) {
  const count = 20000;
  const baseline = commitEach(world.folder, 4000);
  const before = cpuMs(world.serviceProcess.pid);
  const rate = webhooks(world, 64, count);
  const cpu = ((cpuMs(world.serviceProcess.pid) - before) * 1000) / count;
  row('processor time a webhook, with the intake job that it starts under way', `${round(cpu, 0)} µs`, '—', '—', '—');
  row('webhooks acknowledged, each on disk first', `${round(rate, 0)} /s over 64 connections`,
    `${round(baseline, 0)} /s: bare SQLite, one commit each`, `${round(rate / baseline)}×`, '≥ 5,000 /s');
}

const CROWD = 200; // people of the sandbox that may each ask once

// From the approval webhook to the membership write on the wire, on an idle system, against the sum of the round trips in
// between that followed one another, as the sandbox itself counted them.
async function approvalRounds(rounds, latency, seen) {
  const world = await World.start({ config: { jira: { sweep_seconds: '3600' } } });
  try {
    const story = await Story.ready(world);
    await world.control('PUT', '/faults', { latencyMs: latency });
    for (let at = 0; at < rounds; at++) seen.push(await story.measureApproval(at));
  } finally {
    await world.stop();
  }
}

async function approvalToWrite(rounds, latency) {
  const seen = [];
  while (seen.length < rounds) await approvalRounds(Math.min(CROWD, rounds - seen.length), latency, seen);
  const waits = seen.map((one) => one.ms);
  const ratios = seen.map((one) => one.ms / (one.inTurn * latency));
  const turns = seen.map((one) => one.inTurn);
  row(`approval webhook → Graph write, ${latency} ms a call, idle, ${rounds} times`,
    `p50 ${round(percentile(waits, 0.5), 0)} ms, p99 ${round(percentile(waits, 0.99), 0)} ms`,
    `its own round trips in turn: ${percentile(turns, 0.5)} × ${latency} ms`,
    `p50 ${round(percentile(ratios, 0.5))}×, p99 ${round(percentile(ratios, 0.99))}×`, '≤ 1.25×');
}

const bulkWhat = (count, groups, latency) => `${count} adds over ${groups} groups, ${latency} ms a call`;

// One line for a kind of call: how many, how long at least one was in flight, and why.
function kindLines(kinds, count, groups) {
  const why = {
    token: 'kept from the connection test', users: `each of ${count} asked about, 20 to a call`, 'group flags': 'one a group and run of 400',
    'looks before': '20 groups to a call', writes: `bound ⌈${count}/400⌉ = ${Math.ceil(count / 400)}`, 'looks after': '20 groups to a call',
  };
  return Object.entries(kinds)
    .map(([name, { calls, busyMs }]) => `${name} ${calls} (${why[name]}${calls > 0 ? `; in flight for ${round(busyMs / 1000, 1)} s` : ''})`)
    .join(', ');
}

function bulkWall(what, { ours, ref, batch, patch, parallel, bare }) {
  const seconds = (one) => `${round(one.ms / 1000, 1)} s`;
  const measured = `${seconds(ours)}: every user asked about, every group read before and after, on disk and in the audit trail`;
  const against = (name, one, wanted) =>
    row(`${what}: wall time`, measured, `${seconds(one)}: ${name}${one.part > 1 ? ` (1/${one.part} of it measured, multiplied)` : ''}`,
      `${round(ours.ms / one.ms, 3)}×`, wanted);
  against("Microsoft's JavaScript SDK, one POST a user, one call at a time; writes only", ref, '≤ 0.1×');
  against('the SDK, $batch of twenty POSTs, one call at a time; writes only', batch, '≤ 0.1×');
  against('the SDK, PATCH of twenty links, one call at a time; writes only', patch, '≤ 0.1×');
  against('the SDK, the same, ten groups at once by hand; writes only', parallel, '≤ 1×');
  against('bare libcurl, users asked about and written, eight calls at once', bare, 'printed beside it');
  row(`${what}: the write calls alone`, `in flight for ${round(ours.kinds.writes.busyMs / 1000, 1)} s, of ${seconds(ours)}`,
    `${seconds(parallel)}: the SDK, ten groups at once`, `${round(ours.kinds.writes.busyMs / parallel.ms, 2)}×`, '≤ 1×');
}

// Many adds at once, beside what somebody would write by hand.
async function bulkAdds(count, groups, latency) {
  const figures = await measureBulk({ count, groups, latency });
  const { ours, ref, patch, parallel, bare } = figures;
  const what = bulkWhat(count, groups, latency);
  bulkWall(what, figures);
  row(`${what}: HTTP calls`, `${ours.calls}: ${kindLines(ours.kinds, count, groups)}`,
    `${bare.calls}: bare libcurl: token 1, users ${bare.kinds.users.calls}, writes ${bare.kinds.writes.calls}`,
    `${round(ours.calls / bare.calls)}×`, 'the bound, and the reads that verify');
  row(`${what}: writes counted against the quota`, `${ours.kinds.writes.requests}`, `${ref.writes}: the SDK, one POST a user; ${patch.writes}: PATCH of twenty`,
    `${round(ours.kinds.writes.requests / ref.writes, 3)}×`, '—');
  row(`${what}: peak memory`, `${round(ours.peakKib / 1024, 1)} MiB`, `${round(parallel.peakKib / 1024, 1)} MiB: the SDK, ten groups at once`,
    `${round(ours.peakKib / parallel.peakKib, 2)}×`, '≤ 0.2×');
  row(`${what}: processor time a membership, the whole service`, `${round((ours.cpuMs * 1000) / count, 0)} µs`,
    `${round((parallel.cpuMs * 1000) / count, 0)} µs: the SDK, ten groups at once; ${round((bare.cpuMs * 1000) / count, 0)} µs: bare libcurl`,
    `${round(ours.cpuMs / parallel.cpuMs, 1)}×`, 'printed beside it');
}

// What the engine itself costs: latency 0, so that nothing waits.
async function engineCost(count, groups) {
  const { nothing, durable, bare } = await measureEngine({ count, groups });
  const each = (one) => `${round((one.cpuMs * 1000) / count, 0)} µs`;
  const what = `${count} adds over ${groups} groups, 0 ms a call: processor time a membership`;
  const beside = `${each(bare)}: bare libcurl, the same ${bare.calls} calls byte for byte, answers thrown away`;
  row(`${what}, engine on a null store`, each(nothing), beside, `${round(nothing.cpuMs / bare.cpuMs)}×`, '≤ 1.5×');
  row(`${what}, engine on the durable store`, each(durable), beside, `${round(durable.cpuMs / bare.cpuMs)}×`, 'printed beside it');
}

const percent = (part, whole) => `${round((100 * part) / whole, 1)}%`;

function throttled(linkCost, latency) {
  const seen = measureThrottled({ linkCost, minutes: 10, latency });
  const met = seen.singlesUnmet === 0 ? `${seen.singles} single approvals in between: the slowest in its group after ${round(seen.slowestMs / 1000, 2)} s`
    : `of ${seen.singles} single approvals in between ${seen.singlesUnmet} not in their group, the slowest of the others after ${round(seen.slowestMs / 1000, 2)} s`;
  row(`3,000 writes in 150 s, ten simulated minutes, a PATCH of twenty counts as ${linkCost}, ${latency} ms a call`,
    `${seen.used} writes (${seen.memberships} memberships); refused (429): ${seen.throttled}; before a Retry-After was over: ${seen.early}; ${met}`,
    `${seen.allowed} allowed`, percent(seen.used, seen.allowed), '≥ 95%, a handful of 429, 0 early, ≤ 2 s');
}

async function longList(members, people) {
  const { ours, bare } = await measureList({ members, people });
  row(`${members} members listed, ${people} people looked for`, `${round(ours.ms / 1000, 1)} s, processor time ${round(ours.cpuMs / 1000, 1)} s`,
    `${round(bare.ms / 1000, 1)} s, ${round(bare.cpuMs / 1000, 1)} s: libcurl and jansson, the same pages parsed and counted`,
    `${round(ours.ms / bare.ms)}×, ${round(ours.cpuMs / bare.cpuMs)}×`, 'printed beside it');
  row(`${members} members listed: peak memory`, `${round(ours.peakKib / 1024, 1)} MiB`, `${round(bare.peakKib / 1024, 1)} MiB`,
    `${round(ours.peakKib / bare.peakKib)}×`, '≤ 64 MiB');
}

async function service() {
  const world = await World.start({ config: { jira: { sweep_seconds: '3600' } } });
  try {
    await idleMemory(world);
    await startToReady(world);
    await webhookRate(world);
  } finally {
    await world.stop();
  }
}

const long = process.argv.includes('--long');
const write = process.argv.includes('--write');
const rounds = Number(process.env.BENCH_ROUNDS ?? (long ? 1000 : 150));
const adds = Number(process.env.BENCH_ADDS ?? (long ? 20000 : 4000));
const parts = {
  service,
  approval: () => approvalToWrite(rounds, 50),
  bulk: () => bulkAdds(adds, 50, 100),
  engine: () => engineCost(4000, 50),
  throttled: () => [[1, 20], [1, 100], [7, 100], [20, 100]].forEach(([cost, latency]) => throttled(cost, latency)),
  list: () => longList(1000000, 1000),
};
const wanted = process.argv.slice(2).filter((one) => !one.startsWith('--'));
for (const name of wanted) if (!parts[name]) throw new Error(`there is no part ${name}: ${Object.keys(parts).join(' ')}`);
if (write && wanted.length > 0) throw new Error('docs/performance.md is made of all parts');
for (const [name, part] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await part();

const table = [
  '| what | measured | baseline in the same run | ratio | to reach |',
  '|---|---|---|---|---|',
  ...rows.map((r) => `| ${r.what} | ${r.figure} | ${r.baseline} | ${r.ratio} | ${r.wanted} |`),
].join('\n');
console.log(busy ? `${table}\n\n${busy}` : table);

if (write) {
  const [{ model }, { length }] = [cpus()[0], cpus()];
  const set = ['BENCH_ROUNDS', 'BENCH_ADDS'].filter((name) => process.env[name]).map((name) => `${name}=${process.env[name]} `).join('');
  writeFileSync(new URL('../docs/performance.md', import.meta.url),
    pageOf({ command: `${set}./bench --write${long ? ' --long' : ''}`, machine: `${length} cores, ${model.trim()}`, busy, table }));
}
