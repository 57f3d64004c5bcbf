// The sentences of the main story, on a World: a connector that works, a tool with its group, requests in Jira, approvals, and
// what Entra's own side shows. Everything of ours goes through the public API, everything of Jira's through Jira's.
import { until } from './world.js';

export const STATUS = { waiting: 'Waiting for approval', approved: 'Approved', declined: 'Declined', removed: 'Access removed' };

export class Story {
  constructor(world) {
    this.world = world;
    this.groupId = world.seed.testGroupId;
  }

  // A world set up as the guide says: connector tested, tool bound, intake on. `intake`: other settings than jsm's.
  static async ready(world, { intake = {}, tool = {} } = {}) {
    const story = new Story(world);
    await story.connector();
    await story.tool('test-tool', { name: 'Test Tool', ...tool }, story.groupId);
    await story.intake(intake);
    return story;
  }

  async connector(connectorId = 'sandbox', config = {}) {
    const { tenantId, clientId, clientSecret } = this.world.seed;
    await this.world.must('POST', '/api/v1/connectors', {
      connectorId, type: 'entra', name: 'Sandbox tenant', description: '', groupMode: 'bind',
      config: { tenantId, clientId, clientSecret, cloud: 'global', ...config },
    });
    return this.world.must('POST', `/api/v1/connectors/${connectorId}/test`);
  }

  async tool(toolId, fields, groupId) {
    await this.world.must('POST', '/api/v1/tools', {
      toolId, name: toolId, vendor: '', url: '', description: '', risk: 'low', defaultDurationDays: 30, maxDurationDays: 90,
      requestable: true, connectorId: 'sandbox', ...fields,
    });
    if (groupId) await this.world.must('POST', `/api/v1/tools/${toolId}/entitlement-group`, { mode: 'bind', groupId });
  }

  intakeSettings(changes = {}) {
    const { jira } = this.world.seed;
    return {
      projectKeys: [jira.projectKey], requestTypeIds: [], toolField: jira.toolField, purposeField: jira.purposeField,
      durationField: jira.durationField, beneficiary: 'reporter', approval: 'jsm', allowedApprovers: [], allowedAuthors: [],
      approvedStatuses: ['Approved'], deniedStatuses: ['Declined'], revokedStatuses: ['Access removed'],
      matchPortalCustomers: false, writeBack: { comment: true, transitionOnActive: null }, ...changes,
    };
  }

  async intake(changes = {}) {
    return this.world.must('PUT', '/api/v1/settings/intake', this.intakeSettings(changes));
  }

  account(person) {
    const known = this.world.seed.jira.accounts[person];
    return known ? known.accountId : `712020:c0000000-0000-4000-8000-${person.slice(4).padStart(12, '0')}`;
  }

  // The object id of a person in the directory, by the seed's numbering.
  async user(person) {
    const answer = await this.world.must('POST', '/api/v1/identity-mappings/resolve', { connectorId: 'sandbox', accountId: this.account(person) });
    return answer.user.objectId;
  }

  // Files a request in the JSM portal's API; gives the issue key.
  async file(person = 'ada', { tool = 'Test Tool', purpose = 'To try it', days = '14' } = {}) {
    const { jira } = this.world.seed;
    const fields = { summary: `Access to ${tool}`, [jira.toolField]: { value: tool }, [jira.purposeField]: purpose };
    if (days !== null) fields[jira.durationField] = days;
    const made = await this.world.jiraCall('POST', '/rest/servicedeskapi/request',
      { serviceDeskId: jira.serviceDeskId, requestTypeId: jira.requestTypeId, requestFieldValues: fields }, person);
    return made.issueKey;
  }

  async approvals(issue) {
    const all = [];
    for (;;) {
      const page = await this.world.jiraCall('GET', `/rest/servicedeskapi/request/${issue}/approval?start=${all.length}`);
      all.push(...page.values);
      if (page.isLastPage || page.values.length === 0) return all;
    }
  }

  async answer(issue, decision, person = 'ben') {
    const pending = (await this.approvals(issue)).find((approval) => approval.finalDecision === 'pending');
    return this.world.jiraCall('POST', `/rest/servicedeskapi/request/${issue}/approval/${pending.id}`, { decision }, person);
  }

  approve(issue, person) {
    return this.answer(issue, 'approve', person);
  }

  decline(issue, person) {
    return this.answer(issue, 'decline', person);
  }

  // Moves the issue by hand to the status of that name.
  async move(issue, status, person = 'cleo') {
    const { transitions } = await this.world.jiraCall('GET', `/rest/api/3/issue/${issue}/transitions`, undefined, person);
    const found = transitions.find((transition) => transition.to.name === status);
    if (!found) throw new Error(`${issue} offers no way to ${status}: ${JSON.stringify(transitions)}`);
    return this.world.jiraCall('POST', `/rest/api/3/issue/${issue}/transitions`, { transition: { id: found.id } }, person);
  }

  async comments(issue) {
    const { comments } = await this.world.jiraCall('GET', `/rest/api/3/issue/${issue}/comment?maxResults=100`);
    return comments.map((comment) => JSON.stringify(comment.body));
  }

  async requests(issue) {
    return (await this.world.must('GET', `/api/v1/requests?issueKey=${issue}`)).items;
  }

  async grants(issue) {
    return (await this.world.must('GET', `/api/v1/grants?issueKey=${issue}`)).items;
  }

  // The newest request of the issue once it has that status.
  requestIs(issue, status) {
    return until(`the request of ${issue} to be ${status}`, async () => {
      const [request] = await this.requests(issue);
      if (request?.status === status) return request;
      throw new Error(JSON.stringify(request ?? null));
    });
  }

  grantIs(issue, status) {
    return until(`the grant of ${issue} to be ${status}`, async () => {
      const [grant] = await this.grants(issue);
      if (grant?.status === status) return grant;
      throw new Error(JSON.stringify(grant ?? null));
    });
  }

  // Who is in the group, as Entra's own side tells.
  async members(groupId = this.groupId) {
    const state = await this.world.control('GET', '/state');
    return state.entra.groups.find((group) => group.id === groupId).members;
  }

  // Nothing is on its way any more: every event settled, every job at rest. What a test that expects "nothing happens" waits for.
  quiet() {
    return until('all work to be done', async () => {
      for (const status of ['queued', 'running']) {
        const { items } = await this.world.must('GET', `/api/v1/jobs?status=${status}&limit=1`);
        if (items.length > 0) throw new Error(JSON.stringify(items[0]));
      }
      return true;
    });
  }

  // The product is made to look at the issue now, and has looked: what a test stands on that expects nothing to happen. Gives
  // the inbox event.
  async look(issue) {
    const answer = await this.world.api('POST', '/hooks/jira-automation', { issueKey: issue },
      { token: null, headers: { 'X-AIClearance-Token': this.world.automationToken } });
    if (answer.status !== 202) throw new Error(`the automation hook answered ${answer.status}: ${answer.text}`);
    const event = await until(`${issue} to be looked at`, async () => {
      const found = await this.world.must('GET', `/api/v1/inbox-events/${answer.json.eventId}`);
      if (found.status !== 'received') return found;
      throw new Error(JSON.stringify(found));
    });
    await this.quiet();
    return event;
  }

  // One approval on an idle system, by the sandbox's own clock: from the moment that its webhook was sent to the moment that
  // the membership write came in; the calls that we made in between, and how many of those came one after another (calls
  // that were under way at the same time count once).
  async measureApproval(at) {
    const issue = await this.file(`user${String(at + 1).padStart(3, '0')}`);
    await this.requestIs(issue, 'pending');
    await this.quiet();
    await this.world.control('DELETE', '/requests');
    const before = (await this.world.control('GET', '/state')).webhook.deliveries.filter((one) => one.key === issue).length;
    await this.approve(issue);
    await this.grantIs(issue, 'active');
    await this.quiet();
    const { webhook } = await this.world.control('GET', '/state');
    const [delivery] = webhook.deliveries.filter((one) => one.key === issue).slice(before);
    const { requests } = await this.world.control('GET', '/requests');
    const write = requests.find((one) => one.site === 'entra' && one.method !== 'GET' && /\/groups\//.test(one.path));
    const ours = requests.filter((one) => (one.userAgent ?? '').startsWith('AI-Clearance/') && !one.batched);
    const calls = ours.filter((one) => one.receivedMs >= delivery.sentMs && one.atMs <= write.receivedMs + 1);
    calls.sort((a, b) => a.receivedMs - b.receivedMs);
    let inTurn = 0;
    let over = 0;
    for (const call of calls) {
      if (call.receivedMs < over) continue;
      inTurn++;
      over = call.atMs;
    }
    return { issue, ms: write.receivedMs - delivery.sentMs, inTurn, calls: calls.map((one) => `${one.method} ${one.path}`) };
  }

  // From filing to membership.
  async grant(person = 'ada', fields = {}) {
    const issue = await this.file(person, fields);
    await this.requestIs(issue, 'pending');
    await this.approve(issue);
    await this.grantIs(issue, 'active');
    return issue;
  }
}
