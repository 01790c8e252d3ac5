/** How our services know one another: each has a certificate of our own authority, in which it is named. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { type Environment, expectNotOfDevelopment, expectOwnTls, type Reason } from '../config.ts';
import type { Log } from '../telemetry.ts';
import { type Watched, watchedFile } from '../watched-files.ts';
import { type Credentials, watchCredentials } from './tls.ts';

const certificate = () => watchedFile((pem) => new X509Certificate(pem), 'a file with a certificate in PEM').optional();

/** The variables of each of our services: all of them or none, and none for development only. */
export const insideVariables = () => ({
  /** Our own authorities, one after the other: the one in use and, during a rotation, the one to come. */
  INSIDE_CA: certificate(),
  /** Names this service, for DNS; it is shown to those who ask us and to those whom we ask. */
  INSIDE_CERT: certificate(),
  INSIDE_KEY: watchedFile(createPrivateKey, 'a file with a private key in PEM').optional(),
});

type Inside = { readonly [Name in keyof ReturnType<typeof insideVariables>]?: string | undefined };

const NAMES = ['INSIDE_CA', 'INSIDE_CERT', 'INSIDE_KEY'] as const;

/**
 * What stands against the variables as they were given.
 * @param addresses the variables that say where our other services are.
 */
export const reasonsAgainstInside = (
  given: Environment,
  { addresses, production }: { addresses: readonly string[]; production: boolean },
): readonly Reason[] => {
  const missing = NAMES.filter((name) => !given[name]);
  const isPlain = missing.length === NAMES.length && !production;
  const expected = isPlain ? 'http:' : 'https:';
  return [
    ...(isPlain ? [] : missing.map((name) => [name, 'needed: our services know one another by certificates'] as const)),
    ...addresses
      .filter((name) => given[name] !== undefined && URL.parse(given[name])?.protocol !== expected)
      .map(
        (name) => [name, `${expected}// ${isPlain ? 'without' : 'with'} INSIDE_CA, INSIDE_CERT, INSIDE_KEY`] as const,
      ),
    ...(production && missing.length === 0 ? expectOwnTls(['INSIDE_CERT', 'INSIDE_KEY'], given) : []),
    ...(production ? expectNotOfDevelopment('INSIDE_CA', given['INSIDE_CA']) : []),
  ];
};

/** Undefined for what needs none. @throws when a file cannot be used; later the former content stays in use. */
export const watchInside = (
  { INSIDE_CA: ca, INSIDE_CERT: cert, INSIDE_KEY: key }: Inside,
  { clock, log }: { clock: Clock; log: Log },
): Watched<Credentials> | undefined =>
  ca && cert && key ? watchCredentials({ name: 'inside', files: { ca, cert, key }, clock, log }) : undefined;
