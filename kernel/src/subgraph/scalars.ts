/** Scalars that every subgraph shares. */
import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

/** RFC 3339, section 5.6: full date, time with seconds, and an offset; leap seconds are not taken. */
const RFC_3339 =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(\d{2}))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** `Date` takes 30 February for 1 March; RFC 3339 does not know it. */
const isCalendarDay = (date: string, day: string): boolean => {
  const parsed = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.getUTCDate() === Number(day);
};

const parseDateTime = (value: unknown): Date => {
  const [, date, day] = (typeof value === 'string' && RFC_3339.exec(value)) || [];
  if (typeof value !== 'string' || !date || !day || !isCalendarDay(date, day))
    throw new GraphQLError('expected a date and time like 2026-11-24T10:00:00+03:00');
  return new Date(value);
};

export const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  serialize: (value) => {
    if (!(value instanceof Date)) throw new TypeError(`expected a Date but got ${typeof value}`);
    return value.toISOString();
  },
  parseValue: parseDateTime,
  parseLiteral: (node) => parseDateTime(node.kind === Kind.STRING ? node.value : undefined),
});
