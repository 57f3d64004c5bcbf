// What the product finds out by itself each hour (here: each second): a connector that stops working, a group that is no
// longer what it was, and mappings whose user is gone, disabled, or somebody else.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Story } from './story.js';
import { until, World } from './world.js';

let world;
let story;
before(async () => {
  world = await World.start({ config: { entra: { check_seconds: '1' } } });
  story = await Story.ready(world, { intake: { approval: 'console' } });
});
after(() => world?.stop());

const connector = () => world.must('GET', '/api/v1/connectors/sandbox');
const health = (wanted) => until(`health ${wanted}`, async () => (await connector()).health === wanted);
const events = async (action) => (await world.must('GET', '/api/v1/audit-events?limit=200')).items.filter((event) => event.action === action);
const put = (state) => world.control('PUT', '/state', state);

describe('a connector that stops working', () => {
  test('is seen without anybody asking, is an event, and recovers by itself', async () => {
    const { clientSecret } = world.seed;
    await put({ application: { secret: 'another-value-than-the-one-we-have' } });
    await health('failed');
    assert.equal((await events('connector.failing')).length, 1);
    const { lastTest } = await connector();
    assert.equal(lastTest.checks.find((check) => check.check === 'token').code, 'secret_invalid');
    const tested = (await events('connector.tested')).length;
    const { startedAt } = lastTest;
    await until('another test', async () => (await connector()).lastTest.startedAt > startedAt);
    assert.equal((await events('connector.tested')).length, tested, 'a test that says nothing new is no event');
    await put({ application: { secret: clientSecret } });
    await until('it works again', async () => ['passed', 'warning'].includes((await connector()).health));
    assert.equal((await events('connector.recovered')).length, 1);
  });
});

describe('a bound group', () => {
  const group = async () => (await world.must('GET', '/api/v1/tools/test-tool')).entitlementGroup;
  const code = (wanted) => until(wanted, async () => (await group()).code === wanted && (await group()));

  test('that is deleted, and restored, shows it on its tool and in the audit', async () => {
    await put({ groups: [{ id: story.groupId, deleted: true }] });
    assert.equal((await code('group_deleted')).manageable, false);
    await put({ groups: [{ id: story.groupId, restored: true }] });
    assert.equal((await code('group_ok')).manageable, true);
    const changes = (await events('tool.groupChanged')).map(({ detail }) => `${detail.from} ${detail.to}`);
    assert.deepEqual(changes.slice(0, 2), ['group_deleted group_ok', 'group_ok group_deleted']);
  });

  test('that becomes dynamic can no longer be managed, and that is said', async () => {
    await put({ groups: [{ id: story.groupId, groupTypes: ['DynamicMembership'] }] });
    assert.equal((await code('group_dynamic')).manageable, false);
    await put({ groups: [{ id: story.groupId, groupTypes: [] }] });
    await code('group_ok');
  });

  test('that is renamed is a warning, and still managed', async () => {
    const { displayName } = await group();
    await put({ groups: [{ id: story.groupId, displayName: 'Something else' }] });
    assert.equal((await code('group_renamed')).manageable, true);
    await put({ groups: [{ id: story.groupId, displayName }] });
    await code('group_ok');
  });
});

describe('a mapping', () => {
  const seen = (mapping, code) => until(`mapping ${code}`, async () => (await world.must('GET', `/api/v1/identity-mappings/${mapping.mappingId}`)).code === code);

  test('whose user is disabled, or gone, shows it before anybody relies on it, and so does the list', async () => {
    const externalId = await story.user('ada');
    const mapping = await world.must('POST', '/api/v1/identity-mappings', { accountId: 'some:account-1', connectorId: 'sandbox', externalId, note: '' });
    await seen(mapping, 'mapping');
    await put({ users: [{ id: externalId, accountEnabled: false }] });
    await seen(mapping, 'mapping_target_disabled');
    const { items } = await world.must('GET', '/api/v1/identity-mappings?code=mapping_target_disabled');
    assert.deepEqual(items.map((item) => item.mappingId), [mapping.mappingId]);
    await put({ users: [{ id: externalId, accountEnabled: true }] });
    await seen(mapping, 'mapping');
    await put({ users: [{ id: externalId, deleted: true }] });
    await seen(mapping, 'mapping_target_missing');
    assert.ok((await events('mapping.targetChanged')).length >= 3);
  });

  test('to a user principal name that is somebody else\'s by now is not quietly followed', async () => {
    const [one, two] = [await story.user('user001'), await story.user('user002')];
    const userPrincipalName = 'passed.on@contoso.example';
    await put({ users: [{ id: one, userPrincipalName }] });
    const mapping = await world.must('POST', '/api/v1/identity-mappings', { accountId: 'some:account-2', connectorId: 'sandbox', externalId: userPrincipalName, note: '' });
    await seen(mapping, 'mapping');
    await put({ users: [{ id: one, userPrincipalName: 'was@contoso.example' }, { id: two, userPrincipalName }] });
    await seen(mapping, 'mapping_target_changed');
  });
});

test('nothing is sent while the directory asks to wait: no test of our own adds to a throttle', async () => {
  await world.control('PUT', '/faults', { rules: [{ site: 'entra', method: 'GET', path: '/v1.0/users*', times: 1, action: 'status', status: 429, headers: { 'Retry-After': '3' },
    body: { error: { code: 'TooManyRequests', message: 'Wait.' } } }] });
  await until('the throttle was met', async () => (await world.control('GET', '/faults')).rules.length === 0);
  await world.control('DELETE', '/requests');
  await new Promise((done) => setTimeout(done, 1500));
  const { requests } = await world.control('GET', '/requests');
  assert.deepEqual(requests.filter(({ path }) => path.startsWith('/v1.0/')).map(({ path }) => path), []);
  await world.control('PUT', '/faults', { rules: [] });
});
