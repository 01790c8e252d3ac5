/** By what our services, and the public, know one another: made once for a run, as files that may be replaced in it. */
import { createAuthority, type Issued } from '@house/kernel/test/authority';
import type { Secrets } from './secrets.ts';

/** Paths of PEM files. */
export type CertificateFiles = { readonly cert: string; readonly key: string };
type Ours = 'gateway' | 'owners' | 'smart-home';

export type Certificates = {
  /** The authority inside. */
  readonly ca: string;
  readonly inside: Readonly<Record<Ours, CertificateFiles>>;
  /** Of the gateway's public address, and the authority that clients know it by. */
  readonly public: CertificateFiles & { readonly ca: string };
};

export const createCertificates = ({ file }: Secrets, now: Date): Certificates => {
  const [inside, outside] = [createAuthority('Inside the house', now), createAuthority('Outside the house', now)];
  const write = (name: string, { cert, key }: Issued): CertificateFiles => ({
    cert: file(`${name}.crt.pem`, cert),
    key: file(`${name}.key.pem`, key),
  });
  const service = (name: Ours): CertificateFiles => write(`inside-${name}`, inside.issue(name));
  return {
    ca: file('inside-ca.crt.pem', inside.pem),
    inside: { gateway: service('gateway'), owners: service('owners'), 'smart-home': service('smart-home') },
    public: { ...write('public', outside.issue('localhost')), ca: file('public-ca.crt.pem', outside.pem) },
  };
};

export const insideOf = ({ ca, inside }: Certificates, name: Ours) => ({
  INSIDE_CA: ca,
  INSIDE_CERT: inside[name].cert,
  INSIDE_KEY: inside[name].key,
});
