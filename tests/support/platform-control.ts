/** The simulator's control plane (contract: /_sim), typed as far as the journeys use it. */

export type Effect = {
  sequence: number;
  at: string;
  kind: string;
  target: string;
  subjectRef?: string;
  idempotencyKey?: string;
  apiVersion: string;
};
export type Fault = {
  match?: { method?: string; path?: string; apiVersion?: string; siteId?: number };
  kind: string;
  probability?: number;
  times?: number;
  ms?: number;
  retryAfterSeconds?: number;
};
export type Received = {
  at: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: unknown;
  apiVersion: string;
  /** The rule that the signature of the request breaks; null for none, and where none is asked for. */
  signatureProblem: string | null;
};

/** What a camera, a panel or a visitor would have caused; duplicated, reordered or forged on its way to a subscriber. */
export type Happening = {
  type: string;
  siteId: number;
  data?: Record<string, unknown>;
  duplicate?: number;
  reorder?: boolean;
  forge?: boolean;
};

export type PlatformControl = {
  reset(): Promise<void>;
  effects(): Promise<Effect[]>;
  counts(): Promise<Record<string, number>>;
  fault(fault: Fault): Promise<void>;
  clearFaults(): Promise<void>;
  outage(outage: { siteId?: number; on: boolean; mode?: 'hang' | 'refuse' }): Promise<void>;
  freeze(ms: number): Promise<void>;
  /** What the platform keeps of its promises (contract §5.9); without a site, everywhere. */
  profile(profile: 'A' | 'B' | 'C', siteId?: number): Promise<void>;
  version(change: { siteId: number; resource?: string; version: 'v1' | 'v2' }): Promise<void>;
  quirk(name: string, on: boolean): Promise<void>;
  /** Goes on with the next certificate, or with the next key by which answers are signed. */
  rotate(what: 'tls' | 'signing'): Promise<void>;
  happen(event: Happening): Promise<void>;
  requests(): Promise<Received[]>;
  /** Requests and answers that do not fit the OpenAPI documents. */
  violations(): Promise<unknown[]>;
};

export const createPlatformControl = (url: string): PlatformControl => {
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(url + path, {
      method,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  const get = async <T>(path: string): Promise<T> => (await call('GET', path)) as T;
  const post = async (path: string, body: unknown): Promise<void> => void (await call('POST', path, body));
  return {
    reset: () => post('/reset', {}),
    effects: async () => (await get<{ effects: Effect[] }>('/ledger')).effects,
    counts: async () => (await get<{ counts: Record<string, number> }>('/ledger')).counts,
    fault: (fault) => post('/faults', fault),
    clearFaults: async () => void (await call('DELETE', '/faults')),
    outage: (outage) => post('/outage', outage),
    freeze: (ms) => post('/freeze', { ms }),
    profile: (profile, siteId) => post('/profile', { profile, siteId }),
    version: (change) => post('/version', change),
    quirk: (name, on) => post('/quirks', { name, on }),
    rotate: (what) => post('/rotate', { what }),
    happen: (event) => post('/events', event),
    requests: async () => (await get<{ requests: Received[] }>('/requests?limit=1000')).requests,
    violations: async () => (await get<{ violations: unknown[] }>('/violations')).violations,
  };
};
