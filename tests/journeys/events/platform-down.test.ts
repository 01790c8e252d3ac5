import { afterEach, expect, test } from '@jest/globals';
import { type HouseProcess, startHouseProcess } from '../../support/process.ts';

let running: HouseProcess | undefined;
afterEach(async () => {
  await running?.dispose();
  running = undefined;
});

test('a house whose platform is down starts, and ends when it is told to', async () => {
  // Nobody listens at the port for "discard".
  running = await startHouseProcess({ PLATFORM_URL: 'https://127.0.0.1:9' });
  expect(running.printed).toMatch(/events in +http:\/\/127\.0\.0\.1:\d+\/webhooks\/platform/);
  running.child.kill('SIGTERM');
  expect(await running.ended).toBe(0);
}, 60_000);
