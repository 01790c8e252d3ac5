/**
 * An API key as it is written: `tsh_<environment>_<id>_<secret>_<checksum>`. The parts are letters and digits only, so that
 * it is split in one way, is selected by one double click, and needs no quoting anywhere.
 *
 * The checksum keeps nobody out: it tells a scanner of secrets that it has found a key, and a typing mistake apart from a
 * key, without asking anybody.
 */
import { crc32 } from 'node:zlib';
import type { Random } from '@house/kernel/clock';

/** A key of development is none in production, and the other way round. */
export type KeyEnvironment = 'dev' | 'live';

export type ApiKey = {
  /** Names the key, in tables, logs and commands; no secret. */
  readonly id: string;
  readonly secret: string;
};

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** So many hold any 9 and any 32 bytes, and any CRC-32. */
const LENGTHS = { id: 13, secret: 43, checksum: 6 };
const ID_BYTES = 9;
const SECRET_BYTES = 32;

const KEY = /^tsh_(dev|live)_([0-9A-Za-z]{13})_([0-9A-Za-z]{43})_([0-9A-Za-z]{6})$/;
const ID = /^[0-9A-Za-z]{13}$/;

const digitsOf = (value: bigint, length: number): string => {
  let rest = value;
  let digits = '';
  while (digits.length < length) {
    digits = `${DIGITS[Number(rest % 62n)]}${digits}`;
    rest /= 62n;
  }
  return digits;
};
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

const checksumOf = (text: string): string => digitsOf(BigInt(crc32(text)), LENGTHS.checksum);

/** @param random 72 bits name the key, 256 are its secret. */
export const createApiKey = (random: Random): ApiKey => ({
  id: digitsOf(numberOf(random(ID_BYTES)), LENGTHS.id),
  secret: digitsOf(numberOf(random(SECRET_BYTES)), LENGTHS.secret),
});

export const writeApiKey = ({ id, secret }: ApiKey, environment: KeyEnvironment): string => {
  const text = `tsh_${environment}_${id}_${secret}`;
  return `${text}_${checksumOf(text)}`;
};

/** @returns undefined for what is no key of this environment. */
export const readApiKey = (text: string, environment: KeyEnvironment): ApiKey | undefined => {
  const [, named, id = '', secret = '', checksum] = KEY.exec(text) ?? [];
  if (named !== environment || checksum !== checksumOf(text.slice(0, -LENGTHS.checksum - 1))) return undefined;
  return { id, secret };
};

export const isApiKeyId = (text: string): boolean => ID.test(text);

/** What a key says its id is, whether it is one or not: guesses at one key are counted together. */
export const namedByApiKey = (text: string): string => KEY.exec(text)?.[2] ?? text;
