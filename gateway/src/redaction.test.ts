/** In production no answer tells what is inside, and no log what a person typed, whatever goes wrong. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { DocumentMode } from './limit/limit.ts';
import { BAD_REQUESTS, type BadRequest, CANARY } from './test/bad-requests.ts';
import { type House, startHouse } from './test/house.ts';
import { createRegistry } from './test/publications.ts';

const registry = createRegistry();
registry.publish('0001-app', ['{ me { id } }\n']);
afterAll(() => registry.remove());

/** Texts of libraries, places in our code, names of services and addresses; what a resident reads has none of them. */
const INSIDE =
  /\bSELECT\b|\.ts\b|\.js\b|node_modules|node:|\bat .+:\d+|stack|exception|(?<!Syntax )Error\b|Cannot read|undefined|\[object|\bowners\b|smart-home|127\.0\.0\.1|ENOENT|Did you mean|apollo|graphql-js|jsonwebtoken/;

const ANSWER_KEYS = new Set(['data', 'errors']);
const ERROR_KEYS = new Set(['message', 'path', 'locations', 'extensions']);
const EXTENSION_KEYS = new Set(['code', 'retryAfterSeconds']);
const othersThan = (known: ReadonlySet<string>, value: object): string[] =>
  Object.keys(value).filter((key) => !known.has(key));

type Told = { message: string; extensions: { code: string } };

describe.each(['off', 'required'] as const)('with trusted documents %s', (mode: DocumentMode) => {
  let house: House;
  beforeAll(async () => {
    house = await startHouse({ introspection: false, documents: { mode, directory: registry.directory } });
    // Opened now, so that no request waits for it and is told that it took too long.
    await house.database.query('SELECT 1');
  });
  afterAll(() => house.close());
  beforeEach(() => {
    house.lines.length = 0;
  });

  const send = ({ method = 'POST', path = '/graphql', headers, body }: BadRequest): Promise<Response> =>
    fetch(new URL(path, house.url), {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${house.issuer.token()}`, ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });

  test.each(BAD_REQUESTS.map((request) => [request.name, request] as const))('%s', async (_name, request) => {
    const response = await send(request);
    const text = await response.text();
    const answer = JSON.parse(text) as { errors: Told[] };
    expect(othersThan(ANSWER_KEYS, answer)).toEqual([]);
    expect(answer.errors.length).toBeGreaterThan(0);
    for (const error of answer.errors) {
      expect(othersThan(ERROR_KEYS, error)).toEqual([]);
      expect(othersThan(EXTENSION_KEYS, error.extensions)).toEqual([]);
      expect(error.extensions.code).toMatch(/^[A-Z_]+$/);
      expect(error.message).not.toMatch(INSIDE);
    }
    expect([...response.headers.values()].join(' ')).not.toMatch(/express|apollo|node/i);
    expect(house.lines.join('')).not.toContain(CANARY);
  });
});

test('there are at least seventy ways to go wrong', () => {
  expect(new Set(BAD_REQUESTS.map(({ name }) => name)).size).toBeGreaterThanOrEqual(70);
});
