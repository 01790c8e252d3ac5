/** An app under load: queries at an even pace, and doors that are opened, until it is told to stop. */
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { documentText } from '../support/documents.ts';
import { newKey } from '../support/house.ts';

export const PER_SECOND = 100;
/** Every so many requests the first screen is asked for, which reaches everybody. */
const SCREEN_EVERY = 10;
/** A second tap on one door within two seconds would join the first. */
const OPEN_EVERY_MS = 2_200;
/** Their homes are served by a platform that knows keys and deadlines. */
export const OPENERS = ['owner-a12', 'owner-a13', 'owner-c1'];

export type Answer = { data?: Record<string, unknown> | null; errors?: unknown[] };
/** What became of a request: an answer without an error, nobody there, or anything else. */
export type Outcome = 'answered' | 'refused' | string;

type ClientOptions = {
  url: string;
  /** Of a user, now. */
  token: (user: string) => string;
  /** PEM of the authority of the address, when it is https. */
  ca?: string;
};

/** An app with connections that it keeps: Node's own client, which heeds `Connection: close` and `Keep-Alive`. */
export const createClient = ({ url, token, ca }: ClientOptions) => {
  const isTls = url.startsWith('https:');
  const options = { keepAlive: true, maxSockets: 20 };
  const agent = isTls ? new SecureAgent({ ...options, ca, servername: 'localhost' }) : new Agent(options);
  const post = (user: string, document: string, variables: object = {}): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const asking = (isTls ? secureRequest : request)(url, {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token(user)}` },
      });
      asking.once('error', reject);
      asking.once('response', (incoming: IncomingMessage) => {
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
export type Client = ReturnType<typeof createClient>;

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
export const startLoad = (client: Client, perSecond = PER_SECOND) => {
  const outcomes: Promise<Outcome>[] = [];
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * perSecond);
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
export const startOpens = async (client: Client) => {
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
