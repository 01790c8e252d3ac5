/** A key that is bound to a certificate, over TLS, at a gateway that takes a change only from whoever proves who it is. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { type Database, openDatabase } from '@house/kernel/database';
import { createTelemetry } from '@house/kernel/telemetry';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { migrateGateway } from '../gateway.ts';
import { composeSupergraph, createClock, type House, parseSubgraph, startHouse } from '../test/house.ts';
import { pepperOf } from './api-key-peppers.ts';
import { type ApiKeys, createApiKeys } from './api-keys.ts';
import { TERMS } from './test/api-key-house.ts';
import { createCertificate } from './test/certificate.ts';

const [own, client, other] = [createCertificate('house'), createCertificate('client'), createCertificate('other')];
/** No mutation that is published asks for so little; this one does, so that only the proof is in question. */
const SDL = composeSupergraph({
  owners: parseSubgraph(`
    type Query { state: String @requiresScopes(scopes: [["premises:read"]]) }
    type Mutation { change: String @requiresScopes(scopes: [["premises:read"]]) }
  `),
});
const STATE = '{ state }';
const CHANGE = 'mutation { change }';
const LOCAL = { ...TERMS, networks: ['127.0.0.0/8'] };

let database: Database;
let house: House;
let keys: ApiKeys;
let changed: number;
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrateGateway(database);
  const { clock } = createClock();
  const pepper = pepperOf(randomBytes(32));
  const apiKeys = { peppers: () => [pepper] as const, environment: 'dev' as const };
  const { log } = createTelemetry({ service: 'test', level: 'silent' });
  keys = createApiKeys({ apiKeys, database, clock, random: randomBytes, log });
  const answering = {
    name: 'owners',
    execute: async ({ query }: { query: string }) => {
      if (query.startsWith('mutation')) changed += 1;
      return { data: query.startsWith('mutation') ? { change: 'done' } : { state: 'so' } };
    },
  };
  house = await startHouse({
    database,
    clock,
    apiKeys,
    supergraph: { sdl: SDL },
    subgraphs: { owners: answering },
    limits: {},
    dpop: { mode: 'required', publicUrls: ['https://house.example/graphql'] },
    tls: { credentials: () => ({ cert: own.cert, key: own.key }) },
  });
});
afterAll(async () => {
  await house.close();
  await database.close();
});
beforeEach(async () => {
  changed = 0;
  await database.run('TRUNCATE gateway.api_keys');
});

type Certificate = Pick<typeof client, 'cert' | 'key'>;
const ask = async (key: string, query: string, certificate?: Certificate, more = {}): Promise<number> => {
  const { port } = new URL(house.url);
  const agent = new Agent({ ca: own.cert, checkServerIdentity: () => undefined, ...certificate });
  const asked = request({
    host: '127.0.0.1',
    port,
    path: '/graphql',
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/json', 'x-api-key': key, ...more },
  });
  asked.end(JSON.stringify({ query }));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  agent.destroy();
  return answer.statusCode ?? 0;
};

test('it is good on a connection with that certificate only, whatever a header says', async () => {
  const { key } = await keys.issue({ ...LOCAL, certificate: client.thumbprint }, 'operator');
  const header = { 'client-cert': `:${Buffer.from(client.cert).toString('base64')}:` };
  expect([
    await ask(key, STATE, client),
    await ask(key, STATE, other),
    await ask(key, STATE),
    await ask(key, STATE, undefined, header),
  ]).toEqual([200, 401, 401, 401]);
});

test('a change needs the certificate: a key alone reads and changes nothing', async () => {
  const bound = await keys.issue({ ...LOCAL, certificate: client.thumbprint }, 'operator');
  expect([await ask(bound.key, CHANGE, client), changed]).toEqual([200, 1]);
  const { key } = await keys.issue({ ...LOCAL, client: 'bare' }, 'operator');
  expect([await ask(key, STATE), await ask(key, CHANGE), await ask(key, CHANGE, client), changed]).toEqual([
    200, 401, 401, 1,
  ]);
});

test('a rotated key is bound to the same certificate', async () => {
  const { record } = await keys.issue({ ...LOCAL, certificate: client.thumbprint }, 'operator');
  const { key } = await keys.rotate(record.id, { overlapHours: 1 }, 'operator');
  expect([await ask(key, STATE, client), await ask(key, STATE)]).toEqual([200, 401]);
});
