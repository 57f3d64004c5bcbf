// What an auditor takes away, and proves on another machine; and what is left of a person who asked to be forgotten. The
// other machine is a directory that holds the file, the public key and the program, and neither config nor database.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { assertFault, assertProblem } from './answers.js';
import { Story } from './story.js';
import { until, World } from './world.js';

const SECRET = 'Zerbinetta';
const FOUND = '</script><img src=x onerror=alert(2)> nobody knows them';
const today = () => new Date().toISOString().slice(0, 10);
const DAY = 86400000;

let world;
let story;
let elsewhere;
let auditor;
let issue;
let finding;
const at = (name) => join(elsewhere, name);
const client = () => ({ environment: { AICLEARANCE_URL: world.service, AICLEARANCE_TOKEN: auditor } });
const evidence = (name, ...more) =>
  world.cli(['evidence', '--from', '2020-01-01', '--to', today(), '--out', at(name), ...more], client());
// Nothing of the service is named: only the two files.
const verify = (name, ...more) =>
  world.cli(['audit', 'verify', '--export', at(name), '--public-key', at('public.pem'), ...more], { environment: { TEST_JIRA_TOKEN: '', AICLEARANCE_TOKEN: '' } });
const records = (name, kind) =>
  readFileSync(at(name), 'utf8').split('\n').map((line) => /data-record="([a-z]+)">(.*)<\/script>$/.exec(line)).filter((found) => found?.[1] === kind)
    .map((found) => JSON.parse(found[2]));

async function holds(answer) {
  const { code, stdout, stderr } = await answer;
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

async function broken(answer, what) {
  const { code, stdout, stderr } = await answer;
  assert.equal(code, 1, `${what}: ${stdout}${stderr}`);
  assert.match(stdout, /does not hold/, what);
  return stdout;
}

before(async () => {
  world = await World.start();
  story = await Story.ready(world);
  elsewhere = join(world.folder, 'elsewhere');
  mkdirSync(elsewhere);
  auditor = await world.token('auditor', null);
  issue = await story.grant('ada', { purpose: `${SECRET} </script><script>alert(1)</script> & "needs" it\nfor a thesis` });
  await story.tool('other', { name: '=Other' });
  await story.intake({ approval: 'console' });
  await world.must('POST', '/api/v1/requests', { toolId: 'other', accountId: story.account('user001'), purpose: '=HYPERLINK("http://x")' });
  await story.intake();
  await story.quiet();
  const stranger = await story.user('user002');
  await world.control('PUT', '/state?quiet=1', { membership: { groupId: story.groupId, add: [stranger] } });
  await world.must('POST', '/api/v1/connectors/sandbox/check');
  finding = await until('the stranger to be found', async () =>
    (await world.must('GET', '/api/v1/findings?status=open')).items.find(({ member }) => member.objectId === stranger));
  await world.must('POST', `/api/v1/findings/${finding.findingId}/take-out`, { reason: FOUND });
  await until('the stranger to be out', async () => (await world.must('GET', `/api/v1/findings/${finding.findingId}`)).status === 'resolved');
  await story.quiet();
  const { publicKey } = await world.must('GET', '/api/v1/audit/public-key');
  writeFileSync(at('public.pem'), publicKey);
});
after(() => world?.stop());

describe('a file for an auditor', () => {
  test('is one file that proves itself where there is neither service nor database', async () => {
    assert.equal((await evidence('all.html')).code, 0);
    assert.equal(statSync(at('all.html')).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(elsewhere).filter((name) => name.endsWith('.part')), []);
    const said = await holds(verify('all.html'));
    assert.match(said, /2 requests, 1 grant, 1 finding, events 1 to \d+ \(\d+\) without a gap/);
  });

  test('has the request, who decided it, the grant with its history, what Graph called each write, and the events', async () => {
    const [about] = records('all.html', 'about');
    assert.equal(about.from, '2020-01-01T00:00:00Z');
    assert.equal(about.publicKey, readFileSync(at('public.pem'), 'utf8'));
    const request = records('all.html', 'request').find((one) => one.issueKey === issue);
    assert.ok(request.purpose.startsWith(SECRET));
    assert.equal(request.status, 'approved');
    assert.equal(request.decidedBy, story.account('ben'));
    assert.equal(request.decision.mode, 'jsm');
    const [grant] = records('all.html', 'grant');
    assert.equal(grant.requestId, request.requestId);
    assert.deepEqual(grant.history.map((one) => one.to), ['pendingProvision', 'active']);
    assert.equal(grant.graphRequests.length, 1);
    const { requests } = await world.control('GET', '/requests');
    const clientIds = requests.map((one) => one.headers?.['client-request-id'] ?? one.clientRequestId).filter(Boolean);
    if (clientIds.length > 0) assert.ok(clientIds.includes(grant.graphRequests[0].clientRequestId), 'the id that Entra has in its log');
    const events = records('all.html', 'event');
    assert.deepEqual(events.map((one) => one.seq), events.map((_, n) => n + 1));
    const shown = await world.api('GET', '/api/v1/audit-events/export');
    const exported = shown.text.trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(events, exported.slice(0, events.length));
    const [checkpoint] = records('all.html', 'after');
    assert.equal(checkpoint.hash, events.at(-1).hash);
  });

  test('has what was found in the groups: who it was about, and what became of it by whose word', () => {
    const [found, ...more] = records('all.html', 'finding');
    assert.equal(more.length, 0);
    assert.equal(found.findingId, finding.findingId);
    assert.equal(found.resolution, 'takenOut');
    assert.equal(found.reason, FOUND);
    assert.equal(found.settledBy.kind, 'token');
    const page = readFileSync(at('all.html'), 'utf8');
    assert.ok(page.includes('&lt;/script&gt;&lt;img src=x'));
    assert.ok(!page.includes('<img'));
  });

  test('is a page without a script that runs, and shows what people wrote as they wrote it', () => {
    const page = readFileSync(at('all.html'), 'utf8');
    assert.equal((page.match(/<script/g) ?? []).length, (page.match(/<script type="application\/json" data-record="/g) ?? []).length);
    assert.ok(page.includes('&lt;/script&gt;&lt;script&gt;alert(1)'));
    assert.doesNotMatch(page, /https?:\/\/(?!www\.w3)[^"<]*\.(js|css|png)/);
    assert.match(page, /@media print/);
    assert.match(page, /Content-Security-Policy/);
  });

  test('does not hold with one byte changed, cut off, or added, wherever', async () => {
    const whole = readFileSync(at('all.html'));
    const places = new Set([0, 20, whole.length - 1, whole.length - 40]);
    for (const word of [SECRET, 'alert(1)', 'takenOut', 'data-record="finding"', '"findings":1', 'data-record="event"', '"prevHash"', 'approved', '"signature"', 'publicKey', '<style>', '"requests":2', story.account('ben')])
      for (let from = whole.indexOf(word); from >= 0 && places.size < 60; from = whole.indexOf(word, from + 1000)) places.add(from + 1);
    for (let n = 0; n < 40; n++) places.add(Math.floor((whole.length / 40) * n));
    for (const place of places) {
      const changed = Buffer.from(whole);
      changed[place] ^= 1;
      writeFileSync(at('changed.html'), changed);
      await broken(verify('changed.html'), `byte ${place}`);
    }
    writeFileSync(at('changed.html'), whole.subarray(0, whole.length - 1));
    await broken(verify('changed.html'), 'cut by one');
    writeFileSync(at('changed.html'), Buffer.concat([whole, Buffer.from('\n')]));
    await broken(verify('changed.html'), 'one more line');
    const lines = whole.toString().split('\n');
    const event = lines.findIndex((line) => line.includes('data-record="event"')) + 2;
    writeFileSync(at('changed.html'), [...lines.slice(0, event), ...lines.slice(event + 1)].join('\n'));
    assert.match(await broken(verify('changed.html'), 'an event less'), /first bad sequence number: 3/);
    await holds(verify('all.html'));
  });

  test('is held against a checkpoint that was kept elsewhere', async () => {
    const { items } = await world.must('GET', '/api/v1/audit/checkpoints');
    writeFileSync(at('checkpoint.json'), JSON.stringify(items[0]));
    await holds(verify('all.html', '--since-checkpoint', at('checkpoint.json')));
    writeFileSync(at('late.json'), JSON.stringify({ ...items[0], seq: items[0].seq + 1000 }));
    assert.match(await broken(verify('all.html', '--since-checkpoint', at('late.json')), 'a checkpoint of later'), /not among the events/);
  });

  test('is about one tool where that is asked for, and the chain is whole all the same', async () => {
    assert.equal((await evidence('tool.html', '--tool', 'other')).code, 0);
    await holds(verify('tool.html'));
    assert.deepEqual(records('tool.html', 'request').map((one) => one.toolId), ['other']);
    assert.deepEqual(records('tool.html', 'finding'), [], 'the finding is of another tool');
    assert.equal(records('tool.html', 'event').length >= records('all.html', 'event').length, true);
    const answer = await evidence('none.html', '--tool', 'otter');
    assert.equal(answer.code, 1);
    assert.match(answer.stderr, /not_found/);
    assert.ok(!readdirSync(elsewhere).includes('none.html'), 'nothing is left where nothing came');
  });

  test('of a time in which nothing happened holds too', async () => {
    const answer = await world.cli(['evidence', '--from', '2020-01-01', '--to', '2020-12-31', '--out', at('empty.html')], client());
    assert.equal(answer.code, 0, answer.stderr);
    assert.match(await holds(verify('empty.html')), /0 requests, 0 grants, 0 findings/);
  });

  test('comes as a table for a spreadsheet, which finds no formula in it', async () => {
    assert.equal((await evidence('all.csv', '--format', 'csv')).code, 0);
    const table = readFileSync(at('all.csv'), 'utf8');
    assert.match(table, /^requestId,issueKey,toolId/);
    assert.match(table, /"'=HYPERLINK\(""http:\/\/x""\)"/);
    assert.ok(table.includes(SECRET));
    assert.equal((await verify('all.csv')).code, 1);
  });

  test('is asked for in the manner of the API: days or instants, nothing unknown, auditors and admins only', async () => {
    const get = (query, token = auditor) => world.api('GET', `/api/v1/evidence${query}`, undefined, { token });
    const whole = await get(`?from=2020-01-01T00:00:00Z&to=${encodeURIComponent(new Date(Date.now() + DAY).toISOString())}`);
    assert.equal(whole.status, 200);
    assert.match(whole.headers.get('content-type'), /^text\/html/);
    assert.match(whole.headers.get('content-disposition'), /attachment/);
    writeFileSync(at('api.html'), whole.text);
    await holds(verify('api.html'));
    for (const query of ['', '?from=2020-01-01', `?to=${today()}`]) {
      writeFileSync(at('api.html'), (await get(query)).text);
      assert.match(await holds(verify('api.html')), /2 requests, 1 grant/, query);
    }
    assertFault(await get('?from=2020-13-01&to=2021-01-01'), 'from');
    assertFault(await get('?from=2021-01-02&to=2021-01-01'), 'to');
    assertFault(await get('?from=yesterday..&to=2021-01-01'), 'from');
    assertFault(await get('?from=2020-01-01&to=2021-01-01&format=pdf'), 'format');
    assertFault(await get('?from=2020-01-01&to=2021-01-01&tool=x'), 'tool');
    assertProblem(await get('?from=2020-01-01&to=2021-01-01&toolId=otter'), 404, 'not_found');
    assertProblem(await get('?from=2020-01-01&to=2021-01-01', await world.token('approver', story.account('ben'))), 403, 'forbidden');
  });
});

describe('a person who asked to be forgotten', () => {
  const everywhere = () =>
    ['clearance.db', 'clearance.db-wal', 'aiclearance.log'].filter((name) => {
      try {
        return readFileSync(join(world.folder, name)).includes(SECRET);
      } catch {
        return false;
      }
    });
  const erase = (accountId, body, token) =>
    world.api('POST', `/api/v1/people/${encodeURIComponent(accountId)}/erase`, body, token ? { token } : {});

  test('must first be out: what is to be done is said', async () => {
    const ada = story.account('ada');
    const answer = await erase(ada, { confirm: ada });
    assert.match(assertProblem(answer, 409, 'person_has_grants').detail, /revoke/i);
    assertProblem(await erase(story.account('user001'), { confirm: story.account('user001') }), 409, 'person_has_requests');
    assertFault(await erase(ada, { confirm: story.account('ben') }), 'confirm');
    assertFault(await erase(ada, {}), 'confirm');
    assertProblem(await erase('712020:nobody', { confirm: '712020:nobody' }), 404, 'not_found');
    assertProblem(await erase(ada, { confirm: ada }, auditor), 403, 'forbidden');
    assert.deepEqual(everywhere().includes('clearance.db') || everywhere().includes('clearance.db-wal'), true);
  });

  test('leaves no text on the disk, the trail holds, and so does a file from before, and one from after without the name', async () => {
    const ada = story.account('ada');
    copyFileSync(at('all.html'), at('before.html'));
    await world.must('POST', '/api/v1/identity-mappings', { connectorId: 'sandbox', accountId: ada, externalId: 'ada@contoso.example', note: `${SECRET}'s own` },
      { headers: { 'Idempotency-Key': 'about-ada' } });
    const [grant] = await story.grants(issue);
    await world.must('POST', `/api/v1/grants/${grant.grantId}/revoke`, { comment: `${SECRET} has left` });
    await story.grantIs(issue, 'revoked');
    await story.quiet();

    const done = await world.cli(['subject', 'erase', ada, '--reason', 'ticket 4711'], { environment: { AICLEARANCE_URL: world.service, AICLEARANCE_TOKEN: world.admin } });
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(everywhere(), []);

    await holds(world.cli(['audit', 'verify', '--config', world.configFile]));
    await holds(verify('before.html'));
    assert.ok(readFileSync(at('before.html'), 'utf8').includes(SECRET), 'what was given out before is whoever got it to keep or to destroy');
    assert.equal((await evidence('after.html')).code, 0);
    await holds(verify('after.html'));
    const page = readFileSync(at('after.html'), 'utf8');
    assert.ok(!page.includes(SECRET));
    assert.ok(!page.includes('ada@contoso.example'));
    const request = records('after.html', 'request').find((one) => one.issueKey === issue);
    assert.equal(request.purpose, '');
    assert.equal(request.decidedBy, story.account('ben'), 'that, when and by whom it was decided stays');
    const erased = records('after.html', 'event').filter((one) => one.action === 'subject.erased');
    assert.deepEqual(erased.map((one) => [one.target, one.detail]), [[{ kind: 'person', id: ada }, {}]]);
    assert.equal((await world.must('GET', `/api/v1/identity-mappings?accountId=${encodeURIComponent(ada)}`)).items.length, 0);
  });

  test('is not written about again by what still comes from Jira, and asking twice leaves no second event', async () => {
    const ada = story.account('ada');
    await story.look(issue);
    assert.deepEqual(everywhere(), []);
    const before = (await world.must('GET', '/api/v1/audit-events?limit=1')).items[0].seq;
    const again = await erase(ada, { confirm: ada });
    assert.equal(again.status, 200, again.text);
    assert.equal((await world.must('GET', '/api/v1/audit-events?limit=1')).items[0].seq, before);
    await world.stopService();
    assert.deepEqual(everywhere(), []);
    await world.startService();
    await until('the service to serve', async () => (await world.api('GET', '/api/v1/me')).status === 200);
  });
});
