// Never a grant without Jira's own word, and never a word of Jira's lost. Each test is named for what would be lost if it
// failed. Most run without the sweep (300 s away), so that it cannot mend what an event should have done; the last group runs
// with the sweep alone.
//
// "Nothing happens" is not waited for by the clock: the product is made to look at the issue (Story.look) and all its work is
// let come to rest; only then is nothing expected to have happened.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { Story } from './story.js';
import { until, World } from './world.js';

const withoutSweep = { config: { jira: { sweep_seconds: '300' } } };
const dayMs = 24 * 3600 * 1000;

// What all groups share: a story, and people who have not been used yet, so that no test meets another's grants.
class Case {
  static async ready(options, setting) {
    const one = new Case();
    one.world = await World.start(options);
    one.story = await Story.ready(one.world, setting);
    one.used = 0;
    return one;
  }

  person() {
    this.used += 1;
    return `user${String(this.used).padStart(3, '0')}`;
  }

  objectId(person) {
    return `c0000000-0000-4000-8000-${person.slice(4).padStart(12, '0')}`;
  }

  async inGroup(person) {
    return (await this.story.members()).includes(this.objectId(person));
  }

  settings(settings) {
    return this.world.control('PUT', '/state?quiet=1', { settings });
  }

  webhooks(webhook) {
    return this.world.control('PUT', '/state?quiet=1', { webhook });
  }

  approvers(...stages) {
    const ids = stages.map((people) => people.map((person) => this.story.account(person)));
    return this.settings({ approvers: ids, stages: stages.length });
  }

  seedApprovers() {
    return this.settings({ approvers: [['ben', 'cleo'], ['cleo']].map((all) => all.map((one) => this.story.account(one))), stages: 1 });
  }

  edit(issue, fields, who = 'cleo') {
    return this.world.jiraCall('PUT', `/rest/api/3/issue/${issue}`, { fields }, who);
  }

  // A plain issue, not through the portal.
  async create(person, { project = this.world.seed.jira.plainProjectKey, tool = 'Test Tool', days = 14 } = {}) {
    const { jira } = this.world.seed;
    const made = await this.world.jiraCall('POST', '/rest/api/3/issue',
      { fields: { project: { key: project }, issuetype: { id: '10100' }, summary: 'Access', [jira.toolField]: { value: tool }, [jira.durationField]: days } },
      person);
    return made.key;
  }

  // Nothing was given for the issue, now that the product has looked at it.
  async assertNoGrant(issue, person) {
    await this.story.look(issue);
    assert.deepEqual(await this.story.grants(issue), []);
    if (person) assert.equal(await this.inGroup(person), false, `${person} must not be in the group`);
  }

  // The issue's request was refused with that code, its person is out, and the issue was told exactly once.
  async assertRefused(issue, code, person) {
    const request = await this.story.requestIs(issue, 'refused');
    assert.equal(request.code, code);
    await this.assertNoGrant(issue, code === 'duplicate_grant' ? null : person);
    await this.story.look(issue); // the comment is an event itself: it must not start a chorus
    assert.equal((await this.story.requests(issue)).filter((one) => one.code === code).length, 1);
    const comments = await this.story.comments(issue);
    assert.equal(comments.length, 1, comments.join('\n'));
    assert.match(comments[0], /refused/);
    return request;
  }

  async assertActiveOnce(issue, person) {
    const grant = await this.story.grantIs(issue, 'active');
    await this.story.look(issue);
    assert.equal((await this.story.requests(issue)).length, 1);
    assert.equal((await this.story.grants(issue)).length, 1);
    assert.equal(await this.inGroup(person), true);
    const comments = await this.story.comments(issue);
    assert.equal(comments.length, 1, comments.join('\n'));
    assert.match(comments[0], /is active/);
    return grant;
  }
}

// Stands between Jira and the service, keeps what Jira sent, and passes it on: what somebody on the way could have.
async function recorder(one) {
  const sent = [];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => name.startsWith('x-')));
    const answer = await fetch(`${one.world.service}/hooks/jira`, { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } });
    sent.push({ body, headers, status: answer.status, answer: await answer.json() });
    response.writeHead(answer.status).end();
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  await one.webhooks({ url: `http://127.0.0.1:${server.address().port}/hooks/jira` });
  return {
    sent,
    send: async (body, headers) => {
      const answer = await fetch(`${one.world.service}/hooks/jira`, { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } });
      return { status: answer.status, ...(await answer.json()) };
    },
    close: async () => {
      await one.webhooks({ url: `${one.world.service}/hooks/jira` });
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

describe('What comes in as an event', () => {
  let one;
  let story;

  before(async () => {
    one = await Case.ready(withoutSweep);
    ({ story } = one);
  });
  after(() => one?.world.stop());

  const newestIntake = async () => (await one.world.must('GET', '/api/v1/jobs?kind=intake&limit=1')).items[0]?.jobId ?? null;

  test('a body that was changed on the way is turned away, and leaves nothing', async () => {
    const person = one.person();
    const issue = await story.file(person);
    await story.requestIs(issue, 'pending');
    await story.quiet();
    const newest = await newestIntake();
    const identifier = randomUUID();
    const body = JSON.stringify({ timestamp: 1, webhookEvent: 'jira:issue_updated', issue: { id: '10001', key: issue } });
    const signature = createHmac('sha256', one.world.webhookSecret).update(body).digest('hex');
    const headers = { 'Content-Type': 'application/json', 'X-Hub-Signature': `sha256=${signature}`, 'X-Atlassian-Webhook-Identifier': identifier };
    const tampered = body.replace('"timestamp":1', '"timestamp":2');
    const answer = await fetch(`${one.world.service}/hooks/jira`, { method: 'POST', body: tampered, headers });
    assert.equal(answer.status, 401);
    assert.equal((await answer.json()).code, 'unauthenticated');
    assert.equal(await newestIntake(), newest, 'no work came of it');
    // Had the changed body been kept, this one, of the same identifier, would be its duplicate.
    const sentAt = Date.now();
    const genuine = await one.world.webhook(body, { 'X-Atlassian-Webhook-Identifier': identifier });
    assert.equal(genuine.status, 202);
    const { eventId } = await genuine.json();
    const event = await one.world.must('GET', `/api/v1/inbox-events/${eventId}`);
    assert.ok(Date.parse(event.receivedAt) >= sentAt - 1000);
    assert.notEqual(await newestIntake(), newest);
    await one.assertNoGrant(issue, person);
  });

  test('an event without a signature, or with a wrong one, is turned away, and leaves nothing', async () => {
    await story.quiet();
    const newest = await newestIntake();
    const body = JSON.stringify({ timestamp: 3, webhookEvent: 'jira:issue_updated', issue: { id: '10001', key: 'AIC-1' } });
    const right = createHmac('sha256', one.world.webhookSecret).update(body).digest('hex');
    const wrong = createHmac('sha256', 'another secret').update(body).digest('hex');
    const signatures = [null, '', 'sha256=', `sha256=${wrong}`, right, `sha1=${right}`, `sha256=${right.slice(0, -1)}`, `sha256=${right}0`,
      `sha256=${right.slice(0, -1)}${right.endsWith('0') ? '1' : '0'}`, createHmac('sha256', '').update(body).digest('hex')];
    for (const signature of signatures) {
      const headers = { 'Content-Type': 'application/json', 'X-Atlassian-Webhook-Identifier': randomUUID() };
      if (signature !== null) headers['X-Hub-Signature'] = signature;
      const answer = await fetch(`${one.world.service}/hooks/jira`, { method: 'POST', body, headers });
      assert.equal(answer.status, 401, `signature ${signature}`);
    }
    const automation = await one.world.api('POST', '/hooks/jira-automation', { issueKey: 'AIC-1' }, { token: null, headers: { 'X-AIClearance-Token': 'wrong' } });
    assert.equal(automation.status, 401);
    assert.equal(await newestIntake(), newest, 'no work came of it');
    const genuine = await one.world.webhook(body);
    assert.equal(genuine.status, 202, 'the body itself was never kept');
    assert.notEqual(await newestIntake(), newest);
  });

  test('an event sent again, under its own identifier or a new one, gives back nothing that was taken away', async () => {
    const person = one.person();
    const line = await recorder(one);
    try {
      const issue = await story.grant(person);
      await until('the approval to pass by', () => line.sent.some(({ body }) => body.includes('"Approved"')));
      const [grant] = await story.grants(issue);
      await one.world.must('POST', `/api/v1/grants/${grant.grantId}/revoke`);
      await story.grantIs(issue, 'revoked');
      await story.quiet();
      const recorded = line.sent.slice();
      assert.ok(recorded.length >= 2);
      for (const { body, headers, answer } of recorded) {
        const again = await line.send(body, headers);
        assert.deepEqual(again, { status: 202, eventId: answer.eventId }, 'the same identifier');
        const renamed = await line.send(body, { ...headers, 'x-atlassian-webhook-identifier': randomUUID() });
        assert.deepEqual(renamed, { status: 202, eventId: answer.eventId }, 'a new identifier, the same body');
      }
      await story.look(issue);
      assert.equal((await story.requests(issue)).length, 1);
      assert.equal((await story.grants(issue)).length, 1);
      assert.equal((await story.grantIs(issue, 'revoked')).grantId, grant.grantId);
      assert.equal(await one.inGroup(person), false);
    } finally {
      await line.close();
    }
  });

  test('an event delivered four times is one request, one grant and one comment', async () => {
    const person = one.person();
    await one.webhooks({ duplicate: 3 });
    try {
      const issue = await story.file(person);
      await story.requestIs(issue, 'pending');
      await story.approve(issue);
      await one.assertActiveOnce(issue, person);
    } finally {
      await one.webhooks({ duplicate: 0 });
    }
  });

  test('events that come in the wrong order are one request, one grant and one comment', async () => {
    const people = [one.person(), one.person(), one.person()];
    await one.webhooks({ hold: true });
    const issues = [];
    for (const person of people) {
      const issue = await story.file(person);
      await one.edit(issue, { summary: `Access for ${person}, please` });
      await story.approve(issue);
      issues.push(issue);
    }
    await one.webhooks({ reverse: true, hold: false });
    for (const [at, person] of people.entries()) await one.assertActiveOnce(issues[at], person);
  });

  test('events that come shuffled and late still end as the last word says', async () => {
    const person = one.person();
    await one.webhooks({ shuffleMs: 400 });
    try {
      const issue = await story.file(person);
      await story.approve(issue);
      await story.grantIs(issue, 'active');
      await story.move(issue, 'Access removed');
      await story.grantIs(issue, 'revoked');
      await story.look(issue);
      assert.equal((await story.grants(issue)).length, 1);
      assert.equal(await one.inGroup(person), false);
    } finally {
      await one.webhooks({ shuffleMs: 0 });
    }
  });

  test('a signed event that claims an approval is not believed: only Jira, asked, is', async () => {
    const person = one.person();
    const issue = await story.file(person);
    const request = await story.requestIs(issue, 'pending');
    const { id, fields } = await one.world.jiraCall('GET', `/rest/api/3/issue/${issue}`);
    const status = { self: 'x', id: '10001', name: 'Approved' };
    const answer = await one.world.webhook({
      timestamp: Date.now(), webhookEvent: 'jira:issue_updated', issue_event_type_name: 'issue_generic',
      issue: { id, key: issue, fields: { ...fields, status, customfield_10026: [{ id: '1', finalDecision: 'approved' }] } },
      changelog: { id: '99', items: [{ field: 'status', fieldId: 'status', from: '10000', to: '10001', toString: 'Approved' }] },
    });
    const { eventId } = await answer.json();
    await until('the event to be settled', async () => (await one.world.must('GET', `/api/v1/inbox-events/${eventId}`)).status === 'processed');
    await one.assertNoGrant(issue, person);
    assert.equal((await story.requestIs(issue, 'pending')).requestId, request.requestId);
  });
});

describe('What Jira Service Management says about an approval', () => {
  let one;
  let story;

  before(async () => {
    one = await Case.ready(withoutSweep);
    ({ story } = one);
  });
  after(() => one?.world.stop());

  test('no comment on receipt, while waiting or on approval; one when access is there, one when it ended', async () => {
    const person = one.person();
    await one.world.must('POST', '/api/v1/connectors/sandbox/disable');
    const issue = await story.file(person);
    await story.requestIs(issue, 'pending');
    await story.look(issue);
    assert.deepEqual(await story.comments(issue), [], 'on receipt');
    await story.approve(issue);
    await story.requestIs(issue, 'approved');
    await story.look(issue);
    assert.equal((await story.grants(issue))[0].status, 'pendingProvision');
    assert.deepEqual(await story.comments(issue), [], 'on approval, and while waiting');
    await one.world.must('POST', '/api/v1/connectors/sandbox/enable');
    const grant = await one.assertActiveOnce(issue, person);
    await one.world.must('POST', `/api/v1/grants/${grant.grantId}/revoke`);
    await story.grantIs(issue, 'revoked');
    await story.look(issue);
    const comments = await story.comments(issue);
    assert.equal(comments.length, 2);
    assert.match(comments[1], /has ended/);
  });

  test('a status moved by hand to Approved gives no access', async () => {
    const person = one.person();
    const issue = await story.file(person);
    await story.requestIs(issue, 'pending');
    await story.move(issue, 'Approved');
    await one.assertNoGrant(issue, person);
    assert.equal((await story.requests(issue))[0].status, 'pending');
    assert.deepEqual(await story.comments(issue), []);
    await story.approve(issue);
    await story.look(issue); // an approval that moves no status makes no event
    await one.assertActiveOnce(issue, person);
  });

  test('an approval that was declined stays declined when the status is moved to Approved afterwards', async () => {
    const person = one.person();
    const issue = await story.file(person);
    await story.requestIs(issue, 'pending');
    await story.decline(issue);
    const denied = await story.requestIs(issue, 'denied');
    await story.move(issue, 'Waiting for approval'); // a new round, which nobody answers
    await story.move(issue, 'Approved');
    await one.assertNoGrant(issue, person);
    const requests = await story.requests(issue);
    assert.equal(requests.find((request) => request.requestId === denied.requestId).status, 'denied');
    assert.ok(requests.every((request) => request.status !== 'approved'));
  });

  test('an approval declined while the issue already stood in Approved gives no access', async () => {
    const person = one.person();
    const issue = await story.file(person);
    await story.requestIs(issue, 'pending');
    await story.move(issue, 'Approved');
    await story.decline(issue);
    await one.assertNoGrant(issue, person);
    assert.equal((await story.requestIs(issue, 'denied')).grantId, null);
  });

  test('nobody can approve their own access', async () => {
    const person = one.person();
    await one.approvers([person]);
    try {
      const issue = await story.file(person);
      await story.requestIs(issue, 'pending');
      await story.approve(issue, person);
      await one.assertRefused(issue, 'self_approval', person);
    } finally {
      await one.seedApprovers();
    }
  });

  test('one who filed for somebody else cannot approve it', async () => {
    const [filer, person] = [one.person(), one.person()];
    const { jira } = one.world.seed;
    await story.intake({ beneficiary: 'customfield_10060' });
    await one.approvers([filer]);
    try {
      const made = await one.world.jiraCall('POST', '/rest/servicedeskapi/request', {
        serviceDeskId: jira.serviceDeskId, requestTypeId: jira.requestTypeId,
        requestFieldValues: { summary: 'For a colleague', [jira.toolField]: { value: 'Test Tool' }, customfield_10060: { accountId: story.account(person) } },
      }, filer);
      const pending = await story.requestIs(made.issueKey, 'pending');
      assert.equal(pending.accountId, story.account(person));
      await story.approve(made.issueKey, filer);
      await one.assertRefused(made.issueKey, 'self_approval', person);
    } finally {
      await one.seedApprovers();
      await story.intake();
    }
  });

  test('one who filed for somebody else and then handed the issue on cannot approve it either', async () => {
    const [filer, person, other] = [one.person(), one.person(), one.person()];
    const { jira } = one.world.seed;
    await story.intake({ beneficiary: 'customfield_10060' });
    await one.approvers([filer]);
    try {
      const made = await one.world.jiraCall('POST', '/rest/servicedeskapi/request', {
        serviceDeskId: jira.serviceDeskId, requestTypeId: jira.requestTypeId,
        requestFieldValues: { summary: 'For a colleague', [jira.toolField]: { value: 'Test Tool' }, customfield_10060: { accountId: story.account(person) } },
      }, filer);
      await story.requestIs(made.issueKey, 'pending');
      await one.edit(made.issueKey, { reporter: { accountId: story.account(other) } });
      await story.approve(made.issueKey, filer);
      await one.assertRefused(made.issueKey, 'self_approval', person);
    } finally {
      await one.seedApprovers();
      await story.intake();
    }
  });

  test('one approver beside the beneficiary is enough, and the beneficiary beside one is no harm', async () => {
    const person = one.person();
    await one.approvers([person, 'ben']);
    await one.settings({ requiredApprovals: 2 });
    try {
      const issue = await story.file(person);
      await story.requestIs(issue, 'pending');
      await story.approve(issue, person);
      await one.assertNoGrant(issue, person);
      await story.approve(issue, 'ben');
      await one.assertActiveOnce(issue, person);
    } finally {
      await one.settings({ requiredApprovals: 1 });
      await one.seedApprovers();
    }
  });

  test('while the second stage is open there is no access, however many pages the approvals fill', async () => {
    const person = one.person();
    await one.approvers(['ben'], ['cleo']);
    await one.settings({ approvalPageSize: 1 });
    try {
      const issue = await story.file(person);
      await story.requestIs(issue, 'pending');
      await story.approve(issue, 'ben');
      await one.assertNoGrant(issue, person);
      assert.equal((await story.requests(issue))[0].status, 'pending');
      await story.approve(issue, 'cleo');
      await one.assertActiveOnce(issue, person);
    } finally {
      await one.settings({ approvalPageSize: 2 });
      await one.seedApprovers();
    }
  });

  test('a second stage that is declined denies what the first approved', async () => {
    const person = one.person();
    await one.approvers(['ben'], ['cleo']);
    try {
      const issue = await story.file(person);
      await story.requestIs(issue, 'pending');
      await story.approve(issue, 'ben');
      await story.decline(issue, 'cleo');
      await story.requestIs(issue, 'denied');
      await one.assertNoGrant(issue, person);
    } finally {
      await one.seedApprovers();
    }
  });

  test('an issue that is reopened and approved again gives access again', async () => {
    const person = one.person();
    const issue = await story.grant(person);
    const [first] = await story.requests(issue);
    await story.move(issue, 'Access removed');
    await story.grantIs(issue, 'revoked');
    assert.equal(await one.inGroup(person), false);
    await story.move(issue, 'Waiting for approval');
    const second = await story.requestIs(issue, 'pending');
    assert.notEqual(second.requestId, first.requestId);
    assert.equal(second.issueKey, first.issueKey);
    await story.approve(issue);
    const grant = await story.grantIs(issue, 'active');
    assert.equal(grant.requestId, second.requestId);
    assert.equal(await one.inGroup(person), true);
    await story.look(issue);
    assert.equal((await story.requests(issue)).length, 2);
    assert.equal((await story.comments(issue)).length, 3, 'active, ended, active');
  });

  test('an approval that was used is not used again, whatever happens to the issue later', async () => {
    const person = one.person();
    const issue = await story.grant(person);
    const [grant] = await story.grants(issue);
    await one.world.must('POST', `/api/v1/grants/${grant.grantId}/revoke`);
    await story.grantIs(issue, 'revoked');
    await one.edit(issue, { summary: 'Once more, please' });
    await one.world.jiraCall('POST', `/rest/api/3/issue/${issue}/comment`,
      { body: { type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text: 'Approved!' }] }] } });
    await story.move(issue, 'Access active');
    await story.look(issue);
    await story.move(issue, 'Waiting for approval');
    await story.requestIs(issue, 'pending');
    await story.move(issue, 'Approved');
    await story.look(issue);
    assert.equal((await story.grants(issue)).length, 1);
    assert.equal((await story.grants(issue))[0].status, 'revoked');
    assert.equal(await one.inGroup(person), false);
  });

  for (const [what, fields] of [
    ['the tool', ({ jira }) => ({ [jira.toolField]: { value: 'Claude Enterprise' } })],
    ['the duration', ({ jira }) => ({ [jira.durationField]: '60' })],
    ['the beneficiary', (_, other) => ({ reporter: { accountId: other } })],
  ]) {
    test(`an approval of one thing is no approval of another: ${what} changed after the round began`, async () => {
      const [person, other] = [one.person(), one.person()];
      const issue = await story.file(person);
      await story.requestIs(issue, 'pending');
      await one.edit(issue, fields(one.world.seed, story.account(other)));
      await story.look(issue);
      await story.approve(issue);
      await one.assertRefused(issue, 'approval_not_verified', person);
      assert.equal(await one.inGroup(other), false);
    });
  }

  test('a tool that was changed after the round began, and back again, is no longer what was looked at', async () => {
    const person = one.person();
    const { toolField } = one.world.seed.jira;
    const issue = await story.file(person);
    await story.requestIs(issue, 'pending');
    await one.edit(issue, { [toolField]: { value: 'Claude Enterprise' } });
    await one.edit(issue, { [toolField]: { value: 'Test Tool' } });
    await story.approve(issue);
    await one.assertRefused(issue, 'approval_not_verified', person);
  });

  test('a change made before the approval that we never saw pending is found in the history', async () => {
    const person = one.person();
    await one.webhooks({ hold: true });
    const issue = await story.file(person, { days: '7' });
    await one.edit(issue, { [one.world.seed.jira.durationField]: '60' });
    await story.approve(issue);
    await one.webhooks({ hold: false });
    await one.assertRefused(issue, 'approval_not_verified', person);
  });

  test('a change made before the round began is what was approved', async () => {
    const person = one.person();
    const issue = await story.file(person, { days: '7' });
    await story.requestIs(issue, 'pending');
    await story.decline(issue);
    await story.requestIs(issue, 'denied');
    await one.edit(issue, { [one.world.seed.jira.durationField]: '21' });
    await story.move(issue, 'Waiting for approval');
    const pending = await story.requestIs(issue, 'pending');
    assert.equal(pending.durationDays, 21);
    await story.approve(issue);
    const grant = await story.grantIs(issue, 'active');
    assert.equal(Math.round((Date.parse(grant.expiresAt) - Date.parse(grant.activeAt)) / dayMs), 21);
  });

  test('an approver who is not among the allowed ones does not count; an allowed one does', async () => {
    const [person, other] = [one.person(), one.person()];
    await story.intake({ allowedApprovers: [story.account('cleo')] });
    try {
      const issue = await story.file(person);
      await story.requestIs(issue, 'pending');
      await story.approve(issue, 'ben');
      await one.assertRefused(issue, 'approval_not_verified', person);
      const second = await story.file(other);
      await story.requestIs(second, 'pending');
      await story.approve(second, 'cleo');
      await one.assertActiveOnce(second, other);
    } finally {
      await story.intake();
    }
  });

  test('a request that Jira decides cannot be decided here', async () => {
    const person = one.person();
    const issue = await story.file(person);
    const request = await story.requestIs(issue, 'pending');
    const approver = await one.world.token('approver', story.account('ben'));
    for (const action of ['approve', 'deny']) {
      const answer = await one.world.api('POST', `/api/v1/requests/${request.requestId}/${action}`, undefined, { token: approver });
      assert.equal(answer.status, 409);
      assert.equal(answer.json.code, 'decided_in_jira');
    }
    await one.assertNoGrant(issue, person);
  });

  test('a status that takes access away takes it away, and what was pending with it', async () => {
    const [person, other] = [one.person(), one.person()];
    const issue = await story.grant(person);
    await story.move(issue, 'Access removed');
    await story.grantIs(issue, 'revoked');
    assert.equal(await one.inGroup(person), false);
    const pending = await story.file(other);
    await story.requestIs(pending, 'pending');
    await story.move(pending, 'Approved');
    await story.move(pending, 'Access removed');
    await story.requestIs(pending, 'cancelled');
    await one.assertNoGrant(pending, other);
  });

  test('an approval given after access was taken away does not bring it back', async () => {
    const person = one.person();
    const issue = await story.file(person);
    await story.requestIs(issue, 'pending');
    await story.move(issue, 'Approved');
    await story.move(issue, 'Access removed');
    await story.requestIs(issue, 'cancelled');
    await story.approve(issue);
    await one.assertNoGrant(issue, person);
  });

  test('an issue that is deleted cancels its request', async () => {
    const person = one.person();
    const issue = await story.file(person);
    const { requestId } = await story.requestIs(issue, 'pending');
    await one.world.jiraCall('DELETE', `/rest/api/3/issue/${issue}`);
    const request = await until('the request to be cancelled', async () => {
      const found = await one.world.must('GET', `/api/v1/requests/${requestId}`);
      return found.status === 'cancelled' && found;
    });
    assert.equal(request.code, 'issue_gone');
    assert.deepEqual(await story.grants(issue), []);
  });

  test('a tool that the catalog does not know is refused, once', async () => {
    const person = one.person();
    const issue = await story.file(person, { tool: 'GitHub Copilot' });
    await one.assertRefused(issue, 'tool_unknown', person);
  });

  test('a tool that is not open for requests is refused, once', async () => {
    const person = one.person();
    await story.tool('closed', { name: 'Claude Enterprise', requestable: false });
    const issue = await story.file(person, { tool: 'Claude Enterprise' });
    await one.assertRefused(issue, 'tool_not_requestable', person);
  });

  test('a duration beyond the maximum is refused, once', async () => {
    const person = one.person();
    const issue = await story.file(person, { days: '91' });
    await one.assertRefused(issue, 'duration_exceeds_maximum', person);
  });

  test('a refused request stays refused when its issue is approved all the same', async () => {
    const person = one.person();
    const issue = await story.file(person, { days: '91' });
    await story.requestIs(issue, 'refused');
    await story.approve(issue);
    await one.assertNoGrant(issue, person);
    assert.ok((await story.requests(issue)).every((request) => request.status === 'refused'));
  });

  test('a second request for the same while one is pending is refused, once', async () => {
    const person = one.person();
    const first = await story.file(person);
    await story.requestIs(first, 'pending');
    const second = await story.file(person);
    await one.assertRefused(second, 'duplicate_request', person);
    await story.approve(first);
    await one.assertActiveOnce(first, person);
  });

  test('a request for what one has already is refused, once, and the approval does not lie in wait', async () => {
    const person = one.person();
    const first = await story.grant(person);
    const second = await story.file(person);
    await one.assertRefused(second, 'duplicate_grant', person);
    await story.approve(second);
    await story.look(second);
    assert.deepEqual(await story.grants(second), []);
    await story.move(first, 'Access removed');
    await story.grantIs(first, 'revoked');
    await one.assertNoGrant(second, person);
  });
});

describe('Where a status decides', () => {
  let one;
  let story;
  let status;

  before(async () => {
    one = await Case.ready(withoutSweep);
    ({ story } = one);
    status = { approval: 'status', projectKeys: [one.world.seed.jira.plainProjectKey], allowedAuthors: [story.account('ben')] };
    await story.intake(status);
  });
  after(() => one?.world.stop());

  test('an allowed author who moves the issue to Approved gives access, and the revoked status takes it', async () => {
    const person = one.person();
    const issue = await one.create(person);
    await story.requestIs(issue, 'pending');
    await story.move(issue, 'Approved', 'ben');
    await one.assertActiveOnce(issue, person);
    await story.move(issue, 'Access removed', person); // whoever moves it
    await story.grantIs(issue, 'revoked');
    assert.equal(await one.inGroup(person), false);
  });

  test('somebody else who moves it gives no access', async () => {
    const person = one.person();
    const issue = await one.create(person);
    await story.requestIs(issue, 'pending');
    await story.move(issue, 'Approved', 'cleo');
    await one.assertRefused(issue, 'approval_not_verified', person);
  });

  test('without allowed authors the mode cannot be set', async () => {
    const answer = await one.world.api('PUT', '/api/v1/settings/intake', story.intakeSettings({ ...status, allowedAuthors: [] }));
    assert.equal(answer.status, 422);
  });

  test('an allowed author cannot approve their own access', async () => {
    const issue = await one.create('ben');
    await story.requestIs(issue, 'pending');
    await story.move(issue, 'Approved', 'ben');
    await one.assertRefused(issue, 'self_approval');
  });

  test('an allowed author who filed for somebody else cannot approve it', async () => {
    const person = one.person();
    await story.intake({ ...status, beneficiary: 'customfield_10060' });
    try {
      const { jira } = one.world.seed;
      const made = await one.world.jiraCall('POST', '/rest/api/3/issue', {
        fields: {
          project: { key: jira.plainProjectKey }, issuetype: { id: '10100' }, summary: 'For a colleague',
          [jira.toolField]: { value: 'Test Tool' }, customfield_10060: { accountId: story.account(person) },
        },
      }, 'ben');
      await story.requestIs(made.key, 'pending');
      await story.move(made.key, 'Approved', 'ben');
      await one.assertRefused(made.key, 'self_approval', person);
    } finally {
      await story.intake(status);
    }
  });

  test('a denied status denies, and a later approval by the same author gives access', async () => {
    const person = one.person();
    const issue = await one.create(person);
    await story.requestIs(issue, 'pending');
    await story.move(issue, 'Declined', 'cleo');
    await story.requestIs(issue, 'denied');
    await one.assertNoGrant(issue, person);
    await story.move(issue, 'Waiting for approval', 'cleo');
    await story.move(issue, 'Approved', 'ben');
    const grant = await story.grantIs(issue, 'active');
    assert.equal((await story.requests(issue)).length, 2);
    assert.equal(grant.issueKey, issue);
  });

  test('what was changed after the approval, before we saw it, was not approved', async () => {
    const person = one.person();
    const issue = await one.create(person, { days: 7 });
    await story.requestIs(issue, 'pending');
    await one.webhooks({ hold: true });
    await story.move(issue, 'Approved', 'ben');
    await one.edit(issue, { [one.world.seed.jira.durationField]: 60 });
    await one.webhooks({ hold: false });
    await one.assertRefused(issue, 'approval_not_verified', person);
  });

  test('a change before the approval is what was approved', async () => {
    const person = one.person();
    const issue = await one.create(person, { days: 7 });
    await story.requestIs(issue, 'pending');
    await one.edit(issue, { [one.world.seed.jira.durationField]: 21 });
    await story.look(issue);
    await story.move(issue, 'Approved', 'ben');
    const grant = await one.assertActiveOnce(issue, person);
    assert.equal(Math.round((Date.parse(grant.expiresAt) - Date.parse(grant.activeAt)) / dayMs), 21);
  });

  test('a transition that was used is not used again', async () => {
    const person = one.person();
    const issue = await one.create(person);
    await story.move(issue, 'Approved', 'ben');
    const grant = await one.assertActiveOnce(issue, person);
    await one.world.must('POST', `/api/v1/grants/${grant.grantId}/revoke`);
    await story.grantIs(issue, 'revoked');
    await one.edit(issue, { summary: 'Once more' });
    await story.look(issue);
    assert.equal((await story.grants(issue)).length, 1);
    assert.equal(await one.inGroup(person), false);
  });
});

describe('Where we decide', () => {
  let one;
  let story;

  before(async () => {
    one = await Case.ready(withoutSweep, { intake: { approval: 'console' } });
    ({ story } = one);
  });
  after(() => one?.world.stop());

  const act = (request, action, token) => one.world.api('POST', `/api/v1/requests/${request.requestId}/${action}`, undefined, { token });

  test('a request by API is granted by an approver, and by neither who gets it nor who asked', async () => {
    const person = one.person();
    const requester = await one.world.token('requester', story.account(person));
    const request = await one.world.must('POST', '/api/v1/requests', { toolId: 'test-tool', purpose: 'To try it', durationDays: 10 }, { token: requester });
    assert.equal(request.status, 'pending');
    const self = await act(request, 'approve', await one.world.token('approver', story.account(person)));
    assert.equal(self.status, 403);
    assert.equal(self.json.code, 'self_approval');
    const unlinked = await act(request, 'approve', await one.world.token('approver', null));
    assert.equal(unlinked.status, 403);
    assert.equal(unlinked.json.code, 'principal_unlinked');
    await story.quiet();
    assert.equal(await one.inGroup(person), false);
    const approved = await act(request, 'approve', await one.world.token('approver', story.account('ben')));
    assert.equal(approved.status, 202, approved.text);
    await until('the access', async () => {
      const grant = await one.world.must('GET', `/api/v1/grants/${approved.json.grantId}?wait=5`);
      return grant.status === 'active' && (await one.inGroup(person));
    });
  });

  test('an admin who asked on behalf of somebody cannot approve it', async () => {
    const person = one.person();
    const request = await one.world.must('POST', '/api/v1/requests', { toolId: 'test-tool', accountId: story.account(person), purpose: '' });
    const answer = await act(request, 'approve', one.world.admin);
    assert.equal(answer.status, 403);
    assert.equal(answer.json.code, 'self_approval');
    assert.equal((await act(request, 'deny', await one.world.token('approver', story.account('ben')))).json.status, 'denied');
    await story.quiet();
    assert.equal(await one.inGroup(person), false);
  });

  test('an approval in Jira gives no access here; ours does, once', async () => {
    const person = one.person();
    const issue = await story.file(person);
    const request = await story.requestIs(issue, 'pending');
    assert.equal(request.approval, 'console');
    await story.approve(issue);
    await one.assertNoGrant(issue, person);
    assert.equal((await story.requests(issue))[0].status, 'pending');
    const approved = await act(request, 'approve', await one.world.token('approver', story.account('ben')));
    assert.equal(approved.status, 202, approved.text);
    await one.assertActiveOnce(issue, person);
  });

  test('an approver who filed the issue for themself cannot approve it', async () => {
    const issue = await story.file('dan');
    const request = await story.requestIs(issue, 'pending');
    const answer = await act(request, 'approve', await one.world.token('approver', story.account('dan')));
    assert.equal(answer.status, 403);
    assert.equal(answer.json.code, 'self_approval');
    await one.assertNoGrant(issue);
  });

  test('what changes in Jira after somebody has read the request is asked for anew', async () => {
    const person = one.person();
    const issue = await story.file(person, { days: '7' });
    const request = await story.requestIs(issue, 'pending');
    await one.edit(issue, { [one.world.seed.jira.durationField]: '60' });
    await story.look(issue);
    const late = await act(request, 'approve', await one.world.token('approver', story.account('ben')));
    assert.equal(late.status, 409, late.text);
    await one.assertNoGrant(issue, person);
    const [again] = await story.requests(issue);
    assert.notEqual(again.requestId, request.requestId);
    assert.equal(again.status, 'pending');
    assert.equal(again.durationDays, 60);
  });

  test('a status that takes access away takes it away here too', async () => {
    const person = one.person();
    const issue = await story.file(person);
    const request = await story.requestIs(issue, 'pending');
    await act(request, 'approve', await one.world.token('approver', story.account('ben')));
    await story.grantIs(issue, 'active');
    await story.move(issue, 'Approved');
    await story.look(issue);
    assert.equal(await one.inGroup(person), true);
    await story.move(issue, 'Access removed');
    await story.grantIs(issue, 'revoked');
    assert.equal(await one.inGroup(person), false);
  });
});

describe('What no event told us', () => {
  let one;
  let story;

  before(async () => {
    one = await Case.ready();
    ({ story } = one);
    await one.webhooks({ enabled: false });
  });
  after(() => one?.world.stop());

  // The service has been down since then: its high-water mark says so, and Jira's clock stood there when things happened.
  async function whileDown(ms, happen) {
    await one.world.stopService();
    const database = new DatabaseSync(join(one.world.folder, 'clearance.db'));
    const { changes } = database.prepare("UPDATE meta SET value = CAST(? AS BLOB) WHERE name = 'sweep.watermark'").run(String(Date.now() - ms - 3600 * 1000));
    database.close();
    assert.equal(changes, 1, 'there is a high-water mark');
    await one.world.control('PUT', '/faults', { clockOffsetMs: -ms });
    try {
      return await happen();
    } finally {
      await one.world.control('PUT', '/faults', { clockOffsetMs: 0 });
      await one.world.startService();
    }
  }

  test('an approval whose events were all lost gives access', async () => {
    const person = one.person();
    const issue = await story.file(person);
    await story.requestIs(issue, 'pending');
    await story.approve(issue);
    await one.assertActiveOnce(issue, person);
  });

  test('an approval that came while the service was down gives access', async () => {
    const person = one.person();
    await one.world.stopService();
    const issue = await story.file(person);
    await story.approve(issue);
    await one.world.startService();
    await one.assertActiveOnce(issue, person);
  });

  test('an approval that came in three days of the service being down gives access', async () => {
    const person = one.person();
    const issue = await whileDown(3 * dayMs, async () => {
      const filed = await story.file(person);
      await story.approve(filed);
      return filed;
    });
    const grant = await one.assertActiveOnce(issue, person);
    assert.ok(Date.parse(grant.activeAt) > Date.now() - dayMs, 'its time counts from when it was given');
  });

  test('an approval of a pending request, given while the service was down for a day, gives access', async () => {
    const person = one.person();
    const issue = await story.file(person);
    await story.requestIs(issue, 'pending');
    await one.world.stopService();
    await story.approve(issue);
    await one.world.startService();
    await one.assertActiveOnce(issue, person);
  });

  test('what was changed and approved while the service was down is not taken for what was approved', async () => {
    const person = one.person();
    const issue = await whileDown(dayMs, async () => {
      const filed = await story.file(person, { days: '7' });
      await one.edit(filed, { [one.world.seed.jira.durationField]: '60' });
      await story.approve(filed);
      return filed;
    });
    await one.assertRefused(issue, 'approval_not_verified', person);
  });

  test('what was declined, or moved by hand, while the service was down gives no access', async () => {
    const [person, other] = [one.person(), one.person()];
    const [declined, moved] = await whileDown(dayMs, async () => {
      const [first, second] = [await story.file(person), await story.file(other)];
      await story.decline(first);
      await story.move(second, 'Approved');
      return [first, second];
    });
    await story.requestIs(declined, 'denied');
    await story.requestIs(moved, 'pending');
    await one.assertNoGrant(declined, person);
    await one.assertNoGrant(moved, other);
  });

  test('access that was taken away while the service was down is taken away', async () => {
    const person = one.person();
    const issue = await story.grant(person);
    await one.world.stopService();
    await story.move(issue, 'Access removed');
    await one.world.startService();
    await story.grantIs(issue, 'revoked');
    assert.equal(await one.inGroup(person), false);
  });

  test('approved and taken away again while the service was down gives no access, then or later', async () => {
    const person = one.person();
    const issue = await whileDown(dayMs, async () => {
      const filed = await story.file(person);
      await story.approve(filed);
      await story.move(filed, 'Access removed');
      return filed;
    });
    await story.requestIs(issue, 'cancelled');
    await one.assertNoGrant(issue, person);
    await story.move(issue, 'Waiting for approval');
    await story.move(issue, 'Approved');
    await one.assertNoGrant(issue, person);
  });
});
