/** The law of number plates and permits: pure. */
import { HouseError } from '@house/kernel/errors';

/**
 * Plates are compared by glyph: the twelve Cyrillic letters of a Russian plate look like Latin ones, and people type
 * either. GOST R 50577-2018, letters А В Е К М Н О Р С Т У Х.
 */
const LATIN: Readonly<Record<string, string>> = {
  А: 'A',
  В: 'B',
  Е: 'E',
  К: 'K',
  М: 'M',
  Н: 'H',
  О: 'O',
  Р: 'P',
  С: 'C',
  Т: 'T',
  У: 'Y',
  Х: 'X',
};
const CYRILLIC: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(LATIN).map(([cyrillic, latin]) => [latin, cyrillic]),
);

const LETTER = '[ABEKMHOPCTYX]';
/**
 * Types of GOST R 50577-2018: cars, trailers, taxis and buses, motorcycles. Trailers come before taxis: of two readings of
 * one text the one that masks more digits wins.
 */
const RUSSIAN = [
  new RegExp(`^(${LETTER}\\d{3}${LETTER}{2})(\\d{2,3})$`),
  new RegExp(`^(${LETTER}{2}\\d{4})(\\d{2,3})$`),
  new RegExp(`^(${LETTER}{2}\\d{3})(\\d{2,3})$`),
  new RegExp(`^(\\d{4}${LETTER}{2})(\\d{2,3})$`),
];

/** Neighbouring and visiting countries (ISO 3166-1); their plates are checked by shape only. */
const OTHER_COUNTRIES = new Set(
  'AM AZ BY GE KG KZ MD MN TJ TM UA UZ AT BE BG CH CN CY CZ DE DK EE ES FI FR GB GR HU IE IL IT JP KR LT LU LV ME MK MT NL NO PL PT RO RS SE SI SK TR'.split(
    ' ',
  ),
);
const OTHER_PLATE = /^(?=.*\d)[A-Z0-9]{3,10}$/;

/** What people write between the groups. */
const SEPARATORS = /[ \u00a0\-.·]/g;
const PLATE_LENGTH_LIMIT = 20;

const refuse = (message: string, field: string): never => {
  throw new HouseError('BAD_USER_INPUT', { message, path: ['input', field] });
};

export type Plate = { country: string; canonical: string };

/**
 * The one spelling of a plate: upper case, Latin, without separators.
 * @throws HouseError `BAD_USER_INPUT` when it is no plate of the country. The message never repeats the plate.
 */
export const parsePlate = (text: string, country: string): Plate => {
  if (text.length > PLATE_LENGTH_LIMIT) return refuse('A number plate is much shorter than this.', 'plate');
  const canonical = text
    .toUpperCase()
    .replace(SEPARATORS, '')
    .replace(/[АВЕКМНОРСТУХ]/g, (letter) => LATIN[letter] ?? letter);
  if (country === 'RU') {
    if (RUSSIAN.some((type) => type.test(canonical)) && !/^\D*0+\D/.test(canonical)) return { country, canonical };
    return refuse('This is not a Russian number plate; expected for example А123ВС 77.', 'plate');
  }
  if (!OTHER_COUNTRIES.has(country))
    return refuse(
      'Give the country as two letters, for example RU; plates of this country are not supported.',
      'country',
    );
  return OTHER_PLATE.test(canonical)
    ? { country, canonical }
    : refuse('A number plate has 3 to 10 Latin letters and digits.', 'plate');
};

/** The plate with its middle masked, as residents read it: `А***ВС 77`. */
export const maskPlate = ({ country, canonical }: Plate): string => {
  if (country !== 'RU') return `${canonical.slice(0, 1)}${'*'.repeat(canonical.length - 3)}${canonical.slice(-2)}`;
  const [, number = '', region = ''] =
    RUSSIAN.map((type) => type.exec(canonical)).find((match) => match !== null) ?? [];
  const masked = number.replace(/\d/g, '*').replace(/[A-Z]/g, (letter) => CYRILLIC[letter] ?? letter);
  return `${masked} ${region}`;
};

const COMMENT_LIMIT = 200;

/** @throws HouseError `BAD_USER_INPUT` when it is long or holds control characters. */
export const requireComment = (comment: string | null | undefined): string | null => {
  if (comment === null || comment === undefined || comment === '') return null;
  if (comment.length > COMMENT_LIMIT || /\p{Cc}/u.test(comment))
    return refuse(`A comment has at most ${COMMENT_LIMIT} characters and no control characters.`, 'comment');
  return comment;
};

export type Period = { from: Date; until: Date | null };

/** What every clock, table and platform can write: no permit is older than the house, and no year has five digits. */
const FIRST_DAY = new Date('2000-01-01T00:00:00Z');
const LAST_DAY = new Date('9999-12-31T00:00:00Z');

const requireWritable = (date: Date | null | undefined, field: string): void => {
  if (date && (date < FIRST_DAY || date > LAST_DAY)) refuse('This date lies too far away.', field);
};

/** @throws HouseError `BAD_USER_INPUT` when it ends before it begins, or has ended. */
export const requirePeriod = (from: Date | null | undefined, until: Date | null | undefined, now: Date): Period => {
  requireWritable(from, 'validFrom');
  requireWritable(until, 'validUntil');
  const begins = from ?? now;
  if (until && until <= begins) return refuse('The period ends before it begins.', 'validUntil');
  if (until && until <= now) return refuse('The period has already ended.', 'validUntil');
  return { from: begins, until: until ?? null };
};

/** What a car can pass. */
const VEHICULAR = new Set(['BARRIER', 'GATE', 'PARKING']);

/**
 * The access points that a vehicle may pass: the chosen ones, or all barriers and gates of the premises.
 * @throws HouseError `NOT_FOUND` for one that is not of the premises, `ACCESS_POINT_NOT_VEHICULAR` for a door.
 */
export const requireVehicular = <Point extends { id: string; kind: string }>(
  points: readonly Point[],
  chosen: readonly string[] | null | undefined,
): Point[] => {
  if (!chosen) return points.filter(({ kind }) => VEHICULAR.has(kind));
  if (chosen.length === 0) return refuse('Choose at least one access point, or leave the list out.', 'accessPointIds');
  return [...new Set(chosen)].map((id) => {
    const point = points.find((candidate) => candidate.id === id);
    if (!point) throw new HouseError('NOT_FOUND', { path: ['input', 'accessPointIds'] });
    if (!VEHICULAR.has(point.kind))
      throw new HouseError('ACCESS_POINT_NOT_VEHICULAR', { path: ['input', 'accessPointIds'] });
    return point;
  });
};

/** Whether the chosen points are all that a vehicle can pass: then nothing is limited. */
export const coversAll = (chosen: readonly { kind: string }[], points: readonly { kind: string }[]): boolean =>
  chosen.length === points.filter(({ kind }) => VEHICULAR.has(kind)).length;

/** More than a family, a household staff and their guests have; fewer than a list that is being probed. */
const VEHICLES_PER_PREMISES = 50;

/** @throws HouseError `VEHICLE_LIMIT_REACHED` */
export const requireFreePlace = (count: number): void => {
  if (count >= VEHICLES_PER_PREMISES) throw new HouseError('VEHICLE_LIMIT_REACHED');
};
