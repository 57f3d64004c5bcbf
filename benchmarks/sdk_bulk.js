// sdk_bulk.js MODE COUNT GROUPS: puts COUNT users of the sandbox into GROUPS groups with Microsoft's JavaScript SDK, and prints one
// line of JSON: ms, cpuMs, peakKib, calls. What ./bench holds the engine against.
//   ref       one POST …/members/$ref a user, one call at a time (the documentation's example)
//   batch     the same in $batch, twenty to a call, one call at a time (likewise)
//   patch     PATCH with twenty members@odata.bind, one call at a time (likewise)
//   parallel  the last, ten calls at once and one a group: what somebody in a hurry writes by hand
// The sandbox's HTTPS origin, tenant, client and secret come from BENCH_ORIGIN, BENCH_TENANT, BENCH_CLIENT, BENCH_SECRET.
import { createRequire } from 'node:module';
import { groupOf, userOf } from '../tests/system/bulk.js';

const require = createRequire(new URL('../tests/', import.meta.url));
const { Client } = require('@microsoft/microsoft-graph-client');
const [mode, count, groups] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const { BENCH_ORIGIN: origin, BENCH_TENANT: tenant, BENCH_CLIENT: client, BENCH_SECRET: secret } = process.env;
let calls = 0;

async function token() {
  calls++;
  const answer = await fetch(`${origin}/${tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: client, client_secret: secret, grant_type: 'client_credentials', scope: 'https://graph.microsoft.com/.default' }),
  });
  return (await answer.json()).access_token;
}

let cached;
const graph = Client.initWithMiddleware({
  baseUrl: origin, customHosts: new Set([new URL(origin).hostname]), authProvider: { getAccessToken: async () => (cached ??= await token()) },
});
const link = (user) => `${origin}/v1.0/directoryObjects/${userOf(user)}`;
const call = async (work) => {
  calls++;
  return work();
};

// Users of group g: g, g + groups, g + 2 * groups … in blocks of twenty.
function* blocks() {
  for (let group = 0; group < groups; group++) {
    const users = [];
    for (let user = group; user < count; user += groups) users.push(user);
    for (let at = 0; at < users.length; at += 20) yield { group, users: users.slice(at, at + 20) };
  }
}

const patch = ({ group, users }) => call(() => graph.api(`/groups/${groupOf(group)}`).patch({ 'members@odata.bind': users.map(link) }));

async function batch({ group, users }) {
  const requests = users.map((user, at) => ({
    id: String(at + 1), method: 'POST', url: `/groups/${groupOf(group)}/members/$ref`,
    headers: { 'Content-Type': 'application/json' }, body: { '@odata.id': link(user) },
  }));
  const { responses } = await call(() => graph.api('/$batch').post({ requests }));
  const failed = responses.find((one) => one.status >= 300);
  if (failed) throw new Error(JSON.stringify(failed));
}

async function ref({ group, users }) {
  for (const user of users) await call(() => graph.api(`/groups/${groupOf(group)}/members/$ref`).post({ '@odata.id': link(user) }));
}

async function oneByOne(work) {
  for (const block of blocks()) await work(block);
}

async function parallel() {
  const queues = Map.groupBy(blocks(), (block) => block.group);
  const waiting = [...queues.values()];
  await Promise.all(Array.from({ length: 10 }, async () => {
    for (let queue = waiting.shift(); queue; queue = waiting.shift()) for (const block of queue) await patch(block);
  }));
}

const began = process.hrtime.bigint();
await { ref: () => oneByOne(ref), batch: () => oneByOne(batch), patch: () => oneByOne(patch), parallel }[mode]();
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({
  ms: Number(process.hrtime.bigint() - began) / 1e6, cpuMs: (user + system) / 1000, peakKib: process.resourceUsage().maxRSS, calls,
}));
