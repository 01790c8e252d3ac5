/**
 * The platform's world as it is seeded: sites, units and what opens.
 *
 * The small one is `world.json`. The large one is the small one and ten complexes more, L1 to L10, of a hundred flats
 * each (`SEED_WORLD=large`, for load and chaos). It is computed and never drawn by lot: the same ids in every process and
 * at every start. A flat reaches the entrance of its staircase and the gate and the barrier of its complex.
 */
import document from './world.json' with { type: 'json' };

export type WorldSize = 'small' | 'large';

type ApiMajor = 'v1' | 'v2';
export type PlatformSite = {
  readonly id: number;
  readonly name: string;
  readonly timeZone: string;
  readonly version: ApiMajor;
  /** What differs from `version`. */
  readonly resources: Readonly<Record<string, ApiMajor>>;
};
export type PlatformUnit = {
  readonly id: string;
  /** `flatId` of v1. */
  readonly legacyId: number;
  readonly siteId: number;
  readonly externalRef: string;
  readonly kind: 'apartment' | 'house';
  /** What the unit reaches, the entrance first. */
  readonly accessPoints: readonly string[];
};
export type PlatformAccessPoint = {
  readonly id: string;
  readonly domophoneId: number;
  readonly doorId: number;
  readonly siteId: number;
  readonly kind: 'entrance' | 'elevator' | 'gate' | 'barrier';
  readonly name: string;
  readonly actuation: 'momentary' | 'toggle' | 'latched';
  readonly holdSeconds: number;
};
export type PlatformWorld = {
  readonly sites: readonly PlatformSite[];
  readonly units: readonly PlatformUnit[];
  readonly accessPoints: readonly PlatformAccessPoint[];
};

export const LARGE_COMPLEXES = 10;
export const FLATS_PER_LARGE_COMPLEX = 100;
const FLATS_PER_ENTRANCE = 10;
const ENTRANCES = FLATS_PER_LARGE_COMPLEX / FLATS_PER_ENTRANCE;
/** L1 is site 101. */
const FIRST_SITE = 101;
/** The last two complexes speak the legacy version, the very last in a zone that is not Moscow. */
const LEGACY_FROM = 9;

const ALPHABET = 'ABCDEFGHJKMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789';
const LETTERS = 6;
const SPACE = ALPHABET.length ** LETTERS;
/** Prime, so that its multiples fill the space before one comes back; small enough for exact products up to 100 000. */
const STRIDE = 17_179_869_143;

/** Six letters that look like nothing and are different for every `number` below 100 000. */
const opaque = (number: number): string => {
  let rest = (number * STRIDE) % SPACE;
  let letters = '';
  for (let index = 0; index < LETTERS; index += 1) {
    letters += ALPHABET.charAt(rest % ALPHABET.length);
    rest = Math.floor(rest / ALPHABET.length);
  }
  return letters;
};

/** From 1 in either. A number of a flat is that in all large complexes together. */
export const largeFlat = (complex: number, flat: number): number => (complex - 1) * FLATS_PER_LARGE_COMPLEX + flat;
export const largeSiteId = (complex: number): number => FIRST_SITE + complex - 1;
/** Our pseudonym of a flat, by its number in all large complexes together. */
export const largeExternalRef = (flat: number): string => `xr_L${opaque(flat + 40_000)}`;
export const largeTimeZone = (complex: number): string =>
  complex === LARGE_COMPLEXES ? 'Asia/Yekaterinburg' : 'Europe/Moscow';

const range = (length: number): number[] => Array.from({ length }, (_, index) => index + 1);

const POINTS_PER_COMPLEX = ENTRANCES + 2;
const accessPointId = (complex: number, index: number): string =>
  `ap_${opaque(10_000 + (complex - 1) * POINTS_PER_COMPLEX + index)}`;

const accessPointsOf = (complex: number): PlatformAccessPoint[] => {
  const siteId = largeSiteId(complex);
  const yard = { siteId, domophoneId: siteId * 100 + ENTRANCES + 1, holdSeconds: 10 };
  return [
    ...range(ENTRANCES).map((entrance) => ({
      id: accessPointId(complex, entrance),
      domophoneId: siteId * 100 + entrance,
      doorId: 0,
      siteId,
      kind: 'entrance' as const,
      name: `Подъезд ${entrance}`,
      actuation: 'momentary' as const,
      holdSeconds: 5,
    })),
    {
      ...yard,
      id: accessPointId(complex, ENTRANCES + 1),
      doorId: 0,
      kind: 'gate',
      name: 'Ворота',
      actuation: 'toggle',
    },
    {
      ...yard,
      id: accessPointId(complex, ENTRANCES + 2),
      doorId: 1,
      kind: 'barrier',
      name: 'Шлагбаум',
      actuation: 'momentary',
    },
  ];
};

const unitOf = (complex: number, flat: number): PlatformUnit => {
  const siteId = largeSiteId(complex);
  const number = largeFlat(complex, flat);
  const entrance = Math.ceil(flat / FLATS_PER_ENTRANCE);
  return {
    id: `unit_${opaque(20_000 + number)}`,
    legacyId: siteId * 1000 + flat,
    siteId,
    externalRef: largeExternalRef(number),
    kind: 'apartment',
    accessPoints: [entrance, ENTRANCES + 1, ENTRANCES + 2].map((index) => accessPointId(complex, index)),
  };
};

const largeComplexes = (): PlatformWorld => {
  const complexes = range(LARGE_COMPLEXES);
  return {
    sites: complexes.map((complex) => ({
      id: largeSiteId(complex),
      name: `L${complex}`,
      timeZone: largeTimeZone(complex),
      version: complex >= LEGACY_FROM ? 'v1' : 'v2',
      resources: {},
    })),
    units: complexes.flatMap((complex) => range(FLATS_PER_LARGE_COMPLEX).map((flat) => unitOf(complex, flat))),
    accessPoints: complexes.flatMap(accessPointsOf),
  };
};

/** Of either size, the small world first. */
export const platformWorld = (size: WorldSize = 'small'): PlatformWorld => {
  const small = document as PlatformWorld;
  if (size === 'small') return small;
  const more = largeComplexes();
  return {
    sites: [...small.sites, ...more.sites],
    units: [...small.units, ...more.units],
    accessPoints: [...small.accessPoints, ...more.accessPoints],
  };
};

/** Of the variable `SEED_WORLD`; undefined for a word that is none. */
export const worldSizeOf = (text: string | undefined): WorldSize | undefined =>
  text === undefined || text === '' || text === 'small' ? 'small' : text === 'large' ? 'large' : undefined;
