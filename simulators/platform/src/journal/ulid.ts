/** ULIDs: ids that sort by time. 48 bits of milliseconds, then 80 bits; Crockford's alphabet. */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '@house/kernel/clock';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_LETTERS = 10;
const COUNTER_LETTERS = 4;
const REST_LETTERS = 12;
export const ULID_PATTERN = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

const encode = (number: number, letters: number): string => {
  let rest = number;
  let text = '';
  for (let index = 0; index < letters; index += 1) {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
};
const decode = (text: string): number => [...text].reduce((sum, letter) => sum * 32 + ALPHABET.indexOf(letter), 0);
const spell = (bytes: Uint8Array): string => [...bytes].map((byte) => ALPHABET.charAt(byte % 32)).join('');

/** The least id of that moment. */
export const ulidFrom = (at: Date): string => encode(at.getTime(), TIME_LETTERS).padEnd(26, '0');

/** The one before all others of its millisecond. */
export const sameMoment = (id: string): string => id.slice(0, TIME_LETTERS).padEnd(26, '0');

/** The same id for the same moment and name. */
export const ulidOf = (at: Date, name: string): string =>
  encode(at.getTime(), TIME_LETTERS) + spell(createHash('sha256').update(name).digest().subarray(0, 16));

export type Ulids = {
  /** Greater than every one before, whatever the clock does. */
  next(): string;
  /** One that was given out before the process began. */
  passed(id: string): void;
};

export const createUlids = ({ clock }: { clock: Clock }): Ulids => {
  let time = 0;
  let counter = 0;
  return {
    next() {
      const now = clock().getTime();
      counter = now > time ? 0 : counter + 1;
      time = Math.max(time, now);
      return encode(time, TIME_LETTERS) + encode(counter, COUNTER_LETTERS) + spell(randomBytes(REST_LETTERS));
    },
    passed(id) {
      const [at, count] = [decode(id.slice(0, TIME_LETTERS)), decode(id.slice(TIME_LETTERS, -REST_LETTERS))];
      if (at < time) return;
      counter = at > time ? count : Math.max(counter, count);
      time = at;
    },
  };
};
