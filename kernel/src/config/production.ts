/**
 * What production refuses of what a process is told. Each rule answers with the variable and what it has to be, or with
 * nothing. One that is not set is left alone: whether it may be missing is said where the variables are.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

/** A variable, and what production expects of it. No value is repeated. */
export type Reason = readonly [variable: string, expected: string];

type Rule<T = string> = (variable: string, value: T | undefined) => readonly Reason[];

/** Stands before a PEM key that was made for development, where readers of PEM skip it. */
export const DEVELOPMENT_KEY_MARK = '# Made for development: no production starts with this key.\n';
/** Whom the authority says it is that vouches for development certificates. */
export const DEVELOPMENT_AUTHORITY = 'Development authority of the house';
/** The end of a root key that was made for development; chance makes one in 2^64 like it. */
export const DEVELOPMENT_ROOT_MARK = 'dev-only';

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

const rule =
  <T>(isBad: (value: T) => boolean, expected: string): Rule<T> =>
  (variable, value) =>
    value !== undefined && isBad(value) ? [[variable, expected]] : [];

/** A file that cannot be read or understood has been told of already. */
const of = <T>(read: () => T, otherwise: T): T => {
  try {
    return read();
  } catch {
    return otherwise;
  }
};

/** By the URL's own host: a name that only begins like this machine's is another machine's. */
const isThisMachine = (address: string): boolean => {
  const { hostname = '' } = URL.parse(address) ?? {};
  return isIP(hostname) === 4
    ? /^(?:127|0)\./.test(hostname)
    : /^(?:\[::(?:1|ffff:7f[\da-f]{2}:[\da-f]{1,4})?\]|(?:.*\.)?localhost\.?)$/.test(hostname);
};

export const expectHttps = rule<string>((address) => !/^https:/i.test(address), 'https in production');

export const expectElsewhere = rule<string>(
  isThisMachine,
  'not on this machine in production: what runs here is for development',
);

/** Without it a copied certificate of any name passes. `host` names a folder when the server is asked by a socket of this machine. */
const isVerified = (address: string): boolean => {
  const url = URL.parse(address);
  if (!url) return false;
  const hosts = url.searchParams.getAll('host');
  if (hosts.length > 0 ? hosts.every((host) => host.startsWith('/')) : /^%2f/i.test(url.hostname)) return true;
  const modes = url.searchParams.getAll('sslmode');
  return modes.length > 0 && modes.every((mode) => mode === 'verify-full');
};

export const expectVerifiedPostgres = rule<string>(
  (address) => !isVerified(address),
  'with sslmode=verify-full in production, or by a socket of this machine',
);

export const expectRedisByTls = rule<string>((address) => !/^rediss:/i.test(address), 'rediss:// in production');

const isDevelopmentPem = (path: string): boolean =>
  of(() => {
    const text = readFileSync(path, 'utf8');
    const isFromAuthority = (pem: string): boolean => {
      const { subject, issuer } = new X509Certificate(pem);
      return [subject, issuer].some((name) => name.includes(DEVELOPMENT_AUTHORITY));
    };
    return text.includes(DEVELOPMENT_KEY_MARK.trim()) || (text.match(CERTIFICATES) ?? []).some(isFromAuthority);
  }, false);

/** @param path of a PEM file with a key or certificates. */
export const expectNotOfDevelopment = rule<string>(isDevelopmentPem, 'not one that was made for development');

/** Random bytes have 30 values on average; what somebody typed is readable. */
const FEWEST_VALUES = 20;
const isGuessable = (root: Uint8Array): boolean =>
  new Set(root).size < FEWEST_VALUES || root.every((byte) => byte >= 0x20 && byte < 0x7f);

export const expectRandomRoot: Rule<Uint8Array> = (variable, root) => [
  ...rule<Uint8Array>(isGuessable, '32 random bytes in base64, not a text and not a pattern')(variable, root),
  ...rule<Uint8Array>(
    (bytes) => Buffer.from(bytes).subarray(-DEVELOPMENT_ROOT_MARK.length).equals(Buffer.from(DEVELOPMENT_ROOT_MARK)),
    'not one that was made for development',
  )(variable, root),
];

/** What a process shows in TLS: a certificate and the key that belongs to it, both of PEM files, and neither of development. */
export const expectOwnTls = (
  [certificate, key]: readonly [certificate: string, key: string],
  paths: Readonly<Record<string, string | undefined>>,
): readonly Reason[] => {
  const [certificatePath, keyPath] = [paths[certificate], paths[key]];
  const missing = [certificate, key].filter((variable) => !paths[variable]);
  if (missing.length > 0 || !certificatePath || !keyPath)
    return missing.map((variable) => [variable, 'needed in production: nothing listens without TLS'] as const);
  const belong = of(
    () =>
      new X509Certificate(readFileSync(certificatePath)).checkPrivateKey(
        createPrivateKey(readFileSync(keyPath, 'utf8')),
      ),
    false,
  );
  return [
    ...(belong ? [] : [[certificate, `a certificate in PEM for the key of ${key}`] as const]),
    ...expectNotOfDevelopment(certificate, certificatePath),
    ...expectNotOfDevelopment(key, keyPath),
  ];
};
