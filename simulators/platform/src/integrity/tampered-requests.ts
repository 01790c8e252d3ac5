/**
 * What somebody on the way may make of a request, or a client may sign in place of what contract §5.8 asks for: each is
 * refused. A case changes a signed request; the ones that sign anew do it with a registered key, so that only the rule
 * they break stands against them.
 */
import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign as signBytes } from 'node:crypto';
import { httpbis } from 'http-message-signatures';
import type { Chance } from '../chance.ts';
import { ALGORITHM, coveredIn, messageOf, REQUEST_PARAMETERS, targetComponent } from './components.ts';
import { contentDigestOf } from './content-digest.ts';

export type Signed = { url: string; method: string; headers: Record<string, string>; body: string | undefined };
export type Client = { clientId: string; privateKey: KeyObject; publicKey: KeyObject };
export type Tools = { chance: Chance; now: Date; client: Client; other: Client };
type Tamper = (request: Signed, tools: Tools) => Signed | Promise<Signed>;

type Manner = {
  fields?: (covered: readonly string[]) => readonly string[];
  params?: readonly string[];
  values?: Record<string, string | Date>;
  sign?: (base: Buffer) => Buffer;
};

/** The request signed again, in a manner of one's own. */
export const signAgain = async (request: Signed, { client, now }: Tools, manner: Manner): Promise<Signed> => {
  const { signature: _, 'signature-input': __, ...headers } = request.headers;
  const { host, pathname, search } = new URL(request.url);
  const sent = { method: request.method, authority: host, path: pathname, search: search.slice(1), headers };
  const raw = (base: Buffer): Buffer =>
    signBytes('sha256', base, { key: client.privateKey, dsaEncoding: 'ieee-p1363' });
  const sign = manner.sign ?? raw;
  const covered = coveredIn(headers);
  const signed = await httpbis.signMessage(
    {
      key: { id: client.clientId, alg: ALGORITHM, sign: async (base) => sign(base) },
      params: [...(manner.params ?? REQUEST_PARAMETERS)],
      paramValues: { created: now, nonce: randomUUID(), ...manner.values },
      fields: [...(manner.fields?.(covered) ?? covered)],
      componentParser(name, parameters) {
        const value = parameters.size === 0 ? targetComponent(name, sent) : undefined;
        return value === undefined ? null : [value];
      },
    },
    messageOf(sent),
  );
  const all: Record<string, string> = {};
  for (const [name, value] of Object.entries(signed.headers)) all[name.toLowerCase()] = String(value);
  return { ...request, headers: all };
};

const withHeaders = (request: Signed, change: Record<string, string | undefined>): Signed => {
  const headers = { ...request.headers };
  for (const [name, value] of Object.entries(change))
    if (value === undefined) delete headers[name];
    else headers[name] = value;
  return { ...request, headers };
};
const header =
  (name: string, change: (value: string) => string | undefined): Tamper =>
  (request) =>
    withHeaders(request, { [name]: change(request.headers[name] ?? '') });

const flipped = (text: string, chance: Chance): string => {
  const bytes = Buffer.from(text);
  const at = Math.floor(chance() * bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(chance() * 7));
  return bytes.toString('latin1');
};
const signatureBytes = (request: Signed): Buffer =>
  Buffer.from(/=:([^:]*):/.exec(request.headers.signature ?? '')?.[1] ?? '', 'base64');
const withSignature = (request: Signed, bytes: Buffer): Signed =>
  withHeaders(request, {
    signature: (request.headers.signature ?? '').replace(/=:[^:]*:/, `=:${bytes.toString('base64')}:`),
  });
const withBody = (request: Signed, body: string): Signed =>
  withHeaders({ ...request, body }, { 'content-digest': contentDigestOf(Buffer.from(body)) });
const without =
  (component: string): Tamper =>
  (request, tools) =>
    signAgain(request, tools, { fields: (covered) => covered.filter((name) => name !== component) });
const inPlaceOf =
  (component: string, other: string): Tamper =>
  (request, tools) =>
    signAgain(request, tools, { fields: (covered) => covered.map((name) => (name === component ? other : name)) });
const withoutParameter =
  (parameter: string): Tamper =>
  (request, tools) =>
    signAgain(request, tools, { params: REQUEST_PARAMETERS.filter((name) => name !== parameter) });
const signedAt =
  (milliseconds: number): Tamper =>
  (request, tools) =>
    signAgain(request, tools, { values: { created: new Date(tools.now.getTime() + milliseconds) } });
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

export const TAMPERED: readonly (readonly [string, Tamper])[] = [
  ['another path', (request) => ({ ...request, url: `${request.url}x` })],
  ['a path of another shape', (request) => ({ ...request, url: request.url.replace('/api/v2/', '/api/v2//') })],
  ['a query', (request) => ({ ...request, url: `${request.url}${request.url.includes('?') ? '&' : '?'}x=1` })],
  ['another method', (request) => ({ ...request, method: request.method === 'PUT' ? 'POST' : 'PUT' })],
  ['another host', (request) => withHeaders(request, { host: 'localhost:1' })],
  ['a bit of the body', (request, { chance }) => ({ ...request, body: flipped(request.body ?? 'x', chance) })],
  ['another body and its digest', (request) => withBody(request, '{"reason":"emergency"}')],
  ['no body', (request) => ({ ...request, body: '' })],
  ['no body and its digest', (request) => withBody(request, '')],
  ['more body', (request) => ({ ...request, body: `${request.body} ` })],
  ['no digest', header('content-digest', () => undefined)],
  ['an empty digest', header('content-digest', () => '')],
  ['a digest that is not base64', header('content-digest', (value) => value.replace(/=:./, '=:!'))],
  ['a digest of an unknown algorithm', header('content-digest', (value) => value.replace('sha-256', 'sha-999'))],
  ['a digest of a weak algorithm', header('content-digest', () => 'md5=:1B2M2Y8AsgTpgAmY7PhCfg==:')],
  ['two digests under one name', header('content-digest', (value) => `sha-256=:AAAA:, ${value}`)],
  ['a second digest that is wrong', header('content-digest', (value) => `${value}, sha-512=:AAAA:`)],
  ['another content type', header('content-type', () => 'application/merge-patch+json')],
  ['a parameter of the content type', header('content-type', (value) => `${value}; charset=utf-16`)],
  ['no content type', header('content-type', () => undefined)],
  ['another idempotency key', header('idempotency-key', () => randomUUID())],
  ['no idempotency key', header('idempotency-key', () => undefined)],
  ['a later end', header('expires-at', () => '2099-01-01T00:00:00.000Z')],
  ['no end', header('expires-at', () => undefined)],
  ['no signature', header('signature', () => undefined)],
  ['no signature input', header('signature-input', () => undefined)],
  ['neither', (request) => withHeaders(request, { signature: undefined, 'signature-input': undefined })],
  ['an input that is no dictionary', header('signature-input', (value) => value.replace('(', ''))],
  [
    'a bit of the signature',
    (request, { chance }) => {
      const bytes = signatureBytes(request);
      const at = Math.floor(chance() * bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(chance() * 8));
      return withSignature(request, bytes);
    },
  ],
  ['half a signature', (request) => withSignature(request, signatureBytes(request).subarray(0, 32))],
  ['a signature of zeros', (request) => withSignature(request, Buffer.alloc(64))],
  ['an empty signature', (request) => withSignature(request, Buffer.alloc(0))],
  [
    'a signature in DER',
    (request, tools) =>
      signAgain(request, tools, {
        sign: (base) => signBytes('sha256', base, tools.client.privateKey),
      }),
  ],
  [
    'a later time',
    header('signature-input', (value) => value.replace(/created=(\d+)/, (_, time) => `created=${Number(time) + 1}`)),
  ],
  ['another nonce', header('signature-input', (value) => value.replace(/nonce="./, 'nonce="~'))],
  ['the name of another client', header('signature-input', (value) => value.replace(/keyid="[^"]*"/, 'keyid="other"'))],
  ['an unknown client', header('signature-input', (value) => value.replace(/keyid="[^"]*"/, 'keyid="nobody"'))],
  ['another algorithm', header('signature-input', (value) => value.replace(ALGORITHM, 'ecdsa-p384-sha384'))],
  ['a component fewer in the input', header('signature-input', (value) => value.replace(' "content-digest"', ''))],
  [
    'another order in the input',
    header('signature-input', (value) => value.replace('"@method" "@authority"', '"@authority" "@method"')),
  ],
  ['a label that differs', header('signature', (value) => `x${value}`)],
  [
    'a second signature',
    (request) =>
      withHeaders(request, {
        'signature-input': `${request.headers['signature-input']}, b=("@method");created=1`,
        signature: `${request.headers.signature}, b=:AAAA:`,
      }),
  ],
  [
    'the public key as a secret',
    (request, tools) =>
      signAgain(request, tools, {
        values: { alg: 'hmac-sha256' },
        sign: (base) =>
          createHmac('sha256', tools.client.publicKey.export({ type: 'spki', format: 'pem' }))
            .update(base)
            .digest(),
      }),
  ],
  [
    'another client’s key',
    (request, tools) =>
      signAgain(request, { ...tools, client: { ...tools.other, clientId: tools.client.clientId } }, {}),
  ],
  [
    'nobody’s key',
    (request, tools) => signAgain(request, { ...tools, client: { ...tools.client, privateKey: stranger } }, {}),
  ],
  ['signed without the method', without('@method')],
  ['signed without the host', without('@authority')],
  ['signed without the path', without('@path')],
  ['signed without the query', without('@query')],
  ['signed without the digest', without('content-digest')],
  ['signed without the content type', without('content-type')],
  ['signed without the idempotency key', without('idempotency-key')],
  ['signed without the end', without('expires-at')],
  ['signed over nothing', (request, tools) => signAgain(request, tools, { fields: () => [] })],
  [
    'signed over more',
    (request, tools) => signAgain(request, tools, { fields: (covered) => [...covered, 'authorization'] }),
  ],
  [
    'signed over one thing twice',
    (request, tools) => signAgain(request, tools, { fields: (covered) => [...covered, '@method'] }),
  ],
  ['signed over a member of the digest', inPlaceOf('content-digest', 'content-digest;key="sha-256"')],
  ['signed over the digest as bytes', inPlaceOf('content-digest', 'content-digest;bs')],
  ['signed over the target in place of the path', inPlaceOf('@path', '@request-target')],
  ['signed without a time', withoutParameter('created')],
  ['signed without a nonce', withoutParameter('nonce')],
  ['signed without a name', withoutParameter('keyid')],
  ['signed without an algorithm', withoutParameter('alg')],
  ['signed 61 seconds ago', signedAt(-61_000)],
  ['signed an hour ago', signedAt(-3_600_000)],
  ['signed in the future', signedAt(7_000)],
  [
    'signed until a second ago',
    (request, tools) =>
      signAgain(request, tools, {
        params: [...REQUEST_PARAMETERS, 'expires'],
        values: { expires: new Date(tools.now.getTime() - 2_000) },
      }),
  ],
  [
    'signed with a nonce without end',
    (request, tools) => signAgain(request, tools, { values: { nonce: 'n'.repeat(129) } }),
  ],
];
