/** Time as v1 writes it: `YYYY-MM-DD HH:mm:ss` in the house's zone, without naming it. */

/** The Swedish way of writing a time is v1's. */
const LOCALE = 'sv-SE';
const OPTIONS = {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
} as const;

const formats = new Map<string, Intl.DateTimeFormat>();
const formatOf = (timeZone: string): Intl.DateTimeFormat => {
  const known = formats.get(timeZone);
  if (known) return known;
  const format = new Intl.DateTimeFormat(LOCALE, { ...OPTIONS, timeZone });
  formats.set(timeZone, format);
  return format;
};

export const localTime = (instant: Date, timeZone: string): string => formatOf(timeZone).format(instant);
export const localDay = (instant: Date, timeZone: string): string => localTime(instant, timeZone).slice(0, 10);

const asIfUtc = (local: string): number => Date.parse(`${local.replace(' ', 'T')}Z`);

/** The instant that a clock on the house's wall shows so. In an hour that comes twice, the second; in one that never comes, a near one. */
export const instantOf = (local: string, timeZone: string): Date => {
  const wanted = asIfUtc(local);
  const shift = (at: number): number => asIfUtc(localTime(new Date(at), timeZone)) - at;
  const near = wanted - shift(wanted);
  return new Date(wanted - shift(near));
};

/** `days` calendar days before. */
export const dayBefore = (day: string, days: number): string => {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() - days);
  return date.toISOString().slice(0, 10);
};
