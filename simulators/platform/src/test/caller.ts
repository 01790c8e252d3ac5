/** A caller of the simulator for its own tests: plain HTTPS by undici, and nothing of our client. */
import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@house/kernel/clock';
import type { WorldSize } from '@house/schema/platform/world.ts';
import jwt from 'jsonwebtoken';
import { Agent, request } from 'undici';
import type { DevelopmentCertificates } from '../certificates.ts';
import { openPlatformIdentity, type PlatformIdentity } from '../identity.ts';
import { signRequest } from '../integrity/sign-request.ts';
import { createPlatformSimulator, type PlatformSimulator } from '../platform-simulator.ts';
import type { V1Client } from '../v1/tokens.ts';
import { breachOf } from './breach.ts';

const CLIENT_ID = 'house';
export const V1 = { clientId: 'house-v1', secret: 'a-secret-of-tests', apiKey: 'a-key-of-tests' };
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export type Reply = {
  status: number;
  headers: Readonly<Record<string, string | undefined>>;
  /** Undefined when it is not JSON. */
  body: unknown;
  text: string;
  /** Why the answer is not to be believed; null when it is, or when its version does not sign. */
  breach: string | null;
};
export type Call = {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  form?: Record<string, string>;
  /** An answer whose signature does not hold is an error of the test, unless it looks at `breach` itself. */
  looksAtBreach?: boolean;
};
/** A request as it goes over the wire, for whoever wants to change it on the way. */
export type Prepared = { url: string; method: string; headers: Record<string, string>; body: string | undefined };

/** The value below `steps` of a JSON body; undefined where there is none. */
export const at = (value: unknown, ...steps: readonly (string | number)[]): unknown =>
  steps.reduce<unknown>((node, step) => (node as Record<string | number, unknown> | undefined)?.[step], value);
export const textAt = (value: unknown, ...steps: readonly (string | number)[]): string => String(at(value, ...steps));
/** The member `name` of each item of a list. */
export const each = (list: unknown, name: string): readonly unknown[] =>
  (list as readonly unknown[]).map((item) => at(item, name));

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

export type RemoteCaller = {
  certificates: DevelopmentCertificates;
  platformUrl: string;
  controlUrl: string;
  now(): Date;
  /** RFC 3339, `milliseconds` from now. */
  instant(milliseconds: number): string;
  assertion(claims?: Record<string, unknown>, key?: KeyObject): string;
  tokenForm(assertion?: string): Record<string, string>;
  /** With a certificate and, on v2, a signature, but without a token. */
  raw(path: string, call?: Call): Promise<Reply>;
  /** A request of v2 with its token, signed and not sent. */
  prepare(path: string, call?: Call): Promise<Prepared>;
  /** To the letter, over a connection of one's own choice if one is given. */
  send(prepared: Prepared, dispatcher?: Agent): Promise<Reply>;
  v2(path: string, call?: Call): Promise<Reply>;
  v1(path: string, call?: Call): Promise<Reply>;
  /** A fresh token of v1, which ends the one before. */
  signInV1(): Promise<string>;
  /** A fresh token of v2, for a clock that was moved far. */
  signInV2(): Promise<string>;
  control(path: string, body?: unknown, method?: string): Promise<Reply>;
  counts(): Promise<unknown>;
  /** Asks v2 until `done` says so. */
  until(path: string, done: (reply: Reply) => boolean): Promise<Reply>;
  close(): Promise<void>;
};
export type Caller = RemoteCaller & {
  simulator: PlatformSimulator;
  identity: PlatformIdentity;
  /** Of its identity. */
  directory: string;
  client: { clientId: string; privateKey: KeyObject; publicKey: KeyObject };
  moveClock(milliseconds: number): void;
};

export type Meeting = {
  platformUrl: string;
  controlUrl: string;
  certificates: DevelopmentCertificates;
  clock: Clock;
  v2: { clientId: string; privateKey: KeyObject };
  v1: V1Client;
};

/** A caller of a simulator that runs somewhere else. */
export const meet = (meeting: Meeting): RemoteCaller => {
  const { platformUrl, controlUrl, certificates, clock } = meeting;
  const { clientId, privateKey } = meeting.v2;
  const agent = new Agent({
    connect: { ca: certificates.caPem, cert: certificates.clientCertPem, key: certificates.clientKeyPem },
  });
  const plain = new Agent();

  const prepare = async (url: string, call: Call): Promise<Prepared> => {
    const headers: Record<string, string> = { ...call.headers };
    let body: string | undefined;
    if (call.form) {
      headers['content-type'] ??= 'application/x-www-form-urlencoded';
      body = new URLSearchParams(call.form).toString();
    } else if (call.body !== undefined) {
      headers['content-type'] ??= 'application/json';
      body = typeof call.body === 'string' ? call.body : JSON.stringify(call.body);
    }
    const unsigned = { url, method: call.method ?? 'GET', headers, body };
    if (!new URL(url).pathname.startsWith('/api/v2/')) return unsigned;
    return { ...unsigned, headers: await signRequest(unsigned, { keyid: clientId, privateKey, now: clock() }) };
  };
  const transmit = async ({ url, method, headers, body }: Prepared, dispatcher: Agent): Promise<Reply> => {
    const options = { method: method as 'GET', headers, dispatcher, ...(body === undefined ? {} : { body }) };
    const response = await request(url, options);
    const text = await response.body.text();
    const heads = response.headers as Record<string, string>;
    const answer = { status: response.statusCode, headers: heads, text };
    const signed = new URL(url).pathname.startsWith('/api/v2/');
    const breach = signed ? breachOf(answer, { url, method, headers }, certificates.signingKeys.keys) : null;
    return { ...answer, body: parse(text), breach };
  };

  const believed = (reply: Reply, { looksAtBreach = false }: Call): Reply => {
    if (reply.breach !== null && !looksAtBreach) throw new Error(`the answer is not to be believed: ${reply.breach}`);
    return reply;
  };
  const send = async (url: string, call: Call, dispatcher: Agent): Promise<Reply> =>
    believed(await transmit(await prepare(url, call), dispatcher), call);

  let v2Token: string | undefined;
  let v1Token: string | undefined;
  const signInV2 = async (): Promise<string> => {
    const reply = await send(`${platformUrl}/api/v2/oauth/token`, { method: 'POST', form: tokenForm() }, agent);
    v2Token = textAt(reply.body, 'access_token');
    return v2Token;
  };
  const signInV1 = async (): Promise<string> => {
    const { secret, apiKey } = meeting.v1;
    const body = { grantType: 'client_credentials', clientId: meeting.v1.clientId, clientSecret: secret };
    const call = { method: 'POST', headers: { 'x-api-key': apiKey }, body };
    const reply = await send(`${platformUrl}/api/v1/auth/token`, call, agent);
    v1Token = textAt(reply.body, 'data', 'token');
    return v1Token;
  };
  const assertion = (claims: Record<string, unknown> = {}, key: KeyObject = privateKey): string => {
    const iat = Math.floor(clock().getTime() / 1000);
    const whole = {
      iss: clientId,
      sub: clientId,
      aud: platformUrl,
      iat,
      exp: iat + 30,
      jti: randomUUID(),
      ...claims,
    };
    return jwt.sign(whole, key, { algorithm: 'ES256' });
  };
  const tokenForm = (signed = assertion()): Record<string, string> => ({
    grant_type: 'client_credentials',
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: signed,
  });
  const prepareV2 = async (path: string, call: Call = {}): Promise<Prepared> => {
    v2Token ??= await signInV2();
    const headers = { authorization: `Bearer ${v2Token}`, ...call.headers };
    return prepare(`${platformUrl}/api/v2${path}`, { ...call, headers });
  };
  const v2 = async (path: string, call: Call = {}): Promise<Reply> =>
    believed(await transmit(await prepareV2(path, call), agent), call);
  const control = (path: string, body?: unknown, method = body === undefined ? 'GET' : 'POST'): Promise<Reply> =>
    send(`${controlUrl}${path}`, { method, ...(body === undefined ? {} : { body }) }, plain);

  return {
    certificates,
    platformUrl,
    controlUrl,
    now: clock,
    instant: (milliseconds) => new Date(clock().getTime() + milliseconds).toISOString(),
    assertion,
    tokenForm,
    raw: (path, call = {}) => send(`${platformUrl}${path}`, call, agent),
    prepare: prepareV2,
    send: (prepared, dispatcher = agent) => transmit(prepared, dispatcher),
    v2,
    async v1(path, call = {}) {
      v1Token ??= await signInV1();
      const headers = { authorization: `Bearer ${v1Token}`, 'x-api-key': meeting.v1.apiKey, ...call.headers };
      return send(`${platformUrl}/api/v1${path}`, { ...call, headers }, agent);
    },
    signInV1,
    signInV2,
    control,
    counts: async () => at((await control('/ledger')).body, 'counts'),
    async until(path, done) {
      for (;;) {
        const reply = await v2(path);
        if (done(reply)) return reply;
      }
    },
    async close() {
      await agent.destroy();
      await plain.destroy();
    },
  };
};

export type CallerOptions = {
  deviceLatencyMs?: number;
  world?: WorldSize;
  stateDirectory?: string;
  webhookRetryScale?: number;
  /** How far its clock is ahead from the start. */
  aheadMs?: number;
};

/** A simulator of one's own in this process, and its caller. */
export const startCaller = async ({ aheadMs = 0, ...options }: CallerOptions = {}): Promise<Caller> => {
  let moved = aheadMs;
  const clock: Clock = () => new Date(Date.now() + moved);
  const directory = mkdtempSync(join(tmpdir(), 'platform-'));
  // TLS looks at the machine's clock, whatever ours says.
  const identity = await openPlatformIdentity({ directory, clock: () => new Date() });
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const failures: unknown[] = [];
  const simulator = createPlatformSimulator({
    clock,
    identity,
    clients: { v2: [{ clientId: CLIENT_ID, publicJwk: publicKey.export({ format: 'jwk' }) }], v1: [V1] },
    log: { error: (event, fields) => failures.push({ event, ...fields }) },
    ...options,
    deviceLatencyMs: options.deviceLatencyMs ?? 20,
  });
  const addresses = await simulator.listen({ platformPort: 0, controlPort: 0 });
  const caller = meet({
    ...addresses,
    certificates: identity.certificates(),
    clock,
    v2: { clientId: CLIENT_ID, privateKey },
    v1: V1,
  });
  return {
    ...caller,
    simulator,
    identity,
    directory,
    client: { clientId: CLIENT_ID, privateKey, publicKey },
    moveClock(milliseconds) {
      moved += milliseconds;
    },
    async close() {
      await caller.close();
      await simulator.close();
      rmSync(directory, { recursive: true, force: true });
      if (failures.length > 0) throw new Error(`the simulator failed: ${JSON.stringify(failures)}`);
    },
  };
};
