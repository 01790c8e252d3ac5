import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The files of keys that the services are told of. */
export const createSecrets = (directory: string) => {
  mkdirSync(directory);
  const file = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  return {
    file,
    keyPair: (name: string): { key: string; publicKey: string } => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return {
        key: file(`${name}.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
        publicKey: file(`${name}.pub.pem`, publicKey.export({ type: 'spki', format: 'pem' }).toString()),
      };
    },
  };
};
