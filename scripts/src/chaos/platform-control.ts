/** The simulator's control plane, as far as chaos uses it. It answers while the platform hangs, freezes or refuses. */
import type { Effect, Sending } from './history.ts';

export type Fault = { kind: string; probability?: number; times?: number; ms?: number; retryAfterSeconds?: number };

export type PlatformControl = {
  fault(fault: Fault): Promise<void>;
  clearFaults(): Promise<void>;
  outage(mode: 'hang' | 'refuse' | 'off'): Promise<void>;
  freeze(ms: number): Promise<void>;
  effects(): Promise<Effect[]>;
  /** Opens that arrived under a key, of the newest requests. */
  sendings(): Promise<Sending[]>;
};

/** Longer than the simulator needs for a ledger of thousands, shorter than anybody waits. */
const ANSWER_LIMIT_MS = 5_000;
const NEWEST = 400;

type LedgerAnswer = { effects: (Omit<Effect, 'at'> & { at: string })[] };
type RequestsAnswer = {
  requests: { at: string; method: string; path: string; headers: Record<string, string | undefined> }[];
};

export const createPlatformControl = (url: string): PlatformControl => {
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(url + path, {
      method,
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  return {
    fault: async (fault) => void (await call('POST', '/faults', fault)),
    clearFaults: async () => void (await call('DELETE', '/faults')),
    outage: async (mode) => void (await call('POST', '/outage', mode === 'off' ? { on: false } : { on: true, mode })),
    freeze: async (ms) => void (await call('POST', '/freeze', { ms })),
    effects: async () =>
      ((await call('GET', '/ledger')) as LedgerAnswer).effects.map((effect) => ({
        ...effect,
        at: Date.parse(effect.at),
      })),
    sendings: async () =>
      ((await call('GET', `/requests?limit=${NEWEST}`)) as RequestsAnswer).requests.flatMap(
        ({ at, method, path, headers }) => {
          const target = /\/access-points\/([^/]+)\/open$/.exec(path)?.[1];
          const key = headers['idempotency-key'];
          if (method !== 'POST' || target === undefined || key === undefined) return [];
          return [{ at: Date.parse(at), key, target, authorization: headers['authorization'] ?? '' }];
        },
      ),
  };
};
