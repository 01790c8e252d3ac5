/** What can be done to a request on its way to the platform. Each must be refused by whoever checks as the contract says. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { digestOf } from './played-platform.ts';

export type Request = { method: string; url: string; headers: Record<string, string>; body: Buffer };
export type Pick = (limit: number) => number;
type Tamper = (honest: Request, pick: Pick) => Request;

const STRANGER = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const with_ = (request: Request, headers: Record<string, string>): Request => ({
  ...request,
  headers: { ...request.headers, ...headers },
});
const without = (request: Request, ...names: string[]): Request => ({
  ...request,
  headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => !names.includes(name))),
});
const inHeader = (request: Request, name: string, pattern: RegExp | string, replacement: string): Request =>
  with_(request, { [name]: (request.headers[name] ?? '').replace(pattern, replacement) });
const inInput = (request: Request, pattern: RegExp | string, replacement: string): Request =>
  inHeader(request, 'signature-input', pattern, replacement);
const at = (request: Request, change: (url: URL) => void): Request => {
  const url = new URL(request.url);
  change(url);
  return { ...request, url: url.href };
};
const flipped = (bytes: Buffer, pick: Pick): Buffer => {
  const copy = Buffer.from(bytes);
  const index = pick(copy.length);
  copy[index] = (copy[index] ?? 0) ^ (1 << pick(8));
  return copy;
};
const signatureBytes = ({ headers }: Request): Buffer =>
  Buffer.from(/:(.*):/.exec(headers['signature'] ?? '')?.[1] ?? '', 'base64');
const withBytes = (request: Request, bytes: Buffer): Request =>
  with_(request, { signature: `sig1=:${bytes.toString('base64')}:` });
const createdIn = ({ headers }: Request): number => Number(/created=(\d+)/.exec(headers['signature-input'] ?? '')?.[1]);

export const TAMPERED_REQUESTS: Readonly<Record<string, Tamper>> = {
  'another method': (honest) => ({ ...honest, method: honest.method === 'PUT' ? 'POST' : 'PUT' }),
  'another authority': (honest) =>
    at(honest, (url) => {
      url.hostname = 'elsewhere.test';
    }),
  'another port': (honest, pick) =>
    at(honest, (url) => {
      url.port = String(1_024 + pick(60_000));
    }),
  'another path': (honest) =>
    at(honest, (url) => {
      url.pathname += '/more';
    }),
  'a path in other letters': (honest) =>
    at(honest, (url) => {
      url.pathname = url.pathname.toUpperCase();
    }),
  'a parameter added': (honest, pick) =>
    at(honest, (url) => {
      url.searchParams.append('cursor', String(pick(99)));
    }),
  'another query': (honest) =>
    at(honest, (url) => {
      url.search = url.search === '' ? '?a=1' : '';
    }),
  'another content type': (honest) => with_(honest, { 'content-type': 'text/plain' }),
  'no content type': (honest) => without(honest, 'content-type'),
  'another idempotency key': (honest, pick) => with_(honest, { 'idempotency-key': `op_x${pick(1_000)}` }),
  'no idempotency key': (honest) => without(honest, 'idempotency-key'),
  'more time to act': (honest) => with_(honest, { 'expires-at': '2099-01-01T00:00:00.000Z' }),
  'no end of the time to act': (honest) => without(honest, 'expires-at'),
  'a flipped bit of the body': (honest, pick) => ({ ...honest, body: flipped(honest.body, pick) }),
  'a body cut short': (honest, pick) => ({ ...honest, body: honest.body.subarray(0, pick(honest.body.length)) }),
  'another body with its own digest': (honest) => {
    const body = Buffer.from('{"unitId":"somebody else"}');
    return { ...with_(honest, { 'content-digest': digestOf(body) }), body };
  },
  'no digest': (honest) => without(honest, 'content-digest'),
  'a digest of another algorithm': (honest) => inHeader(honest, 'content-digest', 'sha-256', 'sha-512'),
  'no signature': (honest) => without(honest, 'signature'),
  'no input of the signature': (honest) => without(honest, 'signature-input'),
  'a flipped bit of the signature': (honest, pick) => withBytes(honest, flipped(signatureBytes(honest), pick)),
  'a signature cut short': (honest, pick) => withBytes(honest, signatureBytes(honest).subarray(0, pick(64))),
  'a signature in another encoding': (honest) =>
    withBytes(honest, sign('sha256', randomBytes(8), { key: STRANGER.privateKey, dsaEncoding: 'der' })),
  "a stranger's signature": (honest) =>
    withBytes(honest, sign('sha256', randomBytes(8), { key: STRANGER.privateKey, dsaEncoding: 'ieee-p1363' })),
  'a later time': (honest, pick) => inInput(honest, /created=\d+/, `created=${createdIn(honest) + 1 + pick(30)}`),
  'an earlier time': (honest, pick) => inInput(honest, /created=\d+/, `created=${createdIn(honest) - 1 - pick(30)}`),
  'another nonce': (honest) => inInput(honest, /nonce="[^"]*"/, `nonce="${randomBytes(16).toString('base64url')}"`),
  "another client's name": (honest) => inInput(honest, /keyid="[^"]*"/, 'keyid="stranger"'),
  'another algorithm': (honest) => inInput(honest, /alg="[^"]*"/, 'alg="hmac-sha256"'),
  'no time': (honest) => inInput(honest, /;created=\d+/, ''),
  'no nonce': (honest) => inInput(honest, /;nonce="[^"]*"/, ''),
  'a component taken out': (honest, pick) => {
    const names = [...(honest.headers['signature-input'] ?? '').matchAll(/"[@a-z-]+" ?/g)].map(([name]) => name);
    return inInput(honest, names[pick(names.length - 1)] ?? '', '');
  },
  'components in another order': (honest) => inInput(honest, '"@method" "@authority"', '"@authority" "@method"'),
  'labels that differ': (honest) => inHeader(honest, 'signature', 'sig1', 'sig2'),
};
