/**
 * How we know the platform and how it knows us: authorities, pins and our certificate for TLS, the key that signs what we
 * send, and the keys that sign what it answers. All of it stands in files that may be replaced while we run.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Clock } from '@house/kernel/clock';
import type { Log } from '@house/kernel/telemetry';
import { type Watched, watchFiles } from '@house/kernel/watched-files';
import { z } from 'zod';
import { type Pin, parsePins } from './pins.ts';

export type TlsMaterial = {
  /** Trusted authorities; the system's own when absent. */
  ca?: string;
  cert?: string;
  key?: string;
  /** Absent: every key that an authority vouches for, which only development allows. */
  pins?: ReadonlySet<Pin>;
  /** `x5t#S256` of our certificate (RFC 8705 §3.1), to which the platform binds tokens. */
  thumbprint?: string;
};
export type ClientKey = { key: KeyObject; kid: string };
export type SigningKeys = ReadonlyMap<string, KeyObject>;

export type PlatformTrust = {
  tls: Watched<TlsMaterial>;
  /** Signs assertions and requests. */
  clientKey: Watched<ClientKey>;
  /** Those by which the platform may sign, by `kid`: the one in use and the one to come. */
  signingKeys: Watched<SigningKeys>;
};

export type TrustFiles = {
  ca?: string | undefined;
  clientCertificate: string;
  clientTlsKey: string;
  pins?: string | undefined;
  clientKey: string;
  signingKeys: string;
};

/** @throws when the certificate, its key or the authorities cannot be used, or do not belong together. */
const parseTls = ({ ca, cert, key, pins }: Partial<Record<'ca' | 'cert' | 'key' | 'pins', string | undefined>>) => {
  if (!cert || !key) throw new Error('a certificate and its key are needed');
  createSecureContext({ cert, key, ...(ca !== undefined && { ca }) });
  // An authority that is cut off is no authority; OpenSSL takes a file without any.
  if (ca !== undefined) new X509Certificate(ca);
  return {
    cert,
    key,
    ...(ca !== undefined && { ca }),
    ...(pins !== undefined && { pins: parsePins(pins) }),
    thumbprint: createHash('sha256').update(new X509Certificate(cert).raw).digest('base64url'),
  };
};

const point = z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() });
const keySet = z.object({ keys: z.array(point.extend({ kid: z.string().min(1) })).min(1) });

/** RFC 7638: the name of a key that both sides can work out. */
export const thumbprintOf = (key: KeyObject): string => {
  const { crv, kty, x, y } = point.parse(
    createPublicKey(key.export({ type: 'pkcs8', format: 'pem' })).export({ format: 'jwk' }),
  );
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
};

/** @throws unless it is a private key on P-256 in PEM. */
export const parseClientKey = (pem = ''): ClientKey => {
  const key = createPrivateKey(pem);
  return { key, kid: thumbprintOf(key) };
};

/** @throws unless it is a JWK Set of keys on P-256, each with a name of its own. */
export const parseSigningKeys = (text = ''): SigningKeys => {
  const { keys } = keySet.parse(JSON.parse(text));
  const byName = new Map(
    keys.map(({ kid, ...jwk }) => [kid, createPublicKey({ key: point.parse(jwk), format: 'jwk' })] as const),
  );
  if (byName.size !== keys.length) throw new Error('two keys have one name');
  return byName;
};

/** @throws when a file cannot be used at the start; afterwards the former content stays in use, and a warning says so. */
export const watchTrust = ({ files, clock, log }: { files: TrustFiles; clock: Clock; log: Log }): PlatformTrust => {
  const watch = <Name extends string, T>(
    resource: string,
    paths: Record<Name, string | undefined>,
    parse: (contents: Readonly<Record<Name, string | undefined>>) => T,
  ): Watched<T> =>
    watchFiles({
      paths,
      parse,
      clock,
      changed: () => log.info('platform-files-read-again', { resource }),
      refused: (error) => log.warn('platform-files-not-usable', { resource, error }),
    });
  const { ca, pins, clientCertificate, clientTlsKey } = files;
  return {
    tls: watch('tls', { ca, pins, cert: clientCertificate, key: clientTlsKey }, parseTls),
    clientKey: watch('client-key', { pem: files.clientKey }, ({ pem }) => parseClientKey(pem)),
    signingKeys: watch('signing-keys', { text: files.signingKeys }, ({ text }) => parseSigningKeys(text)),
  };
};
