// The engine alone on a store that keeps nothing, on the durable one, and libcurl alone sending the same bytes: one after another
// against one sandbox over HTTPS that answers at once. Processor time of the process that sends, from getrusage.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { World, buildFolder } from '../tests/system/world.js';
import { groupOf } from '../tests/system/bulk.js';

const execute = promisify(execFile);

export async function sandboxOnly() {
  return World.start({ service: false });
}

// What the bench's own programs find the sandbox by.
export function environmentOf({ seed, entraHttps, folder }) {
  return {
    ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'), BENCH_CA: join(folder, 'ca.pem'), BENCH_ORIGIN: entraHttps,
    BENCH_TENANT: seed.tenantId, BENCH_CLIENT: seed.clientId, BENCH_SECRET: seed.clientSecret,
  };
}

// Runs a program to its end; its last line is JSON.
async function run(world, command, args) {
  const { stdout } = await execute(command, args.map(String), { env: environmentOf(world), maxBuffer: 1 << 20 });
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

// `name`: a program of this folder.
export const program = (world, name, args) => run(world, join(buildFolder, 'benchmarks', name), args);
export const runNode = (world, args) => run(world, process.execPath, args);

export async function fillTenant(world, people, groups) {
  await world.control('PUT', '/state?quiet=1', {
    generateUsers: people,
    groups: Array.from({ length: groups }, (_, at) => ({
      id: groupOf(at), displayName: `Bulk ${at}`, mailNickname: `bulk${at}`, securityEnabled: true, mailEnabled: false, groupTypes: [], members: [],
    })),
  });
}

export async function emptyGroups(world, groups) {
  await world.control('PUT', '/state?quiet=1', { groups: Array.from({ length: groups }, (_, at) => ({ id: groupOf(at), members: [] })) });
}

const least = (runs) => runs.reduce((best, one) => (one.cpuMs < best.cpuMs ? one : best));

// Of `times` runs of each, in turn, the one with the least processor time counts: what else runs on the machine only adds.
export async function measureEngine({ count, groups, times = 3 }) {
  const world = await sandboxOnly();
  const record = join(world.folder, 'record');
  const runs = { nothing: [], durable: [], bare: [] };
  try {
    await fillTenant(world, count, groups);
    for (let at = 0; at < times; at++) {
      await emptyGroups(world, groups);
      runs.nothing.push(await program(world, 'engine_bulk', ['null', count, groups, record]));
      await emptyGroups(world, groups);
      runs.bare.push(await program(world, 'replay', [record]));
      await emptyGroups(world, groups);
      runs.durable.push(await program(world, 'engine_bulk', [`sqlite:${join(world.folder, `engine-${at}.db`)}`, count, groups]));
    }
    return { nothing: least(runs.nothing), durable: least(runs.durable), bare: least(runs.bare) };
  } finally {
    await world.stop();
  }
}
