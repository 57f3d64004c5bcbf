// The audit trail against somebody who has the database but not the key. The attacker of this file is a real one: he drops the
// triggers, computes the chain anew by the contract's own rule, and puts back what he kept.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Story } from './story.js';
import { World } from './world.js';

let world;
let story;
const at = (name) => join(world.folder, name);
const database = () => at('clearance.db');

// RFC 8785 for what an audit event may hold: objects, arrays, texts, whole numbers, true, false, null.
function canonical(value) {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}
const hashOf = ({ hash: _, ...event }) => createHash('sha256').update(canonical(event)).digest('hex');
const genesis = '0'.repeat(64);

const verify = (...more) => world.cli(['audit', 'verify', '--config', world.configFile, ...more]);
const verifyExport = (file, ...more) => world.cli(['audit', 'verify', '--export', file, '--public-key', at('public.pem'), ...more]);

async function holds(answer) {
  const { code, stdout, stderr } = await answer;
  assert.equal(code, 0, stdout + stderr);
}

// Exit 1; with `seq`, that is named as the first bad one.
async function broken(answer, seq, what = '') {
  const { code, stdout, stderr } = await answer;
  assert.equal(code, 1, `${what}: ${stdout}${stderr}`);
  const named = /first bad sequence number: (\d+)/.exec(stdout);
  assert.ok(named, `${what}: no sequence number in ${stdout}${stderr}`);
  if (seq) assert.equal(Number(named[1]), seq, `${what}: ${stdout}`);
}

// The attacker: works on the database file while the service is down, past the triggers.
function attack(change) {
  const db = new DatabaseSync(database());
  for (const { name } of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all()) db.exec(`DROP TRIGGER ${name}`);
  const result = change(db);
  db.close();
  return result;
}

const eventOf = (row) => ({
  seq: row.seq, at: new Date(row.at).toISOString().replace('.000Z', 'Z'), actor: { kind: row.actor_kind, id: row.actor_id }, action: row.action, target: { kind: row.target_kind, id: row.target_id },
  outcome: row.outcome, detail: JSON.parse(row.detail), prevHash: row.prev_hash, hash: row.hash,
});

// All hashes from this event on, so that the chain is whole again.
function recompute(db, from) {
  let previous = from === 1 ? genesis : db.prepare('SELECT hash FROM audit_event WHERE seq = ?').get(from - 1).hash;
  for (const row of db.prepare('SELECT * FROM audit_event WHERE seq >= ? ORDER BY seq').all(from)) {
    const hash = hashOf(eventOf({ ...row, prev_hash: previous }));
    db.prepare('UPDATE audit_event SET prev_hash = ?, hash = ? WHERE seq = ?').run(previous, hash, row.seq);
    previous = hash;
  }
  return previous;
}

function facts() {
  const db = new DatabaseSync(database(), { readOnly: true });
  const last = db.prepare('SELECT max(seq) AS seq FROM audit_event').get().seq;
  const checkpoints = db.prepare('SELECT * FROM audit_checkpoint ORDER BY seq').all();
  db.close();
  return { last, checkpoints };
}

function keep(name) {
  copyFileSync(database(), at(name));
}

function putBack(name) {
  for (const end of ['-wal', '-shm']) rmSync(database() + end, { force: true });
  copyFileSync(at(name), database());
}

async function stop(signal) {
  await world.stopService(signal);
  // Everything in one file, so that a copy of it is the whole.
  const db = new DatabaseSync(database());
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

let early;
let whole;

before(async () => {
  world = await World.start();
  story = await Story.ready(world);
  const issue = await story.grant('ada');
  await story.quiet();
  await stop();
  keep('early.db');
  early = facts();
  await world.startService();
  const [grant] = await story.grants(issue);
  await world.must('POST', `/api/v1/grants/${grant.grantId}/revoke`);
  await story.grantIs(issue, 'revoked');
  await world.must('POST', '/api/v1/tools', { toolId: 'late', name: '=SUM(A1)', description: '+cmd' });
  await story.quiet();
  // A proper stop leaves a checkpoint; this one is exported and kept.
  await world.stopService();
  await world.startService();
  const { items } = await world.must('GET', '/api/v1/audit/checkpoints');
  assert.ok(items[0].seq > early.last, JSON.stringify(items));
  const { publicKey } = await world.must('GET', '/api/v1/audit/public-key');
  writeFileSync(at('public.pem'), publicKey);
  writeFileSync(at('checkpoint.json'), JSON.stringify(items[0]));
  for (let n = 0; n < 5; n++) await world.must('POST', '/api/v1/tools', { toolId: `tail-${n}`, name: 'n' });
  const exported = await world.api('GET', '/api/v1/audit-events/export?format=jsonl');
  writeFileSync(at('export.jsonl'), exported.text);
  // Killed, so that events are left behind the last checkpoint.
  await stop('SIGKILL');
  keep('whole.db');
  whole = facts();
  assert.ok(whole.last > whole.checkpoints.at(-1).seq);
});
after(() => world?.stop());

describe('the store of a service', () => {
  beforeEach(() => putBack('whole.db'));

  test('holds as it was left, while it runs too, and after kill -9', async () => {
    await holds(verify());
    await holds(verify('--since-checkpoint', at('checkpoint.json')));
    await world.startService();
    await Promise.all([holds(verify()), ...Array.from({ length: 30 }, (_, n) => world.must('PUT', '/api/v1/tools/late', { name: `n${n}` }))]);
    await world.stopService('SIGKILL');
    await holds(verify());
    assert.ok(facts().last > whole.last + 20);
  });

  test('one bit changed, in any column of any event, is found where it is', async () => {
    const columns = ['at', 'actor_kind', 'actor_id', 'action', 'target_kind', 'target_id', 'outcome', 'detail', 'prev_hash', 'hash'];
    for (const [n, column] of columns.entries()) {
      putBack('whole.db');
      const seq = 1 + ((n * 7) % whole.last);
      attack((db) => {
        const old = db.prepare(`SELECT ${column} AS value FROM audit_event WHERE seq = ?`).get(seq).value;
        const flipped = typeof old === 'number' ? old + 1000 : column === 'detail' ? JSON.stringify({ ...JSON.parse(old), x: 1 }) : old.slice(0, -1) + String.fromCharCode(old.charCodeAt(old.length - 1) ^ 1);
        db.prepare(`UPDATE audit_event SET ${column} = ? WHERE seq = ?`).run(flipped, seq);
      });
      await broken(verify(), seq, `${column} of ${seq}`);
    }
  });

  test('a part of a second added to an instant, which no hash covers, is found', async () => {
    attack((db) => db.exec('UPDATE audit_event SET at = at + 1 WHERE seq = 3'));
    await broken(verify(), 3);
  });

  test('a row removed, at the beginning, in the middle, before the last, is found', async () => {
    for (const seq of [1, 2, Math.floor(whole.last / 2), whole.last - 1]) {
      putBack('whole.db');
      attack((db) => db.prepare('DELETE FROM audit_event WHERE seq = ?').run(seq));
      await broken(verify(), seq, `row ${seq}`);
    }
  });

  test('a row removed, and those after it moved up and computed anew, is found', async () => {
    attack((db) => {
      db.exec('DELETE FROM audit_event WHERE seq = 4');
      for (let seq = 5; seq <= whole.last; seq++) db.prepare('UPDATE audit_event SET seq = ? WHERE seq = ?').run(seq - 1, seq);
      recompute(db, 4);
    });
    await broken(verify());
  });

  test('an event put in between, or behind, is found', async () => {
    attack((db) => db.exec(`INSERT INTO audit_event SELECT ${whole.last + 1}, at, actor_kind, actor_id, action, target_kind, target_id, outcome, detail, hash, hash FROM audit_event WHERE seq = ${whole.last}`));
    await broken(verify(), whole.last + 1);
    attack((db) => recompute(db, whole.last + 1));
    await broken(verify());
  });

  test('the tail cut is found, however much of it', async () => {
    const lastCheckpoint = whole.checkpoints.at(-1).seq;
    for (const from of new Set([whole.last, whole.last - 3, lastCheckpoint + 1, lastCheckpoint, 2, 1])) {
      putBack('whole.db');
      attack((db) => db.prepare('DELETE FROM audit_event WHERE seq >= ?').run(from));
      await broken(verify(), undefined, `from ${from}`);
    }
  });

  test('the tail cut with all that vouched for it is found: checkpoints removed, head set to an older word of ours', async () => {
    for (const checkpoint of whole.checkpoints) {
      putBack('whole.db');
      attack((db) => {
        db.prepare('DELETE FROM audit_event WHERE seq > ?').run(checkpoint.seq);
        db.prepare('DELETE FROM audit_checkpoint WHERE seq > ?').run(checkpoint.seq);
        db.prepare('UPDATE audit_head SET seq = ?, hash = ?, at = ?, signature = ?').run(checkpoint.seq, checkpoint.hash, checkpoint.at, checkpoint.signature);
      });
      await broken(verify(), undefined, `back to checkpoint ${checkpoint.seq}`);
    }
    putBack('whole.db');
    attack((db) => db.exec(`DELETE FROM audit_event WHERE seq > 5; DELETE FROM audit_checkpoint WHERE seq > 5; DELETE FROM audit_head`));
    await broken(verify());
    putBack('whole.db');
    attack((db) => db.exec('DELETE FROM audit_event; DELETE FROM audit_checkpoint; DELETE FROM audit_head'));
    await broken(verify('--since-checkpoint', at('checkpoint.json')));
  });

  test('the chain computed anew by somebody without the key is found', async () => {
    attack((db) => {
      db.exec("UPDATE audit_event SET actor_id = 'somebody-else' WHERE seq = 3");
      const head = recompute(db, 3);
      db.prepare('UPDATE audit_head SET hash = ?').run(head);
    });
    await broken(verify(), undefined, 'old signatures');
    attack((db) => db.exec('DELETE FROM audit_checkpoint'));
    await broken(verify(), undefined, 'no checkpoints');
    attack((db) => db.exec('DELETE FROM audit_head'));
    await broken(verify(), undefined, 'no head');
  });

  test('computed anew after the last checkpoint, where only the head vouches, is found too', async () => {
    attack((db) => {
      db.prepare("UPDATE audit_event SET outcome = 'failed' WHERE seq = ?").run(whole.last);
      db.prepare('UPDATE audit_head SET hash = ?').run(recompute(db, whole.last));
    });
    await broken(verify());
  });

  test('a signing key thrown away, so that a new one would be made, does not make a changed trail good', async () => {
    const names = attack((db) => db.prepare('SELECT name FROM meta').all().map((row) => row.name));
    for (const name of names.filter((one) => /audit|sign|key/i.test(one) && !/idempotency/.test(one))) {
      putBack('whole.db');
      attack((db) => {
        db.prepare('DELETE FROM meta WHERE name = ?').run(name);
        db.exec("UPDATE audit_event SET actor_id = 'somebody-else' WHERE seq = 3; DELETE FROM audit_checkpoint; DELETE FROM audit_head");
        recompute(db, 3);
      });
      const { code } = await verify();
      assert.equal(code, 1, name);
      // Nor does a start of the service bless it.
      await world.startService().catch(() => {});
      await world.stopService();
      assert.equal((await verify()).code, 1, `${name}, after a start`);
    }
  });

  test('a start of the service does not bless a changed trail', async () => {
    attack((db) => {
      db.exec("UPDATE audit_event SET actor_id = 'somebody-else' WHERE seq = 3");
      db.prepare('UPDATE audit_head SET hash = ?').run(recompute(db, 3));
    });
    await world.startService().catch(() => {});
    if (world.serviceProcess.exitCode === null) await world.api('POST', '/api/v1/tools', { toolId: 'after-the-attack', name: 'n' });
    await world.stopService();
    await broken(verify());
  });

  test('a whole older database put back holds by itself, and a checkpoint kept elsewhere finds it', async () => {
    putBack('early.db');
    await holds(verify());
    await broken(verify('--since-checkpoint', at('checkpoint.json')), early.last + 1);
    // And when it has lived on, past that number, with another story.
    await world.startService();
    const { seq } = JSON.parse(readFileSync(at('checkpoint.json'), 'utf8'));
    for (let n = 0; n < seq - early.last + 5; n++) await world.must('PUT', '/api/v1/tools/test-tool', { name: `N${n}`, connectorId: 'sandbox' });
    await world.stopService();
    assert.ok(facts().last > seq);
    await holds(verify());
    await broken(verify('--since-checkpoint', at('checkpoint.json')), seq);
  });

  test('a checkpoint that was tampered with, or is none, vouches for nothing', async () => {
    const checkpoint = JSON.parse(readFileSync(at('checkpoint.json'), 'utf8'));
    for (const [name, changed] of Object.entries({ seq: { ...checkpoint, seq: checkpoint.seq - 1 }, hash: { ...checkpoint, hash: genesis }, at: { ...checkpoint, at: '2020-01-01T00:00:00Z' },
      signature: { ...checkpoint, signature: Buffer.alloc(64).toString('base64') } })) {
      writeFileSync(at('changed.json'), JSON.stringify(changed));
      const { code, stdout } = await verify('--since-checkpoint', at('changed.json'));
      assert.equal(code, 1, `${name}: ${stdout}`);
    }
    for (const text of ['', '{}', '[]', 'null', '{"seq":']) {
      writeFileSync(at('changed.json'), text);
      const { code, stderr } = await verify('--since-checkpoint', at('changed.json'));
      assert.ok(code === 1 || code === 2, `${text}: ${code}`);
      assert.ok(stderr.length > 0);
    }
    assert.notEqual((await verify('--since-checkpoint', at('nowhere.json'))).code, 0);
  });
});

describe('an export, on another machine', () => {
  const lines = () => readFileSync(at('export.jsonl'), 'utf8').trimEnd().split('\n');
  const write = (changed) => {
    writeFileSync(at('changed.jsonl'), `${changed.join('\n')}\n`);
    return at('changed.jsonl');
  };

  test('holds with nothing but the file and the public key, and by hand with SHA-256 and Ed25519', async () => {
    rmSync(database(), { force: true });
    await holds(verifyExport(at('export.jsonl')));
    await holds(verifyExport(at('export.jsonl'), '--since-checkpoint', at('checkpoint.json')));
    let previous = genesis;
    for (const [n, line] of lines().entries()) {
      const event = JSON.parse(line);
      assert.equal(event.seq, n + 1);
      assert.equal(event.prevHash, previous);
      assert.equal(hashOf(event), event.hash);
      assert.deepEqual(Object.keys(event).sort(), ['action', 'actor', 'at', 'detail', 'hash', 'outcome', 'prevHash', 'seq', 'target']);
      previous = event.hash;
    }
    const { signature, ...signed } = JSON.parse(readFileSync(at('checkpoint.json'), 'utf8'));
    const key = createPublicKey(readFileSync(at('public.pem')));
    assert.equal(key.asymmetricKeyType, 'ed25519');
    assert.ok(verifySignature(null, Buffer.from(canonical(signed)), key, Buffer.from(signature, 'base64')));
  });

  test('changed, shortened, reordered or glued together it does not', async () => {
    const all = lines();
    const third = JSON.parse(all[2]);
    await broken(verifyExport(write(all.with(2, JSON.stringify({ ...third, actor: { ...third.actor, id: 'x' } })))), 3, 'changed');
    await broken(verifyExport(write(all.with(2, JSON.stringify({ ...third, extra: 1 })))), 3, 'a member more');
    await broken(verifyExport(write(all.toSpliced(4, 1))), 5, 'removed');
    await broken(verifyExport(write(all.slice(1))), 1, 'beginning removed');
    await broken(verifyExport(write([all[1], all[0], ...all.slice(2)])), 1, 'reordered');
    await broken(verifyExport(write([...all, all.at(-1)])), undefined, 'doubled');
    await broken(verifyExport(write(all.with(5, `${all[5].slice(0, -5)}`))), 6, 'cut line');
    const { seq } = JSON.parse(readFileSync(at('checkpoint.json'), 'utf8'));
    await broken(verifyExport(write(all.slice(0, seq - 1)), '--since-checkpoint', at('checkpoint.json')), seq, 'cut tail');
    // Computed anew: whole as a chain, and only the checkpoint knows.
    let previous = genesis;
    const forged = all.map((line) => {
      const event = { ...JSON.parse(line), prevHash: previous };
      if (event.seq === 3) event.actor.id = 'forged';
      event.hash = hashOf(event);
      previous = event.hash;
      return JSON.stringify(event);
    });
    await broken(verifyExport(write(forged), '--since-checkpoint', at('checkpoint.json')), seq, 'computed anew');
  });

  test("a stranger's public key, or none, is refused", async () => {
    writeFileSync(at('public.pem'), 'no key');
    assert.notEqual((await verifyExport(at('export.jsonl'))).code, 0);
    assert.equal((await world.cli(['audit', 'verify', '--export', at('export.jsonl')])).code, 2);
    assert.equal((await world.cli(['audit', 'verify'])).code, 2);
  });
});

describe('what is in the trail', () => {
  before(async () => {
    putBack('whole.db');
    await world.startService();
  });

  test('ids only: no name, no e-mail address, no free text', async () => {
    const issue = await story.file('fay', { purpose: 'Purpose-Canary for my Mother' });
    await story.requestIs(issue, 'pending');
    await world.must('POST', '/api/v1/tools', { toolId: 'plain', name: 'Name-Canary', vendor: 'Vendor-Canary', description: 'Description-Canary' });
    await world.must('POST', '/api/v1/identity-mappings', { accountId: world.seed.accounts.max, connectorId: 'sandbox', externalId: 'max+ai@contoso.example', note: 'Note-Canary' });
    await world.must('POST', '/api/v1/identity-mappings/resolve', { connectorId: 'sandbox', email: "fay.o'brien@contoso.example" });
    const { text } = await world.api('GET', '/api/v1/audit-events/export');
    for (const canary of ['Purpose-Canary', 'Name-Canary', 'Vendor-Canary', 'Description-Canary', 'Note-Canary', 'contoso.example', '@', 'Fay', 'Brien', 'Sandbox tenant']) assert.ok(!text.includes(canary), canary);
    assert.ok(text.includes('"id":"plain"'));
  });

  test('as CSV: the same events, oldest first, and no cell that a spreadsheet would take for a formula', async () => {
    const answer = await world.api('GET', '/api/v1/audit-events/export?format=csv');
    assert.match(answer.headers.get('content-type'), /^text\/csv/);
    const rows = answer.text.trimEnd().split(/\r?\n/);
    const { text } = await world.api('GET', '/api/v1/audit-events/export');
    assert.equal(rows.length, text.trimEnd().split('\n').length + 1);
    const cells = rows.flatMap((row) => [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((found) => found[1] ?? found[2]));
    for (const cell of cells) assert.doesNotMatch(cell, /^[=+\-@\t\r]/);
    for (const line of text.trimEnd().split('\n')) assert.ok(answer.text.includes(JSON.parse(line).hash));
  });

  test('a cell that begins like a formula is quoted: ids of Jira may begin with anything', async () => {
    await world.must('PUT', '/api/v1/settings/intake', { approval: 'console' });
    const token = await world.token('requester', "=cmd|' /C calc'!A0");
    const made = await world.must('POST', '/api/v1/requests', { toolId: 'plain', purpose: '=1+1' }, { token });
    assert.ok(made.requestId);
    const { text } = await world.api('GET', '/api/v1/audit-events/export?format=csv');
    for (const line of text.split('\n')) for (const cell of line.split(',')) assert.doesNotMatch(cell.replace(/^"/, ''), /^[=+@]/, line);
  });

  test('the trail still holds, and an export beside a busy service is whole', async () => {
    const busy = Array.from({ length: 40 }, (_, n) => world.must('PUT', '/api/v1/tools/plain', { name: `n${n}` }));
    const { text } = await world.api('GET', '/api/v1/audit-events/export');
    await Promise.all(busy);
    writeFileSync(at('busy.jsonl'), text);
    writeFileSync(at('public.pem'), (await world.must('GET', '/api/v1/audit/public-key')).publicKey);
    await holds(verifyExport(at('busy.jsonl')));
    await holds(verify());
    assert.ok(existsSync(database()));
  });
});
