/** Development keys: made at the first start, kept in the data folder, readable by their owner only. */
import { createPrivateKey } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '@house/kernel/clock';
import { Secret } from '@house/kernel/config';
import { type DevelopmentClients, ensureDevelopmentClients } from '@house/platform-simulator/development-clients';
import type { SmartHomeOptions } from '@house/smart-home/app';

export type DevelopmentKeys = {
  /** 32 bytes. */
  vaultRoot: Uint8Array;
  /** Who we are towards the platform, as we and as the simulator keep it. */
  platformClient: SmartHomeOptions['platform']['client'];
  registeredClients: DevelopmentClients;
};

const VAULT_KEY = 'vault.key';
const ROOT_BYTES = 32;

const ensureVaultRoot = (directory: string, random: Random): Uint8Array => {
  const file = join(directory, VAULT_KEY);
  try {
    return Buffer.from(readFileSync(file, 'utf8'), 'base64');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const root = Buffer.from(random(ROOT_BYTES));
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(file, root.toString('base64'), { mode: 0o600, flag: 'wx' });
    return root;
  }
};

/** @param directory the house's data folder. */
export const ensureDevelopmentKeys = ({
  directory,
  random,
}: {
  directory: string;
  random: Random;
}): DevelopmentKeys => {
  const clients = ensureDevelopmentClients({ directory: platformDirectory(directory) });
  return {
    vaultRoot: ensureVaultRoot(join(directory, 'keys'), random),
    registeredClients: clients,
    platformClient: {
      id: clients.v2.clientId,
      key: createPrivateKey({ key: clients.v2.privateJwk, format: 'jwk' }),
      v1Secret: new Secret(clients.v1.secret),
      v1ApiKey: new Secret(clients.v1.apiKey),
    },
  };
};

/** Where the simulator keeps its authority and its clients, whether it runs in this process or in its own. */
export const platformDirectory = (directory: string): string => join(directory, 'platform');
