import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createPrincipalSigner, signingKeyOf } from '@house/kernel/principal';
import { connectSubgraph } from '@house/kernel/subgraph';
import { createOwnDatabase } from '@house/kernel/test/own-database';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { principalOf } from '../test/start-owners.ts';

const server = await createOwnDatabase(process.env['TEST_DATABASE_URL']);
const folder = mkdtempSync(join(tmpdir(), 'owners-main-'));
const gateway = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const smartHome = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const writeKey = (name: string, key: KeyObject): string => {
  const path = join(folder, name);
  writeFileSync(path, key.export({ type: 'spki', format: 'pem' }));
  return path;
};
const freePort = async (): Promise<string> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('expected a TCP port');
  return String(address.port);
};

const run = (environment: Record<string, string>): ChildProcess =>
  spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  });

let child: ChildProcess;
let url: string;
let healthUrl: string;
const lines: string[] = [];

beforeAll(async () => {
  const healthPort = await freePort();
  healthUrl = `http://127.0.0.1:${healthPort}`;
  child = run({
    NODE_ENV: 'development',
    DATABASE_URL: server.url,
    PORT: await freePort(),
    HEALTH_PORT: healthPort,
    GATEWAY_PUBLIC_KEY: writeKey('gateway.pem', gateway.publicKey),
    SMART_HOME_PUBLIC_KEY: writeKey('smart-home.pem', smartHome.publicKey),
    VAULT_KEY: randomBytes(32).toString('base64'),
  });
  if (!child.stderr) throw new Error('expected a log');
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    const { msg, address } = JSON.parse(line) as { msg: string; address: string };
    if (msg !== 'listening') continue;
    url = address;
    return;
  }
  throw new Error(`The process ended before it listened:\n${lines.join('\n')}`);
});
afterAll(async () => {
  child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
  await server.drop();
});

const ask = async (issuer: string, key: KeyObject) => {
  const client = connectSubgraph({
    name: 'owners',
    url,
    sign: createPrincipalSigner({
      key: () => signingKeyOf(key),
      issuer,
      clock: () => new Date(),
      random: randomBytes,
    }),
  });
  try {
    const request = { query: '{ me { id } }', principal: principalOf('owner-a12'), traceId: 't' };
    return JSON.parse(JSON.stringify(await client.execute(request))) as { data?: unknown };
  } finally {
    await client.close();
  }
};

test('a process of its own answers our other services, and nobody else', async () => {
  expect(await ask('gateway', gateway.privateKey)).toEqual({ data: { me: { id: 'pe_ownera12' } } });
  expect(await ask('smart-home', smartHome.privateKey)).toEqual({ data: { me: { id: 'pe_ownera12' } } });
  await expect(ask('gateway', smartHome.privateKey)).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
    cause: { message: 'owners answered 401' },
  });
});

test('it says that it lives and is ready', async () => {
  for (const path of ['/livez', '/readyz']) expect((await fetch(new URL(path, healthUrl))).status).toBe(200);
});

test('a process that is told wrong things says all of them and does not start', async () => {
  const wrong = run({ DATABASE_URL: 'nowhere', VAULT_KEY: 'c2hvcnQ=' });
  let output = '';
  wrong.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = await once(wrong, 'close');
  expect(code).toBe(1);
  for (const name of ['DATABASE_URL', 'GATEWAY_PUBLIC_KEY', 'SMART_HOME_PUBLIC_KEY', 'VAULT_KEY'])
    expect(output).toContain(`${name}: `);
  expect(output).not.toContain('c2hvcnQ=');
});

test('SIGTERM drains and ends with 0', async () => {
  child.kill('SIGTERM');
  const [code, signal] = await once(child, 'exit');
  expect([code, signal]).toEqual([0, null]);
});
