/** An authority and the certificates that it signs (RFC 5280), written out: for runs with real TLS, nothing more. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

const tagged = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const sequence = (...parts: readonly Uint8Array[]): Buffer => tagged(0x30, ...parts);
const octets = (content: Uint8Array): Buffer => tagged(0x04, content);
const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');

const VERSION_3 = hex('a003020102');
const ECDSA_WITH_SHA256 = sequence(hex('06082a8648ce3d040302'));
const COMMON_NAME = hex('0603550403');
const TRUE = hex('0101ff');
const [BASIC_CONSTRAINTS, ALTERNATIVE_NAMES, KEY_USES] = [hex('0603551d13'), hex('0603551d11'), hex('0603551d25')];
const USE = hex('0603551d0f');
const MAY_CERTIFY = sequence(USE, TRUE, octets(hex('03020204')));
const MAY_SIGN = sequence(USE, TRUE, octets(hex('03020780')));
const PURPOSES = { server: hex('06082b06010505070301'), client: hex('06082b06010505070302') } as const;

type Purpose = keyof typeof PURPOSES;
const BOTH: readonly Purpose[] = ['server', 'client'];

const subject = (name: string): Buffer =>
  sequence(tagged(0x31, sequence(COMMON_NAME, tagged(0x0c, Buffer.from(name)))));
const time = (at: Date): Buffer => tagged(0x18, Buffer.from(`${at.toISOString().replace(/\D/g, '').slice(0, 14)}Z`));
const pem = (label: string, der: Uint8Array): string => {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
};

type Content = { publicKey: KeyObject; validity: Buffer; extensions: readonly Buffer[] };

const certify = (
  issuer: { name: string; key: KeyObject },
  name: string,
  { publicKey, validity, extensions }: Content,
): string => {
  const content = sequence(
    VERSION_3,
    tagged(0x02, Buffer.concat([hex('01'), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    subject(issuer.name),
    validity,
    subject(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  );
  const signature = tagged(0x03, Buffer.alloc(1), sign('sha256', content, issuer.key));
  return pem('CERTIFICATE', sequence(content, ECDSA_WITH_SHA256, signature));
};

export type Issued = { readonly cert: string; readonly key: string };
export type IssueOptions = {
  /** For DNS; the service's own name when left out. */
  names?: readonly string[];
  from?: Date;
  to?: Date;
  /** Both when left out. */
  purposes?: readonly Purpose[];
};
export type Authority = {
  readonly pem: string;
  /** A certificate of a service, and the key that belongs to it. */
  issue(name: string, options?: IssueOptions): Issued;
};

const HOUR_MS = 3_600_000;

/** @param now its certificates are good from an hour before to a day after. */
export const createAuthority = (name: string, now: Date): Authority => {
  const [from, to] = [new Date(now.getTime() - HOUR_MS), new Date(now.getTime() + 24 * HOUR_MS)];
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = { name, key: own.privateKey };
  const isAuthority = sequence(BASIC_CONSTRAINTS, TRUE, octets(sequence(TRUE)));
  return {
    pem: certify(issuer, name, {
      publicKey: own.publicKey,
      validity: sequence(time(from), time(to)),
      extensions: [isAuthority, MAY_CERTIFY],
    }),
    issue: (service, { names = [service], purposes = BOTH, ...limits } = {}) => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const named = names.map((each) => tagged(0x82, Buffer.from(each)));
      const cert = certify(issuer, service, {
        publicKey,
        validity: sequence(time(limits.from ?? from), time(limits.to ?? to)),
        extensions: [
          sequence(BASIC_CONSTRAINTS, TRUE, octets(sequence())),
          MAY_SIGN,
          sequence(KEY_USES, octets(sequence(...purposes.map((purpose) => PURPOSES[purpose])))),
          ...(named.length > 0 ? [sequence(ALTERNATIVE_NAMES, octets(sequence(...named)))] : []),
        ],
      });
      return { cert, key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
    },
  };
};
