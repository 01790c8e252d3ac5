/** Mutual TLS and tokens bound to it (RFC 8705). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Agent } from 'undici';
import { ensureDevelopmentCertificates } from '../certificates.ts';
import { at, type Caller, startCaller, textAt } from '../test/caller.ts';

let caller: Caller;
let directory: string;
const agents: Agent[] = [];
beforeAll(async () => {
  caller = await startCaller();
  directory = mkdtempSync(join(tmpdir(), 'another-authority-'));
});
afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.destroy()));
  await caller.close();
  rmSync(directory, { recursive: true, force: true });
});

const agentWith = (pair: { cert?: string; key?: string }): Agent => {
  const agent = new Agent({ connect: { ca: caller.certificates.caPem, ...pair } });
  agents.push(agent);
  return agent;
};
const UNAUTHORIZED = { status: 401, body: { code: 'unauthorized' }, breach: null };
const token = async () =>
  textAt((await caller.raw('/api/v2/oauth/token', { method: 'POST', form: caller.tokenForm() })).body, 'access_token');

test('without a certificate v2 tells nothing, and the discovery document is open', async () => {
  const bare = agentWith({});
  for (const path of ['/sites', '/health', '/nothing'])
    expect(await caller.send(await caller.prepare(path), bare)).toMatchObject(UNAUTHORIZED);
  const asking = await caller.prepare('/oauth/token', { method: 'POST', form: caller.tokenForm() });
  expect(await caller.send(asking, bare)).toMatchObject(UNAUTHORIZED);
  const discovery = { url: `${caller.platformUrl}/.well-known/smart-home-platform`, method: 'GET', headers: {} };
  expect(await caller.send({ ...discovery, body: undefined }, bare)).toMatchObject({ status: 200 });
});

test('a certificate of another authority is none', async () => {
  const other = await ensureDevelopmentCertificates({ directory, clock: () => new Date() });
  const foreign = agentWith({ cert: other.clientCertPem, key: other.clientKeyPem });
  // Asks for no token, so that nothing but the certificate stands against it.
  expect(await caller.send(await caller.prepare('/health'), foreign)).toMatchObject(UNAUTHORIZED);
  expect((await caller.v2('/health')).status).toBe(200);
  await caller.send(await caller.prepare('/health'), foreign);
  const logged = at((await caller.control('/requests?limit=1')).body, 'requests', 0);
  expect(logged).toMatchObject({ clientCertificate: expect.any(String), signatureValid: true });
});

test('a token is worth nothing on a connection with another certificate, and says to which it belongs', async () => {
  rmSync(join(caller.directory, 'client.pem'));
  const second = await ensureDevelopmentCertificates({ directory: caller.directory, clock: () => new Date() });
  const { clientCertPem: cert, clientKeyPem: key } = second;
  const issued = await token();
  const headers = { authorization: `Bearer ${issued}` };
  expect((await caller.send(await caller.prepare('/sites', { headers }))).status).toBe(200);
  const agent = agentWith({ cert, key });
  expect((await caller.send(await caller.prepare('/health'), agent)).status).toBe(200);
  expect(await caller.send(await caller.prepare('/sites', { headers }), agent)).toMatchObject(UNAUTHORIZED);
  const claims = JSON.parse(Buffer.from(issued.split('.')[1] ?? '', 'base64url').toString('utf8'));
  const used = at((await caller.control('/requests?limit=1')).body, 'requests', 0, 'clientCertificate');
  expect(at(claims, 'cnf', 'x5t#S256')).toMatch(/^[\w-]{43}$/);
  expect(at(claims, 'cnf', 'x5t#S256')).not.toBe(used);
});
