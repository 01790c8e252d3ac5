/**
 * Development keys: made at the first start, kept in the data folder, readable by their owner only. Each says that it is
 * one, and a process in production refuses it.
 */
import { createPrivateKey } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '@house/kernel/clock';
import { DEVELOPMENT_KEY_MARK, DEVELOPMENT_ROOT_MARK, Secret } from '@house/kernel/config';
import { type DevelopmentClients, ensureDevelopmentClients } from '@house/platform-simulator/development-clients';
import type { SmartHomeOptions } from '@house/smart-home/app';
import type { TrustFiles } from '@house/smart-home/platform/platform';

export type DevelopmentKeys = {
  /** 32 bytes. */
  vaultRoot: Uint8Array;
  /** Who we are towards the platform, as we and as the simulator keep it. */
  platformClient: SmartHomeOptions['platform']['client'];
  /** By which the two know each other; those of the platform itself are written by the simulator. */
  platformFiles: TrustFiles;
  registeredClients: DevelopmentClients;
};

const VAULT_KEY = 'vault.key';
const PLATFORM_CLIENT_KEY = 'platform-client.pem';
const ROOT_BYTES = 32;

const ensureVaultRoot = (directory: string, random: Random): Uint8Array => {
  const file = join(directory, VAULT_KEY);
  try {
    return Buffer.from(readFileSync(file, 'utf8'), 'base64');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const mark = Buffer.from(DEVELOPMENT_ROOT_MARK);
    const root = Buffer.concat([random(ROOT_BYTES - mark.length), mark]);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(file, root.toString('base64'), { mode: 0o600, flag: 'wx' });
    return root;
  }
};

/** What the simulator knows as a JWK is a file in PEM for us, as in a deployment. */
const writeClientKey = (directory: string, { v2 }: DevelopmentClients): string => {
  const file = join(directory, PLATFORM_CLIENT_KEY);
  const key = createPrivateKey({ key: v2.privateJwk, format: 'jwk' });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const pem = `${DEVELOPMENT_KEY_MARK}${key.export({ type: 'pkcs8', format: 'pem' })}`;
  writeFileSync(`${file}.new`, pem, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return file;
};

/** @param directory the house's data folder. */
export const ensureDevelopmentKeys = ({
  directory,
  random,
}: {
  directory: string;
  random: Random;
}): DevelopmentKeys => {
  const platform = platformDirectory(directory);
  const clients = ensureDevelopmentClients({ directory: platform });
  return {
    vaultRoot: ensureVaultRoot(join(directory, 'keys'), random),
    platformFiles: {
      ca: join(platform, 'ca.pem'),
      pins: join(platform, 'pins.txt'),
      clientCertificate: join(platform, 'client.pem'),
      clientTlsKey: join(platform, 'client-key.pem'),
      clientKey: writeClientKey(join(directory, 'keys'), clients),
      signingKeys: join(platform, 'signing-keys.json'),
    },
    registeredClients: clients,
    platformClient: {
      id: clients.v2.clientId,
      v1Secret: new Secret(clients.v1.secret),
      v1ApiKey: new Secret(clients.v1.apiKey),
    },
  };
};

/** Where the simulator keeps its authority and its clients, whether it runs in this process or in its own. */
export const platformDirectory = (directory: string): string => join(directory, 'platform');
