// node tests/crash/boundary_loop.js [--points K] [--mode MODE --at N]
//
// The built service is killed at every boundary between it and what outlives it, one after the other: each request that it sends
// (before it is carried out, after it and before the answer, after the answer), and each write and each fdatasync of its database
// (before, after, and in the middle of a write). Each time one person was just approved and another one's access taken away; the
// service is started again, finishes, and must have done each thing once.
//
// --points K tries K boundaries of each mode, spread over the run, instead of all; --mode and --at repeat one that failed. Several
// threads work at once, so the Nth boundary is the same thing each time only by and large.
import { parseArgs } from 'node:util';
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { Front } from '../system/front.js';
import { STATUS, Story } from '../system/story.js';
import { World, buildFolder, sleep, until } from '../system/world.js';

const { values: flags } = parseArgs({
  options: { points: { type: 'string' }, mode: { type: 'string' }, at: { type: 'string' } },
});
const MODES = ['net-before', 'net-applied', 'net-answered', 'store-before', 'store-after', 'store-torn'];
const SETTLE_MS = 60000;
const PEOPLE = 220;
const NEVER = 1000000;

const faults = [];
const started = Date.now();
const say = (text) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);

// Between the service and the other side: counts requests, and ends the service at one of them.
class Gate extends Front {
  static async open(target, counter) {
    const gate = Object.setPrototypeOf(await Front.start(target), Gate.prototype);
    gate.counter = counter;
    return gate;
  }

  async take(request, response) {
    const { counter } = this;
    if (!counter || !counter.armed || ++counter.count !== counter.at) return super.take(request, response);
    if (counter.mode === 'net-before') await counter.kill();
    else if (counter.mode === 'net-applied') {
      await this.carryOut(request);
      await counter.kill();
    } else {
      await super.take(request, response);
      await counter.kill();
      return undefined;
    }
    request.socket.destroy();
    return undefined;
  }

  async carryOut(request) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { hostname, port } = this.target;
    await new Promise((done, fail) => {
      const onward = httpRequest({ hostname, port, method: request.method, path: request.url, headers: request.headers },
        (answer) => answer.resume().on('end', done));
      onward.on('error', fail);
      onward.end(Buffer.concat(chunks));
    });
  }
}

class Loop {
  static async start() {
    const loop = new Loop();
    loop.world = await World.start({ service: false });
    const { world } = loop;
    loop.counter = { armed: false, count: 0, at: NEVER, mode: '', kill: () => world.stopService('SIGKILL') };
    loop.entra = await Gate.open(world.entra, loop.counter);
    loop.jira = await Gate.open(world.jira, loop.counter);
    world.writeConfig({ entra: { login_url: loop.entra.url, graph_url: loop.entra.url }, jira: { api_url: loop.jira.url } });
    await world.startService();
    world.admin = await world.token('admin', world.seed.jira.accounts.cleo.accountId);
    loop.story = await Story.ready(world);
    loop.person = 0;
    loop.members = new Set();
    loop.old = await loop.next();
    await loop.story.approve(loop.old.issue);
    await loop.story.grantIs(loop.old.issue, 'active');
    return loop;
  }

  async next() {
    this.person = (this.person % PEOPLE) + 1;
    const issue = await this.story.file(`user${String(this.person).padStart(3, '0')}`);
    await this.story.requestIs(issue, 'pending');
    const user = `c0000000-0000-4000-8000-${String(this.person).padStart(12, '0')}`;
    return { issue, user };
  }

  path(name) {
    return join(this.world.folder, name);
  }

  // The service starts anew, with the shim in it where the store is to end it.
  async arm(mode, at) {
    const { world, counter } = this;
    Object.assign(counter, { armed: false, count: 0, at, mode });
    rmSync(this.path('go'), { force: true });
    rmSync(this.path('count'), { force: true });
    if (mode.startsWith('store-')) {
      await world.stopService();
      world.options.environment = {
        LD_PRELOAD: join(buildFolder, 'tests/crash/boundary_shim.so'), BOUNDARY_GO: this.path('go'),
        BOUNDARY_COUNT: this.path('count'), BOUNDARY_AT: String(at), BOUNDARY_WHEN: mode.slice('store-'.length),
      };
      await world.startService();
      world.options.environment = {};
    }
    await this.story.quiet();
    writeFileSync(this.path('go'), '');
    counter.armed = true;
  }

  disarm() {
    this.counter.armed = false;
    rmSync(this.path('go'), { force: true });
  }

  passed(mode) {
    if (mode.startsWith('net-')) return this.counter.count;
    return existsSync(this.path('count')) ? statSync(this.path('count')).size : 0;
  }

  get isDead() {
    const { exitCode, signalCode } = this.world.serviceProcess;
    return exitCode !== null || signalCode !== null;
  }

  async isDone(fresh) {
    const [grant] = await this.story.grants(fresh.issue);
    const [old] = await this.story.grants(this.old.issue);
    if (grant?.status !== 'active' || old?.status !== 'revoked') return false;
    for (const status of ['queued', 'running', 'waiting']) {
      const { items } = await this.world.must('GET', `/api/v1/jobs?status=${status}&limit=20`);
      if (items.some((job) => job.kind !== 'sweep' && job.kind !== 'check')) return false;
    }
    return true;
  }

  // One approval and one removal through one kill. False: the run has no such boundary.
  async round(mode, at) {
    const fresh = await this.next();
    await this.arm(mode, at);
    const work = Promise.all([this.story.approve(fresh.issue), this.story.move(this.old.issue, STATUS.removed)]);
    await until('the end, one way or the other', async () => this.isDead || this.isDone(fresh).catch(() => false), SETTLE_MS);
    await work;
    const killed = this.isDead;
    const passed = this.passed(mode);
    this.disarm();
    if (killed) await this.world.startService();
    await until('all work to be done', () => this.isDone(fresh), SETTLE_MS);
    await this.check(fresh, `${mode} ${at}`);
    this.old = fresh;
    return { killed, passed };
  }

  async one(issue, wanted, where) {
    const requests = await this.story.requests(issue);
    const grants = await this.story.grants(issue);
    if (requests.length !== 1 || grants.length !== 1)
      faults.push(`${where}: ${issue} has ${requests.length} requests and ${grants.length} grants`);
    const { history } = await this.world.must('GET', `/api/v1/grants/${grants[0].grantId}`);
    const shown = history.map((entry) => entry.to).join(' ');
    if (shown !== wanted) faults.push(`${where}: the history of ${issue} is ${shown}`);
    const comments = await this.story.comments(issue);
    const expected = wanted.includes('revoked') ? 2 : 1;
    if (comments.length !== expected) faults.push(`${where}: ${issue} has ${comments.length} comments instead of ${expected}`);
  }

  async check(fresh, where) {
    const before = faults.length;
    await this.one(fresh.issue, 'pendingProvision active', where);
    await this.one(this.old.issue, 'pendingProvision active pendingDeprovision revoked', where);
    const members = (await this.story.members()).map((member) => member.id ?? member);
    if (members.length !== 1 || members[0] !== fresh.user) faults.push(`${where}: the group holds ${JSON.stringify(members)}`);
    const { code, stdout, stderr } = await this.world.cli(['audit', 'verify', '--config', this.world.configFile]);
    if (code !== 0) faults.push(`${where}: audit verify: ${stdout}${stderr}`);
    for (const fault of faults.slice(before)) say(`FAULT ${fault}`);
  }

  async stop() {
    await this.world.stop();
    await this.entra.stop();
    await this.jira.stop();
  }
}

// Which boundaries of a run that has `last` of them.
function chosen(last, points) {
  if (!points) return Array.from({ length: last }, (_, at) => at + 1);
  return Array.from({ length: points }, (_, at) => Math.max(1, Math.round((last * (at + 0.5)) / points)));
}

async function all(loop) {
  const totals = { net: (await loop.round('net-before', NEVER)).passed, store: (await loop.round('store-before', NEVER)).passed };
  say(`one run sends ${totals.net} requests and has ${totals.store} writes and fdatasyncs of its database`);
  let kills = 0;
  for (const mode of MODES) {
    const tried = chosen(totals[mode.split('-')[0]], Number(flags.points ?? 0));
    for (const at of tried) kills += (await loop.round(mode, at)).killed ? 1 : 0;
    say(`${mode}: ${tried.length} tried, ${kills} kills so far`);
  }
  if (kills === 0) faults.push('nothing was ever killed');
  const { entra } = await loop.world.control('GET', '/state');
  if (entra.danger !== 0) faults.push(`${entra.danger} deletes without /$ref`);
}

const loop = await Loop.start();
try {
  if (flags.mode) {
    const { killed } = await loop.round(flags.mode, Number(flags.at));
    say(killed ? `killed at ${flags.mode} ${flags.at}` : 'the run has no such boundary');
  } else await all(loop);
} catch (error) {
  faults.push(`${loop.counter.mode} ${loop.counter.at}: ${error.stack ?? error}`);
} finally {
  if (faults.length > 0) console.log(loop.world.log());
  await loop.stop();
}
for (const fault of faults.slice(0, 40)) console.log(`FAULT ${fault}`);
say(faults.length === 0 ? 'nothing was lost, doubled or stuck' : `${faults.length} faults; to repeat one: boundary_loop.js --mode MODE --at N`);
await sleep(0);
process.exitCode = faults.length === 0 ? 0 : 1;
