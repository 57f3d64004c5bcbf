// The three ways in which the service may prove itself to Jira: with each, an approval becomes a membership.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Story } from './story.js';
import { World } from './world.js';

async function grantsWith(config, environment) {
  const world = await World.start({ service: false, environment });
  try {
    world.writeConfig({ jira: config(world) });
    await world.startService();
    world.admin = await world.token('admin', world.seed.accounts.admin);
    const story = await Story.ready(world);
    await story.grant('ada');
    assert.deepEqual(await story.members(), [await story.user('ada')]);
  } finally {
    await world.stop();
  }
}

describe('Jira lets us in, and an approval becomes a membership', () => {
  test('with an e-mail address and an API token (basic)', () => grantsWith(() => ({ auth: 'basic' })));

  test('with a token alone (bearer)', () => grantsWith(() => ({ auth: 'bearer' })));

  test("with a service account's client credentials (oauth), over the gateway's address", () =>
    grantsWith(
      (world) => ({
        auth: 'oauth', client_id: world.seed.jira.oauthClientId, client_secret: 'env:TEST_OAUTH_SECRET',
        token_url: `${world.jira}/oauth/token`, api_url: `${world.jira}/ex/jira/${world.seed.jira.cloudId}`,
      }),
      { TEST_OAUTH_SECRET: 'sandbox-oauth-value-not-a-secret' }));
});
