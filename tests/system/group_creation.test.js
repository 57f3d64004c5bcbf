// The entitlement group that the product creates: whose it is, what it is called, and that there is never a second one.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Story } from './story.js';
import { until, World } from './world.js';

const PERMISSIONS = ['User.Read.All', 'GroupMember.ReadWrite.All', 'Group.Create'];
const FINAL = ['succeeded', 'manualFollowUp', 'cancelled'];

let world;
let story;
let tools = 0;
before(async () => {
  world = await World.start();
  story = new Story(world);
  await world.control('PUT', '/state', { application: { permissions: PERMISSIONS } });
  await story.connector();
  await groupMode('create');
});
after(() => world?.stop());
beforeEach(() => world.control('PUT', '/faults', { rules: [], replicationDelayMs: 0 }));

async function groupMode(mode) {
  const connector = await world.must('GET', '/api/v1/connectors/sandbox');
  await world.must('PUT', '/api/v1/connectors/sandbox', { ...connector, groupMode: mode });
  await world.must('POST', '/api/v1/connectors/sandbox/test');
}

async function newTool() {
  const toolId = `tool-${++tools}`;
  await story.tool(toolId, { name: `Tool ${tools}` });
  return toolId;
}

const create = (toolId, fields = {}, options) =>
  world.api('POST', `/api/v1/tools/${toolId}/entitlement-group`, { mode: 'create', ...fields }, options);

async function job(jobId) {
  return until(`the end of job ${jobId}`, async () => {
    const found = await world.must('GET', `/api/v1/jobs/${jobId}`);
    return FINAL.includes(found.status) && found;
  });
}

// So that no token is at hand. A group that was never checked would be at once, with a token: all are, before.
async function restart() {
  const { jobId } = await world.must('POST', '/api/v1/connectors/sandbox/check');
  await job(jobId);
  await world.stopService();
  await world.startService();
}

async function created(toolId, fields) {
  const answer = await create(toolId, fields);
  assert.equal(answer.status, 202, answer.text);
  const ended = await job(answer.json.jobId);
  assert.equal(ended.status, 'succeeded', JSON.stringify(ended));
  return (await world.must('GET', `/api/v1/tools/${toolId}`)).entitlementGroup;
}

const groupsNamed = async (name) => (await world.control('GET', '/state')).entra.groups.filter((group) => group.displayName === name);
const lose = (method, path) => ({ site: 'entra', method, path, times: 1, action: 'reset', when: 'after' });
const noUpsert = { site: 'entra', method: 'PATCH', path: '/v1.0/groups*', forever: true, action: 'status', status: 400,
  body: { error: { code: 'Request_BadRequest', message: 'Unsupported segment type.' } } };

describe('a group is created for a tool', () => {
  test('with the name that the guide promises, bound to the tool, and manageable at once', async () => {
    const toolId = await newTool();
    const group = await created(toolId);
    assert.equal(group.displayName, `AI Clearance - Tool ${tools} - Users`);
    assert.equal(group.mode, 'create');
    assert.equal(group.manageable, true);
    assert.equal(group.code, 'group_ok');
    assert.equal((await groupsNamed(group.displayName)).length, 1);
    const report = await world.must('POST', '/api/v1/connectors/sandbox/test');
    const line = report.checks.find((check) => check.evidence.groupId === group.groupId);
    assert.equal(line.outcome, 'passed', JSON.stringify(line));
  });

  test('under the name and description that the admin chose, found in the directory as a plain security group of ours', async () => {
    const toolId = await newTool();
    const group = await created(toolId, { displayName: "O'Hara & Söhne", description: 'Who may use it' });
    const [found] = await groupsNamed("O'Hara & Söhne");
    assert.equal(found.id, group.groupId);
    assert.equal(found.properties.description, 'Who may use it');
    assert.equal(found.properties.securityEnabled, true);
    assert.equal(found.properties.mailEnabled, false);
    assert.deepEqual(found.owners, [world.seed.servicePrincipalId]);
    assert.match(found.properties.mailNickname, /^aiclearance-tool-\d+-[0-9a-f]{16}$/);
  });

  test('though the directory does not show it for a while', async () => {
    await world.control('PUT', '/faults', { replicationDelayMs: 1500 });
    await created(await newTool());
  });

  test('for a tool whose id is as long as an id may be', async () => {
    const toolId = 'x'.repeat(63);
    await story.tool(toolId, { name: 'Long id' });
    const group = await created(toolId);
    const [found] = await groupsNamed(group.displayName);
    assert.ok(found.properties.mailNickname.length <= 64, found.properties.mailNickname);
  });

  test('by a plain creation where the directory knows no upsert', async () => {
    await world.control('PUT', '/faults', { rules: [noUpsert] });
    const group = await created(await newTool());
    assert.equal((await groupsNamed(group.displayName)).length, 1);
  });
});

describe('never two', () => {
  test('when the answer to the creation was lost', async () => {
    await world.control('PUT', '/faults', { rules: [lose('PATCH', '/v1.0/groups*')] });
    const group = await created(await newTool());
    assert.equal((await groupsNamed(group.displayName)).length, 1);
  });

  test('when it was lost where the directory knows no upsert, and shows the group late', async () => {
    await world.control('PUT', '/faults', { replicationDelayMs: 1500, rules: [noUpsert, lose('POST', '/v1.0/groups')] });
    const group = await created(await newTool());
    assert.equal((await groupsNamed(group.displayName)).length, 1);
  });

  test('when the directory refused the upsert only once, lost the answer to what came after, and shows the group late', async () => {
    const once = { ...noUpsert, forever: false, times: 1 };
    await world.control('PUT', '/faults', { replicationDelayMs: 1500, rules: [once, lose('POST', '/v1.0/groups')] });
    const group = await created(await newTool());
    assert.equal((await groupsNamed(group.displayName)).length, 1);
  });

  test('when a 408 came back though the group was made, and it is shown late', async () => {
    const late = { site: 'entra', method: 'POST', path: '/v1.0/groups', times: 1, action: 'status', status: 408, when: 'after' };
    await world.control('PUT', '/faults', { replicationDelayMs: 1500, rules: [noUpsert, late] });
    const group = await created(await newTool());
    assert.equal((await groupsNamed(group.displayName)).length, 1);
  });

  test('when the service was killed while it waited for the answer', async () => {
    const toolId = await newTool();
    await world.control('PUT', '/faults', { rules: [{ site: 'entra', method: 'PATCH', path: '/v1.0/groups*', times: 1, action: 'hang', when: 'after', ms: 3000 }] });
    const answer = await create(toolId);
    await until('the creation', async () => (await groupsNamed(`AI Clearance - Tool ${tools} - Users`)).length === 1);
    await world.stopService('SIGKILL');
    await world.startService();
    assert.equal((await job(answer.json.jobId)).status, 'succeeded');
    assert.equal((await groupsNamed(`AI Clearance - Tool ${tools} - Users`)).length, 1);
  });

  test('when the admin asks twice, or repeats a call whose answer was lost', async () => {
    const toolId = await newTool();
    const headers = { 'Idempotency-Key': 'once' };
    const [one, two] = [await create(toolId, {}, { headers }), await create(toolId, {}, { headers })];
    assert.equal(two.status, 202, two.text);
    assert.equal(two.text, one.text);
    assert.equal(two.headers.get('Idempotency-Replayed'), 'true');
    await job(one.json.jobId);
    assert.equal((await create(toolId, {}, { headers })).text, one.text);
    assert.equal((await create(toolId, { displayName: 'Another' }, { headers })).json.code, 'idempotency_key_reused');
    const other = await create(await newTool(), {}, { headers });
    assert.equal(other.headers.get('Idempotency-Replayed'), null);
    assert.notEqual(other.json.jobId, one.json.jobId);
    const again = await create(toolId);
    assert.equal(again.status, 409);
    assert.equal(again.json.code, 'group_already_bound');
    assert.equal((await groupsNamed((await world.must('GET', `/api/v1/tools/${toolId}`)).entitlementGroup.displayName)).length, 1);
  });

  test('when the first creation had to give up after its answer was lost, and the admin has another made', async () => {
    const toolId = await newTool();
    const denied = { site: 'entra', method: 'GET', path: '/v1.0/groups*', forever: true, action: 'status', status: 403,
      body: { error: { code: 'Authorization_RequestDenied', message: 'Insufficient privileges to complete the operation.' } } };
    await world.control('PUT', '/faults', { rules: [noUpsert, { ...lose('POST', '/v1.0/groups'), action: 'hang', ms: 1500 }] });
    const { jobId } = (await create(toolId)).json;
    await until('the creation', async () => (await groupsNamed(`AI Clearance - Tool ${tools} - Users`)).length === 1);
    await world.stopService('SIGKILL');
    await world.control('PUT', '/faults', { rules: [denied] });
    await world.startService();
    assert.equal((await job(jobId)).status, 'manualFollowUp');
    await world.control('PUT', '/faults', { rules: [] });
    const group = await created(toolId);
    const found = await groupsNamed(`AI Clearance - Tool ${tools} - Users`);
    assert.deepEqual(found.map((one) => one.id), [group.groupId]);
  });

  test('and a group that was unbound is not taken for the new one', async () => {
    const toolId = await newTool();
    const first = await created(toolId);
    await world.must('DELETE', `/api/v1/tools/${toolId}/entitlement-group`);
    assert.notEqual((await created(toolId)).groupId, first.groupId);
    assert.equal((await groupsNamed(first.displayName)).length, 2);
  });
});

describe('a creation waits like any other work of its connector', () => {
  test('while that is disabled, and goes on once it is enabled', async () => {
    await world.must('POST', '/api/v1/connectors/sandbox/disable');
    const toolId = await newTool();
    const { jobId } = (await create(toolId)).json;
    const waiting = await world.must('GET', `/api/v1/jobs/${jobId}`);
    assert.equal(waiting.status, 'waiting');
    assert.equal(waiting.lastError.code, 'connector_disabled');
    await world.must('POST', '/api/v1/connectors/sandbox/enable');
    assert.equal((await job(jobId)).status, 'succeeded');
  });

  test('while the whole app is refused, as one incident, and goes on after the test that passes', async () => {
    const refused = { site: 'entra', method: 'POST', path: '*/oauth2/v2.0/token', forever: true, action: 'status', status: 401,
      body: { error: 'invalid_client', error_description: 'AADSTS7000222: expired', error_codes: [7000222] } };
    await restart();
    await world.control('PUT', '/faults', { rules: [refused] });
    const { jobId } = (await create(await newTool())).json;
    const held = await until('the creation to be held', async () => {
      const found = await world.must('GET', `/api/v1/jobs/${jobId}`);
      return found.lastError && found;
    });
    assert.equal(held.status, 'waiting', JSON.stringify(held));
    assert.equal(held.lastError.code, 'secret_expired');
    await world.control('PUT', '/faults', { rules: [] });
    await world.must('POST', '/api/v1/connectors/sandbox/test');
    assert.equal((await job(jobId)).status, 'succeeded');
  });
});

describe('what stands in the way is named', () => {
  test('a permission taken away since the last test, in the job, with nothing created', async () => {
    await world.control('PUT', '/state', { application: { permissions: PERMISSIONS.slice(0, 2) } });
    await restart();
    const toolId = await newTool();
    const ended = await job((await create(toolId)).json.jobId);
    await world.control('PUT', '/state', { application: { permissions: PERMISSIONS } });
    assert.equal(ended.status, 'manualFollowUp');
    assert.equal(ended.lastError.code, 'permission_missing');
    assert.match(ended.lastError.detail, /Group\.Create/);
    assert.equal((await groupsNamed(`AI Clearance - Tool ${tools} - Users`)).length, 0);
    const later = await create(toolId);
    assert.equal((await job(later.json.jobId)).status, 'succeeded');
  });

  test('a group id beside the mode, an over-long name, a connector that only binds', async () => {
    const toolId = await newTool();
    for (const fields of [{ groupId: story.groupId }, { displayName: 'n'.repeat(257) }]) {
      const answer = await create(toolId, fields);
      assert.equal(answer.status, 422, answer.text);
    }
    await groupMode('bind');
    const answer = await create(toolId);
    await groupMode('create');
    assert.equal(answer.status, 422, answer.text);
    assert.match(answer.text, /Group\.Create/);
  });

  test('a name that the operator\'s setting does not let us touch', async () => {
    const toolId = await newTool();
    await world.stopService();
    world.writeConfig({ entra: { bindable_groups: 'prefix:AI Clearance - ' } });
    await world.startService();
    const ended = await job((await create(toolId, { displayName: 'Domain Admins' })).json.jobId);
    assert.equal(ended.lastError.code, 'group_not_allowed');
    assert.equal((await groupsNamed('Domain Admins')).length, 0);
    await created(toolId);
  });
});

test('a group that was created while somebody bound another is named, so that it can be found', async () => {
  const toolId = await newTool();
  await world.control('PUT', '/faults', { rules: [{ site: 'entra', method: 'PATCH', path: '/v1.0/groups*', times: 1, action: 'hang', when: 'after', ms: 2000 }] });
  const answer = await create(toolId);
  await until('the creation', async () => (await groupsNamed(`AI Clearance - Tool ${tools} - Users`)).length === 1);
  await world.must('POST', `/api/v1/tools/${toolId}/entitlement-group`, { mode: 'bind', groupId: story.groupId, allowShared: true });
  const ended = await job(answer.json.jobId);
  assert.equal(ended.status, 'manualFollowUp');
  assert.equal(ended.lastError.code, 'group_already_bound');
  const [orphan] = await groupsNamed(`AI Clearance - Tool ${tools} - Users`);
  assert.ok(ended.lastError.detail.includes(orphan.id) || ended.lastError.detail.includes(orphan.properties.mailNickname), ended.lastError.detail);
  assert.equal((await world.must('GET', `/api/v1/tools/${toolId}`)).entitlementGroup.groupId, story.groupId);
});

test('a tool that is unbound while its group is made stays without one, and the group is named', async () => {
  const toolId = await newTool();
  await world.control('PUT', '/faults', { rules: [{ site: 'entra', method: 'PATCH', path: '/v1.0/groups*', times: 1, action: 'hang', when: 'after', ms: 1500 }] });
  const answer = await create(toolId);
  await until('the creation', async () => (await groupsNamed(`AI Clearance - Tool ${tools} - Users`)).length === 1);
  await world.must('DELETE', `/api/v1/tools/${toolId}/entitlement-group`);
  const ended = await job(answer.json.jobId);
  assert.equal(ended.status, 'manualFollowUp', JSON.stringify(ended));
  assert.equal((await world.must('GET', `/api/v1/tools/${toolId}`)).entitlementGroup, null);
  const [orphan] = await groupsNamed(`AI Clearance - Tool ${tools} - Users`);
  assert.ok(ended.lastError.detail.includes(orphan.id) || ended.lastError.detail.includes(orphan.properties.mailNickname), ended.lastError.detail);
  assert.equal((await created(toolId)).groupId, orphan.id);
});

test('a terminal is enough: create-group', async () => {
  const toolId = await newTool();
  const { code, stdout } = await world.cli(['tool', 'create-group', toolId, '--json'], {
    environment: { AICLEARANCE_URL: world.service, AICLEARANCE_TOKEN: world.admin } });
  assert.equal(code, 0, stdout);
  await job(JSON.parse(stdout).jobId);
  assert.equal((await world.must('GET', `/api/v1/tools/${toolId}`)).entitlementGroup.mode, 'create');
});
