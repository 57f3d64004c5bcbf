// What the contract says of every answer, as sentences for the tests.
import assert from 'node:assert/strict';

export const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

// An RFC 9457 problem of this status and code; gives its body.
export function assertProblem(answer, status, code, about = '') {
  const said = `${about} answered ${answer.status}: ${answer.text?.slice(0, 600)}`;
  assert.equal(answer.status, status, said);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, said);
  const { type, title, detail, errors, ...rest } = answer.json ?? {};
  assert.deepEqual(rest, { status, code: code ?? rest.code }, said);
  for (const text of [type, title, detail, rest.code]) assert.ok(typeof text === 'string' && text.length > 0, said);
  for (const one of errors ?? []) assert.deepEqual(Object.keys(one).sort(), ['code', 'detail', 'path'], said);
  if (errors) assert.ok(errors.length > 0, said);
  return answer.json;
}

// 422, with one of its errors at this path.
export function assertFault(answer, path, about = '') {
  const problem = assertProblem(answer, 422, 'validation_failed', about);
  const paths = (problem.errors ?? []).map((one) => one.path);
  assert.ok(paths.includes(path), `${about}: no error names ${path}: ${answer.text}`);
  return problem;
}

// Every member whose name ends in "At", and those that are instants by another name, at any depth.
export function assertInstants(value, path = '') {
  if (value === null || typeof value !== 'object') return;
  for (const [key, member] of Object.entries(value)) {
    if ((/At$/.test(key) || ['at', 'since'].includes(key)) && member !== null) assert.match(member, INSTANT, `${path}.${key}`);
    assertInstants(member, `${path}.${key}`);
  }
}
