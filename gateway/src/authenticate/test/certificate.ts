/** Certificates that sign themselves (RFC 5280 §4.1), written out: for tests with real TLS, nothing more. */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const tagged = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const sequence = (...parts: readonly Uint8Array[]): Buffer => tagged(0x30, ...parts);
const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');

const ECDSA_WITH_SHA256 = sequence(hex('06082a8648ce3d040302'));
const COMMON_NAME = hex('0603550403');
const VERSION_3 = hex('a003020102');
const utcTime = (year: number): Buffer => tagged(0x17, Buffer.from(`${year}0101000000Z`));

const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`;

export const createCertificate = (name: string) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = sequence(tagged(0x31, sequence(COMMON_NAME, tagged(0x0c, Buffer.from(name)))));
  const content = sequence(
    VERSION_3,
    tagged(0x02, Buffer.concat([hex('01'), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    subject,
    sequence(utcTime(26), utcTime(46)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', content, privateKey);
  const der = sequence(content, ECDSA_WITH_SHA256, tagged(0x03, Buffer.alloc(1), signature));
  return {
    cert: pem('CERTIFICATE', der),
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    /** `x5t#S256` (RFC 8705 §3.1). */
    thumbprint: createHash('sha256').update(der).digest('base64url'),
  };
};
