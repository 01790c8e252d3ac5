import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { openHouse } from '../support/house.ts';
import { pointOf, residentOf } from '../support/residents.ts';

const directories: string[] = [];
afterAll(async () => {
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

test('a car that was promised while the platform was away reaches it after a restart, once', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'house-'));
  directories.push(directory);
  const first = await openHouse({ DATA_DIR: directory });
  const owner = await residentOf(first, 'owner-a12');
  const home = await owner.home('Кв. 12');
  await first.platform.outage({ on: true, mode: 'refuse' });
  const { operation, errors } = await owner.addVehicle({ premisesId: home.id, plate: 'А123ВС 77' });
  expect(errors).toEqual([]);
  await owner.ending(operation?.id ?? '', 'QUEUED');
  await first.close();

  const second = await openHouse({ DATA_DIR: directory, ...first.services });
  const again = await residentOf(second, 'owner-a12');
  second.advance(31_000);
  expect(await again.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect(await second.platform.counts()).toEqual({ 'plate.add:unit_7Qm2fD': 1 });
  const after = await again.home('Кв. 12');
  expect(after.vehicles).toMatchObject([{ plate: 'А***ВС 77' }]);
  // Ids outlive the process: what an app remembers still works.
  expect(pointOf(after, 'ENTRANCE').id).toBe(pointOf(home, 'ENTRANCE').id);
  await second.stop();
  await first.stop();
});
