import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../support/house.ts';
import { type Fleet, startFleet } from './fleet.ts';

let fleet: Fleet;
afterEach(() => fleet.stop());

test('three processes keep one subscription, whichever of them is asked to prove the address', async () => {
  fleet = await startFleet({ smartHome: { count: 3, environment: { LOG_LEVEL: 'info' } } });
  const logOf = ({ name }: { name: string }): string =>
    readFileSync(join(fleet.stateDirectory, '..', `${name}.log`), 'utf8');
  const said = async (event: string) => fleet.smartHomes.map(logOf).join('').split(`"msg":"${event}"`).length - 1;
  await eventually(
    () => said('webhooks-active'),
    (count) => count === 3,
  );
  expect(await said('webhooks-subscribed')).toBe(1);
}, 60_000);
