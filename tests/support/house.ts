/**
 * The running house, driven from outside: an app that speaks GraphQL, an operator who reads the platform's ledger, and
 * somebody who breaks things. Only the clock is in the test's hand.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { obtainToken } from '@house/authorization-server/obtain-token';
import { createLifecycle } from '@house/kernel/lifecycle';
import { createTelemetry } from '@house/kernel/telemetry';
import { type HouseConfig, parseHouseConfig } from '@house/scripts/house/config';
import { startHouse } from '@house/scripts/house/house';
import { createPlatformControl, type PlatformControl } from './platform-control.ts';
import { openServices } from './services.ts';

const ROOT = join(import.meta.dirname, '../..');

export type GraphqlAnswer = {
  status: number;
  headers: Headers;
  data?: Record<string, never> | null;
  errors?: { message: string; path?: (string | number)[]; extensions: { code: string; retryAfterSeconds?: number } }[];
};

export type TestHouse = {
  readonly url: string;
  readonly adminUrl: string;
  readonly issuer: string;
  /** Where the platform tells what has happened. */
  readonly eventsUrl: string;
  readonly dataDirectory: string;
  readonly platform: PlatformControl;
  /** Everything that was logged so far, as text. */
  logged(): string;
  /** An access token of the user, with the scopes named, or all that the user's roles hold. */
  token(user: string, scope?: string): Promise<string>;
  /** An app of the user: Apollo's client, which nobody here wrote. */
  app(user: string, scope?: string): Promise<ApolloClient>;
  /** One request as it stands. */
  post(body: unknown, headers?: Record<string, string>): Promise<GraphqlAnswer>;
  /** Moves the house's clock; the platform's too. */
  advance(milliseconds: number): void;
  /** The variables of its database and Redis, for another house on the same. */
  readonly services: Record<string, string>;
  /** Stops it and keeps its data. */
  close(): Promise<void>;
  /** Stops it and forgets its data. */
  stop(): Promise<void>;
};

/** @param overrides variables of `npm start`, e.g. `{ LIMITS_FILE: … }`. */
export const openHouse = async (overrides: Record<string, string> = {}): Promise<TestHouse> => {
  const directory = await mkdtemp(join(tmpdir(), 'house-'));
  const services = overrides['DATABASE_URL'] ? { variables: {}, release: async () => {} } : await openServices();
  const config: HouseConfig = parseHouseConfig({
    DATA_DIR: directory,
    GATEWAY_PORT: '0',
    ADMIN_PORT: '0',
    AUTH_PORT: '0',
    PLATFORM_PORT: '0',
    SIM_PORT: '0',
    EVENTS_PORT: '0',
    LOG_LEVEL: 'info',
    EXPLORER: 'graphiql',
    LAME_DUCK_MS: '0',
    LIMITS_FILE: join(import.meta.dirname, 'wide-limits.json'),
    // Journeys use one plate again and again.
    PLATE_BUDGET: '1000',
    ...services.variables,
    ...overrides,
  });
  let shift = 0;
  const clock = (): Date => new Date(Date.now() + shift);
  const lines: string[] = [];
  const telemetry = createTelemetry({
    service: 'house',
    level: config.LOG_LEVEL,
    destination: { write: (line) => lines.push(line) },
  });
  const lifecycle = createLifecycle({ log: telemetry.log });
  let platform: PlatformControl | undefined;
  const close = async (): Promise<void> => {
    const violations = await platform?.violations();
    await lifecycle.stop();
    platform = undefined;
    // Whatever a journey did: what was said to the platform, and what it said, stands in its OpenAPI documents.
    if (violations?.length) throw new Error(`against the contract: ${JSON.stringify(violations, null, 2)}`);
  };
  const stop = async (): Promise<void> => {
    await close();
    await services.release();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const house = await startHouse({ config, lifecycle, clock, random: randomBytes, telemetry, root: ROOT });
    const control = createPlatformControl(house.simulatorControlUrl ?? '');
    platform = control;
    const token = async (user: string, scope?: string): Promise<string> =>
      (await obtainToken({ issuer: house.issuer, user, ...(scope !== undefined && { scope }) })).access_token;
    return {
      url: house.url,
      adminUrl: house.adminUrl,
      issuer: house.issuer,
      eventsUrl: house.eventsUrl ?? '',
      dataDirectory: config.DATA_DIR,
      platform: control,
      logged: () => lines.join(''),
      token,
      app: async (user, scope) => {
        const authorization = `Bearer ${await token(user, scope)}`;
        return new ApolloClient({
          cache: new InMemoryCache(),
          link: new HttpLink({ uri: house.url, headers: { authorization } }),
          defaultOptions: { query: { fetchPolicy: 'no-cache' }, mutate: { fetchPolicy: 'no-cache' } },
        });
      },
      post: async (body, headers = {}) => {
        const response = await fetch(house.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        });
        return {
          status: response.status,
          headers: response.headers,
          ...((await response.json()) as object),
        } as GraphqlAnswer;
      },
      advance: (milliseconds) => {
        shift += milliseconds;
      },
      services: services.variables,
      close,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** A new intent's key, as the app makes it. */
export const newKey = (): string => randomUUID();

const POLL_MS = 25;

/** Asks until `holds`; the test's own time limit ends it otherwise. */
export const eventually = async <T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> => {
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};
