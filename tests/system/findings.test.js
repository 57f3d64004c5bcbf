// What is in the groups, against what was approved: drift by hand in the directory, and what becomes of it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { accountOf, Bulk, each, groupOf, userOf } from './bulk.js';
import { assertProblem } from './answers.js';
import { Story } from './story.js';
import { until, World } from './world.js';

const PEOPLE = 130;
let world;
let bulk;
before(async () => {
  world = await World.start({ config: { entra: { check_seconds: '86400' } } });
  bulk = await Bulk.ready(await Story.ready(world), PEOPLE, 4);
});
after(() => world?.stop());

const range = (from, to) => Array.from({ length: to - from }, (_, at) => from + at);
const users = (people) => people.map(userOf);
const put = (state) => world.control('PUT', '/state?quiet=1', state);
const byHand = (group, change) => put({ membership: { groupId: groupOf(group), ...change } });
const members = async (group) => (await world.control('GET', '/state')).entra.groups.find(({ id }) => id === groupOf(group)).members;
const ended = (jobId) => until('the job', async () => {
  const job = await world.must('GET', `/api/v1/jobs/${jobId}?wait=10`);
  return ['succeeded', 'manualFollowUp', 'cancelled'].includes(job.status) && job;
}, 60000);
const check = async () => ended((await world.must('POST', '/api/v1/connectors/sandbox/check')).jobId);
const findings = (group, query = 'status=open') => bulk.all(`/api/v1/findings?toolId=bulk-${group}&${query}`);
const settle = (finding, action, body = { reason: 'I looked' }, options) =>
  world.api('POST', `/api/v1/findings/${finding.findingId}/${action}`, body, options);
const checkOf = async (group) =>
  (await world.must('GET', '/api/v1/connectors/sandbox/checks')).items.find(({ groupId }) => groupId === groupOf(group));
const sorted = (list) => [...list].sort();
const objects = (list) => sorted(list.map(({ member }) => member.objectId));
async function active(grantIds) {
  await each(grantIds, (grantId) => until('active', async () => (await world.must('GET', `/api/v1/grants/${grantId}`)).status === 'active'));
  return grantIds;
}
const calls = async () => {
  const { requests } = await world.control('GET', '/requests');
  await world.control('DELETE', '/requests');
  return requests.filter(({ path }) => path.startsWith('/v1.0/'));
};

describe('drift by hand', () => {
  let grants;
  const approved = range(0, 60);
  const strangers = range(60, 90);
  const before = range(90, 95);

  test('30 added and 30 removed are found, each for what it is, and nothing else is', async () => {
    await byHand(0, { add: users(before) });
    grants = await active(await bulk.grants(approved.map((person) => ({ person, group: 0 }))));
    const first = await check();
    assert.equal(first.status, 'succeeded');
    assert.equal(first.kind, 'memberCheck');
    const known = await findings(0);
    assert.deepEqual(objects(known), sorted(users(before)), 'who was there before us is said, and nobody else');
    assert.ok(known.every((finding) => finding.class === 'presentWithoutApproval' && finding.preexisting));

    await byHand(0, { add: users(strangers), remove: users(approved.slice(0, 30)) });
    assert.equal((await check()).status, 'succeeded');
    const all = await findings(0);
    const missing = all.filter((finding) => finding.class === 'approvedButMissing');
    const present = all.filter((finding) => finding.class === 'presentWithoutApproval' && !finding.preexisting);
    assert.deepEqual(objects(missing), sorted(users(approved.slice(0, 30))));
    assert.deepEqual(objects(present), sorted(users(strangers)));
    assert.equal(all.length, 65);
    for (const finding of missing) {
      const grant = await world.must('GET', `/api/v1/grants/${finding.grantId}`);
      assert.equal(grant.status, 'manualFollowUp');
      assert.equal(grant.followUp.action, 'provision');
      assert.equal(grant.followUp.code, 'membership_removed_outside');
      assert.equal(finding.accountId, grant.accountId);
    }
    await check();
    assert.equal((await findings(0)).length, 65, 'a check without news finds nothing new');
    const metrics = (await world.api('GET', '/metrics')).text;
    assert.match(metrics, /aiclearance_findings\{class="approvedButMissing"\} 30/);
    assert.match(metrics, /aiclearance_findings\{class="presentWithoutApproval"\} 35/);
  });

  test('what is in order again by itself closes by itself, and the grant is active again', async () => {
    const back = approved[0];
    const gone = strangers[0];
    await byHand(0, { add: [userOf(back)], remove: [userOf(gone)] });
    await check();
    const resolved = await findings(0, 'status=resolved');
    assert.deepEqual(sorted(resolved.map(({ member, resolution }) => `${member.objectId} ${resolution}`)),
      sorted([`${userOf(back)} returned`, `${userOf(gone)} left`]));
    await active([resolved.find(({ resolution }) => resolution === 'returned').grantId]);
    assert.equal((await findings(0)).length, 63);
  });

  test('who is missing is put back by an admin', async () => {
    const [finding] = await findings(0, 'status=open&class=approvedButMissing');
    assertProblem(await settle(finding, 'take-out'), 409, 'conflict');
    assertProblem(await settle(finding, 'put-back', {}), 422, 'validation_failed');
    const answer = await settle(finding, 'put-back');
    assert.equal(answer.status, 202);
    await ended(answer.json.jobId);
    await active([finding.grantId]);
    assert.ok((await members(0)).includes(finding.member.objectId));
    assert.equal((await settle(finding, 'put-back')).status, 200, 'once more changes nothing');
    const told = await world.must('GET', `/api/v1/findings/${finding.findingId}`);
    assert.equal(told.status, 'resolved');
    assert.equal(told.resolution, 'putBack');
    assert.equal(told.reason, 'I looked');
    assert.equal(told.settledBy.kind, 'token');
  });

  test('who has no grant is taken out by an admin, with /$ref, and with Graph’s request ids in the audit', async () => {
    const [finding] = await findings(0, 'status=open&class=presentWithoutApproval');
    await calls();
    const answer = await settle(finding, 'take-out');
    assert.equal(answer.status, 202);
    assert.equal((await ended(answer.json.jobId)).status, 'succeeded');
    assert.ok(!(await members(0)).includes(finding.member.objectId));
    const told = await world.must('GET', `/api/v1/findings/${finding.findingId}`);
    assert.equal(told.resolution, 'takenOut');
    const removals = (await calls()).filter(({ method }) => method === 'DELETE');
    assert.deepEqual(removals.map(({ path }) => path), [`/v1.0/groups/${groupOf(0)}/members/${finding.member.objectId}/$ref`]);
    const { items } = await world.must('GET', '/api/v1/audit-events?limit=50');
    const event = items.find(({ action, target }) => action === 'finding.takenOut' && target.id === finding.findingId);
    assert.match(event.detail.requestId, /^[0-9a-f-]{36}$/);
    await check();
    assert.ok(!objects(await findings(0)).includes(finding.member.objectId));
  });

  test('who has no grant is adopted by an admin: a grant that ends, and takes the member out then', async () => {
    const [finding] = await findings(0, 'status=open&class=presentWithoutApproval');
    const person = range(0, PEOPLE).find((one) => userOf(one) === finding.member.objectId);
    const body = { accountId: accountOf(person), reason: 'Was here before', durationDays: 20 };
    const self = { ...body, accountId: world.seed.accounts.admin };
    assertProblem(await settle(finding, 'adopt', self), 403, 'self_approval');
    assertProblem(await settle(finding, 'adopt', { ...body, durationDays: 3000 }), 422, 'duration_exceeds_maximum');
    assertProblem(await settle(finding, 'adopt', { ...body, accountId: accountOf(approved[40]) }), 409, 'duplicate_grant');
    const unlinked = await world.token('admin');
    assertProblem(await settle(finding, 'adopt', body, { token: unlinked }), 403, 'principal_unlinked');
    const answer = await settle(finding, 'adopt', body);
    assert.equal(answer.status, 202, answer.text);
    await ended(answer.json.jobId);
    const [grantId] = await active([answer.json.grantId]);
    const grant = await world.must('GET', `/api/v1/grants/${grantId}`);
    assert.equal(grant.externalUserId, finding.member.objectId);
    const request = await world.must('GET', `/api/v1/requests/${grant.requestId}`);
    assert.equal(request.status, 'approved');
    assert.equal(request.decidedBy, world.seed.accounts.admin);
    assert.equal(request.purpose, 'Was here before');
    assert.equal(request.durationDays, 20);
    await check();
    assert.ok(!objects(await findings(0)).includes(finding.member.objectId));
    await world.must('POST', `/api/v1/grants/${grantId}/revoke`);
    await until('revoked', async () => (await world.must('GET', `/api/v1/grants/${grantId}`)).status === 'revoked');
    assert.ok(!(await members(0)).includes(finding.member.objectId));
  });

  test('a member who is no user is named as what it is, and is nobody’s to adopt or take out', async () => {
    const device = 'd0000000-0000-4000-8000-000000000001';
    await byHand(0, { add: [{ id: device, type: 'device' }] });
    await check();
    const finding = (await findings(0)).find(({ member }) => member.objectId === device);
    assert.equal(finding.member.kind, 'device');
    assertProblem(await settle(finding, 'take-out'), 409, 'conflict');
    assertProblem(await settle(finding, 'adopt', { accountId: accountOf(120), reason: '' }), 409, 'conflict');
    await byHand(0, { remove: [device] });
  });

  test('the link to go on from that expired makes no finding, and hides none', async () => {
    const known = objects(await findings(0));
    for (const responses of [{}, { deltaExpired: { status: 400 } }]) {
      await world.control('PUT', '/faults', { expireDeltaTokens: true, responses });
      const stranger = userOf(responses.deltaExpired ? 110 : 111);
      await byHand(0, { add: [stranger] });
      const before = (await checkOf(0)).fullReadAt;
      await new Promise((done) => setTimeout(done, 1100)); // instants are told in seconds
      assert.equal((await check()).status, 'succeeded');
      assert.ok((await checkOf(0)).fullReadAt > before, 'everybody was listed again');
      known.push(stranger);
      assert.deepEqual(objects(await findings(0)), sorted(known.filter((id) => id !== 'd0000000-0000-4000-8000-000000000001')));
    }
    await world.control('PUT', '/faults', { responses: {} });
  });
});

describe('a group', () => {
  test('that is renamed, deleted and restored says so, and no member of it is missing', async () => {
    const people = range(0, 10);
    await active(await bulk.grants(people.map((person) => ({ person, group: 1 }))));
    await check();
    assert.deepEqual(await findings(1), []);
    await put({ groups: [{ id: groupOf(1), displayName: 'Renamed by hand' }] });
    await check();
    assert.equal((await checkOf(1)).code, 'group_renamed');
    await put({ groups: [{ id: groupOf(1), deleted: true }] });
    const gone = await check();
    assert.equal(gone.status, 'succeeded');
    assert.equal(gone.lastError.code, 'group_deleted');
    assert.equal((await checkOf(1)).code, 'group_deleted');
    assert.deepEqual(await findings(1), []);
    assert.equal((await world.must('GET', '/api/v1/tools/bulk-1')).entitlementGroup.code, 'group_deleted');
    await put({ groups: [{ id: groupOf(1), restored: true }] });
    await check();
    assert.equal((await checkOf(1)).code, 'group_renamed');
    assert.deepEqual(await findings(1), []);
    await byHand(1, { remove: [userOf(3)] });
    await check();
    assert.deepEqual(objects(await findings(1)), [userOf(3)], 'and the next check sees again who is missing');
  });

  test('is on one page of the list of checks, in order', async () => {
    const all = await bulk.all('/api/v1/connectors/sandbox/checks');
    const first = await world.must('GET', '/api/v1/connectors/sandbox/checks?limit=2');
    assert.equal(first.items.length, 2);
    const rest = await world.must('GET', `/api/v1/connectors/sandbox/checks?limit=200&cursor=${encodeURIComponent(first.nextCursor)}`);
    assert.equal(rest.nextCursor, null);
    assert.deepEqual([...first.items, ...rest.items], all);
    assert.equal(all.length, 5);
  });

  test('of 100,000 members with three changes costs a handful of calls', async () => {
    const [one, two] = await active(await bulk.grants([{ person: 1, group: 2 }, { person: 2, group: 2 }]));
    await byHand(2, { fill: 100000 });
    await check();
    await calls();
    await byHand(2, { add: [userOf(100), userOf(101)], remove: [userOf(1)] });
    assert.equal((await check()).status, 'succeeded');
    const made = (await calls()).filter(({ path }) => path.includes(groupOf(2)) || path.includes('delta') || path.includes(userOf(1)));
    assert.ok(made.length <= 12, `${made.length} calls: ${made.map(({ path }) => path)}`);
    const open = await world.must('GET', '/api/v1/findings?status=open&class=approvedButMissing&toolId=bulk-2');
    assert.deepEqual(open.items.map(({ grantId }) => grantId), [one]);
    assert.equal((await world.must('GET', `/api/v1/grants/${two}`)).status, 'active');
  });
});

describe('a walk through 100,000 members', () => {
  const pages = async () => (await calls()).filter(({ path }) => path === '/v1.0/groups/delta').length;

  test('goes on at the page where it was told to wait', async () => {
    await calls();
    await world.control('PUT', '/faults', {
      expireDeltaTokens: true,
      rules: [{ site: 'entra', path: '/v1.0/groups/delta*', skip: 60, times: 1, action: 'status', status: 429,
        headers: { 'Retry-After': '1' }, body: { error: { code: 'TooManyRequests', message: 'wait' } } }],
    });
    assert.equal((await check()).status, 'succeeded');
    const made = await pages();
    assert.ok(made < 130, `${made} pages of about 110`);
  });

  test('goes on at the page where the service was killed, and nothing is found that is not so', async () => {
    const open = await world.must('GET', '/api/v1/findings?limit=1&toolId=bulk-2');
    await world.control('PUT', '/faults', { expireDeltaTokens: true, latencyMs: { entra: 20 } });
    await calls();
    const { jobId } = await world.must('POST', '/api/v1/connectors/sandbox/check');
    const seen = async () => (await world.control('GET', '/requests')).requests.filter(({ path }) => path === '/v1.0/groups/delta').length;
    await until('the middle of the walk', async () => (await seen()) > 60);
    await world.stopService('SIGKILL');
    await world.startService();
    assert.equal((await ended(jobId)).status, 'succeeded');
    await world.control('PUT', '/faults', { latencyMs: { entra: 0 } });
    const made = await pages();
    assert.ok(made < 130, `${made} pages of about 110`);
    assert.deepEqual((await world.must('GET', '/api/v1/findings?limit=1&toolId=bulk-2')).items, open.items);
  });
});

describe('a directory that is behind', () => {
  test('makes no finding of what we did ourselves', async () => {
    const people = range(0, 8);
    await world.control('PUT', '/faults', { replicationDelayMs: 2500 });
    const ids = await bulk.grants(people.map((person) => ({ person, group: 3 })));
    await check();
    assert.deepEqual(await findings(3), []);
    await active(ids);
    await check();
    await bulk.revoke(ids.slice(0, 4));
    await check();
    await each(ids.slice(0, 4), (grantId) => until('revoked', async () => (await world.must('GET', `/api/v1/grants/${grantId}`)).status === 'revoked'));
    await check();
    assert.deepEqual(await findings(3), []);
    assert.deepEqual(await findings(3, 'status=resolved'), []);
    await world.control('PUT', '/faults', { replicationDelayMs: 0 });
  });

  test('or that says in one list what another denies is not believed', async () => {
    // The list of changes says that one left; asked for what the user is in, it says they are still there.
    const person = 6;
    const body = { '@odata.deltaLink': `${world.entra}/v1.0/groups/delta?$deltatoken=latest`,
      value: [{ id: groupOf(3), 'members@delta': [{ '@odata.type': '#microsoft.graph.user', id: userOf(person), '@removed': { reason: 'deleted' } }] }] };
    await world.control('PUT', '/faults', { rules: [{ site: 'entra', path: '/v1.0/groups/delta*', times: 4, action: 'status', status: 200, body }] });
    await check();
    await world.control('PUT', '/faults', { rules: [] });
    assert.deepEqual(await findings(3), []);
  });
});

describe('a check that fails', () => {
  const group = 1;
  const fail = async (rule, times) => {
    await world.control('PUT', '/faults', { rules: [{ site: 'entra', path: '/v1.0/groups/delta*', action: 'status', times: times ?? 100, ...rule }] });
    const job = await check();
    await world.control('PUT', '/faults', { rules: [] });
    return job;
  };
  const next = (link) => ({ status: 200, body: { '@odata.nextLink': link, value: [] } });

  for (const [what, rule, code] of [
    ['a link to another server', () => next('https://elsewhere.example/v1.0/groups/delta?x=1'), 'graph_bad_response'],
    ['a link that leads back to itself', () => next(`${world.entra}/v1.0/groups/delta?$skiptoken=again`), 'graph_bad_response'],
    ['a list without a link to go on from', () => ({ status: 200, body: { value: [] } }), 'graph_bad_response'],
    ['an app that may not ask', () => ({ status: 403, body: { error: { code: 'Authorization_RequestDenied', message: 'no' } } }), 'graph_denied'],
  ]) {
    test(`because of ${what} says so, and leaves findings and link as they were`, async () => {
      const before = await findings(group);
      const job = await fail(rule());
      assert.equal(job.status, 'manualFollowUp');
      assert.equal(job.lastError.code, code);
      assert.equal((await checkOf(group)).code, code);
      assert.deepEqual(await findings(group), before);
      await calls();
      assert.equal((await check()).status, 'succeeded');
      const links = (await calls()).filter(({ path }) => path === '/v1.0/groups/delta');
      assert.ok(links.length <= 6, 'the next check goes on from the kept link');
      assert.equal((await checkOf(group)).code, 'group_renamed');
    });
  }

  test('because its links go round in a circle is ended by that, not by time', async () => {
    const rules = Array.from({ length: 400 }, (_, at) => ({ site: 'entra', path: '/v1.0/groups/delta*', times: 1, action: 'status',
      ...next(`${world.entra}/v1.0/groups/delta?$skiptoken=${at % 3}`) }));
    await world.control('PUT', '/faults', { rules });
    const job = await check();
    await world.control('PUT', '/faults', { rules: [] });
    assert.equal(job.lastError?.code, 'graph_bad_response');
    assert.equal((await check()).status, 'succeeded');
  });

  test('goes on over empty pages, and where a page’s link expired under way begins anew', async () => {
    await world.control('PUT', '/faults', { emptyPages: true });
    await byHand(3, { add: [userOf(121)] });
    assert.equal((await check()).status, 'succeeded');
    assert.deepEqual(objects(await findings(3)), [userOf(121)]);
    await world.control('PUT', '/faults', { emptyPages: false });
    await byHand(3, { add: [userOf(122)] });
    // The first page of the first group is given, its second is too old: the round begins again.
    const expired = { status: 400, body: { error: { code: 'Directory_ExpiredPageToken', message: 'expired' } } };
    await world.control('PUT', '/faults', { deltaPageSize: 1 });
    await byHand(3, { add: [userOf(123)] });
    assert.equal((await fail({ ...expired, skip: 5 }, 1)).status, 'succeeded');
    await world.control('PUT', '/faults', { deltaPageSize: 1000 });
    assert.deepEqual(objects(await findings(3)), sorted([userOf(121), userOf(122), userOf(123)]));
  });
});

describe('a tool that settles by itself', () => {
  test('puts back who is missing, and leaves who was found before to an admin', async () => {
    const tool = await world.must('GET', '/api/v1/tools/bulk-3');
    assert.equal(tool.drift, 'report');
    await world.must('PUT', '/api/v1/tools/bulk-3', { ...tool, drift: 'settle' });
    await byHand(3, { remove: [userOf(7)] });
    await check();
    const [finding] = (await findings(3, 'status=resolved')).filter(({ resolution }) => resolution === 'putBack');
    assert.equal(finding.member.objectId, userOf(7));
    assert.equal(finding.settledBy.kind, 'system');
    await active([finding.grantId]);
    assert.ok((await members(3)).includes(userOf(7)));
    assert.deepEqual(objects(await findings(3)), sorted([userOf(121), userOf(122), userOf(123)]));
  });

  test('takes a few strangers out again, and nobody had to ask', async () => {
    const strangers = users(range(124, 127));
    await byHand(3, { add: strangers });
    await calls();
    await check();
    await until('the strangers to be out', async () => !(await members(3)).some((id) => strangers.includes(id)));
    const settled = await until('the findings to be resolved', async () => {
      const found = (await findings(3, 'status=resolved')).filter(({ resolution }) => resolution === 'takenOut');
      return found.length === 3 && found;
    });
    assert.deepEqual(objects(settled), sorted(strangers));
    assert.ok(settled.every(({ settledBy, reason }) => settledBy.kind === 'system' && !reason));
    const removals = (await calls()).filter(({ method }) => method === 'DELETE');
    assert.deepEqual(sorted(removals.map(({ path }) => path)), sorted(strangers.map((id) => `/v1.0/groups/${groupOf(3)}/members/${id}/$ref`)));
  });

  test('holds many at once as one incident: nobody leaves before an admin lets them, and nobody after a cancel', async () => {
    const strangers = users(range(60, 90));
    const stay = async () => {
      const present = await members(3);
      return strangers.every((id) => present.includes(id));
    };
    await byHand(3, { add: strangers });
    await calls();
    await check();
    const { heldRemovals } = await world.must('GET', '/api/v1/connectors/sandbox');
    assert.equal(heldRemovals.count, 30);
    assert.deepEqual(heldRemovals.groups.map(({ groupId, count, reason }) => [groupId, count, reason]), [[groupOf(3), 30, 'tooMany']]);
    const { items } = await world.must('GET', '/api/v1/audit-events?limit=200');
    const events = items.filter(({ action }) => action === 'connector.removalsHeld');
    assert.equal(events.length, 1);
    assert.equal(events[0].detail.findingIds.length, 30);
    assert.match((await world.api('GET', '/metrics')).text, /aiclearance_removals_held 30/);
    assert.ok(await stay());

    await world.must('POST', '/api/v1/connectors/sandbox/held-removals/cancel');
    await check();
    assert.ok(await stay(), 'nobody is taken out');
    assert.equal((await calls()).filter(({ method }) => method === 'DELETE').length, 0);
    const open = (await findings(3)).filter(({ code }) => code === 'removals_held');
    assert.deepEqual(objects(open), sorted(strangers), 'each waits for an admin');
    assert.ok(open.every(({ settledBy }) => settledBy === null));

    await byHand(3, { remove: strangers });
    await check();
    await byHand(3, { add: strangers });
    await check();
    assert.equal((await world.must('GET', '/api/v1/connectors/sandbox')).heldRemovals.count, 30);
    await world.must('POST', '/api/v1/connectors/sandbox/held-removals/release');
    await until('those whom an admin let go to be out', async () => !(await members(3)).some((id) => strangers.includes(id)));
    assert.equal((await world.must('GET', '/api/v1/connectors/sandbox')).heldRemovals ?? null, null);
  });
});

describe('on the command line', () => {
  const cli = (...args) => world.cli(args, { environment: { AICLEARANCE_URL: world.service, AICLEARANCE_TOKEN: world.admin } });

  test('findings are listed, shown and settled', async () => {
    const list = await cli('finding', 'list', '--status', 'open', '--class', 'presentWithoutApproval', '--tool', 'bulk-3');
    assert.equal(list.code, 0, list.stderr);
    assert.match(list.stdout, /FINDING +STATUS +CLASS/);
    assert.match(list.stdout, new RegExp(userOf(121)));
    const [finding] = (await findings(3)).filter(({ member }) => member.objectId === userOf(121));
    assert.match((await cli('finding', 'show', finding.findingId)).stdout, /presentWithoutApproval/);
    assert.equal((await cli('finding', 'take-out', finding.findingId)).code, 2, 'a reason must be given');
    const taken = await cli('finding', 'take-out', finding.findingId, '--reason', 'gone', '--json');
    assert.equal(taken.code, 0, taken.stderr);
    await until('out', async () => !(await members(3)).includes(userOf(121)));
    const [other] = (await findings(3)).filter(({ member }) => member.objectId === userOf(122));
    const adopted = await cli('finding', 'adopt', other.findingId, '--account', accountOf(122), '--reason', 'ok', '--days', '5');
    assert.equal(adopted.code, 0, adopted.stderr);
    assert.equal((await cli('connector', 'check', 'sandbox')).code, 0);
    assert.match((await cli('connector', 'checks', 'sandbox')).stdout, /GROUP +CODE/);
  });
});
