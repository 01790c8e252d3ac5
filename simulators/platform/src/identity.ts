/**
 * Who the platform is towards its clients: its certificate and the keys by which it signs. Both can be changed for the
 * next ones while it runs, without a client noticing: what comes next was published before.
 */
import type { Clock } from '@house/kernel/clock';
import {
  type DevelopmentCertificates,
  ensureDevelopmentCertificates,
  rotateServerCertificate,
} from './certificates.ts';
import { ensureResponseKeys, type ResponseKeys, rotateResponseKeys } from './response-keys.ts';

/** PEM: the server's leaf, and the authority whose clients it trusts. */
export type ServerTls = { key: string; cert: string; ca: string };

export type PlatformIdentity = {
  /** As they are now, on disk too. */
  certificates(): DevelopmentCertificates;
  tls(): ServerTls;
  /** By which answers are signed. */
  signingKey(): ResponseKeys['current'];
  /** The leaf of the key that was pinned as the next one; whoever listens is to be told. */
  rotateTls(): Promise<void>;
  rotateSigning(): void;
};

/** Made at first start, in `directory`, and used again. Throws when a private key there can be read by others. */
export const openPlatformIdentity = async (options: { directory: string; clock: Clock }): Promise<PlatformIdentity> => {
  const { directory } = options;
  let certificates = await ensureDevelopmentCertificates(options);
  let keys = ensureResponseKeys({ directory });
  return {
    certificates: () => ({ ...certificates, signingKeys: keys.published }),
    tls: () => ({
      key: certificates.serverKeyPem,
      cert: certificates.serverCertPem,
      ca: certificates.caPem,
    }),
    signingKey: () => keys.current,
    async rotateTls() {
      certificates = await rotateServerCertificate(options);
    },
    rotateSigning() {
      keys = rotateResponseKeys({ directory });
    },
  };
};
