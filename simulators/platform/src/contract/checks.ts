/**
 * Requests and answers held to the OpenAPI documents. Each check is compiled at its first use and then kept, because
 * the simulator runs in the product's own process during development.
 *
 * A finding names the place and the rule, never the value that was sent.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { ApiVersion } from '../ledger.ts';
import { type JsonObject, type Node, openApi } from './documents.ts';
import type { Route } from './routes.ts';

export type Finding = { at: string; rule: string; keyword: string };

export type RequestParts = {
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  headers: Readonly<Record<string, string>>;
  mediaType: string | undefined;
  body: unknown;
};
/** Parameters with the types of the contract; what is sent in a header is left as it was. */
export type TypedParts = {
  params: Readonly<Record<string, unknown>>;
  query: Readonly<Record<string, unknown>>;
  findings: readonly Finding[];
};
export type AnswerParts = {
  status: number;
  headers: Readonly<Record<string, string>>;
  mediaType: string | undefined;
  body: unknown;
};

type Compiled = {
  parameters: ValidateFunction;
  lists: ReadonlySet<string>;
  body: ReadonlyMap<string, ValidateFunction>;
  bodyRequired: boolean;
  answers: Map<number, { body: ReadonlyMap<string, ValidateFunction>; headers: ValidateFunction } | undefined>;
};

/** `strict` off: a whole OpenAPI document is added as one schema, and most of its words are not JSON Schema's. */
const createAjv = (coerceTypes: boolean): Ajv2020 => {
  const ajv = new Ajv2020({ strict: false, allErrors: false, validateSchema: false, coerceTypes, logger: false });
  (formats as unknown as (ajv: Ajv2020) => void)(ajv);
  for (const version of ['v1', 'v2'] as const) ajv.addSchema(openApi(version).document as JsonObject, version);
  return ajv;
};
let kept: { exact: Ajv2020; coercing: Ajv2020 } | undefined;
const ajvs = () => {
  kept ??= { exact: createAjv(false), coercing: createAjv(true) };
  return kept;
};

const referenceIn = (version: ApiVersion, pointer: string): string =>
  `${version}#${pointer.split('/').map(encodeURIComponent).join('/')}`;
const reference = (route: Route, pointer: string): string => referenceIn(route.openApi.version, pointer);

/** The schema at a pointer of a document. */
export const compileSchema = (version: ApiVersion, pointer: string): ValidateFunction =>
  ajvs().exact.compile({ $ref: referenceIn(version, pointer) });

export const findingsOf = (errors: readonly ErrorObject[] | null | undefined, prefix: string): Finding[] =>
  (errors ?? []).map(({ instancePath, message, keyword, params }) => ({
    at: `${prefix}${instancePath}${params.missingProperty ? `/${params.missingProperty}` : ''}`,
    rule: `${message ?? 'is not valid'}${params.additionalProperty ? `: ${params.additionalProperty}` : ''}`,
    keyword,
  }));

const contentOf = (route: Route, node: Node | undefined): ReadonlyMap<string, ValidateFunction> => {
  const content = node && route.openApi.member(node, 'content');
  const types = Object.keys(content?.value ?? {});
  return new Map(
    types.map((type) => {
      const pointer = content && route.openApi.member(content, type, 'schema')?.pointer;
      return [type, ajvs().exact.compile(pointer === undefined ? {} : { $ref: reference(route, pointer) })];
    }),
  );
};

const compileParameters = (route: Route): Pick<Compiled, 'parameters' | 'lists'> => {
  const lists = new Set<string>();
  const groups: Record<'path' | 'query' | 'header', { properties: Record<string, unknown>; required: string[] }> = {
    path: { properties: {}, required: [] },
    query: { properties: {}, required: [] },
    header: { properties: {}, required: [] },
  };
  for (const parameter of route.parameters) {
    const place = parameter.value.in;
    if (place !== 'path' && place !== 'query' && place !== 'header') continue;
    const written = String(parameter.value.name);
    const name = place === 'header' ? written.toLowerCase() : written;
    const schema = route.openApi.member(parameter, 'schema');
    if (schema?.value.type === 'array') lists.add(name);
    groups[place].properties[name] = schema ? { $ref: reference(route, schema.pointer) } : {};
    if (parameter.value.required === true) groups[place].required.push(name);
  }
  const object = (group: (typeof groups)['path'], closed: boolean) => ({
    type: 'object',
    ...group,
    ...(closed ? { additionalProperties: false } : {}),
  });
  const parameters = ajvs().coercing.compile({
    type: 'object',
    properties: {
      header: object(groups.header, false),
      path: object(groups.path, true),
      query: object(groups.query, true),
    },
  });
  return { parameters, lists };
};

const compileHeaders = (route: Route, answer: Node): ValidateFunction => {
  const headers = route.openApi.member(answer, 'headers');
  const properties: Record<string, unknown> = {};
  const required: string[] = [];
  for (const name of Object.keys(headers?.value ?? {})) {
    const header = headers && route.openApi.member(headers, name);
    const schema = header && route.openApi.member(header, 'schema');
    if (schema) properties[name.toLowerCase()] = { $ref: reference(route, schema.pointer) };
    if (header?.value.required === true) required.push(name.toLowerCase());
  }
  return ajvs().coercing.compile({ type: 'object', properties, required });
};

const compileAnswer = (route: Route, status: number) => {
  const answer = route.openApi.member(route.operation, 'responses', String(status));
  return answer && { body: contentOf(route, answer), headers: compileHeaders(route, answer) };
};

const compiled = new WeakMap<Route, Compiled>();
const checksOf = (route: Route): Compiled => {
  const known = compiled.get(route);
  if (known) return known;
  const requestBody = route.openApi.member(route.operation, 'requestBody');
  const fresh: Compiled = {
    ...compileParameters(route),
    body: contentOf(route, requestBody),
    bodyRequired: requestBody?.value.required === true,
    answers: new Map(),
  };
  compiled.set(route, fresh);
  return fresh;
};

const bodyFindings = (checks: Compiled, { mediaType, body }: RequestParts): Finding[] => {
  if (body === undefined)
    return checks.bodyRequired ? [{ at: 'body', rule: 'must be present', keyword: 'required' }] : [];
  const validate = checks.body.get(mediaType ?? '');
  if (!validate) {
    const wanted = [...checks.body.keys()].join(' or ');
    const rule = wanted === '' ? 'must NOT be present' : `must have the Content-Type ${wanted}`;
    return [{ at: 'body', rule, keyword: 'contentType' }];
  }
  return validate(body) ? [] : findingsOf(validate.errors, 'body');
};

/**
 * Parameters come before the body, so that a missing key is named before a bad member. With `bodyToo` false the body is
 * taken as it is.
 */
export const checkRequest = (route: Route, parts: RequestParts, bodyToo = true): TypedParts => {
  const checks = checksOf(route);
  const query: Record<string, unknown> = {};
  for (const [name, text] of parts.query) query[name] = checks.lists.has(name) ? text.split(',') : text;
  const typed = { header: { ...parts.headers }, path: { ...parts.params } as Record<string, unknown>, query };
  const rest = () => (bodyToo ? bodyFindings(checks, parts) : []);
  const findings = checks.parameters(typed) ? rest() : findingsOf(checks.parameters.errors, '');
  return { params: typed.path, query, findings };
};

export const checkAnswer = (route: Route, { status, headers, mediaType, body }: AnswerParts): readonly Finding[] => {
  const { answers } = checksOf(route);
  if (!answers.has(status)) answers.set(status, compileAnswer(route, status));
  const checks = answers.get(status);
  if (!checks) return [{ at: 'status', rule: `must be one that the contract lists, not ${status}`, keyword: 'status' }];
  const inHeaders = checks.headers({ ...headers }) ? [] : findingsOf(checks.headers.errors, 'headers');
  if (checks.body.size === 0)
    return body === undefined ? inHeaders : [...inHeaders, { at: 'body', rule: 'must be absent', keyword: 'body' }];
  const validate = checks.body.get(mediaType ?? '');
  if (!validate)
    return [...inHeaders, { at: 'body', rule: `must have a listed type, not ${mediaType}`, keyword: 'contentType' }];
  return validate(body) ? inHeaders : [...inHeaders, ...findingsOf(validate.errors, 'body')];
};
