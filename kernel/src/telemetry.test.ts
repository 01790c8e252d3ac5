import { expect, test } from '@jest/globals';
import { GraphQLError } from 'graphql';
import { HouseError } from './errors.ts';
import { createTelemetry, type LogFields, type LogLevel } from './telemetry.ts';

const capture = (level: LogLevel = 'debug') => {
  const lines: string[] = [];
  const { log, registry } = createTelemetry({
    service: 'test',
    level,
    destination: { write: (line) => lines.push(line) },
  });
  return { log, registry, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
};

test('a line is the event, the service, the time and the fields of the closed list', () => {
  const { log, last } = capture();
  log.info('listening', { address: 'http://127.0.0.1:1', status: 200 });
  expect(last()).toMatchObject({ service: 'test', msg: 'listening', address: 'http://127.0.0.1:1', status: 200 });
  expect(last()['time']).toMatch(/^\d{4}-.*Z$/);
});

test('a field that is not on the list never reaches the log', () => {
  const { log, lines } = capture();
  log.warn('refused', { phone: '+79160000012', plate: 'А123ВС77', code: 'NOT_FOUND' } as LogFields);
  expect(lines.join('')).toContain('NOT_FOUND');
  expect(lines.join('')).not.toMatch(/9160000012|123/);
});

test('of an error only name, message, code, stack and causes are kept', () => {
  const { log, last, lines } = capture();
  const cause = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED', body: 'plate А123ВС77' });
  log.error('failed', { error: new HouseError('PLATFORM_UNAVAILABLE', { cause }) });
  expect(last()['error']).toMatchObject({
    name: 'HouseError',
    code: 'PLATFORM_UNAVAILABLE',
    cause: { message: 'connection refused', code: 'ECONNREFUSED' },
  });
  expect(lines.join('')).not.toContain('123');
});

test('what was thrown and is not an error is not printed', () => {
  const { log, lines } = capture();
  log.error('failed', { error: { plate: 'А123ВС77' } });
  log.error('failed', { error: 'А123ВС77' });
  expect(lines.join('')).not.toContain('123');
});

const parseError = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
};

/** Libraries repeat in their messages what they could not use, and that may be anybody's. */
test.each([
  ['JSON', parseError('{"plate":А123ВС77}')],
  ['JSON with quotes', parseError('{"plate":"x" А123ВС77}')],
  ['a database', Object.assign(new Error('invalid input syntax for type uuid: "А123ВС77"'), { code: '22P02' })],
  ['a database about a long value', Object.assign(new Error('value "А123ВС77" is out of range'), { code: '22003' })],
  ['GraphQL about an answer', new GraphQLError('String cannot represent value: { plate: "А123ВС77" }')],
  ['GraphQL about an enum', new GraphQLError('Enum "Kind" cannot represent value: "А123ВС77"')],
  ['GraphQL about a variable', new GraphQLError('Variable "$i" got invalid value "А123ВС77" at "i.plate"; bad')],
  ['GraphQL about a literal', new GraphQLError('Int cannot represent non-integer value: "А123\nВС77"')],
])('a value that an error of %s repeats does not reach the log', (_, error) => {
  const { log, lines, last } = capture();
  log.error('failed', { error });
  log.error('failed', { error: new HouseError('INTERNAL', { cause: error }) });
  expect(lines.join('')).not.toMatch(/А123|ВС77/);
  expect(last()['error']).toMatchObject({ cause: { name: (error as Error).name } });
});

test('an error that repeats no value is logged with its words and its stack', () => {
  const { log, last } = capture();
  log.error('failed', { error: new Error('relation "owners.people" does not exist: run migrate') });
  expect(last()['error']).toMatchObject({
    message: 'relation "owners.people" does not exist: run migrate',
    stack: expect.stringMatching(/^Error: relation "owners.people".*\n {4}at /s),
  });
});

test('an error that is its own cause is logged and cut', () => {
  const { log, lines } = capture();
  const error: Error = new Error('circle');
  error.cause = error;
  log.error('failed', { error });
  expect(lines).toHaveLength(1);
  expect(lines[0]?.match(/circle/g)?.length).toBeLessThan(10);
});

test('lines below the level are not written', () => {
  const { log, lines } = capture('warn');
  log.debug('a');
  log.info('b');
  log.warn('c');
  expect(lines).toHaveLength(1);
});

test('silent writes nothing', () => {
  const { log, lines } = capture('silent');
  log.error('a');
  expect(lines).toHaveLength(0);
});

test('two telemetries do not share their metrics', () => {
  expect(capture().registry).not.toBe(capture().registry);
});
