/** What our services need of others: the platform's simulator and the development authorization server. */
import type { JsonWebKey } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDevelopmentCertificates } from '@house/platform-simulator/certificates';
import type { Program } from './program.ts';
import { at, type Run, type RunOptions } from './run.ts';

export type PlatformClients = {
  v1: { clientId: string; secret: string; apiKey: string };
  v2: { clientId: string; privateJwk: JsonWebKey };
};

export type Simulators = {
  readonly platform: Program;
  readonly platformUrl: string;
  /** PEM: the platform's authority, and the certificate without which v2 does not speak to us. */
  readonly platformTls: { ca: string; cert: string; key: string };
  /** Who we are towards the platform, to read from it what our services wrote. */
  readonly platformClients: PlatformClients;
  /** Ends in `/_sim`. */
  readonly controlUrl: string;
  /** Another certificate and key of ours for the platform, in the files that our services have been told of. */
  renewClientCertificate(): Promise<void>;
  readonly issuer: string;
};

export const startSimulators = async (
  run: Run,
  { directory, ports }: RunOptions,
  stateDirectory: string,
): Promise<Simulators> => {
  const [platformPort, controlPort, authPort] = [await ports.next(), await ports.next(), await ports.next()];
  const platform = run('platform', 'simulators/platform/src/main.ts', controlPort, {
    DATA_DIR: directory,
    PLATFORM_PORT: String(platformPort),
    SIM_PORT: String(controlPort),
    SIM_STATE_DIR: stateDirectory,
  });
  const issuer = run('authorization-server', 'simulators/authorization-server/src/main.ts', authPort, {
    DATA_DIR: directory,
    AUTH_PORT: String(authPort),
  });
  await Promise.all([platform.up(), issuer.up()]);
  const read = (name: string): string => readFileSync(join(directory, 'platform', name), 'utf8');
  const clients: PlatformClients = JSON.parse(read('clients.json'));
  return {
    platform,
    platformUrl: `https://127.0.0.1:${platformPort}`,
    platformTls: { ca: read('ca.pem'), cert: read('client.pem'), key: read('client-key.pem') },
    platformClients: clients,
    controlUrl: at(controlPort, '/_sim'),
    renewClientCertificate: async () => {
      rmSync(join(directory, 'platform/client.pem'));
      await ensureDevelopmentCertificates({ directory: join(directory, 'platform'), clock: () => new Date() });
    },
    issuer: at(authPort),
  };
};
