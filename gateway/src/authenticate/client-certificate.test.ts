import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { Agent, createServer as createTlsServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createTelemetry } from '@house/kernel/telemetry';
import { openWhenAsked } from '@house/kernel/test/own-database';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { migrateGateway } from '../gateway.ts';
import { HttpRefusal } from '../refusal.ts';
import type { Exchange } from '../request-path.ts';
import { createClock } from '../test/house.ts';
import { AUDIENCE, createKey, signToken } from '../test/issuer.ts';
import { createAuthentication } from './authenticate.ts';
import { createCertificate } from './test/certificate.ts';

const ISSUER = 'https://issuer.example';
const { clock } = createClock();
const key = createKey('key-1');
const [own, service, other] = [createCertificate('house'), createCertificate('service'), createCertificate('other')];

const { identify } = createAuthentication({
  keys: { find: async () => key.publicKey, known: () => true, start: () => undefined, stop: () => undefined },
  issuer: ISSUER,
  audience: AUDIENCE,
  dpop: { mode: 'required', nonceKeys: () => [new Uint8Array(32)] },
  database: openWhenAsked(migrateGateway),
  clock,
  telemetry: createTelemetry({ service: 'test', level: 'silent' }),
});

type Identified = { status: number; challenge?: string | undefined; possession?: Exchange['possession'] };

const identified: Identified[] = [];
const handle = async (incoming: IncomingMessage): Promise<void> => {
  try {
    const { possession } = await identify({ incoming, traceId: 't', setHeader: () => undefined });
    identified.push({ status: 200, possession });
  } catch (error) {
    if (!(error instanceof HttpRefusal)) throw error;
    identified.push({ status: error.status, challenge: error.headers['www-authenticate'] });
  }
};

const tlsServer = createTlsServer(
  { cert: own.cert, key: own.key, requestCert: true, rejectUnauthorized: false },
  (incoming, outgoing) => void handle(incoming).then(() => outgoing.end()),
);
const plainServer = createServer((incoming, outgoing) => void handle(incoming).then(() => outgoing.end()));
beforeAll(async () => {
  for (const server of [tlsServer, plainServer]) await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  for (const server of [tlsServer, plainServer]) {
    server.close();
    server.closeAllConnections();
  }
});

const token = signToken(ISSUER, key, clock(), {
  claims: { roles: ['service'], cnf: { 'x5t#S256': service.thumbprint } },
});

/** @param agent keeps its connections and its sessions. */
const ask = async (agent: Agent): Promise<Identified | undefined> => {
  const { port } = tlsServer.address() as AddressInfo;
  const asked = request({ host: '127.0.0.1', port, agent, headers: { authorization: `Bearer ${token}` } });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return identified.at(-1);
};
const agentWith = (certificate?: { cert: string; key: string }): Agent =>
  new Agent({ ca: own.cert, checkServerIdentity: () => undefined, ...(certificate && { ...certificate }) });

test('a token that names a certificate is good on a connection with it, also on one that is resumed', async () => {
  const agent = agentWith(service);
  for (let n = 0; n < 3; n += 1) expect(await ask(agent)).toEqual({ status: 200, possession: { by: 'certificate' } });
});

const refused = { status: 401, challenge: 'Bearer error="invalid_token"' };

test("it is refused on a connection with another's certificate", async () =>
  expect(await ask(agentWith(other))).toEqual(refused));

test('it is refused on a connection without one', async () => expect(await ask(agentWith())).toEqual(refused));

test('it is refused without TLS, whatever a header says of a certificate', async () => {
  const { port } = plainServer.address() as AddressInfo;
  const headers = {
    authorization: `Bearer ${token}`,
    'client-cert': `:${Buffer.from(service.cert).toString('base64')}:`,
  };
  await fetch(`http://127.0.0.1:${port}`, { headers });
  expect(identified.at(-1)).toEqual(refused);
});
