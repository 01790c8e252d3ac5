/** Time as the first version writes it: `YYYY-MM-DD HH:mm:ss` on the wall of the house, without naming the zone. */

const DAY_MS = 24 * 60 * 60 * 1_000;

const formats = new Map<string, Intl.DateTimeFormat>();
/** @throws RangeError when there is no such zone. */
const formatOf = (timeZone: string): Intl.DateTimeFormat => {
  const known = formats.get(timeZone);
  if (known) return known;
  // The Swedish way of writing a time is the first version's.
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  formats.set(timeZone, format);
  return format;
};

export const isTimeZone = (name: string): boolean => {
  try {
    return formatOf(name) !== undefined;
  } catch {
    return false;
  }
};

const localTime = (at: Date, timeZone: string): string => formatOf(timeZone).format(at);
const asIfUtc = (local: string): number => Date.parse(`${local.replace(' ', 'T')}Z`);

const localDay = (at: Date, timeZone: string): string => localTime(at, timeZone).slice(0, 10);

/** The days of the house from `since` to `until`, earliest first. */
export const localDays = (since: Date, until: Date, timeZone: string): string[] => {
  const last = localDay(until, timeZone);
  const days = [localDay(since, timeZone)];
  for (let day = days[0] ?? last; day < last; days.push(day))
    day = new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
  return days;
};

/**
 * When the wall showed it: the beginning of that second. An hour that comes twice is taken for the first of the two, so
 * that nothing is believed to be later than it may be.
 */
export const earliestInstant = (local: string, timeZone: string): Date => {
  const wall = asIfUtc(local);
  const shiftAt = (at: number): number => asIfUtc(localTime(new Date(at), timeZone)) - at;
  const [before, after] = [wall - shiftAt(wall - DAY_MS), wall - shiftAt(wall + DAY_MS)];
  const fitting = [before, after].filter((at) => localTime(new Date(at), timeZone) === local);
  return new Date(Math.min(...(fitting.length > 0 ? fitting : [before, after])));
};
