/**
 * The certificates of development: an authority made at first start, a server leaf for the simulator and a client
 * leaf for whoever calls it. ECDSA P-256 throughout.
 *
 * Each is one PEM file of its own under `directory`, mode 0600, and is used again until it has expired; a leaf is
 * made anew alone, so that whoever trusts the authority need not be told. The server's next key is made in advance and
 * kept as `server-next-key.pem`; a new leaf of the server is a leaf of that key. `pins.txt` has one base64 SHA-256 of
 * an SPKI per line (RFC 7469 §2.4): of the server's key and of the next one, so that whoever pins both never meets a
 * third. A private key that others can read is refused, not repaired: whoever read it can pass for the platform.
 */
import { createHash, createPublicKey, randomBytes, webcrypto } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@house/kernel/clock';
import type { Extension, X509Certificate } from '@peculiar/x509';
import { keepOwn, readOwn, writeOwn } from './private-files.ts';
import { ensureResponseKeys, type ResponseKeys } from './response-keys.ts';
import { x509 } from './x509.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const AUTHORITY_DAYS = 3650;
const LEAF_DAYS = 365;
/** A pair that runs out within this time is made anew: a house may run for a day after it has read its files. */
const MARGIN_MS = DAY_MS;
/** Clocks of two machines differ a little. */
const BACKDATE_MS = 5 * 60 * 1000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export type DevelopmentCertificates = {
  caPem: string;
  serverKeyPem: string;
  serverCertPem: string;
  clientKeyPem: string;
  clientCertPem: string;
  /** Of the server's leaf to come. */
  serverNextKeyPem: string;
  /** Of the server's key and of the next one, as `pins.txt` has them. */
  pins: readonly string[];
  /** By which the platform signs its answers, as `signing-keys.json` has them: a JWK Set. */
  signingKeys: ResponseKeys['published'];
};

type Pair = { certificate: X509Certificate; key: CryptoKey; certPem: string; keyPem: string };
type CryptoKey = webcrypto.CryptoKey;
type Leaf = 'server' | 'client';

const toPem = (label: string, bytes: ArrayBuffer): string =>
  x509.PemConverter.encode(bytes, label).replace(/\n?$/, '\n');

/** What is kept, or undefined when there is none, it has expired, or its two halves do not belong together. */
const readPair = async (directory: string, name: string, now: Date): Promise<Pair | undefined> => {
  const certPem = readOwn(join(directory, `${name}.pem`), { secret: false });
  const keyPem = readOwn(join(directory, `${name}-key.pem`), { secret: true });
  if (certPem === undefined || keyPem === undefined) return undefined;
  try {
    const certificate = new x509.X509Certificate(certPem);
    if (certificate.notAfter.getTime() - MARGIN_MS <= now.getTime() || certificate.notBefore > now) return undefined;
    const der = x509.PemConverter.decodeFirst(keyPem);
    const key = await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign']);
    return (await belongTogether(certificate, key)) ? { certificate, key, certPem, keyPem } : undefined;
  } catch {
    return undefined;
  }
};

const belongTogether = async (certificate: X509Certificate, key: CryptoKey): Promise<boolean> => {
  const probe = Buffer.from('probe');
  const signature = await webcrypto.subtle.sign(ALGORITHM, key, probe);
  const publicKey = (await certificate.publicKey.export(ALGORITHM, ['verify'])) as CryptoKey;
  return webcrypto.subtle.verify(ALGORITHM, publicKey, signature, probe);
};

const keepPair = async (
  directory: string,
  name: string,
  certificate: X509Certificate,
  key: CryptoKey,
): Promise<Pair> => {
  const keyPem = toPem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', key));
  const certPem = `${certificate.toString('pem')}\n`;
  writeOwn(join(directory, `${name}-key.pem`), keyPem);
  writeOwn(join(directory, `${name}.pem`), certPem);
  return { certificate, key, certPem, keyPem };
};

const generateKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

const validity = (now: Date, days: number) => ({
  notBefore: new Date(now.getTime() - BACKDATE_MS),
  notAfter: new Date(now.getTime() + days * DAY_MS),
});

const createAuthority = async (directory: string, now: Date): Promise<Pair> => {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(15).toString('hex'),
    name: 'CN=Development authority of the house',
    ...validity(now, AUTHORITY_DAYS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return keepPair(directory, 'ca', certificate, keys.privateKey);
};

const extensionsOf = async (leaf: Leaf, publicKey: CryptoKey, authority: Pair): Promise<Extension[]> => [
  new x509.BasicConstraintsExtension(false, undefined, true),
  new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
  new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[leaf === 'server' ? 'serverAuth' : 'clientAuth']]),
  await x509.SubjectKeyIdentifierExtension.create(publicKey),
  await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
  ...(leaf === 'server'
    ? [
        new x509.SubjectAlternativeNameExtension([
          { type: 'dns', value: 'localhost' },
          { type: 'ip', value: '127.0.0.1' },
          { type: 'ip', value: '::1' },
        ]),
      ]
    : []),
];

const createLeaf = async (
  directory: string,
  leaf: Leaf,
  authority: Pair,
  { now, keys }: { now: Date; keys: webcrypto.CryptoKeyPair },
): Promise<Pair> => {
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomBytes(15).toString('hex'),
    subject: leaf === 'server' ? 'CN=localhost' : 'CN=smart-home',
    issuer: authority.certificate.subject,
    ...validity(now, LEAF_DAYS),
    signingAlgorithm: ALGORITHM,
    signingKey: authority.key,
    publicKey: keys.publicKey,
    extensions: await extensionsOf(leaf, keys.publicKey, authority),
  });
  return keepPair(directory, leaf, certificate, keys.privateKey);
};

const NEXT_KEY = 'server-next-key.pem';
const PINS = 'pins.txt';

const createNextKey = async (directory: string): Promise<string> => {
  const { privateKey } = await generateKeys();
  const pem = toPem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', privateKey));
  writeOwn(join(directory, NEXT_KEY), pem);
  return pem;
};

const importKeys = async (pem: string): Promise<webcrypto.CryptoKeyPair> => {
  const spki = createPublicKey(pem).export({ format: 'der', type: 'spki' });
  return {
    privateKey: await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), ALGORITHM, true, [
      'sign',
    ]),
    publicKey: await webcrypto.subtle.importKey('spki', spki, ALGORITHM, true, ['verify']),
  };
};

/** The base64 SHA-256 of a key's SPKI; of the public half when the key is private. */
export const pinOf = (keyPem: string): string =>
  createHash('sha256')
    .update(createPublicKey(keyPem).export({ format: 'der', type: 'spki' }))
    .digest('base64');

/** A leaf of the key that was made for it in advance; the key after it is made first. */
const createServerLeaf = async (directory: string, authority: Pair, now: Date): Promise<Pair> => {
  const kept = readOwn(join(directory, NEXT_KEY), { secret: true });
  const keys = kept === undefined ? await generateKeys() : await importKeys(kept);
  await createNextKey(directory);
  return createLeaf(directory, 'server', authority, { now, keys });
};

const ensure = async (directory: string, now: Date, renewServer: boolean): Promise<DevelopmentCertificates> => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const authority = (await readPair(directory, 'ca', now)) ?? (await createAuthority(directory, now));
  const readLeaf = async (leaf: Leaf): Promise<Pair | undefined> => {
    const kept = await readPair(directory, leaf, now);
    // A leaf of an authority that was replaced is of no use to anybody.
    const ours = kept && (await kept.certificate.verify({ publicKey: authority.certificate, signatureOnly: true }));
    return ours ? kept : undefined;
  };
  const kept = await readLeaf('server');
  const server = kept && !renewServer ? kept : await createServerLeaf(directory, authority, now);
  const client =
    (await readLeaf('client')) ??
    (await createLeaf(directory, 'client', authority, { now, keys: await generateKeys() }));
  const nextKeyPem = readOwn(join(directory, NEXT_KEY), { secret: true }) ?? (await createNextKey(directory));
  const pins = [server.keyPem, nextKeyPem].map(pinOf);
  keepOwn(join(directory, PINS), `${pins.join('\n')}\n`);
  return {
    caPem: authority.certPem,
    serverKeyPem: server.keyPem,
    serverCertPem: server.certPem,
    clientKeyPem: client.keyPem,
    clientCertPem: client.certPem,
    serverNextKeyPem: nextKeyPem,
    pins,
    signingKeys: ensureResponseKeys({ directory }).published,
  };
};

type Options = { directory: string; clock: Clock };

/** Throws when a private key can be read by others, or the directory can't be written. */
export const ensureDevelopmentCertificates = ({ directory, clock }: Options): Promise<DevelopmentCertificates> =>
  ensure(directory, clock(), false);

/** The same with a new leaf of the server, of the key that was the next one. */
export const rotateServerCertificate = ({ directory, clock }: Options): Promise<DevelopmentCertificates> =>
  ensure(directory, clock(), true);
