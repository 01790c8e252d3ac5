import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { later } from '@house/kernel/clock';
import { createTelemetry } from '@house/kernel/telemetry';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { createPlatformClient } from '../client.ts';
import { outcomeOf } from '../faults.ts';
import { createGuard } from '../guard.ts';
import { createSigningPair, createTestTrust, signing } from '../test/played-platform.ts';
import { createV2Session } from './session.ts';

const START = new Date('2026-03-01T12:00:00Z');
const TOKEN = 'POST /api/v2/oauth/token';
const OPEN = 'POST /api/v2/access-points/ap_1/open';
const { trust: keys, pair } = createTestTrust();
/** What our connections show, one look after the other; the last one stays. */
let shown: string[];
const trust = { ...keys, tls: () => ({ thumbprint: (shown.length > 1 && shown.shift()) || shown[0] || '' }) };
let now: Date;
const closing: (() => unknown)[] = [];
beforeEach(() => {
  now = START;
  shown = ['first'];
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

type Answer = { status: number; headers?: Record<string, string>; problem?: string };

/** A platform that signs its answers, a stranger's ones, or none. */
const start = async (random: (size: number) => Uint8Array = randomBytes) => {
  const asked: string[] = [];
  const forms: string[] = [];
  const tokens: (string | undefined)[] = [];
  let answer: Answer = { status: 200 };
  let signer: 'platform' | 'stranger' | 'nobody' = 'platform';
  const say: RequestListener = (incoming, outgoing) => {
    const name = `${incoming.method} ${incoming.url}`;
    asked.push(name);
    if (name !== TOKEN) tokens.push(incoming.headers.authorization);
    const { status, headers, problem } = name === TOKEN ? { status: 200 } : answer;
    const body = name === TOKEN ? { access_token: `token-${asked.length}`, expires_in: 300 } : { type: `x/${problem}` };
    outgoing.writeHead(status, { 'content-type': 'application/problem+json', ...headers });
    outgoing.end(JSON.stringify(body));
  };
  const stranger = createSigningPair(pair.kid);
  const proven = signing(
    () => (signer === 'stranger' ? stranger : pair),
    () => now,
    say,
  );
  const server = createServer((incoming, outgoing) => {
    if (incoming.url?.endsWith('/oauth/token')) {
      incoming.on('data', (chunk) => forms.push(String(chunk)));
      return signing(
        () => pair,
        () => now,
        say,
      )(incoming, outgoing);
    }
    return (signer === 'nobody' ? say : proven)(incoming, outgoing);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clock = () => now;
  const client = createPlatformClient({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clientId: 'house',
    trust,
    guard: createGuard({ clock }),
    witness: () => undefined,
    clock,
    random,
    telemetry: createTelemetry({ service: 'test', level: 'silent' }),
  });
  closing.push(
    () => server.close(),
    () => client.close(),
  );
  const session = createV2Session({ client, identity: { id: 'house' }, clientKey: trust.clientKey, clock, random });
  const open = (notAfter?: Date): Promise<unknown> =>
    session
      .call({
        method: 'POST',
        path: '/access-points/ap_1/open',
        route: '/access-points/{id}/open',
        siteId: 17,
        json: {},
        signal: AbortSignal.timeout(5_000),
        ...(notAfter && { notAfter }),
      })
      .then(({ status }) => status);
  return {
    asked,
    forms,
    tokens,
    open,
    answers: (next: Answer, by: typeof signer = 'platform') => {
      answer = next;
      signer = by;
    },
  };
};

test.each<[string, Answer]>([
  ['success', { status: 202 }],
  ['that nothing was done', { status: 404, problem: 'not-found' }],
  ['that the token is not good', { status: 401, problem: 'unauthorized' }],
  ['"too many"', { status: 429, headers: { 'retry-after': '3600' }, problem: 'too-many-requests' }],
  ['"not now"', { status: 503, headers: { 'retry-after': '3600' } }],
  ['a fault', { status: 500 }],
])('%s that the platform did not sign says nothing: the door may have opened or not', async (_, answer) => {
  for (const by of ['nobody', 'stranger'] as const) {
    const { open, answers, asked } = await start();
    answers(answer, by);
    const error = await open().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ fault: { effect: 'possible', transient: true, problem: 'answer-unproven' } });
    expect(outcomeOf(error, { repeatable: true, next: 'ask' })).toEqual({ is: 'ambiguous', next: 'ask' });
    // Neither a pause nor a new token, whatever it said; and nothing was sent once more.
    expect(asked).toEqual([TOKEN, OPEN]);
    answers({ status: 202 });
    expect(await open()).toBe(202);
    expect(asked).toEqual([TOKEN, OPEN, OPEN]);
  }
});

test('answers that nobody signed are failures of the platform: after twenty of them it is left alone', async () => {
  const { open, answers } = await start();
  answers({ status: 200 }, 'nobody');
  for (let turn = 0; turn < 20; turn += 1)
    await expect(open()).rejects.toMatchObject({ fault: { effect: 'possible' } });
  await expect(open()).rejects.toMatchObject({ fault: { effect: 'unsent', problem: 'held-back' } });
});

test('a token that the platform refuses is replaced once', async () => {
  const { open, answers, asked } = await start();
  answers({ status: 401, problem: 'unauthorized' });
  await expect(open()).rejects.toMatchObject({ fault: { effect: 'none', transient: true } });
  expect(asked).toEqual([TOKEN, OPEN, TOKEN, OPEN]);
});

test('a signature that the platform refuses says nothing of the token, and a copy may have come before', async () => {
  const { open, answers, asked } = await start();
  answers({ status: 401, problem: 'signature-invalid' });
  await expect(open()).rejects.toMatchObject({ fault: { effect: 'possible' } });
  expect(asked).toEqual([TOKEN, OPEN]);
  await open().catch(() => undefined);
  expect(asked).toEqual([TOKEN, OPEN, OPEN]);
});

test('the assertion names its key, and is for this platform, this client and a minute', async () => {
  const { open, forms } = await start();
  await open();
  const assertion = String(new URLSearchParams(forms[0]).get('client_assertion'));
  const { header, payload } = jwt.decode(assertion, { complete: true }) ?? {};
  expect(header).toMatchObject({ alg: 'ES256', kid: trust.clientKey().kid });
  expect(payload).toMatchObject({
    iss: 'house',
    sub: 'house',
    iat: START.getTime() / 1_000,
    exp: START.getTime() / 1_000 + 60,
  });
});

test('the time that signing takes counts: what is too late by then does not leave', async () => {
  const { open, asked } = await start((size) => {
    now = later(now, 1_000);
    return randomBytes(size);
  });
  await open();
  asked.splice(0);
  await expect(open(later(now, 1_000))).rejects.toMatchObject({ fault: { effect: 'unsent', code: 'DEADLINE_PASSED' } });
  expect(asked).toEqual([]);
  expect(await open(later(now, 1_001))).toBe(200);
});

test('a certificate that is replaced between the choice of a token and the request: that token is not shown over the new one', async () => {
  const { open, asked, tokens } = await start();
  await open();
  shown = ['first', 'second'];
  expect(await open()).toBe(200);
  expect(asked).toEqual([TOKEN, OPEN, TOKEN, OPEN]);
  expect(tokens).toEqual(['Bearer token-1', 'Bearer token-3']);
  shown = Array.from({ length: 100 }, (_, index) => `certificate ${index}`);
  await expect(open()).rejects.toMatchObject({ fault: { effect: 'unsent', problem: 'certificate-changed' } });
});
