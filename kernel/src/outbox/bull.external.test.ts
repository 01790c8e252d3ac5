import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createTelemetry } from '../telemetry.ts';
import { dispatcherConforms } from './dispatcher-conformance.ts';
import { createBullDispatcher } from './outbox.ts';

const { log } = createTelemetry({ service: 'test', level: 'silent' });
const redisUrl = process.env['TEST_REDIS_URL'] ?? '';

dispatcherConforms('bull', () => createBullDispatcher({ redisUrl, prefix: `test-${randomUUID()}`, log }));

test('bull: without a Redis the commands are delivered all the same', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  // A port that nothing listens on.
  const dispatcher = createBullDispatcher({ redisUrl: 'redis://127.0.0.1:1', log });
  await dispatcher.start(async (id) => resolve(id));
  dispatcher.dispatch({ id: 'a', class: 'moment', leaseToken: 0 });
  expect(await promise).toBe('a');
  await dispatcher.stop();
});
