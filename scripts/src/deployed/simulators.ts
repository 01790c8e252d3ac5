/** What our services need of others: the platform's simulator and the development authorization server. */
import type { JsonWebKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from './program.ts';
import { at, type Run, type RunOptions } from './run.ts';

export type PlatformClients = {
  v1: { clientId: string; secret: string; apiKey: string };
  v2: { clientId: string; privateJwk: JsonWebKey };
};

export type Simulators = {
  readonly platform: Program;
  readonly platformUrl: string;
  readonly platformCa: string;
  /** Who we are towards the platform, to read from it what our services wrote. */
  readonly platformClients: PlatformClients;
  /** Ends in `/_sim`. */
  readonly controlUrl: string;
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
  const clients: PlatformClients = JSON.parse(readFileSync(join(directory, 'platform/clients.json'), 'utf8'));
  return {
    platform,
    platformUrl: `https://127.0.0.1:${platformPort}`,
    platformCa: readFileSync(join(directory, 'platform/ca.pem'), 'utf8'),
    platformClients: clients,
    controlUrl: at(controlPort, '/_sim'),
    issuer: at(authPort),
  };
};
