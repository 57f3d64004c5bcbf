// Many memberships at once: the engine, whole (service, database, audit and all), beside Microsoft's JavaScript SDK and a bare
// libcurl program, against one sandbox over HTTPS with a set latency per call.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { World, buildFolder, sleep } from '../tests/system/world.js';
import { Story } from '../tests/system/story.js';
import { Bulk, each, groupOf } from '../tests/system/bulk.js';

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

const calls = async (world) => (await world.control('GET', '/requests?since=999999999')).calls;

async function emptyGroups(world, groups) {
  await world.control('PUT', '/state?quiet=1', { groups: Array.from({ length: groups }, (_, at) => ({ id: groupOf(at), members: [] })) });
}

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
  const before = { calls: await calls(world), cpu: cpuMs(pid) };
  writeFileSync(`/proc/${pid}/clear_refs`, '5'); // the peak from here on
  const began = performance.now();
  await bulk.enable();
  while ((await activeGrants(world)) < count) await sleep(50);
  return { ms: performance.now() - began, cpuMs: cpuMs(pid) - before.cpu, peakKib: status(pid, 'VmHWM'), calls: (await calls(world)) - before.calls };
}

function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

// Runs a program to its end; its last line is JSON.
async function program(world, command, args) {
  const { seed, entraHttps, folder } = world;
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'), BENCH_CA: join(folder, 'ca.pem'), BENCH_ORIGIN: entraHttps,
      BENCH_TENANT: seed.tenantId, BENCH_CLIENT: seed.clientId, BENCH_SECRET: seed.clientSecret,
    },
  });
  let out = '';
  child.stdout.on('data', (data) => (out += data));
  const code = await new Promise((done) => child.once('close', done));
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
  return JSON.parse(out.trim().split('\n').at(-1));
}

// One call at a time is as long for each as for the first: what is measured on a part is said for the whole.
async function sdkRun(world, mode, count, groups, part) {
  await emptyGroups(world, groups);
  const some = await program(world, process.execPath, [sdk, mode, String(count / part), String(groups)]);
  return { ...some, ms: some.ms * part, cpuMs: some.cpuMs * part, calls: (some.calls - 1) * part + 1 };
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
      bare: await (async () => {
        await emptyGroups(world, groups);
        return program(world, join(buildFolder, 'benchmarks/bare_bulk'), [String(count), String(groups)]);
      })(),
    };
  } finally {
    await world.stop();
  }
}
