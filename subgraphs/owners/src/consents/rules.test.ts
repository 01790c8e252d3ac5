import { expect, test } from '@jest/globals';
import { type StoredConsent, statusAt } from './rules.ts';
import { PLATFORM_TRANSFER, sha256Of, VEHICLE_ACCESS } from './texts.ts';

const at = (time: number) => new Date(time);
const given: StoredConsent = {
  id: 'co_1',
  personId: 'pe_1',
  purpose: 'VEHICLE_ACCESS',
  textVersion: '1',
  textSha256: sha256Of(VEHICLE_ACCESS),
  signature: 'SIMPLE',
  givenAt: at(0),
  expiresAt: at(20),
  withdrawnAt: null,
  supersededAt: null,
  destroyBy: null,
};

test('a consent is active until its end, unless it was withdrawn or replaced', () => {
  expect([0, 19, 20].map((now) => statusAt(given, at(now)))).toEqual(['ACTIVE', 'ACTIVE', 'EXPIRED']);
  expect(statusAt({ ...given, expiresAt: null }, at(1e15))).toBe('ACTIVE');
  expect(statusAt({ ...given, supersededAt: at(5) }, at(30))).toBe('SUPERSEDED');
  expect(statusAt({ ...given, supersededAt: at(5), withdrawnAt: at(6), destroyBy: at(99) }, at(30))).toBe('WITHDRAWN');
});

test('a text that people signed is not edited: a new wording is a new version', () => {
  expect([VEHICLE_ACCESS, PLATFORM_TRANSFER].map((text) => [text.version, sha256Of(text)])).toMatchInlineSnapshot(`
[
  [
    "1",
    "86e0b8b4f16ed608b99f6815bc99c38bca3fd03deca72bba2524567eecc526bd",
  ],
  [
    "1",
    "e6440b514c0b8ba29dcc7d2964bb3589455c45834340d9393dfcfda7d9796b75",
  ],
]
`);
});
