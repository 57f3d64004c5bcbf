// Many memberships at once: the engine, whole (service, database, audit and all), beside Microsoft's JavaScript SDK and a bare
// libcurl program, against one sandbox over HTTPS with a set latency per call.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { World, sleep } from '../tests/system/world.js';
import { Story } from '../tests/system/story.js';
import { Bulk, each } from '../tests/system/bulk.js';
import { emptyGroups, program, runNode } from './engine.js';

const sdk = fileURLToPath(new URL('sdk_bulk.js', import.meta.url));
const status = (pid, key) => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

async function start(latency) {
  const world = await World.start({ service: false });
  world.writeConfig({
    entra: { login_url: world.entraHttps, graph_url: world.entraHttps, ca_file: join(world.folder, 'ca.pem') },
    jira: { sweep_seconds: '3600' },
  });
  await world.startService();
  world.admin = await world.token('admin', world.seed.jira.accounts.cleo.accountId);
  await world.control('PUT', '/faults', { latencyMs: latency });
  return world;
}

// What the directory was asked, by kind (sandbox/request_tally.h), summed up under the names of these.
const kinds = [
  ['token', /oauth2/],
  ['users', /GET users\/\{\}$/],
  ['group flags', /GET groups\/\{\}$/],
  ['looks before', /GET groups\/\{\}\/members before a write$/],
  ['looks after', /GET groups\/\{\}\/members after a write$/],
  ['writes', /(PATCH|POST|DELETE) groups\//],
];

async function tally(world) {
  const { tally: raw } = await world.control('GET', '/requests?since=999999999');
  const sums = Object.fromEntries(kinds.map(([name]) => [name, { calls: 0, requests: 0, busyMs: 0 }]));
  for (const [kind, { calls, items, busyMs }] of Object.entries(raw)) {
    const found = kinds.find(([, pattern]) => pattern.test(kind));
    if (!found) throw new Error(`the directory was asked something that the bench does not know: ${kind}`);
    const sum = sums[found[0]];
    sum.calls += calls;
    sum.busyMs += busyMs;
    sum.requests += kind.startsWith('$batch') ? 0 : calls + items;
  }
  return sums;
}

const total = (sums) => Object.values(sums).reduce((sum, one) => sum + one.calls, 0);

// Grants that are active, as /metrics counts them.
async function activeGrants(world) {
  const { text } = await world.api('GET', '/metrics');
  return Number(/^aiclearance_grants\{status="active"\} (\d+)/m.exec(text)?.[1] ?? 0);
}

async function engine(world, bulk, count, groups) {
  await bulk.disable();
  await each(Array.from({ length: count }, (_, person) => ({ person, group: person % groups })), (one) => bulk.grant(one), 32);
  await sleep(1000);
  const pid = world.serviceProcess.pid;
  const before = { cpu: cpuMs(pid) };
  writeFileSync(`/proc/${pid}/clear_refs`, '5'); // the peak from here on
  await world.control('DELETE', '/requests');
  const began = performance.now();
  await bulk.enable();
  while ((await activeGrants(world)) < count) await sleep(200); // asking costs the service too
  const figures = { ms: performance.now() - began, cpuMs: cpuMs(pid) - before.cpu, peakKib: status(pid, 'VmHWM') };
  const kindsAsked = await tally(world);
  return { ...figures, kinds: kindsAsked, calls: total(kindsAsked) };
}

function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

// One call at a time is as long for each as for the first: what is measured on a part is said for the whole.
async function sdkRun(world, mode, count, groups, part) {
  await emptyGroups(world, groups);
  await world.control('DELETE', '/requests');
  const some = await runNode(world, [sdk, mode, count / part, groups]);
  const { writes } = await tally(world);
  return { ms: some.ms * part, cpuMs: some.cpuMs * part, peakKib: some.peakKib, calls: (some.calls - 1) * part + 1, writes: writes.requests * part, part };
}

async function bareRun(world, count, groups) {
  await emptyGroups(world, groups);
  await world.control('DELETE', '/requests');
  const bare = await program(world, 'bare_bulk', [count, groups]);
  return { ...bare, kinds: await tally(world) };
}

export async function measureBulk({ count, groups, latency }) {
  const world = await start(latency);
  try {
    const story = new Story(world);
    await story.connector();
    const bulk = await Bulk.ready(story, count, groups);
    const ours = await engine(world, bulk, count, groups);
    await world.stopService(); // what follows has the machine to itself
    return {
      ours,
      ref: await sdkRun(world, 'ref', count, groups, Math.max(1, count / 200)),
      batch: await sdkRun(world, 'batch', count, groups, Math.max(1, count / 2000)),
      patch: await sdkRun(world, 'patch', count, groups, Math.max(1, count / 2000)),
      parallel: await sdkRun(world, 'parallel', count, groups, 1),
      bare: await bareRun(world, count, groups),
    };
  } finally {
    await world.stop();
  }
}
