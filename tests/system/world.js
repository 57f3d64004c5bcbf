// A world for one test file: the sandbox (an Entra tenant and a Jira site) and the built service on a database of its own, on
// ports of their own; and the few sentences in which the tests speak to them. Knows the public contract only.
import { spawn } from 'node:child_process';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const buildFolder = process.env.AICLEARANCE_BUILD ?? join(root, 'build');

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export async function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

// Polls until `probe` gives something truthy, and returns that. The limit is generous: sanitizers and busy machines are slow.
export async function until(what, probe, limitMs = 30000) {
  const end = Date.now() + limitMs;
  let last;
  for (;;) {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      const detail = last instanceof Error ? (last.stack ?? last.message) : JSON.stringify(last);
      throw new Error(`waited ${limitMs} ms in vain for: ${what} (last: ${detail})`);
    }
    await sleep(50);
  }
}

// Variables named AICLEARANCE_… override the service's config; those of the tests themselves are none of its business.
const ownEnvironment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AICLEARANCE_')));

function run(build, name, args, folder, env) {
  const log = openSync(join(folder, `${name}.log`), 'a');
  return spawn(join(build, name), args, { stdio: ['ignore', log, log], env: { ...ownEnvironment, ...env } });
}

export class World {
  static async start(options = {}) {
    const world = new World();
    world.folder = mkdtempSync(join(tmpdir(), 'aiclearance-test-'));
    world.options = options;
    world.webhookSecret = randomBytes(24).toString('hex');
    world.automationToken = randomBytes(24).toString('hex');
    world.servicePort = await freePort();
    world.service = `http://127.0.0.1:${world.servicePort}`;
    writeFileSync(join(world.folder, 'master.key'), randomBytes(32).toString('base64'), { mode: 0o600 });
    // What was started goes with a start that fails: a child left behind would keep the whole run waiting.
    try {
      await world.startSandbox();
      world.writeConfig(options.config);
      if (options.service !== false) {
        await world.startService();
        world.admin = await world.token('admin', world.seed.jira.accounts.cleo.accountId);
      }
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  // Another build than the one under test: `buildFolder` of the options.
  get build() {
    return this.options.buildFolder ?? buildFolder;
  }

  get environment() {
    return {
      TEST_WEBHOOK_SECRET: this.webhookSecret,
      TEST_AUTOMATION_TOKEN: this.automationToken,
      TEST_JIRA_TOKEN: this.seed?.jira.token ?? '',
      ...this.options.environment,
    };
  }

  async startSandbox() {
    const ready = join(this.folder, 'sandbox.json');
    rmSync(ready, { force: true });
    this.sandbox = run(
      this.build, 'aiclearance-sandbox',
      ['--entra-port', '0', '--entra-https-port', '0', '--jira-port', '0', '--ca-out', join(this.folder, 'ca.pem'),
        '--webhook-url', `${this.service}/hooks/jira`, '--webhook-secret-env', 'TEST_WEBHOOK_SECRET', '--ready-file', ready],
      this.folder, this.environment);
    this.seed = await until('the sandbox', () => existsSync(ready) && JSON.parse(readFileSync(ready, 'utf8')));
    this.entra = this.seed.entraUrl;
    this.entraHttps = `https://localhost:${new URL(this.seed.entraHttpsUrl).port}`;
    this.jira = this.seed.jiraUrl;
    // Account ids by first name, and by what the person is for: Ada asks, Ben approves, Cleo administers, Dan audits.
    const people = Object.fromEntries(Object.entries(this.seed.jira.accounts).map(([name, one]) => [name, one.accountId]));
    this.seed.accounts = { ...people, requester: people.ada, approver: people.ben, admin: people.cleo, auditor: people.dan };
  }

  // `extra`: more sections or keys, as { section: { key: value } }.
  writeConfig(extra = {}) {
    const sections = {
      server: { listen: `127.0.0.1:${this.servicePort}`, public_url: this.service },
      store: { url: `sqlite:${join(this.folder, 'clearance.db')}` },
      secrets: { master_key: `file:${join(this.folder, 'master.key')}` },
      entra: { login_url: this.entra, graph_url: this.entra },
      jira: {
        site_url: this.jira, auth: 'basic', user: 'aiclearance@contoso.example', token: 'env:TEST_JIRA_TOKEN',
        webhook_secret: 'env:TEST_WEBHOOK_SECRET', automation_token: 'env:TEST_AUTOMATION_TOKEN', sweep_seconds: '1',
      },
    };
    for (const [section, keys] of Object.entries(extra)) sections[section] = { ...sections[section], ...keys };
    const text = Object.entries(sections)
      .map(([section, keys]) => `[${section}]\n${Object.entries(keys).map(([key, value]) => `${key} = ${value}\n`).join('')}`)
      .join('');
    this.configFile = join(this.folder, 'aiclearance.conf');
    writeFileSync(this.configFile, text);
  }

  // Starts it and does not wait.
  launchService() {
    this.serviceProcess = run(this.build, 'aiclearance', ['serve', '--config', this.configFile], this.folder, this.environment);
  }

  async startService() {
    this.launchService();
    const exited = new Promise((_, fail) =>
      this.serviceProcess.once('exit', (code) => fail(new Error(`the service ended with ${code}\n${this.log()}`))));
    exited.catch(() => {});
    await Promise.race([exited, until('the service', async () => (await fetch(`${this.service}/readyz`)).ok)]);
  }

  log() {
    return readFileSync(join(this.folder, 'aiclearance.log'), 'utf8').split('\n').slice(-40).join('\n');
  }

  async stopService(signal = 'SIGTERM') {
    const process = this.serviceProcess;
    if (!process || process.exitCode !== null || process.signalCode !== null) return process?.exitCode;
    const ended = new Promise((done) => process.once('exit', (code) => done(code)));
    process.kill(signal);
    return ended;
  }

  async stop() {
    await this.stopService();
    if (this.sandbox) {
      const ended = new Promise((done) => this.sandbox.once('exit', done));
      this.sandbox.kill('SIGTERM');
      await ended;
    }
    if (!process.env.AICLEARANCE_KEEP) rmSync(this.folder, { recursive: true, force: true });
  }

  // Runs the program to its end: { code, stdout, stderr }.
  async cli(args, { environment = {}, input } = {}) {
    const child = spawn(join(this.build, 'aiclearance'), args, { env: { ...ownEnvironment, ...this.environment, ...environment } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    child.stdin.on('error', () => {}); // a command that has ended already reads nothing
    child.stdin.end(input ?? '');
    const code = await new Promise((done) => child.once('close', done));
    return { code, stdout, stderr };
  }

  async token(role, accountId, name = `${role}-${randomUUID().slice(0, 8)}`) {
    const args = ['token', 'create', '--config', this.configFile, '--role', role, '--name', name];
    if (accountId) args.push('--account-id', accountId);
    const { code, stdout, stderr } = await this.cli(args);
    if (code !== 0) throw new Error(`token create ended with ${code}: ${stderr}`);
    return stdout.trim().split('\n').at(-1);
  }

  // The public API. `body`: an object (sent as JSON), or a string or bytes sent as they are.
  async api(method, path, body, { token = this.admin, headers = {} } = {}) {
    const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(this.service + path, {
      method,
      headers: {
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      body: raw ? body : JSON.stringify(body),
    });
    const text = await response.text();
    let json = null;
    try {
      json = JSON.parse(text);
    } catch {}
    return { status: response.status, headers: response.headers, text, json };
  }

  // The same, where anything but success fails the test, with what was said.
  async must(method, path, body, options) {
    const answer = await this.api(method, path, body, options);
    if (answer.status >= 400) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
    return answer.json;
  }

  // What somebody proves who they are with at Jira: a person of the seed by name ("ada") or account id, one of the crowd
  // ("user001"), or a token as it is.
  jiraToken(who) {
    const people = this.seed.jira.accounts;
    const known = people[who] ?? Object.values(people).find((one) => one.accountId === who);
    return known?.token ?? (/^user\d{3}$/.test(who) ? `sandbox-jira-${who}` : who);
  }

  async jiraCall(method, path, body, who = 'cleo') {
    const response = await fetch(this.jira + path, {
      method,
      headers: { Authorization: `Bearer ${this.jiraToken(who)}`, Accept: 'application/json', ...(body ? { 'Content-Type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Jira: ${method} ${path} answered ${response.status}: ${text}`);
    return text ? JSON.parse(text) : null;
  }

  async control(method, path, body) {
    const response = await fetch(`${this.entra}/control${path}`, {
      method, body: body && JSON.stringify(body), headers: body ? { 'Content-Type': 'application/json' } : {},
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`control: ${method} ${path} answered ${response.status}: ${text}`);
    return text ? JSON.parse(text) : null;
  }

  // A signed webhook of our own making.
  async webhook(body, headers = {}) {
    const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    const signature = createHmac('sha256', this.webhookSecret).update(bytes).digest('hex');
    return fetch(`${this.service}/hooks/jira`, {
      method: 'POST', body: bytes,
      headers: { 'Content-Type': 'application/json', 'X-Hub-Signature': `sha256=${signature}`, 'X-Atlassian-Webhook-Identifier': randomUUID(), ...headers },
    });
  }
}
