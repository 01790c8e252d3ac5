/** The platform's contract as documents: whole, consistent, and as sparing with people's data as it promises. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parseDocument } from 'yaml';

type Node = Record<string, unknown>;
type Located = { at: string; node: Node };
type Operation = Located & { path: string; method: string };

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];
/** Words that would carry a person to the platform. */
const PERSONAL = /phone|mobile|email|firstName|lastName|fullName|birth|passport/i;
const SLUGS =
  `invalid-request idempotency-key-missing version-not-supported unauthorized signature-invalid insufficient-scope
  consent-required consent-withdrawn not-found access-point-busy idempotency-in-progress state-conflict gone precondition-failed
  payload-too-large idempotency-key-reused plate-invalid face-quality reading-below-previous access-point-locked-down
  precondition-required too-many-requests temporary-reduced-capacity device-offline upstream-timeout`.split(/\s+/);

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
const nodeOf = (value: unknown): Node => (isNode(value) ? value : {});
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const escape = (key: string): string => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));

const EXAMPLE = /^#\/components\/examples\/[^/]+$/;
/** Every object of the document with its JSON pointer; what an example holds is data and is not entered. */
const nodesOf = (value: unknown, at = '#'): Located[] => {
  if (Array.isArray(value)) return value.flatMap((item, index) => nodesOf(item, `${at}/${index}`));
  if (!isNode(value)) return [];
  const below = Object.entries(value).filter(([key]) => !(key === 'value' && EXAMPLE.test(at)));
  return [{ at, node: value }, ...below.flatMap(([key, item]) => nodesOf(item, `${at}/${escape(key)}`))];
};

const read = (name: string) => {
  const parsed = parseDocument(readFileSync(new URL(name, import.meta.url), 'utf8'), { uniqueKeys: true });
  const document = nodeOf(parsed.toJS());
  const find = (pointer: string): unknown =>
    pointer
      .slice(2)
      .split('/')
      .map((key) => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce<unknown>((node, key) => (Array.isArray(node) ? node[Number(key)] : nodeOf(node)[key]), document);
  const follow = (value: unknown): Node =>
    isNode(value) && typeof value.$ref === 'string' && Object.keys(value).length === 1
      ? follow(find(value.$ref))
      : nodeOf(value);
  const nodes = nodesOf(document);
  const operationsIn = (section: 'paths' | 'webhooks'): Operation[] =>
    Object.entries(nodeOf(document[section])).flatMap(([path, item]) =>
      METHODS.filter((method) => method in nodeOf(item)).map((method) => ({
        path,
        method,
        at: `${method.toUpperCase()} ${path}`,
        node: nodeOf(nodeOf(item)[method]),
      })),
    );
  const parametersOf = ({ path, node }: Operation): Node[] =>
    [...listOf(nodeOf(nodeOf(document.paths)[path]).parameters), ...listOf(node.parameters)].map(follow);
  /** Every schema that a request body of the operation may use, itself first. */
  const requestSchemas = ({ node }: Operation): Located[] => {
    const seen = new Set<string>();
    const enter = (value: unknown, at: string): Located[] =>
      nodesOf(value, at).flatMap((located) => {
        const { $ref } = located.node;
        if (typeof $ref !== 'string' || seen.has($ref)) return [located];
        seen.add($ref);
        return [located, ...enter(find($ref), $ref)];
      });
    return enter(nodeOf(node.requestBody).content, '#');
  };
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
  addFormats.default(ajv);
  // A reference into the document makes ajv compile its root too: these are the only words there that no schema may use.
  ajv.addVocabulary(Object.keys(document));
  ajv.addSchema(document, name);
  return { parsed, document, find, follow, nodes, operationsIn, parametersOf, requestSchemas, ajv };
};

const CONTRACTS = { 'v1.yaml': read('v1.yaml'), 'v2.yaml': read('v2.yaml') };

describe.each(Object.entries(CONTRACTS))('%s', (name, contract) => {
  const { parsed, document, find, follow, nodes, operationsIn, parametersOf, requestSchemas, ajv } = contract;
  const operations = [...operationsIn('paths'), ...operationsIn('webhooks')];
  const schemas = nodes.flatMap(({ at, node }) => [
    ...('schema' in node ? [`${at}/schema`] : []),
    ...(at === '#/components/schemas' ? Object.keys(node).map((key) => `${at}/${escape(key)}`) : []),
  ]);

  test('it is YAML without a doubt: no error, no warning, no key twice', () => {
    expect([...parsed.errors, ...parsed.warnings]).toEqual([]);
    expect(document.openapi).toMatch(/^3\.1\./);
  });

  test('every reference leads somewhere, and every component is referred to', () => {
    const references = nodes.flatMap(({ node }) => (typeof node.$ref === 'string' ? [node.$ref] : []));
    expect(references.filter((reference) => find(reference) === undefined)).toEqual([]);
    const used = new Set(references);
    const components = Object.entries(nodeOf(document.components))
      .filter(([section]) => section !== 'securitySchemes')
      .flatMap(([section, members]) => Object.keys(nodeOf(members)).map((key) => `#/components/${section}/${key}`));
    expect(components.filter((component) => !used.has(component))).toEqual([]);
  });

  test('every schema compiles in strict mode', () => {
    expect(schemas.length).toBeGreaterThan(50);
    for (const schema of schemas) expect(() => ajv.compile({ $ref: `${name}${schema}` })).not.toThrow();
  });

  test('every example is valid', () => {
    const failures = nodes.flatMap(({ at, node }) => {
      if (!('schema' in node) && !Array.isArray(node.examples)) return [];
      const [schema, examples] = Array.isArray(node.examples)
        ? [at, node.examples]
        : [`${at}/schema`, Object.values(nodeOf(node.examples)).map((example) => follow(example).value)];
      const validate = ajv.compile({ $ref: `${name}${schema}` });
      return examples.flatMap((example) => (validate(example) ? [] : [{ at, errors: validate.errors }]));
    });
    expect(failures).toEqual([]);
  });

  test('every operation has a name of its own, a tag that is declared, and its path parameters', () => {
    const ids = operations.map(({ node }) => node.operationId);
    expect(ids).toEqual([...new Set(ids)]);
    const tags = listOf(document.tags).map((tag) => nodeOf(tag).name);
    for (const operation of operations) {
      expect(operation.node.operationId).toEqual(expect.any(String));
      expect(tags).toEqual(expect.arrayContaining(listOf(operation.node.tags)));
      const declared = parametersOf(operation).filter((parameter) => parameter.in === 'path');
      expect(declared.map((parameter) => `{${String(parameter.name)}}`).sort()).toEqual(
        (operation.path.match(/\{\w+\}/g) ?? []).sort(),
      );
    }
  });

  test('a request body takes nothing that is not described', () => {
    for (const operation of operationsIn('paths'))
      for (const { at, node } of requestSchemas(operation))
        if (isNode(node.properties) && node.type === 'object')
          expect({ operation: operation.at, at, closed: node.additionalProperties }).toEqual({
            operation: operation.at,
            at,
            closed: false,
          });
  });

  test('no request carries a telephone number or a name of a person, unless the operation is marked as refused', () => {
    for (const operation of operationsIn('paths')) {
      const words = requestSchemas(operation).flatMap(({ node }) => Object.keys(nodeOf(node.properties)));
      const personal = [...words, ...parametersOf(operation).map((parameter) => String(parameter.name))].filter(
        (word) => PERSONAL.test(word),
      );
      if (nodeOf(operation.node['x-product']).use !== 'refused')
        expect({ operation: operation.at, personal }).toEqual({ operation: operation.at, personal: [] });
    }
  });
});

describe('what v2 promises', () => {
  const { document, find, follow, operationsIn, parametersOf } = CONTRACTS['v2.yaml'];
  const operations = operationsIn('paths');
  const headersOf = (operation: Operation): unknown[] =>
    parametersOf(operation).flatMap(({ in: where, name }) => (where === 'header' ? [name] : []));
  const by = (id: string): Operation =>
    operations.filter(({ node }) => node.operationId === id)[0] ?? { at: id, path: '', method: '', node: {} };

  test('a promise is made under an idempotency key, a sealed picture under its slot', () => {
    const without = operations.filter(
      (operation) =>
        JSON.stringify(nodeOf(operation.node.responses)['202'] ?? '').includes('Operation') &&
        !headersOf(operation).includes('Idempotency-Key'),
    );
    expect(without.map(({ node }) => node.operationId)).toEqual(['uploadFace']);
  });

  test.each(['openAccessPoint', 'runScenario', 'dismissCall', 'setEmergency'])('%s never happens late', (id) => {
    expect(headersOf(by(id))).toContain('Expires-At');
  });

  test('every problem has one type, one status and a schema', () => {
    expect(find('#/components/schemas/Problem/properties/type/enum')).toEqual(
      SLUGS.map((slug) => `https://errors.smart-home.example/${slug}`),
    );
    const named = Object.entries(nodeOf(find('#/components/schemas'))).filter(([key]) => /^Problem.+/.test(key));
    expect(named.map(([, schema]) => nodeOf(nodeOf(nodeOf(schema).properties).type).const)).toEqual(
      SLUGS.map((slug) => `https://errors.smart-home.example/${slug}`),
    );
  });

  test('every refusal is a problem, and one that says later says when', () => {
    for (const operation of operations)
      for (const [status, answer] of Object.entries(nodeOf(operation.node.responses)).filter(([code]) =>
        /^[45]/.test(code),
      )) {
        const { content, headers } = follow(answer);
        if (operation.node.operationId !== 'issueToken')
          expect(Object.keys(nodeOf(content))).toEqual(['application/problem+json']);
        if (status === '429' || status === '503')
          expect(Object.keys(nodeOf(headers))).toEqual(
            expect.arrayContaining(['Retry-After', 'RateLimit', 'RateLimit-Policy']),
          );
      }
  });

  test('every kind of event has its own delivery', () => {
    const delivered = listOf(nodeOf(find('#/components/schemas/Event')).oneOf).flatMap((member) => {
      const { const: one, enum: many } = nodeOf(nodeOf(nodeOf(find(String(nodeOf(member).$ref))).properties).type);
      return Array.isArray(many) ? many : [one];
    });
    expect(delivered).toEqual(find('#/components/schemas/EventType/enum'));
    expect(Object.keys(nodeOf(document.webhooks))).toHaveLength(
      listOf(nodeOf(find('#/components/schemas/Event')).oneOf).length + 1,
    );
  });
});
