/** Nothing that was accepted is lost when processes are told to end, one at a time or in the middle of a hundred requests a second. */
import { Agent, request } from 'node:http';
import { obtainToken } from '@house/authorization-server/obtain-token';
import { statusOf } from '@house/scripts/deployed/services';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { documentText } from '../support/documents.ts';
import { eventually, newKey } from '../support/house.ts';
import { type Fleet, startFleet } from './fleet.ts';

/**
 * Twice as long, a connection that nobody uses is left open: longer than a gateway keeps one to a subgraph, and than an
 * app keeps one to a gateway that promises five seconds.
 */
const LAME_DUCK_MS = 2_200;
const PER_SECOND = 100;
/** Every so many requests the first screen is asked for, which reaches everybody. */
const SCREEN_EVERY = 10;
/** A second tap on one door within two seconds would join the first. */
const OPEN_EVERY_MS = 2_200;
/** Their homes are served by a platform that knows keys and deadlines. */
const OPENERS = ['owner-a12', 'owner-a13', 'owner-c1'];

let fleet: Fleet;
const tokens = new Map<string, string>();
beforeAll(async () => {
  fleet = await startFleet({
    smartHome: { count: 2 },
    gateways: 2,
    variables: { LAME_DUCK_MS: String(LAME_DUCK_MS) },
  });
  for (const user of OPENERS) tokens.set(user, (await obtainToken({ issuer: fleet.issuer, user })).access_token);
}, 60_000);
afterAll(() => fleet.stop());

type Answer = { data?: Record<string, unknown> | null; errors?: unknown[] };
/** What became of a request: an answer without an error, nobody there, or anything else. */
type Outcome = 'answered' | 'refused' | string;

/** An app with connections that it keeps: Node's own client, which heeds `Connection: close` and `Keep-Alive`. */
const createClient = (url: string) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  const post = (user: string, document: string, variables: object = {}): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const asking = request(url, {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens.get(user)}` },
      });
      asking.once('error', reject);
      asking.once('response', (incoming) => {
        let text = '';
        incoming.on('data', (chunk) => (text += String(chunk)));
        incoming.once('error', reject);
        incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
      });
      asking.end(JSON.stringify({ query: document, variables }));
    });
  const ask = async (user: string, document: string, variables?: object): Promise<Answer> => {
    const { status, text } = await post(user, document, variables);
    const answer = JSON.parse(text) as Answer;
    if (status !== 200 || answer.errors) throw new Error(`${status} ${text}`);
    return answer;
  };
  return { ask, close: () => agent.destroy() };
};
type Client = ReturnType<typeof createClient>;

const outcomeOf = (work: Promise<unknown>): Promise<Outcome> =>
  work.then(
    () => 'answered',
    (error: NodeJS.ErrnoException) => (error.code === 'ECONNREFUSED' ? 'refused' : `lost: ${error.message}`),
  );

const counted = (outcomes: readonly Outcome[]): Record<Outcome, number> => {
  const counts: Record<Outcome, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
};

/** Sends queries at an even pace, whether or not they are answered, until `stop`. */
const startLoad = (client: Client) => {
  const outcomes: Promise<Outcome>[] = [];
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * PER_SECOND);
    while (outcomes.length < due) {
      const [user = ''] = OPENERS.slice(outcomes.length % OPENERS.length);
      const document = outcomes.length % SCREEN_EVERY === 0 ? documentText('home-screen') : '{ me { id } }';
      outcomes.push(outcomeOf(client.ask(user, document)));
    }
  }, 5);
  return {
    sent: () => outcomes.length,
    stop: async (): Promise<Record<Outcome, number>> => {
      clearInterval(timer);
      return counted(await Promise.all(outcomes));
    },
  };
};

type Screen = { myPremises: { id: string; accessPoints: { id: string }[] | null }[] };

/** Opens the first door of each opener, again and again, until `stop`. */
const startOpens = async (client: Client) => {
  const doors = await Promise.all(
    OPENERS.map(async (user) => {
      const { myPremises } = (await client.ask(user, documentText('home-screen'))).data as Screen;
      const home = myPremises.find(({ accessPoints }) => accessPoints?.[0]);
      return { user, premisesId: home?.id, accessPointId: home?.accessPoints?.[0]?.id };
    }),
  );
  const opens: Promise<{ user: string; id: string }>[] = [];
  const openAll = (): void => {
    for (const { user, ...door } of doors) {
      const variables = { input: { ...door, idempotencyKey: newKey() } };
      const opened = client.ask(user, documentText('open-access-point'), variables).then(({ data }) => {
        const { operation } = data?.['openAccessPoint'] as { operation: { id: string } };
        return { user, id: operation.id };
      });
      opened.catch(() => undefined);
      opens.push(opened);
    }
  };
  openAll();
  const timer = setInterval(openAll, OPEN_EVERY_MS);
  return {
    stop: (): Promise<{ user: string; id: string }[]> => {
      clearInterval(timer);
      return Promise.all(opens);
    },
  };
};

test('gateways and workers are restarted one after the other: no request fails, and each door opens once a tap', async () => {
  const client = createClient(fleet.gatewayUrl);
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
  const client = createClient(gateway.url);
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
