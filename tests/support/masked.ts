/** Answers as bytes, without what differs from one answer to the next by its nature. */

/** Fields whose value is an id or a time. */
const ALWAYS = ['id', 'createdAt', 'deadline', 'finishedAt', 'validFrom', 'since', 'stateAsOf', 'checkedAt'];

/** Each byte of such a value becomes a `#`: its length stays, and so does everything around it. */
export const maskBody = (text: string, also: readonly string[] = []): string =>
  text.replace(
    new RegExp(`"(${[...ALWAYS, ...also].join('|')})":"([^"]*)"`, 'g'),
    (_, name: string, value: string) => `"${name}":"${'#'.repeat(Buffer.byteLength(value))}"`,
  );

/** Ids and times among the headers. */
const OF_THE_MOMENT = new Set(['date', 'x-request-id', 'x-trace-id', 'traceparent', 'dpop-nonce']);

export const maskHeaders = (headers: Headers): string[] =>
  [...headers].map(([name, value]) => `${name}: ${OF_THE_MOMENT.has(name) ? '#'.repeat(value.length) : value}`);
