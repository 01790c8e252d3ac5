import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createChance } from '../chance.ts';
import { at, type Caller, type Prepared, startCaller } from '../test/caller.ts';
import { ENTRANCE, SUBJECT, UNIT } from '../test/requests.ts';
import { type Client, TAMPERED, type Tools } from './tampered-requests.ts';

const createClient = (clientId: string): Client => ({
  clientId,
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }),
});

let caller: Caller;
let tools: Tools;
beforeAll(async () => {
  caller = await startCaller();
  await caller.v2('/sites');
});
afterAll(() => caller.close());
beforeEach(async () => {
  await caller.control('/reset', {});
  tools = { chance: createChance(1), now: caller.now(), client: caller.client, other: createClient('other') };
});

const opening = (): Promise<Prepared> => {
  const deadline = caller.instant(10_000);
  return caller.prepare(`/access-points/${ENTRANCE}/open`, {
    method: 'POST',
    headers: { 'idempotency-key': randomUUID(), 'expires-at': deadline },
    body: { subjectRef: SUBJECT, unitId: UNIT, reason: 'app', deadline },
  });
};
const SIGNATURE_INVALID = {
  status: 401,
  headers: { 'www-authenticate': 'Bearer' },
  body: { type: 'https://errors.smart-home.example/signature-invalid', retryable: false, detail: expect.any(String) },
  breach: null,
};
const lastRequest = async () => at((await caller.control('/requests?limit=1')).body, 'requests', 0);

test('the corpus has at least sixty classes, none of them twice', () => {
  const names = TAMPERED.map(([name]) => name);
  expect(names.length).toBeGreaterThanOrEqual(60);
  expect(new Set(names).size).toBe(names.length);
});

test('what its client signed is done', async () => {
  expect((await caller.send(await opening())).status).toBe(202);
  expect(await lastRequest()).toMatchObject({ signatureValid: true, signatureProblem: null });
});

test.each(TAMPERED)('a request with %s is refused by name, and nothing has happened', async (_, tamper) => {
  const reply = await caller.send(await tamper(await opening(), tools));
  expect(reply).toMatchObject(SIGNATURE_INVALID);
  expect(await lastRequest()).toMatchObject({ signatureValid: false, signatureProblem: expect.any(String) });
  expect(await caller.counts()).toEqual({});
});

test('a request is taken once, whoever sends it again', async () => {
  const request = await opening();
  expect((await caller.send(request)).status).toBe(202);
  expect(await caller.send(request)).toMatchObject(SIGNATURE_INVALID);
  await caller.control('/reset', {});
  expect(await caller.send(request)).toMatchObject(SIGNATURE_INVALID);
  expect(await caller.counts()).toEqual({});
});

test('of many copies at once one is taken', async () => {
  const request = await opening();
  const replies = await Promise.all(Array.from({ length: 20 }, () => caller.send(request)));
  expect(replies.filter(({ status }) => status === 202)).toHaveLength(1);
});

test('a request that waited for a minute on the way is too old', async () => {
  const [young, old] = [await opening(), await opening()];
  caller.moveClock(58_000);
  expect((await caller.send(young)).status).toBe(202);
  caller.moveClock(3_000);
  expect(await caller.send(old)).toMatchObject(SIGNATURE_INVALID);
});

test('nobody is told what exists without a signature, not even by the token endpoint', async () => {
  for (const path of ['/oauth/token', '/sites', '/health', '/openapi.json', '/limits', '/nothing']) {
    const { signature: _, ...headers } = (await caller.prepare(path)).headers;
    const reply = await caller.send({ ...(await caller.prepare(path)), headers });
    expect(reply).toMatchObject(SIGNATURE_INVALID);
  }
  expect((await caller.raw('/.well-known/smart-home-platform')).status).toBe(200);
});
