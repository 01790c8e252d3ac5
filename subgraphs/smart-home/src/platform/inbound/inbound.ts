/**
 * What the platform tells us by itself: events come in, are checked, stored and taken; a subscription is kept alive
 * beside that, so that a platform that is down holds up nobody.
 *
 *   serve: headers → body → receive: signature → contract → stored → answered → what follows from it
 *   keep:  one subscription for all processes · rotation of its secret · replay of what is missing · what is old is forgotten
 */
import { type Clock, later, type Random } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import type { Tls } from '@house/kernel/subgraph';
import type { Telemetry } from '@house/kernel/telemetry';
import type { Vault } from '@house/kernel/vault';
import { Counter } from 'prom-client';
import type { WebhookSubscriptions } from '../v2/webhook-subscriptions.ts';
import type { PlatformEvent } from './event.ts';
import { createFindGaps, createReplayWatch } from './gaps.ts';
import { createKeeping } from './keeping.ts';
import { createReceive } from './receive.ts';
import { createSecrets } from './secrets.ts';
import { type EventsServer, serveEvents } from './serve.ts';
import { createInboundStore } from './store.ts';
import { createSubscriptionKeeper, LOOK_EVERY_MS } from './subscription.ts';

const KEPT_MS = 30 * 24 * 60 * 60 * 1_000;
const FORGET_EVERY_MS = 10_000;
const FORGET_BATCH = 500;
const GAPS_EVERY_MS = 5_000;

export type InboundAddress = {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Where the platform finds it, when that is not where it listens. */
  url?: string | undefined;
  tls?: Tls | undefined;
  lameDuckMs?: number | undefined;
};
export type Inbound = EventsServer & {
  /** Resolves when the platform knows where we are, or could not be told at the first attempt. */
  readonly begun: Promise<unknown>;
};
export type ReceiveEvents = (address: InboundAddress) => Promise<Inbound>;

/** @param react to a new event; what it says is not believed, only asked about. */
export const createReceiveEvents =
  ({
    subscriptions,
    react,
    ...deps
  }: {
    subscriptions: WebhookSubscriptions;
    react: (event: PlatformEvent) => Promise<void>;
    database: Database;
    vault: Vault;
    clientId: string;
    clock: Clock;
    random: Random;
    telemetry: Telemetry;
  }): ReceiveEvents =>
  async ({ url, ...address }) => {
    const { clock, telemetry } = deps;
    const { log, registry } = telemetry;
    const store = createInboundStore(deps);
    const secrets = createSecrets({ store, clock });
    const replays = createReplayWatch({ clock });
    const missed = new Counter({
      name: 'platform_events_missed_total',
      help: 'Events of the platform that were not delivered, and not by a replay either.',
      registers: [registry],
    });
    const server = await serveEvents({
      ...{ ...address, clock, telemetry },
      receive: createReceive({ secrets, store, heard: replays.heard, log }),
      taken: (event) =>
        react(event).catch((error: unknown) => log.warn('event-without-effect', { kind: event.type, error })),
    });
    const keeper = createSubscriptionKeeper({ ...deps, subscriptions, store, secrets, log });
    const findGaps = createFindGaps({
      store,
      replay: keeper.replay,
      isReplayUnderWay: replays.isUnderWay,
      missed: (count) => missed.inc(count),
      clock,
      log,
    });
    const keeping = createKeeping({ clock, log }, [
      { name: 'subscription', everyMs: LOOK_EVERY_MS, work: (signal) => keeper.look(url ?? server.url, signal) },
      { name: 'gaps', everyMs: GAPS_EVERY_MS, work: findGaps },
      {
        name: 'forget',
        everyMs: FORGET_EVERY_MS,
        work: () => store.forget(later(clock(), -KEPT_MS), FORGET_BATCH),
      },
    ]);
    return {
      url: server.url,
      begun: keeping.begun,
      close: async () => {
        await keeping.stop();
        await server.close();
      },
    };
  };
