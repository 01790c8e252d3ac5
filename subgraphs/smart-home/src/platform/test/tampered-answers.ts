/** What can be done to an answer on its way, or by somebody who answers in the platform's place. Each must be refused. */
import { createHmac, randomBytes, sign, verify } from 'node:crypto';
import {
  ANSWER_COMPONENTS,
  type Asked,
  createSigningPair,
  digestOf,
  type SigningOptions,
  type SigningPair,
  signAnswer,
} from './played-platform.ts';

export type Exchange = {
  asked: Asked;
  /** Of the request. */
  sent: Buffer;
  status: number;
  headers: Record<string, string | string[]>;
  body: Buffer;
};
export type Tools = {
  now: Date;
  current: SigningPair;
  next: SigningPair;
  /** A number from 0 to `limit` - 1. */
  pick(limit: number): number;
};
type Tamper = (honest: Exchange, tools: Tools) => Exchange | Promise<Exchange>;

const STRANGER = createSigningPair('stranger');

const with_ = (exchange: Exchange, headers: Record<string, string | string[]>): Exchange => ({
  ...exchange,
  headers: { ...exchange.headers, ...headers },
});
const without = (exchange: Exchange, ...names: string[]): Exchange => ({
  ...exchange,
  headers: Object.fromEntries(Object.entries(exchange.headers).filter(([name]) => !names.includes(name))),
});
const header = ({ headers }: Exchange, name: string): string => String(headers[name]);
const flipped = (bytes: Buffer, pick: Tools['pick']): Buffer => {
  const copy = Buffer.from(bytes);
  const at = pick(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << pick(8));
  return copy;
};
const reSigned = async (honest: Exchange, tools: Tools, options: Partial<SigningOptions> & { digest?: string }) => {
  const { digest = header(honest, 'content-digest'), ...rest } = options;
  const proof = await signAnswer(
    honest.asked,
    { status: honest.status, body: honest.body, digest },
    { pair: tools.current, created: tools.now, ...rest },
  );
  return with_(honest, proof);
};
const inInput = (honest: Exchange, pattern: RegExp | string, replacement: string): Exchange =>
  with_(honest, { 'signature-input': header(honest, 'signature-input').replace(pattern, replacement) });
const signatureBytes = (exchange: Exchange): Buffer =>
  Buffer.from(/:(.*):/.exec(header(exchange, 'signature'))?.[1] ?? '', 'base64');
const withBytes = (exchange: Exchange, bytes: Uint8Array): Exchange =>
  with_(exchange, { signature: `sig1=:${Buffer.from(bytes).toString('base64')}:` });
const leftOut = (name: string): string[] => ANSWER_COMPONENTS.filter((component) => component !== name);
const later = ({ now }: Tools, seconds: number): Date => new Date(now.getTime() + seconds * 1_000);

/** The signature base, to sign it by other means than the library's. */
const baseOf = (exchange: Exchange): Buffer => {
  const params = header(exchange, 'signature-input').replace(/^sig1=/, '');
  const { method, url, contentDigest } = exchange.asked;
  const lines = [
    `"@status": ${exchange.status}`,
    `"content-digest": ${header(exchange, 'content-digest')}`,
    `"@method";req: ${method}`,
    `"@path";req: ${new URL(url).pathname}`,
    `"content-digest";req: ${contentDigest}`,
    `"@signature-params": ${params}`,
  ];
  return Buffer.from(lines.join('\n'));
};

export const TAMPERED_ANSWERS: Readonly<Record<string, Tamper>> = {
  'another status': (honest, { pick }) => ({ ...honest, status: honest.status === 200 ? 201 + pick(300) : 200 }),
  'a flipped bit of the body': (honest, { pick }) => ({ ...honest, body: flipped(honest.body, pick) }),
  'a body cut short': (honest, { pick }) => ({ ...honest, body: honest.body.subarray(0, pick(honest.body.length)) }),
  'a longer body': (honest, { pick }) => ({ ...honest, body: Buffer.concat([honest.body, randomBytes(1 + pick(9))]) }),
  'no body': (honest) => ({ ...honest, body: Buffer.alloc(0) }),
  'another body with its own digest': (honest) => {
    const body = Buffer.from('{"state":"succeeded"}');
    return { ...with_(honest, { 'content-digest': digestOf(body) }), body };
  },
  "the request's body and digest": (honest) => ({
    ...with_(honest, { 'content-digest': honest.asked.contentDigest }),
    body: honest.sent,
  }),
  'no digest': (honest) => without(honest, 'content-digest'),
  'a digest of another algorithm': (honest) => inDigest(honest, 'sha-256', 'sha-512'),
  'a digest that says nothing': (honest) => with_(honest, { 'content-digest': '' }),
  'two digests of one algorithm': (honest) =>
    with_(honest, { 'content-digest': [digestOf('other'), header(honest, 'content-digest')] }),
  'no signature at all': (honest) => without(honest, 'signature', 'signature-input', 'content-digest'),
  'no signature, but a digest': (honest) => without(honest, 'signature', 'signature-input'),
  'no signature, but its input': (honest) => without(honest, 'signature'),
  'no input of the signature': (honest) => without(honest, 'signature-input'),
  'a flipped bit of the signature': (honest, { pick }) => withBytes(honest, flipped(signatureBytes(honest), pick)),
  'a signature cut short': (honest, { pick }) => withBytes(honest, signatureBytes(honest).subarray(0, pick(64))),
  'a signature of zeros': (honest) => withBytes(honest, Buffer.alloc(64)),
  'a signature in another encoding': (honest, { current }) =>
    withBytes(honest, sign('sha256', baseOf(honest), { key: current.privateKey, dsaEncoding: 'der' })),
  'a signature that is not bytes': (honest) => with_(honest, { signature: 'sig1="good"' }),
  'a later time of the signature': (honest, { pick }) =>
    inInput(honest, /created=(\d+)/, `created=${Math.floor(Date.parse('2026-03-01T12:00:00Z') / 1_000) + 1 + pick(4)}`),
  'another nonce': (honest) => inInput(honest, /nonce="([^"]*)"/, `nonce="${randomBytes(16).toString('base64url')}"`),
  "another key's name": (honest, { next }) => inInput(honest, /keyid="[^"]*"/, `keyid="${next.kid}"`),
  'a key that nobody knows': (honest, tools) => reSigned(honest, tools, { pair: STRANGER }),
  "a stranger's key under a known name": (honest, tools) =>
    reSigned(honest, tools, { pair: { ...STRANGER, kid: tools.current.kid } }),
  'another algorithm': (honest) => inInput(honest, 'alg="ecdsa-p256-sha256"', 'alg="ed25519"'),
  'a shared secret made of the public key': (honest, { current }) => {
    const claimed = inInput(honest, 'alg="ecdsa-p256-sha256"', 'alg="hmac-sha256"');
    const secret = current.publicKey.export({ type: 'spki', format: 'pem' });
    return withBytes(claimed, createHmac('sha256', secret).update(baseOf(claimed)).digest());
  },
  'a component taken out of the input': (honest, { pick }) =>
    inInput(honest, ANSWER_COMPONENTS.map(inQuotes)[pick(ANSWER_COMPONENTS.length)] ?? '', ''),
  'components in another order': (honest) =>
    inInput(honest, '"@status" "content-digest"', '"content-digest" "@status"'),
  'an answer to another path': (honest) => ({
    ...honest,
    asked: { ...honest.asked, url: honest.asked.url.replace('/things/', '/things/1') },
  }),
  'an answer to another method': (honest) => ({
    ...honest,
    asked: { ...honest.asked, method: honest.asked.method === 'GET' ? 'DELETE' : 'GET' },
  }),
  'an answer to another body': (honest) => ({
    ...honest,
    asked: { ...honest.asked, contentDigest: digestOf(randomBytes(8)) },
  }),
  'an old answer': (honest, tools) => reSigned(honest, tools, { created: later(tools, -66 - tools.pick(1_000)) }),
  'an answer from the future': (honest, tools) =>
    reSigned(honest, tools, { created: later(tools, 6 + tools.pick(1_000)) }),
  'a second signature': (honest) =>
    with_(honest, {
      signature: `${header(honest, 'signature')}, sig2=${header(honest, 'signature').slice(5)}`,
      'signature-input': `${header(honest, 'signature-input')}, sig2=${header(honest, 'signature-input').slice(5)}`,
    }),
  'the same label twice': (honest) =>
    with_(honest, { 'signature-input': [header(honest, 'signature-input'), header(honest, 'signature-input')] }),
  'labels that differ': (honest) => with_(honest, { signature: header(honest, 'signature').replace('sig1', 'sig2') }),
  'signed without the status': (honest, tools) => reSigned(honest, tools, { fields: leftOut('@status') }),
  'signed without its own digest': (honest, tools) => reSigned(honest, tools, { fields: leftOut('content-digest') }),
  "signed without the request's digest": (honest, tools) =>
    reSigned(honest, tools, { fields: leftOut('"content-digest";req') }),
  'signed without the path': (honest, tools) => reSigned(honest, tools, { fields: leftOut('"@path";req') }),
  'signed without the method': (honest, tools) => reSigned(honest, tools, { fields: leftOut('"@method";req') }),
  'signed over nothing': (honest, tools) => reSigned(honest, tools, { fields: [] }),
  'signed without a time': (honest, tools) => reSigned(honest, tools, { params: ['nonce', 'keyid', 'alg'] }),
  "signed without its key's name": (honest, tools) => reSigned(honest, tools, { params: ['created', 'nonce', 'alg'] }),
  'signed without its algorithm': (honest, tools) => reSigned(honest, tools, { params: ['created', 'nonce', 'keyid'] }),
};

const inQuotes = (component: string): string => (component.startsWith('"') ? component : `"${component}"`);
const inDigest = (honest: Exchange, from: string, to: string): Exchange =>
  with_(honest, { 'content-digest': header(honest, 'content-digest').replace(from, to) });

/** The honest one, to see that what is tampered with was good before. */
export const createExchange = async ({ now, current, pick }: Tools): Promise<Exchange> => {
  const sent = Buffer.from(pick(2) === 0 ? '' : JSON.stringify({ doorId: pick(1_000) }));
  const asked = {
    method: ['GET', 'POST', 'PATCH', 'DELETE'][pick(4)] ?? 'GET',
    url: `https://platform.test/api/v2/things/${pick(10_000)}${pick(2) === 0 ? '' : `?limit=${pick(100)}`}`,
    contentDigest: digestOf(sent),
  };
  const status = [200, 201, 202, 401, 404, 409, 429, 500, 503][pick(9)] ?? 200;
  const body = Buffer.from(JSON.stringify({ id: `op_${pick(1_000_000)}`, state: ['accepted', 'failed'][pick(2)] }));
  const headers = await signAnswer(asked, { status, body }, { pair: current, created: now });
  return { asked, sent, status, headers, body };
};

export const isBaseRight = (exchange: Exchange, { current }: Tools): boolean =>
  verify('sha256', baseOf(exchange), { key: current.publicKey, dsaEncoding: 'ieee-p1363' }, signatureBytes(exchange));
