/**
 * A runnable «Умный дом»: versions 1 and 2 of its REST contract over HTTPS, and a control plane under `/_sim`.
 *
 * It stands in for a system that we do not own and is never deployed. It knows the contract (`schema/platform`) and not
 * our client, so that the two can only agree on what is written down. Every effect is in the ledger, every breach of
 * the contract, of either side, in `contractViolations`.
 */
import type { Clock } from '@house/kernel/clock';
import type { WorldSize } from '@house/schema/platform/world.ts';
import type { Generation } from './arrival.ts';
import { type ContractViolation, createViolations, loadContract } from './contract/contract.ts';
import { createGuard } from './contract/guard.ts';
import { createControl } from './control/control.ts';
import { createControlListener } from './control/listener.ts';
import { createListener, type Listener } from './http/listener.ts';
import { createServe } from './http/serve.ts';
import type { PlatformIdentity } from './identity.ts';
import { createAnswerSigner } from './integrity/sign-answer.ts';
import { createRequestVerifier } from './integrity/verify-request.ts';
import { createPlatform } from './platform.ts';
import { createSimulation } from './simulation.ts';
import { createNoState, createStateFile } from './state/state-file.ts';
import { createTimers } from './timers.ts';
import { createV1Tokens, type V1Client } from './v1/tokens.ts';
import { createV1 } from './v1/v1.ts';
import { createTokens, publicJwksOf, type V2Client } from './v2/tokens.ts';
import { createV2 } from './v2/v2.ts';
import { createWebhooks } from './webhooks/webhooks.ts';

const SEED = 1;
const DEVICE_LATENCY_MS = 150;

export type PlatformSimulatorOptions = {
  clock: Clock;
  /** Drives chance, never an id. */
  seed?: number;
  identity: PlatformIdentity;
  clients: { v2: readonly V2Client[]; v1: readonly V1Client[] };
  /** From an order to its effect. */
  deviceLatencyMs?: number;
  /** Of the waits between the attempts to deliver a webhook; 1, those of the contract, when absent. */
  webhookRetryScale?: number;
  /** The seeded world; small when absent. */
  world?: WorldSize;
  /** Where its state outlives the process; in memory when absent. */
  stateDirectory?: string;
  /** Whether bodies and answers are held to the contract: false is for load alone. */
  validate?: boolean;
  log?: { error(event: string, fields: Record<string, unknown>): void };
};
export type PlatformSimulator = {
  /** Port 0 takes a free one. `controlUrl` ends in `/_sim`. */
  listen(ports: { platformPort: number; controlPort: number }): Promise<{ platformUrl: string; controlUrl: string }>;
  /** Destroys what is open; nothing is left running. */
  close(): Promise<void>;
  /** Of both sides, the newest 500, since the start: a reset keeps them. */
  contractViolations(): readonly ContractViolation[];
};

/** Connections that are open go on with the certificate before. */
const rotate = async (identity: PlatformIdentity, listener: Listener, what: 'tls' | 'signing'): Promise<void> => {
  if (what === 'signing') return identity.rotateSigning();
  await identity.rotateTls();
  listener.renew(identity.tls());
};

const signingClientOf = (client: V2Client) => ({ clientId: client.clientId, publicJwks: publicJwksOf(client) });

/** Throws when the state in `stateDirectory` can't be read. */
export const createPlatformSimulator = (options: PlatformSimulatorOptions): PlatformSimulator => {
  const {
    clock,
    identity,
    seed = SEED,
    deviceLatencyMs = DEVICE_LATENCY_MS,
    world: size = 'small',
    validate = true,
    log,
  } = options;
  const state = options.stateDirectory ? createStateFile({ directory: options.stateDirectory }) : createNoState();
  const timers = createTimers();
  const violations = createViolations({ clock });
  const tokens = createTokens({ clock, clients: options.clients.v2 });
  const v1Tokens = createV1Tokens({ clock, clients: options.clients.v1 });
  const failed = (error: unknown) =>
    log?.error('platform-simulator-failed', { reason: error instanceof Error ? error.message : String(error) });

  const webhooks = createWebhooks({
    clock,
    timers,
    retryScale: options.webhookRetryScale ?? 1,
    ca: () => identity.tls().ca,
    onDisk: state.onDisk,
  });

  let origins: readonly string[] = [];
  /** The platform may be meant by its address or by its token endpoint. */
  const audiences = () => origins.flatMap((origin) => [origin, `${origin}/`, `${origin}/api/v2/oauth/token`]);
  const generate = (chanceSeed: number): Generation => {
    const simulation = createSimulation({
      clock,
      timers,
      seed: chanceSeed,
      deviceLatencyMs,
      size,
      session: state.begin(),
      webhooks,
    });
    return {
      simulation,
      v1: createV1({ simulation, tokens: v1Tokens }),
      v2: createV2({ simulation, tokens, audiences }),
    };
  };
  let generation = generate(seed);

  const platform = createPlatform({
    contract: loadContract,
    guard: createGuard({ contract: loadContract, violations, validate }),
    verify: createRequestVerifier({
      clock,
      clients: options.clients.v2.map(signingClientOf),
      authorities: () => origins.map((origin) => new URL(origin).host),
    }),
    signer: createAnswerSigner({ clock, key: identity.signingKey }),
    current: () => generation,
    failed,
    onDisk: state.onDisk,
  });
  const listener = createListener({
    tls: identity.tls(),
    admitted: () => generation.simulation.stall.passed(),
    handle: (request, response) => serve(request, response),
  });
  const serve = createServe({ platform, reset: listener.reset, failed });
  const control = createControl({
    simulation: () => generation.simulation,
    reset: async (chanceSeed) => {
      const over = generation;
      generation = generate(chanceSeed ?? seed);
      over.simulation.stall.end();
      await listener.restore();
    },
    outage: (mode) => (mode ? listener.outage(mode) : listener.restore()),
    abort: platform.abort,
    rotate: (what) => rotate(identity, listener, what),
    endV1Tokens: v1Tokens.endAll,
    violations: violations.read,
    onDisk: state.onDisk,
  });
  const controlListener = createControlListener({ control, failed });

  return {
    async listen({ platformPort, controlPort }) {
      // Now, not at the first request: its client may wait for a second only.
      loadContract();
      const port = await listener.listen(platformPort);
      origins = ['127.0.0.1', 'localhost'].map((host) => `https://${host}:${port}`);
      const controlled = await controlListener.listen(controlPort).catch(async (error: unknown) => {
        await listener.close();
        throw error;
      });
      return { platformUrl: `https://127.0.0.1:${port}`, controlUrl: `http://127.0.0.1:${controlled}/_sim` };
    },
    async close() {
      timers.clear();
      webhooks.stop();
      await Promise.all([listener.close(), controlListener.close()]);
      await state.close();
    },
    contractViolations: violations.read,
  };
};
