// An OpenAPI document as a judge: does this request exist in it, and is this answer one that it describes? The documents are
// Microsoft's and Atlassian's own (tests/data/openapi/README.md, which also says where they are read with a liberty).
import Ajv2019 from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = resolve(dirname(fileURLToPath(import.meta.url)), '../data/openapi');
const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

// OpenAPI 3.0's `nullable` in JSON Schema's words.
function nullableOf(schema) {
  const { nullable, ...rest } = schema;
  if (!nullable) return rest;
  if (rest.$ref || rest.allOf || rest.anyOf || rest.oneOf || !rest.type) return { anyOf: [rest, { type: 'null' }] };
  if (rest.enum) return { anyOf: [rest, { type: 'null' }] };
  return { ...rest, type: [rest.type, 'null'] };
}

const saysAnything = (value) =>
  value === true ||
  (isObject(value) &&
    (Object.keys(value).length === 0 || (value.type === 'object' && Object.keys(value).length === 1)));

// One schema, converted: only the keywords that judge a value are kept.
function schemaOf(schema) {
  if (!isObject(schema)) return schema;
  const out = {};
  for (const [key, value] of Object.entries(schema)) {
    if (
      key.startsWith('x-') ||
      [
        'example',
        'description',
        'title',
        'readOnly',
        'writeOnly',
        'xml',
        'externalDocs',
        'discriminator',
        'deprecated',
        'default',
      ].includes(key)
    )
      continue;
    if (key === 'additionalProperties' && saysAnything(value)) continue;
    if (key === 'properties') {
      out[key] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, schemaOf(inner)]));
    } else if (Array.isArray(value) && ['allOf', 'anyOf', 'oneOf'].includes(key)) {
      out[key] = value.map(schemaOf);
    } else if (isObject(value)) {
      out[key] = schemaOf(value);
    } else {
      out[key] = value;
    }
  }
  return nullableOf(out);
}

export class OpenApiDocument {
  // `base`: what stands before the document's paths ("/v1.0"). `formats`: whether formats are judged. `closed`: names of
  // schemas (by RegExp) in which a property that the document does not know is a fault.
  constructor(file, { base = '', formats = true, closed = null } = {}) {
    this.name = file;
    this.base = base;
    this.closed = closed;
    this.document = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    this.ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: formats });
    if (formats) {
      addFormats(this.ajv);
      this.ajv.addFormat('base64url', true);
    }
    const schemas = Object.fromEntries(
      Object.entries(this.document.components.schemas).map(([name, schema]) => [name, schemaOf(schema)]),
    );
    this.ajv.addSchema({ $id: 'document', components: { schemas } });
    this.compiled = new Map();
  }

  get routes() {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((key) => isObject(item[key]) && item[key].responses)
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
  }

  // { operation, template, item } or null. `target` may carry a query; segments are compared as they are written.
  find(method, target) {
    const path = new URL(target, 'https://document.invalid').pathname;
    if (!path.startsWith(this.base)) return null;
    const segments = path
      .slice(this.base.length)
      .split('/')
      .flatMap((segment) => {
        // users('x') is OData's other way to write users/x.
        const quoted = /^(users|groups|directoryObjects)\((?:%27|')(.*)(?:%27|')\)$/.exec(segment);
        return (quoted ? [quoted[1], quoted[2]] : [segment]).map(decodeURIComponent);
      });
    let best = null;
    for (const [template, item] of Object.entries(this.document.paths)) {
      const operation = item[method.toLowerCase()];
      const parts = template.split('/');
      if (!operation || parts.length !== segments.length) continue;
      let literals = 0;
      const fits = parts.every((part, i) => {
        if (part === segments[i]) literals += 1;
        const pattern = part.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '.+');
        return part === segments[i] || (part.includes('{') && new RegExp(`^${pattern}$`).test(segments[i]));
      });
      if (fits && (!best || literals > best.literals)) best = { operation, item, template, literals };
    }
    return best;
  }

  #follow(value) {
    let at = value;
    while (at?.$ref)
      at = at.$ref
        .slice(2)
        .split('/')
        .reduce((node, key) => node[key.replaceAll('~1', '/')], this.document);
    return at;
  }

  #validator(schema) {
    const key = JSON.stringify(schema);
    if (!this.compiled.has(key)) {
      const converted = JSON.parse(
        JSON.stringify(schemaOf(schema)).replaceAll('"#/components', '"document#/components'),
      );
      this.compiled.set(key, this.ajv.compile(converted));
    }
    return this.compiled.get(key);
  }

  #faults(schema, value) {
    const validate = this.#validator(schema);
    return validate(value)
      ? []
      : validate.errors.map((error) => `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`);
  }

  // Every property of a value that its schema does not know; the schema is a name in components.
  #strangers(name, value, at) {
    const known = this.#properties(name);
    return Object.keys(value)
      .filter((key) => !known.has(key) && !key.startsWith('@odata.') && !/@odata\.[a-z]+$/.test(key))
      .map((key) => `${at}/${key} is no property of ${name}`);
  }

  #properties(name) {
    const known = new Set();
    const collect = (schema) => {
      const followed = this.#follow(schema) ?? {};
      for (const key of Object.keys(followed.properties ?? {})) known.add(key);
      for (const inner of followed.allOf ?? []) collect(inner);
    };
    collect({ $ref: `#/components/schemas/${name}` });
    return known;
  }

  // What a schema's name promises, for the value and for the items of a listing: a typed object ("@odata.type") must be
  // valid as that type, and nothing may have a property that its type does not know.
  #entityFaults(schema, value, at = '') {
    if (!this.closed || !isObject(value)) return [];
    const typed = typeof value['@odata.type'] === 'string' ? value['@odata.type'].slice(1) : null;
    const named = schema?.$ref?.split('/').at(-1);
    const name = typed && this.document.components.schemas[typed] ? typed : named;
    if (typed && !this.document.components.schemas[typed]) return [`${at} has the unknown type ${typed}`];
    if (!name || !this.closed.test(name)) return [];
    const faults = this.#strangers(name, value, at);
    if (typed) faults.push(...this.#faults({ $ref: `#/components/schemas/${typed}` }, value));
    if (Array.isArray(value.value)) {
      const items = this.#follow(schema)?.properties?.value?.items;
      value.value.forEach((item, i) => faults.push(...this.#entityFaults(items, item, `${at}/value/${i}`)));
    }
    return faults;
  }

  #jsonSchema(content) {
    const type = Object.keys(content ?? {}).find((name) => name.startsWith('application/json'));
    return type ? content[type].schema : undefined;
  }

  // What is wrong with an answer: a list of sentences, empty if nothing.
  answerFaults(method, target, status, body) {
    const route = this.find(method, target);
    if (!route) return [`${method} ${target} is not in ${this.name}`];
    const { responses } = route.operation;
    const wanted = route.operation['x-documented-success-status'];
    const written = status < 300 ? (responses[status] ?? responses['2XX']) : (responses[status] ?? responses.default);
    if (!written)
      return [`${status} is not among the documented answers ${Object.keys(responses)} of ${method} ${route.template}`];
    if (status < 300 && wanted && ![wanted].flat().map(Number).includes(status))
      return [`${status}, where ${wanted} is documented for ${method} ${route.template}`];
    const response = this.#follow(written);
    const empty = body === undefined || body === null || body === '';
    const described = this.#jsonSchema(response.content);
    if (status === 204 || (status < 300 && !response.content))
      return empty ? [] : [`a body, where none is documented: ${JSON.stringify(body)}`];
    if (empty) return status >= 400 && !described ? [] : ['no body, where one is documented'];
    const schema =
      described ??
      (this.document.components.schemas.ErrorCollection && { $ref: '#/components/schemas/ErrorCollection' });
    if (!schema)
      return typeof body === 'string' ? [] : [`JSON, where ${Object.keys(response.content ?? {})} is documented`];
    return [...this.#faults(schema, body), ...this.#entityFaults(schema, body)];
  }

  // What is wrong with a request: the route, each query parameter, and the body (undefined: not known).
  requestFaults(method, target, body) {
    const route = this.find(method, target);
    if (!route) return [`${method} ${target} is not in ${this.name}`];
    const parameters = [...(route.item.parameters ?? []), ...(route.operation.parameters ?? [])].map((one) =>
      this.#follow(one),
    );
    const known = new Set(parameters.filter((one) => one.in === 'query').map((one) => one.name));
    const query = new URL(target, 'https://document.invalid').searchParams;
    // A link to the next page is opaque: its token is the service's own.
    const faults = [...query.keys()]
      .filter((name) => !known.has(name) && name !== '$skiptoken')
      .map((name) => `${name} is no query parameter of ${method} ${route.template}`);
    for (const one of parameters)
      if (one.in === 'query' && one.required && !query.has(one.name))
        faults.push(`${one.name} is required by ${method} ${route.template}`);
    const wanted = this.#follow(route.operation.requestBody);
    const schema = this.#jsonSchema(wanted?.content);
    if (body === undefined) return faults;
    if (body === null) return wanted?.required ? [...faults, `${method} ${route.template} needs a body`] : faults;
    if (!schema) return [...faults, `${method} ${route.template} takes no JSON body`];
    return [...faults, ...this.#faults(schema, body), ...this.#entityFaults(schema, body)];
  }
}

export const graphDocument = () =>
  new OpenApiDocument('graph-openapi-subset.json', { base: '/v1.0', closed: /^microsoft\.graph\.(?!ODataErrors)/ });
export const jiraDocument = () => new OpenApiDocument('jira-openapi-subset.json', { formats: false });
export const jsmDocument = () => new OpenApiDocument('jsm-openapi-subset.json', { formats: false });
