// ./bench: first honest figures, each beside its baseline taken in the same minute (DESIGN section 8). Drives the built
// programs from outside. Prints a table and, with --write, makes docs/performance.md of it.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { World, buildFolder, sleep } from '../tests/system/world.js';
import { Story } from '../tests/system/story.js';
import { measureBulk } from './bulk.js';

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

// Many adds at once, beside what somebody would write by hand.
async function bulkAdds(count, groups, latency) {
  const { ours, ref, batch, patch, parallel, bare } = await measureBulk({ count, groups, latency });
  const what = `${count} adds over ${groups} groups, ${latency} ms a call`;
  const seconds = (one) => `${round(one.ms / 1000, 1)} s`;
  const against = (name, one, wanted) =>
    row(`${what}: wall time`, `${seconds(ours)}, with every user asked about, every group read before and after, the database and the audit trail`,
      `${seconds(one)}: Microsoft's JavaScript SDK, ${name}`, `${round(ours.ms / one.ms, 3)}×`, wanted);
  against('one POST a user, one call at a time', ref, '≤ 0.1×');
  against('$batch of twenty POSTs, one call at a time', batch, '≤ 0.1×');
  against('PATCH of twenty links, one call at a time', patch, '≤ 0.1×');
  against('the same, ten groups at once by hand', parallel, '≤ 1×');
  row(`${what}: HTTP calls`, `${ours.calls}`, `${bare.calls}: the token, ${Math.ceil(count / 20)} to ask about each user and ${groups * Math.ceil(count / groups / 400)} to add them`,
    `${round(ours.calls / bare.calls)}×`, 'the bound, and the reads that verify');
  row(`${what}: peak memory`, `${round(ours.peakKib / 1024, 1)} MiB`, `${round(parallel.peakKib / 1024, 1)} MiB: the SDK, ten groups at once`,
    `${round(ours.peakKib / parallel.peakKib, 2)}×`, '≤ 0.2×');
  row(`${what}: processor time a membership, with the durable store`, `${round((ours.cpuMs * 1000) / count, 0)} µs`,
    `${round((bare.cpuMs * 1000) / count, 0)} µs: bare libcurl, the same calls, answers thrown away`, `${round(ours.cpuMs / bare.cpuMs, 1)}×`, 'printed beside it');
}

const world = await World.start({ config: { jira: { sweep_seconds: '3600' } } });
try {
  await idleMemory(world);
  await startToReady(world);
  await webhookRate(world);
} finally {
  await world.stop();
}
const rounds = Number(process.env.BENCH_ROUNDS ?? 60);
await approvalToWrite(rounds, 50);
await bulkAdds(Number(process.env.BENCH_ADDS ?? 4000), 50, 100);

const table = [
  '| what | measured | baseline in the same run | ratio | to reach |',
  '|---|---|---|---|---|',
  ...rows.map((r) => `| ${r.what} | ${r.figure} | ${r.baseline} | ${r.ratio} | ${r.wanted} |`),
].join('\n');
console.log(busy ? `${table}\n\n${busy}` : table);

// What stands beside the table in docs/performance.md: how to read it, and what bounds each row.
const bounds = `## What bounds each row

- **Idle memory**: the libraries. Ours on top of them is stacks of threads that have run once, the page cache of SQLite's
  connections, and the locked page of the keys.
- **Start to ready**: the process start, opening the database (migrations are compared by checksum), deriving and reading the
  audit key, and the threads; the poll itself is about a millisecond coarse.
- **Webhooks acknowledged**: the disk's flush. Each is on disk before its 202, and all that wait together share one commit: as
  many as there are threads for quick calls (32). The load generator, the sandbox and the intake jobs that the webhooks start run on
  the same two cores in the same seconds; nothing is switched off for the figure.
- **Approval webhook → Graph write**: round trips that follow one another: the issue, its changes and its approvals from Jira; then
  the account's address, the search for the user (one \`$batch\`), the group's flags and a look whether the user is a member already.
  What is over 1.00× is commits and the hand-over between jobs. The three questions to Jira are asked one after
  another, so that each is as new as the one before or newer. Asking the group beside the user would save one round trip.
  The row counts the trips that were made: a needless one would not raise its ratio, so the number of trips is printed beside it.
- **Many adds at once**: the questions. A user is asked about before each add (still there? enabled?), twenty to a call and four
  calls at once; the adds themselves are one call for four hundred. What the SDK is measured on writes and asks nothing. Those of its
  rows that send one call at a time are measured on a part and multiplied: each call is as long as the first.
- **Processor time a membership**: the store. Each membership is claimed, intended, settled, told to the audit chain and signed.
- **Not measured yet**: the engine on a null store, a throttled tenant over ten simulated minutes, reconciling a group of a million, list
  pages over a million grants.
`;
if (process.argv.includes('--write')) {
  const [{ model }, { length }] = [cpus()[0], cpus()];
  writeFileSync(new URL('../docs/performance.md', import.meta.url),
    `# Performance

Made by \`BENCH_ROUNDS=${rounds} ./bench --write\` (${length} cores, ${model.trim()}). Each figure stands beside a baseline that ran in the
same minute on the same machine: ratios travel, seconds do not. \`BENCH_ROUNDS=1000\` gives the p99 that the target speaks of.

${busy ? `**${busy}**\n\n` : ''}${table}

${bounds}`);
}
