/** A caller of the simulator for its own tests: plain HTTPS by undici, and nothing of our client. */
import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@house/kernel/clock';
import jwt from 'jsonwebtoken';
import { Agent, request } from 'undici';
import { type DevelopmentCertificates, ensureDevelopmentCertificates } from '../certificates.ts';
import { createPlatformSimulator, type PlatformSimulator } from '../platform-simulator.ts';

const CLIENT_ID = 'house';
export const V1 = { clientId: 'house-v1', secret: 'a-secret-of-tests', apiKey: 'a-key-of-tests' };
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export type Reply = {
  status: number;
  headers: Readonly<Record<string, string | undefined>>;
  /** Undefined when it is not JSON. */
  body: unknown;
  text: string;
};
export type Call = { method?: string; headers?: Record<string, string>; body?: unknown; form?: Record<string, string> };

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

export type Caller = {
  simulator: PlatformSimulator;
  certificates: DevelopmentCertificates;
  platformUrl: string;
  controlUrl: string;
  moveClock(milliseconds: number): void;
  now(): Date;
  /** RFC 3339, `milliseconds` from now. */
  instant(milliseconds: number): string;
  assertion(claims?: Record<string, unknown>, key?: KeyObject): string;
  tokenForm(assertion?: string): Record<string, string>;
  /** Without credentials. */
  raw(path: string, call?: Call): Promise<Reply>;
  v2(path: string, call?: Call): Promise<Reply>;
  v1(path: string, call?: Call): Promise<Reply>;
  /** A fresh token of v1, which ends the one before. */
  signInV1(): Promise<string>;
  control(path: string, body?: unknown, method?: string): Promise<Reply>;
  counts(): Promise<unknown>;
  /** Asks v2 until `done` says so. */
  until(path: string, done: (reply: Reply) => boolean): Promise<Reply>;
  close(): Promise<void>;
};

export const startCaller = async (options: { deviceLatencyMs?: number } = {}): Promise<Caller> => {
  let moved = 0;
  const clock: Clock = () => new Date(Date.now() + moved);
  const directory = mkdtempSync(join(tmpdir(), 'platform-'));
  const certificates = await ensureDevelopmentCertificates({ directory, clock });
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const failures: unknown[] = [];
  const simulator = createPlatformSimulator({
    clock,
    tls: { key: certificates.serverKeyPem, cert: certificates.serverCertPem },
    clients: { v2: [{ clientId: CLIENT_ID, publicJwk: publicKey.export({ format: 'jwk' }) }], v1: [V1] },
    deviceLatencyMs: options.deviceLatencyMs ?? 20,
    log: { error: (event, fields) => failures.push({ event, ...fields }) },
  });
  const { platformUrl, controlUrl } = await simulator.listen({ platformPort: 0, controlPort: 0 });
  const agent = new Agent({
    connect: { ca: certificates.caPem, cert: certificates.clientCertPem, key: certificates.clientKeyPem },
  });
  const plain = new Agent();

  const send = async (url: string, call: Call, dispatcher: Agent): Promise<Reply> => {
    const headers: Record<string, string> = { ...call.headers };
    let body: string | undefined;
    if (call.form) {
      headers['content-type'] ??= 'application/x-www-form-urlencoded';
      body = new URLSearchParams(call.form).toString();
    } else if (call.body !== undefined) {
      headers['content-type'] ??= 'application/json';
      body = typeof call.body === 'string' ? call.body : JSON.stringify(call.body);
    }
    const method = (call.method ?? 'GET') as 'GET';
    const response = await request(url, { method, headers, dispatcher, ...(body === undefined ? {} : { body }) });
    const text = await response.body.text();
    return {
      status: response.statusCode,
      headers: response.headers as Record<string, string>,
      body: parse(text),
      text,
    };
  };

  let v2Token: string | undefined;
  let v1Token: string | undefined;
  const signInV2 = async (): Promise<string> => {
    const reply = await send(`${platformUrl}/api/v2/oauth/token`, { method: 'POST', form: tokenForm() }, agent);
    return textAt(reply.body, 'access_token');
  };
  const signInV1 = async (): Promise<string> => {
    const body = { grantType: 'client_credentials', clientId: V1.clientId, clientSecret: V1.secret };
    const call = { method: 'POST', headers: { 'x-api-key': V1.apiKey }, body };
    const reply = await send(`${platformUrl}/api/v1/auth/token`, call, agent);
    v1Token = textAt(reply.body, 'data', 'token');
    return v1Token;
  };
  const assertion = (claims: Record<string, unknown> = {}, key: KeyObject = privateKey): string => {
    const iat = Math.floor(clock().getTime() / 1000);
    const whole = {
      iss: CLIENT_ID,
      sub: CLIENT_ID,
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
  const v2 = async (path: string, call: Call = {}): Promise<Reply> => {
    v2Token ??= await signInV2();
    const headers = { authorization: `Bearer ${v2Token}`, ...call.headers };
    return send(`${platformUrl}/api/v2${path}`, { ...call, headers }, agent);
  };
  const control = (path: string, body?: unknown, method = body === undefined ? 'GET' : 'POST'): Promise<Reply> =>
    send(`${controlUrl}${path}`, { method, ...(body === undefined ? {} : { body }) }, plain);

  return {
    simulator,
    certificates,
    platformUrl,
    controlUrl,
    moveClock(milliseconds) {
      moved += milliseconds;
    },
    now: clock,
    instant: (milliseconds) => new Date(clock().getTime() + milliseconds).toISOString(),
    assertion,
    tokenForm,
    raw: (path, call = {}) => send(`${platformUrl}${path}`, call, agent),
    v2,
    async v1(path, call = {}) {
      v1Token ??= await signInV1();
      const headers = { authorization: `Bearer ${v1Token}`, 'x-api-key': V1.apiKey, ...call.headers };
      return send(`${platformUrl}/api/v1${path}`, { ...call, headers }, agent);
    },
    signInV1,
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
      await simulator.close();
      rmSync(directory, { recursive: true, force: true });
      if (failures.length > 0) throw new Error(`the simulator failed: ${JSON.stringify(failures)}`);
    },
  };
};
