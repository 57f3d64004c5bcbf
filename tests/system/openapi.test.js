// The description that the service gives of itself: is it OpenAPI, and is it true?
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertInstants, assertProblem } from './answers.js';
import { Story } from './story.js';
import { until, World } from './world.js';

let world;
let document;
let ajv;
let ids;

const pointer = (...parts) => `document#/${parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

function assertAnswer(method, path, answer) {
  const operation = document.paths[path][method.toLowerCase()];
  const status = String(answer.status);
  assert.ok(operation.responses[status], `${method} ${path} is not described with ${status}: ${answer.text.slice(0, 300)}`);
  if (status === '204') return;
  const type = answer.headers.get('content-type').split(';')[0];
  const described = operation.responses[status].$ref ? document.components.responses[operation.responses[status].$ref.split('/').at(-1)] : operation.responses[status];
  assert.ok(described.content?.[type], `${method} ${path} ${status} is not described as ${type}: ${Object.keys(described.content ?? {})}`);
  if (!type.endsWith('json')) return;
  const schema = operation.responses[status].$ref
    ? pointer('components', 'responses', operation.responses[status].$ref.split('/').at(-1), 'content', type, 'schema')
    : pointer('paths', path, method.toLowerCase(), 'responses', status, 'content', type, 'schema');
  if (!described.content[type].schema) return;
  const validate = ajv.getSchema(schema) ?? ajv.compile({ $ref: schema });
  assert.ok(validate(answer.json), `${method} ${path} ${status}: ${JSON.stringify(validate.errors)}\n${answer.text.slice(0, 1500)}`);
  assertInstants(answer.json);
}

before(async () => {
  world = await World.start();
  const story = await Story.ready(world);
  const issue = await story.grant();
  const [request] = await story.requests(issue);
  const [grant] = await story.grants(issue);
  // And one that needs a person, one refused and one pending, so that the members that are mostly null have a value once.
  const ambiguous = await story.file('ida');
  await story.requestIs(ambiguous, 'pending');
  await story.approve(ambiguous);
  await story.grantIs(ambiguous, 'manualFollowUp');
  await story.file('fay', { tool: 'ChatGPT Enterprise' });
  await story.file('ben');
  const mapping = await world.must('POST', '/api/v1/identity-mappings', { accountId: world.seed.accounts.max, connectorId: 'sandbox', externalId: 'max+ai@contoso.example' });
  const event = await (await world.webhook({ webhookEvent: 'jira:issue_updated', issue: { id: '1', key: 'AIC-1' } })).json();
  const { items: jobs } = await world.must('GET', '/api/v1/jobs');
  ids = { connectorId: 'sandbox', toolId: 'test-tool', mappingId: mapping.mappingId, requestId: request.requestId, grantId: grant.grantId, jobId: jobs[0].jobId, eventId: event.eventId, accountId: world.seed.accounts.ada };
  // Somebody who is in the group by nobody's approval, as a check finds them.
  await world.control('PUT', '/state?quiet=1', { membership: { groupId: story.groupId, add: ['c0000000-0000-4000-8000-000000000200'] } });
  await world.must('POST', '/api/v1/connectors/sandbox/check');
  const finding = await until('a finding', async () => (await world.must('GET', '/api/v1/findings')).items[0]);
  ids.findingId = finding.findingId;
  document = await world.must('GET', '/api/v1/openapi.json', undefined, { token: null });
  ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema({ ...document, $id: 'document' });
});

after(() => world?.stop());

describe('openapi.json', () => {
  test('is OpenAPI 3.1 by its own schema', async () => {
    const result = await new Validator().validate(structuredClone(document));
    assert.deepEqual(result.errors ?? [], []);
    assert.ok(result.valid);
    assert.match(document.openapi, /^3\.1\./);
  });

  test('names each operation once, says its roles, and describes its path parameters', () => {
    const seen = new Set();
    for (const [path, item] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        if (method === 'parameters') continue;
        assert.ok(operation.operationId && !seen.has(operation.operationId), `${method} ${path}: ${operation.operationId}`);
        seen.add(operation.operationId);
        assert.ok(operation.summary, path);
        const described = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((one) => (one.$ref ? document.components.parameters[one.$ref.split('/').at(-1)] : one));
        assert.deepEqual(described.filter((one) => one.in === 'path').map((one) => one.name), [...path.matchAll(/\{(\w+)\}/g)].map((found) => found[1]), path);
        if (path.startsWith('/api/') && !path.endsWith('openapi.json')) {
          for (const status of ['401', '403']) assert.ok(operation.responses[status] || (status === '403' && path === '/api/v1/me') || operation.responses.default, `${method} ${path} ${status}`);
        }
      }
    }
  });

  test('tells the truth about every GET', async () => {
    const faults = [];
    for (const path of Object.keys(document.paths).filter((one) => document.paths[one].get)) {
      const target = path.replace(/\{(\w+)\}/g, (_, name) => ids[name]) + (path.endsWith('/groups') ? '?search=AI' : '');
      try {
        const answer = await world.api('GET', target);
        assert.equal(answer.status, 200, `${target}: ${answer.text}`);
        assertAnswer('GET', path, answer);
      } catch (error) {
        faults.push(error.message);
      }
    }
    assert.deepEqual(faults, []);
  });

  test('tells the truth about what goes wrong', async () => {
    const faults = [];
    const expect = async (method, path, target, body, status, options) => {
      try {
        const answer = await world.api(method, target, body, options);
        assertProblem(answer, status, undefined, `${method} ${target}`);
        assertAnswer(method, path, answer);
      } catch (error) {
        faults.push(error.message);
      }
    };
    await expect('GET', '/api/v1/tools', '/api/v1/tools?limit=0', undefined, 422);
    await expect('GET', '/api/v1/tools', '/api/v1/tools', undefined, 401, { token: null });
    await expect('GET', '/api/v1/tools/{toolId}', '/api/v1/tools/none', undefined, 404);
    await expect('POST', '/api/v1/tools', '/api/v1/tools', '{', 400);
    await expect('POST', '/api/v1/tools', '/api/v1/tools', { toolId: 'test-tool', name: 'n' }, 409);
    await expect('POST', '/api/v1/tools', '/api/v1/tools', ' '.repeat(70000), 413);
    await expect('POST', '/api/v1/tools', '/api/v1/tools', 'x', 415, { headers: { 'Content-Type': 'text/plain' } });
    await expect('PUT', '/api/v1/tools/{toolId}', '/api/v1/tools/test-tool', { name: 'n' }, 412, { headers: { 'If-Match': '"x"' } });
    await expect('POST', '/api/v1/connectors/{connectorId}/disable', '/api/v1/connectors/none/disable', undefined, 404);
    await expect('POST', '/hooks/jira', '/hooks/jira', {}, 401);
    await expect('POST', '/hooks/jira', '/hooks/jira', 'x'.repeat(1100000), 413);
    await expect('POST', '/hooks/jira-automation', '/hooks/jira-automation', '{', 400, { headers: { 'X-AIClearance-Token': world.automationToken } });
    assert.deepEqual(faults, []);
  });

  test('its request schemas accept what the service accepts, and refuse what it refuses', async () => {
    const schema = (method, path) => ajv.compile({ $ref: pointer('paths', path, method, 'requestBody', 'content', 'application/json', 'schema') });
    const cases = [
      ['/api/v1/tools', { toolId: 'sch-1', name: 'n' }, true], ['/api/v1/tools', { toolId: 'Sch', name: 'n' }, false], ['/api/v1/tools', { toolId: 'sch-2' }, false],
      ['/api/v1/tools', { toolId: 'sch-3', name: 'n', unknown: 1 }, false], ['/api/v1/tools', { toolId: 'sch-4', name: 'n', connectorId: null }, true], ['/api/v1/tools', { toolId: 'sch-5', name: 'n', risk: 'none' }, false],
      ['/api/v1/connectors', { connectorId: 'sch-6', type: 'entra', name: 'n', config: { tenantId: 't', clientId: 'c', clientSecret: 's' } }, true],
      ['/api/v1/connectors', { connectorId: 'sch-7', type: 'entra', name: 'n', config: { tenantId: 't', clientId: 'c', clientSecret: 7 } }, false],
    ];
    for (const [path, body, right] of cases) {
      const validate = schema('post', path);
      const answer = await world.api('POST', path, body);
      assert.equal(answer.status < 300, right, `${JSON.stringify(body)}: ${answer.text}`);
      assert.equal(validate(body), right, `${JSON.stringify(body)}: ${JSON.stringify(validate.errors)}`);
    }
  });
});
