/**
 * What tests that play the platform need: its keys and ours, and its signature under an answer. It is made by another library
 * than the one that proves it, and from the contract (platform.md §5.8) alone.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { httpbis } from 'http-message-signatures';
import { type PlatformTrust, thumbprintOf } from '../transport/trust.ts';

export type SigningPair = { kid: string; privateKey: KeyObject; publicKey: KeyObject };

export const createSigningPair = (kid: string): SigningPair => ({
  kid,
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }),
});

export const digestOf = (body: string | Uint8Array): string =>
  `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;

/** The components of an answer, in the order of the contract. */
export const ANSWER_COMPONENTS = ['@status', 'content-digest', '"@method";req', '"@path";req', '"content-digest";req'];

export type Asked = { method: string; url: string; contentDigest: string };
export type SigningOptions = {
  pair: SigningPair;
  created: Date;
  fields?: readonly string[];
  nonce?: string;
  alg?: string;
  params?: readonly string[];
};

/** `content-digest`, `signature` and `signature-input` of an answer. */
export const signAnswer = async (
  asked: Asked,
  { status, body, digest = digestOf(body) }: { status: number; body: string | Uint8Array; digest?: string },
  { pair, created, fields = ANSWER_COMPONENTS, ...options }: SigningOptions,
): Promise<Record<string, string>> => {
  const signed = await httpbis.signMessage(
    {
      key: {
        id: pair.kid,
        alg: 'ecdsa-p256-sha256',
        sign: async (data) => sign('sha256', data, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }),
      },
      name: 'sig1',
      fields: [...fields],
      params: [...(options.params ?? ['created', 'nonce', 'keyid', 'alg'])],
      paramValues: {
        created,
        nonce: options.nonce ?? randomBytes(16).toString('base64url'),
        ...(options.alg && { alg: options.alg }),
      },
    },
    { status, headers: { 'content-digest': digest } },
    { method: asked.method, url: asked.url, headers: { 'content-digest': asked.contentDigest } },
  );
  const headers = signed.headers as Record<string, string>;
  return {
    'content-digest': digest,
    signature: String(headers['Signature']),
    'signature-input': String(headers['Signature-Input']),
  };
};

/** Both sides' keys without files; what is changed here counts from the next request on. */
export const createTestTrust = () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pair = createSigningPair('platform-1');
  const trust: PlatformTrust = {
    tls: () => NO_TLS,
    clientKey: () => ({ key: privateKey, kid: thumbprintOf(privateKey) }),
    signingKeys: () => new Map([[pair.kid, pair.publicKey]]),
  };
  return { trust, pair };
};
const NO_TLS = {};

/** Signs whatever `listener` answers with one call of `end`, as the platform signs by `pair` at the time of `now`. */
export const signing =
  (pair: () => SigningPair, now: () => Date, listener: RequestListener): RequestListener =>
  (incoming, outgoing) => {
    const end = outgoing.end.bind(outgoing);
    const begin = outgoing.writeHead.bind(outgoing);
    let head: { status: number; headers: Record<string, string> } = { status: 200, headers: {} };
    outgoing.writeHead = ((status: number, headers: Record<string, string> = {}) => {
      head = { status, headers };
      return outgoing;
    }) as ServerResponse['writeHead'];
    outgoing.end = ((body = '') => {
      const asked = {
        method: String(incoming.method),
        url: `${'encrypted' in incoming.socket ? 'https' : 'http'}://${incoming.headers.host}${incoming.url}`,
        contentDigest: String(incoming.headers['content-digest']),
      };
      signAnswer(asked, { status: head.status, body }, { pair: pair(), created: now() }).then(
        (proof) => {
          begin(head.status, { ...head.headers, ...proof });
          end(body);
        },
        () => outgoing.destroy(),
      );
      return outgoing;
    }) as ServerResponse['end'];
    listener(incoming, outgoing);
  };

export const createSigningServer = (pair: SigningPair, now: () => Date, listener: RequestListener): Server =>
  createServer(signing(() => pair, now, listener));
