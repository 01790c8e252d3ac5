/** Signs what we send (RFC 9421, platform.md §5.8). Whatever is signed must not change any more. */
import { sign } from 'node:crypto';
import type { Clock, Random } from '@house/kernel/clock';
import { createSignatureSync } from 'http-message-sig';
import { contentDigest } from './content-digest.ts';
import type { PlatformTrust } from './trust.ts';

export const ALGORITHM = 'ecdsa-p256-sha256';
/** Of RFC 9421 §3.3.4: the two numbers of the signature one after the other. */
export const DSA_ENCODING = 'ieee-p1363';

const ALWAYS = ['@method', '@authority', '@path', '@query', 'content-digest'];
const WHERE_PRESENT = ['content-type', 'idempotency-key', 'expires-at'];
const NONCE_BYTES = 16;

export type Unsigned = {
  method: string;
  target: URL;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
};
/** What is sent beside the headers. */
export type Proof = { 'content-digest': string; signature: string; 'signature-input': string };

export type SignRequest = (request: Unsigned) => Proof;

export const createSignRequest =
  ({
    clientId,
    clientKey,
    clock,
    random,
  }: {
    /** Names us and our key: the contract knows a client's keys by its id. */
    clientId: string;
    clientKey: PlatformTrust['clientKey'];
    clock: Clock;
    random: Random;
  }): SignRequest =>
  ({ method, target, headers, body }) => {
    const { key } = clientKey();
    const digest = contentDigest(body);
    const covered = { ...headers, 'content-digest': digest };
    const { signature, signatureInput } = createSignatureSync(
      {
        kind: 'request',
        method,
        targetUri: target.href,
        fields: Object.entries(covered).map(([name, value]) => ({ name, value })),
      },
      {
        label: 'sig1',
        components: [...ALWAYS, ...WHERE_PRESENT.filter((name) => name in headers)],
        parameters: {
          created: Math.floor(clock().getTime() / 1_000),
          nonce: Buffer.from(random(NONCE_BYTES)).toString('base64url'),
          keyid: clientId,
          alg: ALGORITHM,
        },
        signer: { algorithm: ALGORITHM, sign: (data) => sign('sha256', data, { key, dsaEncoding: DSA_ENCODING }) },
      },
    );
    return { 'content-digest': digest, signature, 'signature-input': signatureInput };
  };
