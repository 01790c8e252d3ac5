/** Signatures that must not be accepted, in the manner of Wycheproof's vectors for JSON Web Signature and ECDSA. */
import { createHmac, createSecretKey, generateKeyPairSync, sign } from 'node:crypto';
import { base64url, createForgeKey, type ForgeKey, signatureOf, type TokenForge } from './forge.ts';
import type { TokenCase } from './hostile-tokens.ts';

/** The order of P-256, and the prime of its field. */
const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
const PRIME = BigInt('0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff');
const BYTES = 32;

const json = JSON.stringify;
const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const toBytes = (value: bigint, size = BYTES): Buffer =>
  Buffer.from((value % (1n << BigInt(size * 8))).toString(16).padStart(size * 2, '0'), 'hex');
const pair = (r: bigint, s: bigint): Buffer => Buffer.concat([toBytes(r), toBytes(s)]);

const inputOf = ({ header, claims }: TokenForge, head: Record<string, unknown> = {}): string =>
  `${base64url(json({ ...header, ...head }))}.${base64url(json(claims))}`;

/** What stands for the signature, made of the good one. */
const spoilt =
  (change: (good: { r: bigint; s: bigint; bytes: Buffer; input: string; forge: TokenForge }) => Uint8Array) =>
  (forge: TokenForge): string => {
    const input = inputOf(forge);
    const bytes = signatureOf(input, forge.key);
    const [r, s] = [toNumber(bytes.subarray(0, BYTES)), toNumber(bytes.subarray(BYTES))];
    return `${input}.${base64url(change({ r, s, bytes, input, forge }))}`;
  };
const numbers = (r: bigint, s: bigint) => spoilt(() => pair(r, s));

/** Under another algorithm's name, signed by whatever that algorithm signs with. */
const under =
  (alg: string, signed: (input: string, forge: TokenForge) => Uint8Array) =>
  (forge: TokenForge): string => {
    const input = inputOf(forge, { alg });
    return `${input}.${base64url(signed(input, forge))}`;
  };
const hmac = (hash: string, secret: (forge: TokenForge) => string | Uint8Array) => (input: string, forge: TokenForge) =>
  createHmac(hash, createSecretKey(Buffer.from(secret(forge))))
    .update(input)
    .digest();
const pem = ({ key }: TokenForge): string => String(key.publicKey.export({ format: 'pem', type: 'spki' }));
const der = ({ key }: TokenForge): Uint8Array => key.publicKey.export({ format: 'der', type: 'spki' });
const asDer = ({ forge: { key }, input }: { forge: TokenForge; input: string }): Buffer =>
  sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'der' });

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ed25519 = generateKeyPairSync('ed25519');
const p384 = createForgeKey('P-384');
const p521 = createForgeKey('P-521');
const secp256k1 = createForgeKey('secp256k1');
const ecdsa = (key: ForgeKey, hash: string) => (input: string) => signatureOf(input, key, hash);

const NUMBERS: readonly TokenCase[] = [
  ['r and s are 0', numbers(0n, 0n)],
  ['r is 0', spoilt(({ s }) => pair(0n, s))],
  ['s is 0', spoilt(({ r }) => pair(r, 0n))],
  ['r and s are 1', numbers(1n, 1n)],
  ['r is 1 and s is 0', numbers(1n, 0n)],
  ['r is 0 and s is 1', numbers(0n, 1n)],
  ['r and s are the order', numbers(ORDER, ORDER)],
  ['r is the order', spoilt(({ s }) => pair(ORDER, s))],
  ['s is the order', spoilt(({ r }) => pair(r, ORDER))],
  ['r and s are one less than the order', numbers(ORDER - 1n, ORDER - 1n)],
  ['r and s are one more than the order', numbers(ORDER + 1n, ORDER + 1n)],
  ['r and s are the prime', numbers(PRIME, PRIME)],
  ['r is one more than the prime', spoilt(({ s }) => pair(PRIME + 1n, s))],
  ['r and s are as large as can be', numbers((1n << 256n) - 1n, (1n << 256n) - 1n)],
  ['r is negated', spoilt(({ r, s }) => pair(ORDER - r, s))],
  ['r and s are negated', spoilt(({ r, s }) => pair(ORDER - r, ORDER - s))],
  ['r and s change places', spoilt(({ r, s }) => pair(s, r))],
  ['r is one more', spoilt(({ r, s }) => pair(r + 1n, s))],
  ['s is one more', spoilt(({ r, s }) => pair(r, s + 1n))],
  ['r twice', spoilt(({ r }) => pair(r, r))],
  [
    'the bytes of r backwards',
    spoilt(({ bytes }) => Buffer.concat([Buffer.from(bytes.subarray(0, 32)).reverse(), bytes.subarray(32)])),
  ],
  ['the first bit is turned', spoilt(({ bytes }) => bytes.map((byte, at) => (at === 0 ? byte ^ 0x80 : byte)))],
  ['the last bit is turned', spoilt(({ bytes }) => bytes.map((byte, at) => (at === 63 ? byte ^ 1 : byte)))],
];

const LENGTH: readonly TokenCase[] = [
  ['one byte is missing', spoilt(({ bytes }) => bytes.subarray(0, 63))],
  ['one byte is missing at the beginning', spoilt(({ bytes }) => bytes.subarray(1))],
  ['r alone', spoilt(({ bytes }) => bytes.subarray(0, 32))],
  ['a 0 behind it', spoilt(({ bytes }) => Buffer.concat([bytes, Buffer.alloc(1)]))],
  ['a 0 before it', spoilt(({ bytes }) => Buffer.concat([Buffer.alloc(1), bytes]))],
  ['r and s of 33 bytes', spoilt(({ r, s }) => Buffer.concat([toBytes(r, 33), toBytes(s, 33)]))],
  [
    'r and s of 33 bytes, larger by the order',
    spoilt(({ r, s }) => Buffer.concat([toBytes(r + ORDER, 33), toBytes(s + ORDER, 33)])),
  ],
  ['r and s of 48 bytes', spoilt(({ r, s }) => Buffer.concat([toBytes(r, 48), toBytes(s, 48)]))],
  ['twice', spoilt(({ bytes }) => Buffer.concat([bytes, bytes]))],
  ['a single byte', spoilt(() => Buffer.alloc(1))],
  ['DER', spoilt(asDer)],
  ['DER, cut to 64 bytes', spoilt((good) => asDer(good).subarray(0, 64))],
  ['DER of two zeros', spoilt(() => Buffer.from('3006020100020100', 'hex'))],
  ['hexadecimal', spoilt(({ bytes }) => Buffer.from(bytes.toString('hex')))],
  ['base64url of base64url', spoilt(({ bytes }) => Buffer.from(base64url(bytes)))],
];

const MESSAGE: readonly TokenCase[] = [
  ['of the payload alone', spoilt(({ input, forge: { key } }) => signatureOf(input.split('.')[1] ?? '', key))],
  ['of the header alone', spoilt(({ input, forge: { key } }) => signatureOf(input.split('.')[0] ?? '', key))],
  ['of both without the dot', spoilt(({ input, forge: { key } }) => signatureOf(input.replace('.', ''), key))],
  ['of the JSON', spoilt(({ forge: { key, header, claims } }) => signatureOf(`${json(header)}.${json(claims)}`, key))],
  ['of a line break more', spoilt(({ input, forge: { key } }) => signatureOf(`${input}\n`, key))],
  ['of nothing', spoilt(({ forge: { key } }) => signatureOf('', key))],
  ['with SHA-384', spoilt(({ input, forge: { key } }) => signatureOf(input, key, 'sha384'))],
  ['with SHA-1', spoilt(({ input, forge: { key } }) => signatureOf(input, key, 'sha1'))],
  ['by another key under the same id', spoilt(({ input, forge: { strange } }) => signatureOf(input, strange))],
  [
    'of other claims',
    (forge) => {
      const [head, , signature] = forge.token().split('.');
      return `${head}.${base64url(json({ ...forge.claims, sub: 'somebody-else' }))}.${signature}`;
    },
  ],
  [
    'of another header',
    (forge) => {
      const [, payload, signature] = forge.token({}, { typ: 'JWT' }).split('.');
      return `${base64url(json(forge.header))}.${payload}.${signature}`;
    },
  ],
];

const ALGORITHM: readonly TokenCase[] = [
  ['none', under('none', () => Buffer.alloc(0))],
  ['None', under('None', () => Buffer.alloc(0))],
  ['NONE', under('NONE', () => Buffer.alloc(0))],
  ['none, with a signature', under('none', (input, { key }) => signatureOf(input, key))],
  ['an empty name', under('', (input, { key }) => signatureOf(input, key))],
  ['HS256 with our public key in PEM', under('HS256', hmac('sha256', pem))],
  ['HS256 with our public key in DER', under('HS256', hmac('sha256', der))],
  [
    'HS256 with our public key as JWK',
    under(
      'HS256',
      hmac('sha256', ({ key }) => json(key.jwk)),
    ),
  ],
  [
    'HS256 with its x',
    under(
      'HS256',
      hmac('sha256', ({ key }) => Buffer.from(String(key.jwk['x']), 'base64url')),
    ),
  ],
  [
    'HS256 with the key id',
    under(
      'HS256',
      hmac('sha256', () => 'key-1'),
    ),
  ],
  [
    'HS256 with no secret',
    under(
      'HS256',
      hmac('sha256', () => ''),
    ),
  ],
  ['HS384 with our public key', under('HS384', hmac('sha384', pem))],
  ['HS512 with our public key', under('HS512', hmac('sha512', pem))],
  ['an HMAC of 64 bytes that says ES256', under('ES256', hmac('sha512', pem))],
  ['RS256', under('RS256', (input) => sign('sha256', Buffer.from(input), rsa.privateKey))],
  ['PS256', under('PS256', (input) => sign('sha256', Buffer.from(input), { key: rsa.privateKey, padding: 6 }))],
  ['EdDSA', under('EdDSA', (input) => sign(null, Buffer.from(input), ed25519.privateKey))],
  [
    'an Ed25519 signature that says ES256',
    under('ES256', (input) => sign(null, Buffer.from(input), ed25519.privateKey)),
  ],
  ['ES384', under('ES384', ecdsa(p384, 'sha384'))],
  ['ES384 with our key', under('ES384', (input, { key }) => signatureOf(input, key, 'sha384'))],
  ['ES512', under('ES512', ecdsa(p521, 'sha512'))],
  ['ES256K', under('ES256K', ecdsa(secp256k1, 'sha256'))],
  ['a secp256k1 signature that says ES256', under('ES256', ecdsa(secp256k1, 'sha256'))],
  ['a P-384 signature that says ES256', under('ES256', ecdsa(p384, 'sha256'))],
  ['ES256 under the name ESP256', under('ESP256', (input, { key }) => signatureOf(input, key))],
];

export const HOSTILE_SIGNATURES: readonly TokenCase[] = [...NUMBERS, ...LENGTH, ...MESSAGE, ...ALGORITHM];

export const GOOD_SIGNATURES: readonly TokenCase[] = [
  ['as it was made', spoilt(({ bytes }) => bytes)],
  // ES256 does not forbid it (RFC 7518 §3.4): nothing here may depend on a token having one text only.
  ['with the other s', spoilt(({ r, s }) => pair(r, ORDER - s))],
];
