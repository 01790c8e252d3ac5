import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { at, type Caller, type Reply, startCaller, textAt } from '../test/caller.ts';
import { ENTRANCE, ended, open } from '../test/requests.ts';
import { type Subscriber, signatureOf, startSubscriber, type Told } from '../test/subscriber.ts';

/** The waits of the contract, a thousand times shorter. */
const SCALE = 0.001;
const CHALLENGE = 'subscription.challenge';

let caller: Caller;
let subscriber: Subscriber;
beforeAll(async () => {
  caller = await startCaller({ webhookRetryScale: SCALE });
});
afterAll(() => caller.close());
beforeEach(async () => {
  await caller.control('/reset', {});
  subscriber = await startSubscriber();
});
afterEach(async () => {
  for (const { id } of at((await caller.v2('/webhook-subscriptions')).body, 'items') as { id: string }[])
    await caller.v2(`/webhook-subscriptions/${id}`, { method: 'DELETE' });
  await subscriber.close();
});

const key = () => ({ 'idempotency-key': randomUUID() });
const subscribe = (terms: Record<string, unknown> = {}, headers: Record<string, string> = key()) =>
  caller.v2('/webhook-subscriptions', {
    method: 'POST',
    headers,
    body: { url: subscriber.url, types: null, siteIds: null, ...terms },
  });
const pathOf = (reply: Reply) => `/webhook-subscriptions/${textAt(reply.body, 'id')}`;
const until = (reply: Reply, status: string) =>
  caller.until(pathOf(reply), ({ body }) => at(body, 'status') === status);
/** One that has proved its address. */
const active = async (terms: Record<string, unknown> = {}): Promise<{ reply: Reply; secret: string }> => {
  const reply = await subscribe(terms);
  await until(reply, 'active');
  return { reply, secret: textAt(reply.body, 'secret') };
};
const change = async (reply: Reply, body: unknown) => {
  const { headers } = await caller.v2(pathOf(reply));
  const sent = { ...key(), 'if-match': String(headers.etag), 'content-type': 'application/merge-patch+json' };
  return caller.v2(pathOf(reply), { method: 'PATCH', headers: sent, body });
};
const alarm = (siteId = 17, more: Record<string, unknown> = {}) =>
  caller.control('/events', {
    type: 'sensor.alarm',
    siteId,
    data: { sensorId: 'sen_Ab12Cd', kind: 'leak', alarm: true },
    ...more,
  });
const byHand = (told: Told | undefined, secret: string) => told && told.signatures.includes(signatureOf(told, secret));

test('an address is challenged under the secret that is told once, and gets nothing before it has answered', async () => {
  subscriber.answer = () => 404;
  const headers = key();
  const reply = await subscribe({}, headers);
  expect(reply).toMatchObject({
    status: 201,
    headers: { location: `/api/v2${pathOf(reply)}` },
    body: { status: 'pending', url: subscriber.url, secret: expect.stringMatching(/^whsec_/) },
  });
  expect((await subscribe({}, headers)).body).toEqual({ ...Object(reply.body), secret: null });
  const [challenge] = await subscriber.until(CHALLENGE);
  expect(byHand(challenge, textAt(reply.body, 'secret'))).toBe(true);
  await alarm();
  subscriber.answer = () => 200;
  await until(reply, 'active');
  await alarm();
  expect(await subscriber.until('sensor.alarm')).toMatchObject([{ body: { siteId: 17 } }]);
  expect((await caller.v2(pathOf(reply))).body).not.toHaveProperty('secret');
});

test('what happens is told as the log tells it, under its id, its time and its signature', async () => {
  const { secret } = await active();
  const operation = await ended(caller, await open(caller));
  await caller.control('/version', { siteId: 23, version: 'v2' });
  const [opened] = await subscriber.until('access_point.opened');
  await subscriber.until('operation.updated');
  await subscriber.until('site.version_changed');
  const items = at((await caller.v2('/events?types=access_point.opened&siteId=17&limit=100')).body, 'items');
  expect(opened?.body).toEqual((items as unknown[]).at(-1));
  expect(opened?.body).toMatchObject({ id: opened?.id, data: { accessPointId: ENTRANCE } });
  expect(subscriber.of('operation.updated')[0]?.body.data).toEqual(operation.body);
  expect(Math.abs(Number(opened?.timestamp) - Date.now() / 1000)).toBeLessThan(60);
  for (const told of subscriber.told) expect([told.signatures.length, byHand(told, secret)]).toEqual([1, true]);
});

test('a subscription is told of its types and sites alone, and a house whose journal is on v1 is silent', async () => {
  await active({ types: ['sensor.alarm'], siteIds: [17, 31] });
  await ended(caller, await open(caller));
  await alarm(23);
  await alarm(31);
  await alarm(17);
  await subscriber.until('sensor.alarm');
  await alarm(17);
  expect(await subscriber.until('sensor.alarm', 2)).toMatchObject([{ body: { siteId: 17 } }, { body: { siteId: 17 } }]);
  expect(subscriber.told.map(({ body }) => body.type)).toEqual([CHALLENGE, 'sensor.alarm', 'sensor.alarm']);
});

test('what is refused is told again under the same id, and a subscription that never takes it is paused', async () => {
  const { reply } = await active();
  subscriber.answer = () => 503;
  await alarm();
  await subscriber.until('sensor.alarm', 3);
  subscriber.answer = () => 200;
  const told = await subscriber.until('sensor.alarm', 4);
  expect(new Set(told.map(({ id }) => id)).size).toBe(1);
  expect((await caller.v2(pathOf(reply))).body).toMatchObject({ status: 'active', pausedAt: null });
}, 30_000);

test('a platform that has tried eight times pauses, and goes on when it is told to', async () => {
  const hasty = await startCaller({ webhookRetryScale: 0 });
  try {
    const headers = key();
    const body = { url: subscriber.url, types: null, siteIds: [17] };
    const reply = await hasty.v2('/webhook-subscriptions', { method: 'POST', headers, body });
    await hasty.until(pathOf(reply), (state) => at(state.body, 'status') === 'active');
    subscriber.answer = () => 500;
    await hasty.control('/events', {
      type: 'site.version_changed',
      siteId: 17,
      data: { siteId: 17, version: 'v2', resources: {} },
    });
    const paused = await hasty.until(pathOf(reply), (state) => at(state.body, 'status') === 'paused');
    expect(paused.body).toMatchObject({ pausedAt: expect.any(String) });
    expect(subscriber.of('site.version_changed')).toHaveLength(8);
    const from = encodeURIComponent(hasty.instant(-60_000));
    expect((await hasty.v2(`${pathOf(reply)}:replay?from=${from}`, { method: 'POST' })).status).toBe(409);
    const sent = { ...key(), 'if-match': '*', 'content-type': 'application/merge-patch+json' };
    subscriber.answer = () => 200;
    const revived = await hasty.v2(pathOf(reply), { method: 'PATCH', headers: sent, body: { status: 'active' } });
    expect(revived.body).toMatchObject({ status: 'active', pausedAt: null });
    expect((await hasty.v2(`${pathOf(reply)}:replay?from=${from}`, { method: 'POST' })).status).toBe(202);
    await subscriber.until('site.version_changed', 9);
    expect(hasty.simulator.contractViolations()).toEqual([]);
  } finally {
    await hasty.close();
  }
});

test('while a secret is being changed deliveries carry both signatures, and afterwards the new one alone', async () => {
  const { reply, secret } = await active();
  const rotated = await caller.v2(`${pathOf(reply)}:rotate-secret`, { method: 'POST', headers: key() });
  const fresh = textAt(rotated.body, 'secret');
  expect(rotated).toMatchObject({ status: 200, body: { previousValidUntil: expect.any(String) } });
  await alarm();
  const [both] = await subscriber.until('sensor.alarm');
  expect([byHand(both, secret), byHand(both, fresh), both?.signatures.length]).toEqual([true, true, 2]);
  caller.moveClock(25 * 60 * 60 * 1000);
  await caller.signInV2();
  await alarm();
  const [, alone] = await subscriber.until('sensor.alarm', 2);
  expect([byHand(alone, secret), byHand(alone, fresh), alone?.signatures.length]).toEqual([false, true, 1]);
});

test('an event comes again as often as wished, under the same id', async () => {
  await active();
  await alarm(17, { duplicate: 2 });
  const told = await subscriber.until('sensor.alarm', 3);
  expect(new Set(told.map(({ id }) => id)).size).toBe(1);
});

test('an event comes after the next one when it is told to', async () => {
  await active();
  await alarm(17, { reorder: true });
  await alarm(17);
  const [first, second] = await subscriber.until('sensor.alarm', 2);
  expect(Number(first?.body.sequence)).toBe(Number(second?.body.sequence) + 1);
  await alarm(17, { reorder: true });
  await subscriber.until('sensor.alarm', 3);
});

test('a forged event comes once under nobody’s signature, and no log knows it', async () => {
  const { secret } = await active();
  subscriber.answer = () => 401;
  const forged = await alarm(17, { forge: true });
  const [told] = await subscriber.until('sensor.alarm');
  expect(byHand(told, secret)).toBe(false);
  expect(told?.id).toBe(at(forged.body, 'event', 'id'));
  subscriber.answer = () => 200;
  await alarm();
  await subscriber.until('sensor.alarm', 2);
  const sequences = subscriber.of('sensor.alarm').map(({ body }) => body.sequence);
  expect(sequences[0]).toBe(sequences[1]);
  expect(at((await caller.control('/events')).body, 'events')).toHaveLength(1);
});

test('bad-signature: a webhook is signed wrongly as often as the fault says, and then rightly', async () => {
  const { secret } = await active();
  subscriber.answer = (told) => (byHand(told, secret) ? 200 : 401);
  await caller.control('/faults', { match: { path: '/webhooks' }, kind: 'bad-signature', times: 1 });
  await alarm();
  const told = await subscriber.until('sensor.alarm', 2);
  expect(told.map((one) => byHand(one, secret))).toEqual([false, true]);
});

test('everything since a moment is told again, and nothing from before thirty days', async () => {
  const { reply } = await active({ types: ['sensor.alarm', 'access_point.opened'] });
  await alarm();
  await alarm();
  const before = await subscriber.until('sensor.alarm', 2);
  const replay = (from: string) =>
    caller.v2(`${pathOf(reply)}:replay?from=${encodeURIComponent(from)}`, { method: 'POST' });
  expect((await replay(caller.instant(-8 * 24 * 60 * 60 * 1000))).status).toBe(202);
  const again = await subscriber.until('sensor.alarm', 4);
  expect(new Set(again.map(({ id }) => id))).toEqual(new Set(before.map(({ id }) => id)));
  expect((await subscriber.until('access_point.opened', 10)).length).toBeGreaterThanOrEqual(10);
  expect((await replay(caller.instant(-31 * 24 * 60 * 60 * 1000))).status).toBe(410);
});

test('an address that moves proves itself again, and one that is paused or gone is told nothing', async () => {
  const { reply } = await active();
  const elsewhere = await startSubscriber();
  elsewhere.answer = () => 404;
  try {
    expect((await change(reply, { url: elsewhere.url })).body).toMatchObject({ status: 'pending' });
    await elsewhere.until(CHALLENGE);
    await alarm();
    elsewhere.answer = () => 200;
    await until(reply, 'active');
    expect((await change(reply, { status: 'paused' })).body).toMatchObject({ status: 'paused' });
    await alarm();
    expect((await change(reply, { status: 'active', types: null })).body).toMatchObject({ status: 'active' });
    await alarm();
    await elsewhere.until('sensor.alarm');
    expect((await caller.v2(pathOf(reply), { method: 'DELETE' })).status).toBe(204);
    expect((await caller.v2(pathOf(reply))).status).toBe(404);
    await alarm();
    await elsewhere.until('sensor.alarm');
    expect([elsewhere.of('sensor.alarm').length, subscriber.of('sensor.alarm').length]).toEqual([1, 0]);
  } finally {
    await elsewhere.close();
  }
});

test.each([
  'http://house.example/hook',
  'ftp://127.0.0.1/',
  'https://user:word@house.example/',
  'http://127.0.0.1.example/',
])('%s is no address for webhooks', async (url) => {
  expect((await subscribe({ url })).status).toBe(400);
});

test('a subscription outlives a reset of the world, and what was to be told of the old one does not', async () => {
  const { reply } = await active();
  const promised = await open(caller);
  expect(promised.status).toBe(202);
  await caller.control('/reset', {});
  expect((await caller.v2(pathOf(reply))).body).toMatchObject({ status: 'active' });
  // Later than the old one’s opening, which took as long.
  const operation = await ended(caller, await open(caller));
  await subscriber.until('operation.updated');
  expect(subscriber.of('operation.updated').map(({ body }) => body.data)).toEqual([operation.body]);
});

test('a platform that was killed knows its subscribers, and tells them what they have not taken and nothing else', async () => {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'platform-webhooks-'));
  const options = { stateDirectory, webhookRetryScale: SCALE };
  const before = await startCaller(options);
  await before.control('/reset', {});
  const body = { url: subscriber.url, types: ['sensor.alarm'], siteIds: null };
  const reply = await before.v2('/webhook-subscriptions', { method: 'POST', headers: key(), body });
  await before.until(pathOf(reply), (state) => at(state.body, 'status') === 'active');
  const happen = async (by: Caller, sensorId: string): Promise<void> => {
    await by.control('/events', { type: 'sensor.alarm', siteId: 17, data: { sensorId, kind: 'leak', alarm: true } });
    by.moveClock(1_000);
  };
  const sensors = () => subscriber.of('sensor.alarm').map((told) => at(told.body.data, 'sensorId'));
  const untilKept = async (open: readonly string[]): Promise<void> => {
    const wanted = `"open":${JSON.stringify(open)}`;
    if (readFileSync(join(stateDirectory, 'state.jsonl'), 'utf8').includes(wanted)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
    return untilKept(open);
  };
  subscriber.answer = ({ body: { data } }) => (at(data, 'sensorId') === 'sen_silent' ? undefined : 200);
  await happen(before, 'sen_first');
  await untilKept([]);
  await happen(before, 'sen_silent');
  await subscriber.until('sensor.alarm', 2);
  await happen(before, 'sen_last');
  await untilKept([String(subscriber.of('sensor.alarm')[1]?.id)]);
  await before.close();
  subscriber.answer = () => 200;
  const after = await startCaller(options);
  try {
    const again = (await subscriber.until('sensor.alarm', 4)).at(-1);
    expect(byHand(again, textAt(reply.body, 'secret'))).toBe(true);
    await happen(after, 'sen_next');
    await subscriber.until('sensor.alarm', 5);
    expect(sensors()).toEqual(['sen_first', 'sen_silent', 'sen_last', 'sen_silent', 'sen_next']);
    expect((await after.v2(pathOf(reply))).body).toMatchObject({ status: 'active' });
  } finally {
    await after.close();
    rmSync(stateDirectory, { recursive: true, force: true });
  }
});

test('neither side has broken the contract', () => {
  const own = ({ side, findings }: { side: string; findings: readonly string[] }) =>
    side === 'answer' || !findings.some((finding) => finding.includes('/url'));
  expect(caller.simulator.contractViolations().filter(own)).toEqual([]);
});
