/**
 * Encryption at rest. A sealed value opens only with the same key and the same `purpose` and `owner`, so that a
 * ciphertext moved to another column or another row does not open (AES-256-GCM, NIST SP 800-38D; additional data).
 * A blind index answers equality without the value: HMAC-SHA-256 under its own key.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import type { Random } from './clock.ts';

export type Vault = {
  /** @param context what the value is and whose row it stands in, e.g. `vehicle-permit.plate|vp_1`. */
  seal(value: string, context: string): Buffer;
  /** @throws when the bytes, the key or the context differ. */
  open(sealed: Uint8Array, context: string): string;
  /** The same value and scope give the same 32 bytes; scopes cannot be joined. */
  blindIndex(value: string, scope: string): Buffer;
};

/** First byte of every sealed value: the algorithm and the layout, so that both can change. */
const FORMAT_AES_256_GCM = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;

const derive = (rootKey: Uint8Array, use: string): Buffer =>
  Buffer.from(hkdfSync('sha256', rootKey, Buffer.alloc(0), use, 32));

/** @param rootKey 32 bytes; keys for each use are derived from it (HKDF, RFC 5869). */
export const createVault = ({ rootKey, random }: { rootKey: Uint8Array; random: Random }): Vault => {
  if (rootKey.length !== 32) throw new TypeError(`expected a root key of 32 bytes but got ${rootKey.length}`);
  const sealingKey = derive(rootKey, 'vault.seal');
  const indexKey = derive(rootKey, 'vault.blind-index');
  return {
    seal: (value, context) => {
      const iv = random(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealingKey, iv);
      cipher.setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(FORMAT_AES_256_GCM), iv, cipher.getAuthTag(), body]);
    },
    open: (sealed, context) => {
      const bytes = Buffer.from(sealed);
      if (bytes[0] !== FORMAT_AES_256_GCM) throw new TypeError('expected a sealed value of a known format');
      // Without a fixed length a cut tag would be taken, and four bytes can be guessed.
      const decipher = createDecipheriv('aes-256-gcm', sealingKey, bytes.subarray(1, 1 + IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(bytes.subarray(1 + IV_BYTES, 1 + IV_BYTES + TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(1 + IV_BYTES + TAG_BYTES)), decipher.final()]).toString(
        'utf8',
      );
    },
    blindIndex: (value, scope) => createHmac('sha256', indexKey).update(`${scope.length}:${scope}${value}`).digest(),
  };
};
