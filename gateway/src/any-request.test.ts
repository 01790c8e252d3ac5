/** One request, whatever is in it, never ends the process, never is a fault of ours, and never tells what is inside. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import { readRequirements } from './authorize/authorize.ts';
import { anyDocument } from './test/any-document.ts';
import { composeSupergraph, type House, startHouse } from './test/house.ts';
import { type Chance, createChance } from './test/seeded.ts';

const REQUESTS = 600;
/** Half a minute is too short on a machine that does much besides. */
const LIMIT_MS = 120_000;

const NAMES =
  'me premises pets archive closed operation openAccessPoint addVehicle __typename __schema __type _entities _service __proto__ constructor hasOwnProperty toString id secret friend label vehicles name Person Cat Pet F A'.split(
    ' ',
  );
const VALUES = [
  '1',
  '-0',
  '1e400',
  'null',
  'true',
  '"p1"',
  '"\\ud800"',
  '"""block"""',
  '$x',
  '$__proto__',
  'RED',
  '[[]]',
  '{a:1}',
];
const HEADS = [
  '',
  'query',
  'query A',
  'query A($x: ID = "p1")',
  'query($x: Boolean = false $__proto__: ID)',
  'mutation',
  'mutation A($x: ID!)',
  'subscription',
];
const HEADERS =
  'accept x-principal x-trace-id x-request-id x-request-deadline access-reason content-type content-encoding apollo-require-preflight origin cookie dpop x-forwarded-for apollo-query-plan-experimental apollo-federation-include-trace transfer-encoding'.split(
    ' ',
  );
const HEADER_VALUES = [
  '*/*',
  'application/json',
  'application/json; charset=utf-16',
  'application/json;charset="utf-8"',
  'text/html',
  'multipart/mixed;deferSpec=20220824',
  'gzip',
  '__proto__',
  '%',
  '%00',
  '%E0%A4%A',
  ';;,,==',
  'chunked',
  'ftv1',
];
const TARGETS = [
  '/graphql',
  '/graphql',
  '/graphql',
  '/graphql',
  '/graphql?query=%7Bme%7Bid%7D%7D',
  '/graphql?query={me{id}}&variables={',
  '/graphql?variables=[]&variables=1',
  '//',
  '/%',
  '*',
  '/explorer/start.js',
  'http://x/graphql',
  '/graphql/../graphql',
];

const many = (chance: Chance, most: number, make: () => string): string =>
  Array.from({ length: 1 + chance.below(most) }, make).join(' ');

const anySelections = (chance: Chance, depth: number): string =>
  `{ ${many(chance, 4, () => {
    const alias = chance.happens(0.3) ? `${chance.pick(NAMES)}: ` : '';
    const args = chance.happens(0.3)
      ? `(${chance.pick(['id', 'plate', 'q', 'deadlineMs', '__proto__'])}: ${chance.pick(VALUES)})`
      : '';
    const directive = chance.happens(0.2)
      ? ` @${chance.pick(['skip', 'include', 'defer', '__proto__'])}(if: ${chance.pick(VALUES)})`
      : '';
    const inner = depth > 0 && chance.happens(0.5) ? ` ${anySelections(chance, depth - 1)}` : '';
    if (chance.happens(0.2))
      return `... ${inner ? `on ${chance.pick(NAMES)}` : chance.pick(NAMES)}${directive}${inner}`;
    return `${alias}${chance.pick(NAMES)}${args}${directive}${inner}`;
  })} }`;

const anyText = (chance: Chance): string =>
  chance.happens(0.85)
    ? many(chance, 2, () => `${chance.pick(HEADS)} ${anySelections(chance, 4)}`) +
      (chance.happens(0.4)
        ? ` fragment ${chance.pick(NAMES)} on ${chance.pick(NAMES)} ${anySelections(chance, 3)}`
        : '')
    : many(chance, 30, () =>
        chance.pick(['{', '}', '(', ')', '@', '...', '"', '"""', '\\', '\u0000', '😀', '$', '!', '#', ...NAMES]),
      );

const anyJson = (chance: Chance, depth = 3): unknown => {
  if (depth === 0 || chance.happens(0.5)) return chance.pick([null, true, 0, -1e300, '', 'p1', '\ud800', '__proto__']);
  if (chance.happens(0.3)) return Array.from({ length: chance.below(4) }, () => anyJson(chance, depth - 1));
  return Object.fromEntries(
    Array.from({ length: chance.below(4) }, () => [chance.pick(['x', ...NAMES]), anyJson(chance, depth - 1)]),
  );
};

/** Without the field that fails on purpose. */
const { sdl } = readRequirements(composeSupergraph());
const schema = buildSchema(sdl.replace(/^ +broken: .*$/m, ''), { assumeValidSDL: true });

const anyBody = (chance: Chance): string => {
  // Something has to come as far as the subgraphs.
  if (chance.happens(0.3)) return JSON.stringify(anyDocument(schema, chance));
  if (chance.happens(0.1)) return JSON.stringify(anyJson(chance));
  if (chance.happens(0.05)) return anyText(chance);
  const maybe = (name: string, make: () => unknown) => (chance.happens(0.4) ? [[name, make()]] : []);
  const persisted = { persistedQuery: chance.pick([{ version: 1, sha256Hash: 'ab' }, anyJson(chance)]) };
  return JSON.stringify(
    Object.fromEntries([
      ['query', chance.happens(0.95) ? anyText(chance) : anyJson(chance)],
      ...maybe('variables', () => anyJson(chance)),
      ...maybe('operationName', () => chance.pick(['A', '', '__proto__', null, 7])),
      ...maybe('extensions', () => chance.pick([persisted, anyJson(chance)])),
    ]),
  );
};

const anyRequest = (chance: Chance, token: string): Buffer => {
  const body = anyBody(chance);
  const headers = new Map([
    ['host', 'x'],
    ['content-type', 'application/json'],
    ['content-length', String(Buffer.byteLength(body))],
    ['connection', 'close'],
  ]);
  if (chance.happens(0.95)) headers.set('authorization', chance.happens(0.95) ? `Bearer ${token}` : 'Bearer x.y.z');
  if (chance.happens(0.3)) headers.set(chance.pick(HEADERS), chance.pick(HEADER_VALUES));
  const method = chance.happens(0.8) ? 'POST' : chance.pick(['GET', 'PUT', 'HEAD', 'OPTIONS', 'QUERY']);
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(`${method} ${chance.pick(TARGETS)} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
};

let house: House;
beforeAll(async () => {
  house = await startHouse({ introspection: false, limits: {} });
  // Opened now, so that no request waits for it and is told that it took too long.
  await house.database.query('SELECT 1');
});
afterAll(() => house.close());

const send = async (request: Buffer): Promise<string> => {
  const socket = connect(Number(new URL(house.url).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => undefined);
  socket.write(request);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
};

const INSIDE = /SELECT|\.ts\b|\.js\b|node_modules|(?<!Syntax )Error:|Cannot read|undefined|\bowners\b|smart-home/;

test(
  `${REQUESTS} requests of any kind are answered with a code, and none is a fault of ours`,
  async () => {
    const chance = createChance(7);
    const statuses = new Map<string, number>();
    for (let n = 0; n < REQUESTS; n += 1) {
      const request = anyRequest(chance, house.issuer.token());
      const answer = await send(request);
      const status = answer.slice(9, 12);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      const text = answer.slice(answer.indexOf('\r\n\r\n') + 4);
      // Node itself answers what is not HTTP, and without a body.
      const { errors = [] } = (text === '' ? {} : JSON.parse(text)) as {
        errors?: { message: string; extensions: { code: string } }[];
      };
      const codes = errors.map(({ extensions }) => extensions.code);
      const told = errors.map(({ message }) => message).join(' ');
      expect({ request: String(request), status, codes, told }).toEqual({
        request: String(request),
        status: expect.stringMatching(/^(?:200|4\d\d)$/),
        codes: codes.map(() => expect.stringMatching(/^(?!INTERNAL)[A-Z_]+$/)),
        told: expect.not.stringMatching(INSIDE),
      });
    }
    // @apollo/gateway makes null of an object of which nothing is left after @skip and @include.
    const known = /gateway-listening|answer-breaks-the-schema/;
    expect(house.lines.filter((line) => !known.test(line))).toEqual([]);
    for (const status of ['200', '400', '401', '403', '404', '405', '406', '415'])
      expect([status, statuses.get(status)]).toEqual([status, expect.any(Number)]);
    expect(await house.ask('{ me { id } }')).toMatchObject({ status: 200 });
  },
  LIMIT_MS,
);
