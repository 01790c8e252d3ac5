import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of PEM files. */
export type KeyFiles = { readonly key: string; readonly publicKey: string };

export type Secrets = {
  /** Whole at once, also when it replaces another. @returns its path. */
  file(name: string, content: string): string;
  /** Of a service that signs. */
  keyPair(name: string): KeyFiles;
};

/** The files of keys that the services are told of. */
export const createSecrets = (directory: string): Secrets => {
  mkdirSync(directory, { recursive: true });
  const file = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(`${path}.new`, content, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    return path;
  };
  return {
    file,
    keyPair: (name) => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return {
        key: file(`${name}.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
        publicKey: file(`${name}.pub.pem`, publicKey.export({ type: 'spki', format: 'pem' }).toString()),
      };
    },
  };
};
