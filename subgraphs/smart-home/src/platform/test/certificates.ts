/** Authorities and their certificates, as files, for tests with real TLS. */
import 'reflect-metadata';
import { createHash, createPrivateKey, createPublicKey, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR_MS = 3_600_000;

export type Leaf = { cert: string; key: string };
export type Authority = {
  pem: string;
  /** For 127.0.0.1 and localhost unless `names` says otherwise. */
  server(names?: readonly { type: 'dns' | 'ip'; value: string }[]): Promise<Leaf>;
  client(): Promise<Leaf>;
};

const LOCAL = [
  { type: 'dns', value: 'localhost' },
  { type: 'ip', value: '127.0.0.1' },
] as const;

const toPem = (label: string, bytes: ArrayBuffer): string => `${x509.PemConverter.encode(bytes, label)}\n`;
const times = () => ({
  notBefore: new Date(Date.now() - HOUR_MS),
  notAfter: new Date(Date.now() + 24 * HOUR_MS),
});

/** Base64 SHA-256 of the SPKI of a private key. */
export const pinOfKey = (keyPem: string): string =>
  createHash('sha256')
    .update(createPublicKey(createPrivateKey(keyPem)).export({ type: 'spki', format: 'der' }))
    .digest('base64');

export const createAuthority = async (name: string): Promise<Authority> => {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(15).toString('hex'),
    name: `CN=${name}`,
    ...times(),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  const leaf = async (subject: string, extensions: x509.Extension[]): Promise<Leaf> => {
    const own = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const made = await x509.X509CertificateGenerator.create({
      serialNumber: randomBytes(15).toString('hex'),
      subject: `CN=${subject}`,
      issuer: certificate.subject,
      ...times(),
      signingAlgorithm: ALGORITHM,
      signingKey: keys.privateKey,
      publicKey: own.publicKey,
      extensions,
    });
    return {
      cert: `${made.toString('pem')}\n`,
      key: toPem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', own.privateKey)),
    };
  };
  return {
    pem: `${certificate.toString('pem')}\n`,
    server: (names = LOCAL) =>
      leaf('localhost', [
        new x509.SubjectAlternativeNameExtension([...names]),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      ]),
    client: () => leaf('smart-home', [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])]),
  };
};
