/** Nothing that was accepted is lost when processes are told to end, one at a time or in the middle of a hundred requests a second. */
import { obtainToken } from '@house/authorization-server/obtain-token';
import { statusOf } from '@house/scripts/deployed/services';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { documentText } from '../support/documents.ts';
import { eventually } from '../support/house.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { createClient, OPENERS, PER_SECOND, startLoad, startOpens } from './load.ts';

/**
 * Twice as long, a connection that nobody uses is left open: longer than a gateway keeps one to a subgraph, and than an
 * app keeps one to a gateway that promises five seconds.
 */
const LAME_DUCK_MS = 2_200;

let fleet: Fleet;
const tokens = new Map<string, string>();
const token = (user: string): string => tokens.get(user) ?? '';
beforeAll(async () => {
  fleet = await startFleet({
    smartHome: { count: 2 },
    gateways: 2,
    variables: { LAME_DUCK_MS: String(LAME_DUCK_MS) },
  });
  for (const user of OPENERS) tokens.set(user, (await obtainToken({ issuer: fleet.issuer, user })).access_token);
}, 60_000);
afterAll(() => fleet.stop());

test('gateways and workers are restarted one after the other: no request fails, and each door opens once a tap', async () => {
  const client = createClient({ url: fleet.gatewayUrl, token });
  const load = startLoad(client);
  const opens = await startOpens(client);
  const codes: (number | null)[] = [];
  for (const member of [...fleet.gateways, ...fleet.smartHomes]) {
    codes.push(await member.end());
    await member.start();
  }
  expect(codes).toEqual([0, 0, 0, 0]);
  const accepted = await opens.stop();
  const outcomes = await load.stop();
  expect(outcomes).toEqual({ answered: load.sent() });
  expect(load.sent()).toBeGreaterThan(5 * PER_SECOND);

  for (const { user, id } of accepted)
    await eventually(
      async () => (await client.ask(user, documentText('operation-status'), { id })).data,
      (data) => (data?.['operation'] as { state: string }).state === 'SUCCEEDED',
    );
  const effects = (await fleet.control.effects()).filter(({ kind }) => kind === 'open');
  expect(new Set(accepted.map(({ id }) => id)).size).toBe(accepted.length);
  expect(new Set(effects.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(accepted.length);
  expect(effects).toHaveLength(accepted.length);
  client.close();
}, 120_000);

test('a gateway that is told to end at a hundred requests a second loses none of them', async () => {
  const [gateway] = fleet.gateways;
  if (!gateway) throw new Error('there is no gateway');
  const client = createClient({ url: gateway.url, token });
  const load = startLoad(client);
  await eventually(
    async () => load.sent(),
    (sent) => sent >= PER_SECOND,
  );
  const ended = gateway.end();
  await eventually(
    () => statusOf(gateway.readyUrl),
    (status) => status === 503,
  );
  const sent = load.sent();
  expect(await ended).toBe(0);
  const { answered = 0, refused = 0, ...lost } = await load.stop();
  expect(lost).toEqual({});
  // It went on answering for some time, and nobody came in after it had gone.
  expect(answered - sent).toBeGreaterThan((PER_SECOND * LAME_DUCK_MS) / 1_000 / 2);
  expect(answered + refused).toBe(load.sent());
  client.close();
  await gateway.start();
}, 60_000);

test('a second signal ends a process at once, whatever it is doing', async () => {
  const [, gateway] = fleet.gateways;
  if (!gateway) throw new Error('there is no gateway');
  const startedAt = performance.now();
  const again = setInterval(() => void gateway.end(), 50);
  expect(await gateway.end()).toBe(1);
  clearInterval(again);
  // Left to itself it would have ended with 0, or been cut after fifteen seconds.
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  await gateway.start();
}, 60_000);
