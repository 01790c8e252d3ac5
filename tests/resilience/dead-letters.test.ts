import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../support/house.ts';
import { residentOf } from '../support/residents.ts';

const ROOT = join(import.meta.dirname, '../..');
const A_DAY_MS = 24 * 60 * 60 * 1_000;

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

/** The operator's command, as a process of its own. */
const dlq = async (...words: string[]): Promise<{ out: string; code: number }> => {
  const env = { PATH: process.env['PATH'], DATA_DIR: house.dataDirectory };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['scripts/src/dlq.ts', ...words], {
      cwd: ROOT,
      env,
    });
    return { out: stdout, code: 0 };
  } catch (error) {
    const { stderr, code } = error as { stderr: string; code: number };
    return { out: stderr, code };
  }
};

test('a car that nobody took for a day is told to its owner, waits for an operator, and is delivered by a replay, once', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  await house.platform.outage({ on: true, mode: 'refuse' });
  const { operation } = await owner.addVehicle({ premisesId: home.id, plate: 'А123ВС 77' });
  const id = operation?.id ?? '';
  await owner.ending(id, 'QUEUED');
  house.advance(A_DAY_MS + 60_000);
  const later = await residentOf(house, 'owner-a12');
  expect(await later.ending(id)).toMatchObject({ state: 'FAILED', error: { code: 'NOT_DELIVERED' } });

  expect(JSON.parse((await dlq('list', '--json')).out)).toMatchObject([{ id, kind: 'VEHICLE_ADD' }]);
  const shown = (await dlq('show', id)).out;
  expect(JSON.parse(shown)).toMatchObject({ id, class: 'write' });
  expect(shown).not.toMatch(/А123ВС|A123BC/);

  await house.platform.outage({ on: false });
  expect(await dlq('replay', id)).toMatchObject({ code: 0 });
  expect(await later.ending(id)).toMatchObject({ state: 'SUCCEEDED', error: null });
  expect(await house.platform.counts()).toEqual({ 'plate.add:unit_7Qm2fD': 1 });
  expect((await dlq('list')).out.trim()).toBe('none');
});

test('what is not there cannot be replayed, and an unknown word says where help is', async () => {
  expect(await dlq('replay', 'op_invented')).toMatchObject({ code: 1, out: expect.stringContaining('no dead letter') });
  expect(await dlq('resurrect', 'op_invented')).toMatchObject({ code: 1, out: expect.stringContaining('--help') });
});

test("only the house's own account may open the operator's socket", async () => {
  const { mode } = await stat(join(house.dataDirectory, 'operator.sock'));
  expect(mode & 0o777).toBe(0o600);
});
