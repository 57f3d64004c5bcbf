// With exactly the permissions that the setup guide asks for, everything works, and Entra's own log shows no request that
// would have needed more: in the usual mode, when groups are created, and where the app owns its groups and has no
// permission to write to any other.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Story } from './story.js';
import { until, World } from './world.js';

const modes = {
  'groups that are bound': { permissions: ['User.Read.All', 'GroupMember.ReadWrite.All'] },
  'groups that are created': { permissions: ['User.Read.All', 'GroupMember.ReadWrite.All', 'Group.Create'], create: true },
  'groups that the app owns, without any permission to write to others': { permissions: ['User.Read.All', 'GroupMember.Read.All', 'Group.Create'], create: true, owned: true },
};

for (const [name, mode] of Object.entries(modes)) {
  describe(name, () => {
    let world;
    let story;
    before(async () => {
      world = await World.start({ config: { entra: { check_seconds: '1', ...(mode.owned ? { bindable_groups: 'owned' } : {}) } } });
      story = new Story(world);
      await world.control('PUT', '/state', { application: { permissions: mode.permissions } });
      await world.control('DELETE', '/requests');
    });
    after(() => world?.stop());

    test('every step of the guide passes, and no request needed more than was granted', async () => {
      await world.must('POST', '/api/v1/connectors', { connectorId: 'sandbox', type: 'entra', name: 'Sandbox', description: '', groupMode: mode.create ? 'create' : 'bind',
        config: { tenantId: world.seed.tenantId, clientId: world.seed.clientId, clientSecret: world.seed.clientSecret, cloud: 'global' } });
      const first = await world.must('POST', '/api/v1/connectors/sandbox/test');
      assert.equal(first.outcome, 'passed', JSON.stringify(first));
      await world.must('GET', '/api/v1/connectors/sandbox/groups?search=AI');
      await story.tool('test-tool', { name: 'Test Tool' }, mode.create ? null : story.groupId);
      if (mode.create) {
        await world.must('POST', '/api/v1/tools/test-tool/entitlement-group', { mode: 'create' });
        story.groupId = await until('the group', async () => (await world.must('GET', '/api/v1/tools/test-tool')).entitlementGroup?.groupId);
      }
      await story.intake();
      const issue = await story.grant('ada');
      const [grant] = await story.grants(issue);
      assert.ok((await story.members()).length > 0);
      await world.must('POST', '/api/v1/identity-mappings', { accountId: 'some:one', connectorId: 'sandbox', externalId: await story.user('ada'), note: '' });
      await until('the mapping to be checked', async () => (await world.must('GET', '/api/v1/identity-mappings?code=mapping')).items.length === 1);
      await world.must('POST', `/api/v1/grants/${grant.grantId}/revoke`);
      await until('the grant to end', async () => (await world.must('GET', `/api/v1/grants/${grant.grantId}`)).status === 'revoked');
      const last = await world.must('POST', '/api/v1/connectors/sandbox/test');
      assert.equal(last.outcome, 'passed', JSON.stringify(last));

      const { requests } = await world.control('GET', '/requests');
      const graph = requests.filter((one) => one.path.startsWith('/v1.0/'));
      assert.ok(graph.length > 10);
      assert.deepEqual(graph.filter((one) => one.status === 403).map((one) => `${one.method} ${one.path}`), []);
      const beyond = graph.filter((one) => one.permission && !one.permission.split('|').some((each) => mode.permissions.includes(each)));
      // A group's owner may write to its members without any permission: that is what this mode lives on.
      const allowed = mode.owned ? beyond.filter((one) => !/^\/v1\.0\/groups\/[^/]+\/members/.test(one.path)) : beyond;
      assert.deepEqual(allowed.map((one) => `${one.method} ${one.path} needs ${one.permission}`), []);
    });
  });
}

describe('what the app may not read, and what it may', () => {
  let world;
  let story;
  before(async () => {
    world = await World.start();
    story = await Story.ready(world);
  });
  after(() => world?.stop());
  const groupLine = async () => (await world.must('POST', '/api/v1/connectors/sandbox/test')).checks.find((check) => check.check === 'groups');

  test('whether a group leads to the tool at all is said where it may be read, and is the admin\'s to check where it may not', async () => {
    assert.match((await groupLine()).summary, /may not read: that is the admin's to do/);
    const { application } = (await world.control('GET', '/state')).entra;
    await world.control('PUT', '/state', { application: { permissions: [...application.permissions, 'Directory.Read.All'] } });
    assert.match((await groupLine()).summary, /assigned to no enterprise application/);
    await world.control('PUT', '/state', { groups: [{ id: story.groupId, assignedLicenses: [{ skuId: '6fd2c87f-b296-42f0-b197-1e91e994b900', disabledPlans: [] }] }] });
    assert.match((await groupLine()).summary, /Assigned to it: 0 enterprise applications, 1 licence\./);
    await world.control('PUT', '/state', { application: { assignments: { [story.groupId]: ['one'] } }, groups: [{ id: story.groupId, assignedLicenses: [] }] });
    assert.match((await groupLine()).summary, /Assigned to it: 1 enterprise application, 0 licences\./);
  });
});
