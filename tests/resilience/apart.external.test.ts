/** The same code as five processes on one PostgreSQL, each started by its own `main.ts` as an operator would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { obtainToken } from '@house/authorization-server/obtain-token';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { documentText } from '../support/documents.ts';
import { eventually } from '../support/house.ts';
import { createPlatformControl, type PlatformControl } from '../support/platform-control.ts';
import { type HouseServices, openServices } from '../support/services.ts';

const ROOT = join(import.meta.dirname, '../..');
const PARTS = [
  'platform',
  'control',
  'issuer',
  'owners',
  'ownersHealth',
  'smartHome',
  'smartHomeHealth',
  'gateway',
  'admin',
] as const;
type Ports = Record<(typeof PARTS)[number], string>;

const freePort = async (): Promise<string> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return String(typeof address === 'object' ? address?.port : '');
};

let directory: string;
let services: HouseServices;
let ports: Ports;
let platform: PlatformControl;
const processes: ChildProcess[] = [];

const run = (main: string, environment: Record<string, string>): void => {
  const child = spawn(process.execPath, [join(ROOT, main)], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env['PATH'], NODE_ENV: 'development', LOG_LEVEL: 'error', ...environment },
  });
  processes.push(child);
};

const up = (url: string): Promise<boolean> =>
  eventually(
    () =>
      fetch(url).then(
        ({ ok }) => ok,
        () => false,
      ),
    (ok) => ok,
  );

const file = async (name: string, content: string): Promise<string> => {
  const path = join(directory, name);
  await writeFile(path, content, { mode: 0o600 });
  return path;
};

const keyPair = async (name: string): Promise<{ key: string; publicKey: string }> => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    key: await file(`${name}.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    publicKey: await file(`${name}.pub.pem`, publicKey.export({ type: 'spki', format: 'pem' }).toString()),
  };
};

const at = (port: string, path = ''): string => `http://127.0.0.1:${port}${path}`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'house-'));
  services = await openServices();
  ports = Object.fromEntries(await Promise.all(PARTS.map(async (part) => [part, await freePort()]))) as Ports;
  const { DATABASE_URL = '', REDIS_URL = '' } = services.variables;
  const [gateway, smartHome] = [await keyPair('gateway'), await keyPair('smart-home')];
  const VAULT_KEY = randomBytes(32).toString('base64');
  const issuer = at(ports.issuer);

  run('simulators/platform/src/main.ts', {
    DATA_DIR: directory,
    PLATFORM_PORT: ports.platform,
    SIM_PORT: ports.control,
  });
  run('simulators/authorization-server/src/main.ts', { DATA_DIR: directory, AUTH_PORT: ports.issuer });
  await Promise.all([up(at(ports.control, '/_sim/ledger')), up(`${issuer}/.well-known/openid-configuration`)]);
  const clients = JSON.parse(await readFile(join(directory, 'platform/clients.json'), 'utf8'));
  const clientKey = createPrivateKey({ key: clients.v2.privateJwk, format: 'jwk' });

  run('subgraphs/owners/src/main.ts', {
    DATABASE_URL,
    VAULT_KEY,
    PORT: ports.owners,
    HEALTH_PORT: ports.ownersHealth,
    GATEWAY_PUBLIC_KEY: gateway.publicKey,
    SMART_HOME_PUBLIC_KEY: smartHome.publicKey,
  });
  run('subgraphs/smart-home/src/main.ts', {
    DATABASE_URL,
    REDIS_URL,
    VAULT_KEY,
    PORT: ports.smartHome,
    HEALTH_PORT: ports.smartHomeHealth,
    OWNERS_URL: at(ports.owners, '/graphql'),
    GATEWAY_PUBLIC_KEY: gateway.publicKey,
    SMART_HOME_PRIVATE_KEY: smartHome.key,
    PLATFORM_URL: `https://127.0.0.1:${ports.platform}`,
    PLATFORM_CA: join(directory, 'platform/ca.pem'),
    PLATFORM_CLIENT_ID: clients.v2.clientId,
    PLATFORM_CLIENT_KEY: await file(
      'platform-client.pem',
      clientKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ),
    PLATFORM_V1_SECRET: clients.v1.secret,
    PLATFORM_V1_API_KEY: clients.v1.apiKey,
  });
  run('gateway/src/main.ts', {
    GATEWAY_PORT: ports.gateway,
    ADMIN_PORT: ports.admin,
    OWNERS_URL: at(ports.owners, '/graphql'),
    SMART_HOME_URL: at(ports.smartHome, '/graphql'),
    GATEWAY_PRIVATE_KEY: gateway.key,
    AUTH_ISSUER: issuer,
    REDIS_URL,
  });
  await Promise.all([ports.ownersHealth, ports.smartHomeHealth, ports.admin].map((port) => up(at(port, '/readyz'))));
  platform = createPlatformControl(at(ports.control, '/_sim'));
}, 60_000);
afterAll(async () => {
  for (const child of processes.toReversed()) {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  expect(processes.map(({ exitCode }) => exitCode)).toEqual(processes.map(() => 0));
  await services.release();
  await rm(directory, { recursive: true, force: true });
});

type Screen = { myPremises: { id: string; accessPoints: { id: string; kind: string }[] }[] };

test('five processes that speak HTTP with a signed principal open a door, once', async () => {
  const { access_token } = await obtainToken({ issuer: at(ports.issuer), user: 'owner-a12' });
  const ask = async <T>(document: string, variables: object = {}): Promise<T> => {
    const response = await fetch(at(ports.gateway, '/graphql'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${access_token}` },
      body: JSON.stringify({ query: documentText(document), variables }),
    });
    const { data, errors } = (await response.json()) as { data: T; errors?: unknown };
    expect(errors).toBeUndefined();
    return data;
  };
  const [home] = (await ask<Screen>('home-screen')).myPremises;
  const input = {
    premisesId: home?.id,
    accessPointId: home?.accessPoints[0]?.id,
    idempotencyKey: 'one-tap-of-a-person',
  };
  const { openAccessPoint } = await ask<{ openAccessPoint: { operation: { id: string } } }>('open-access-point', {
    input,
  });
  const { operation } = await eventually(
    () => ask<{ operation: { state: string } }>('operation-status', { id: openAccessPoint.operation.id }),
    ({ operation: { state } }) => state === 'SUCCEEDED',
  );
  expect(operation).toMatchObject({ state: 'SUCCEEDED', platformVersion: 'v2' });
  expect(await platform.counts()).toEqual({ 'open:ap_Hn4xW1': 1 });
  expect(await platform.violations()).toEqual([]);
});

test('a subgraph answers nobody who does not come through the gateway, with a token or without', async () => {
  const { access_token } = await obtainToken({ issuer: at(ports.issuer), user: 'owner-a12' });
  for (const port of [ports.owners, ports.smartHome])
    for (const headers of [{}, { authorization: `Bearer ${access_token}` }, { 'x-principal': access_token }]) {
      const response = await fetch(at(port, '/graphql'), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query: '{ __typename }' }),
      });
      expect(response.status).toBe(401);
      expect(await response.json()).not.toHaveProperty('data');
    }
});
