/** The address at which the platform tells us what has happened: one path, small bodies, few at a time, answers in time. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '@house/kernel/clock';
import { createListener, readBody, type Tls } from '@house/kernel/subgraph';
import type { Telemetry } from '@house/kernel/telemetry';
import { Counter } from 'prom-client';
import type { PlatformEvent } from './event.ts';
import type { Receipt, Receive } from './receive.ts';
import { type Refusal, readEnvelope } from './signature.ts';

export const EVENTS_PATH = '/webhooks/platform';
const BODY_LIMIT_BYTES = 100_000;
/** The platform waits for five seconds (§5.6). */
const BODY_WITHIN_MS = 2_000;
const ANSWER_WITHIN_MS = 4_000;
/** Bodies that are here and not answered yet. */
const AT_A_TIME = 64;
/** Bodies that are still on their way, and nobody knows whose they are: of one address, and of all. */
const UNREAD_PER_ADDRESS = 16;
const UNREAD = 256;
/** When the platform tries again anyway. */
const RETRY_AFTER_SECONDS = '5';

const REFUSALS: readonly Refusal[] = ['id', 'timestamp', 'stale', 'signature-missing', 'signature'];
const OUTCOMES = [
  ...['taken', 'repeated', 'challenge', 'challenge-refused', 'not-by-contract'],
  ...['no-such-path', 'too-large', 'too-slow', 'overloaded', 'unavailable'],
  ...REFUSALS.map((refusal) => `refused-${refusal}`),
];

export type EventsServer = { url: string; close(): Promise<void> };

/** Who may still send. */
const createUnread = () => {
  const byAddress = new Map<string, number>();
  let all = 0;
  return {
    /** False when there is no room for it. */
    enter: (address: string): boolean => {
      const own = byAddress.get(address) ?? 0;
      if (all >= UNREAD || own >= UNREAD_PER_ADDRESS) return false;
      byAddress.set(address, own + 1);
      all += 1;
      return true;
    },
    leave: (address: string): void => {
      const own = (byAddress.get(address) ?? 0) - 1;
      if (own > 0) byAddress.set(address, own);
      else byAddress.delete(address);
      all -= 1;
    },
  };
};

const LATE = Symbol('late');
const within = async <T>(milliseconds: number, work: Promise<T>): Promise<T | typeof LATE> => {
  const { promise, resolve } = Promise.withResolvers<typeof LATE>();
  const timer = setTimeout(() => resolve(LATE), milliseconds);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    // Its end may come when nobody waits for it any more.
    work.catch(() => undefined);
  }
};

/** @param taken what is to follow from a new event, after the answer; it does not reject. */
export const serveEvents = async ({
  receive,
  taken,
  host,
  port,
  tls,
  lameDuckMs,
  clock,
  telemetry: { log, registry },
}: {
  receive: Receive;
  taken: (event: PlatformEvent) => Promise<void>;
  host: string;
  port: number;
  tls?: Tls | undefined;
  lameDuckMs?: number | undefined;
  clock: Clock;
  telemetry: Telemetry;
}): Promise<EventsServer> => {
  const deliveries = new Counter({
    name: 'platform_webhooks_total',
    help: 'Deliveries of the platform, and whatever else was sent to their address, by what became of them.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const outcome of OUTCOMES) deliveries.inc({ outcome }, 0);

  const unread = createUnread();
  let underWay = 0;
  const answer = (
    { incoming, outgoing }: { incoming: IncomingMessage; outgoing: ServerResponse },
    outcome: string,
    status: number,
    body?: unknown,
  ): void => {
    deliveries.inc({ outcome });
    // The rest of a body that was not read to its end cannot be told from the next request.
    if (!incoming.complete) outgoing.setHeader('connection', 'close');
    if (status === 503) outgoing.setHeader('retry-after', RETRY_AFTER_SECONDS);
    if (body === undefined) outgoing.writeHead(status).end();
    else outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

  const STATUSES = { taken: 204, repeated: 204, 'not-by-contract': 204, 'challenge-refused': 400 } as const;
  const tell = (exchange: { incoming: IncomingMessage; outgoing: ServerResponse }, receipt: Receipt): void => {
    if (receipt.is === 'refused') return answer(exchange, `refused-${receipt.because}`, 401);
    if (receipt.is === 'challenge') return answer(exchange, receipt.is, 200, { challenge: receipt.challenge });
    answer(exchange, receipt.is, STATUSES[receipt.is]);
  };

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const exchange = { incoming, outgoing };
    if (incoming.method !== 'POST' || incoming.url !== EVENTS_PATH) return answer(exchange, 'no-such-path', 404);
    const envelope = readEnvelope(incoming.headersDistinct, clock());
    if (typeof envelope === 'string') return answer(exchange, `refused-${envelope}`, 401);
    if (Number(incoming.headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) return answer(exchange, 'too-large', 413);
    const address = incoming.socket.remoteAddress ?? '';
    if (underWay >= AT_A_TIME || !unread.enter(address)) return answer(exchange, 'overloaded', 503);
    const body = await within(BODY_WITHIN_MS, readBody(incoming, BODY_LIMIT_BYTES)).finally(() =>
      unread.leave(address),
    );
    if (body === LATE) return answer(exchange, 'too-slow', 408);
    if (!body) return answer(exchange, 'too-large', 413);
    if (underWay >= AT_A_TIME) return answer(exchange, 'overloaded', 503);
    underWay += 1;
    const receipt = await within(ANSWER_WITHIN_MS - BODY_WITHIN_MS, receive(envelope, body)).finally(() => {
      underWay -= 1;
    });
    if (receipt === LATE) return answer(exchange, 'unavailable', 503);
    tell(exchange, receipt);
    if (receipt.is === 'taken') await taken(receipt.event);
  };

  const working = new Set<Promise<void>>();
  const listener = createListener({
    handle: (incoming, outgoing) => {
      const work = handle(incoming, outgoing)
        .catch((error: unknown) => {
          // Whoever went away is told nothing.
          if (incoming.destroyed && !incoming.complete) return;
          log.error('webhook-not-taken', { error });
          if (outgoing.headersSent) outgoing.destroy();
          else answer({ incoming, outgoing }, 'unavailable', 503);
        })
        .finally(() => working.delete(work));
      working.add(work);
      return work;
    },
    tls,
    lameDuckMs,
    log,
  });
  const taking = await listener.listen(port, host);
  return {
    url: `${tls ? 'https' : 'http'}://${host}:${taking}${EVENTS_PATH}`,
    close: async () => {
      await listener.close();
      await Promise.all(working);
    },
  };
};
