/** Which keys the platform may have, whatever any authority vouches for (RFC 7469 §2.4, as a file of ours). */
import { createHash, type X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Base64 of the SHA-256 of a SubjectPublicKeyInfo. */
export type Pin = string;

const PIN = /^[A-Za-z0-9+/]{43}=$/;

/**
 * One pin per line; `#` begins a comment. The key in use and the one to come belong in it.
 * @throws when a line is not a pin, or there is none.
 */
export const parsePins = (text: string): ReadonlySet<Pin> => {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/#.*$/, '').trim())
    .filter((line) => line !== '');
  const wrong = lines.findIndex((line) => !PIN.test(line));
  if (wrong >= 0) throw new Error(`pin ${wrong + 1} is not the base64 of a SHA-256`);
  if (lines.length === 0) throw new Error('there is no pin');
  return new Set(lines);
};

const pinOf = ({ publicKey }: Pick<X509Certificate, 'publicKey'>): Pin =>
  createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('base64');

/** Another key than the pinned ones, or none at all: nothing was sent. */
export class UnpinnedKey extends Error {
  override readonly name = 'UnpinnedKey';
  readonly code = 'PLATFORM_KEY_NOT_PINNED';
  readonly pin: Pin | undefined;
  constructor(pin: Pin | undefined) {
    super('the platform showed a key that is not pinned');
    this.pin = pin;
  }
}

/** Of a connection whose handshake is over, be it a resumed one. @returns undefined for one without TLS or certificate. */
export const pinOfPeer = (socket: Socket): Pin | undefined => {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  return certificate && pinOf(certificate);
};
