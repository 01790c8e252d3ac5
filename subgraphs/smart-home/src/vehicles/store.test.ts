import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { later } from '@house/kernel/clock';
import { type Database, migrate, openDatabase } from '@house/kernel/database';
import { createVault } from '@house/kernel/vault';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createVehicleStore, type VehicleStore } from './store.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const PLATE = { country: 'RU', canonical: 'A123BC77' };
let database: Database;
let vehicles: VehicleStore;
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrate(database, { schema: 'smart_home', directory: join(import.meta.dirname, '../../migrations') });
  await database.query("INSERT INTO smart_home.complexes (id, site_id) VALUES ('cx_1', 1)");
  await database.query("INSERT INTO smart_home.premises (id, complex_id) VALUES ('pr_1', 'cx_1')");
  vehicles = createVehicleStore({ database, vault: createVault({ rootKey: randomBytes(32), random: randomBytes }) });
});
afterAll(() => database.close());
beforeEach(async () => void (await database.query('DELETE FROM smart_home.vehicle_permits')));

const put = (id: string, { subject = 'me', operationId = 'op_add' } = {}) =>
  vehicles.put(database, {
    id,
    premisesId: 'pr_1',
    complexId: 'cx_1',
    subject,
    plate: PLATE,
    comment: null,
    validFrom: NOW,
    validUntil: null,
    autoOpen: true,
    accessPointIds: ['ac_1'],
    operationId,
    createdAt: NOW,
  });
const follow = (operationId: string, provisioning: 'APPLYING' | 'APPLIED' | 'REMOVED' | 'FAILED') =>
  vehicles.follow(database, { id: 've_1', operationId, provisioning, error: null, at: later(NOW, 1_000) });
const stateOf = async (id: string) => (await vehicles.byIds([id]))[0]?.provisioning;

test('a command that ends late does not overwrite what its person wanted since', async () => {
  await put('ve_1');
  await follow('op_add', 'APPLYING');
  await vehicles.takeBack(database, 've_1', 'op_remove', NOW);
  await follow('op_add', 'APPLIED');
  expect(await stateOf('ve_1')).toBe('REMOVING');
  await put('ve_1', { operationId: 'op_again' });
  await follow('op_remove', 'REMOVED');
  expect(await stateOf('ve_1')).toBe('QUEUED');
  expect((await vehicles.ofPremises(['pr_1']))[0]).toHaveLength(1);
  await follow('op_again', 'APPLIED');
  expect(await stateOf('ve_1')).toBe('APPLIED');
});

test('a permit that was removed is not found by its plate any more, and cannot be taken back twice', async () => {
  await put('ve_1');
  const wanted = { subject: 'me', premisesId: 'pr_1', complexId: 'cx_1', plate: PLATE };
  expect(await vehicles.ownOf(database, wanted)).toBe('ve_1');
  await vehicles.takeBack(database, 've_1', 'op_remove', NOW);
  await follow('op_remove', 'REMOVED');
  expect(await vehicles.ownOf(database, wanted)).toBeUndefined();
  expect(await vehicles.hold(database, 've_1')).toBe(false);
  await put('ve_2');
  expect(await vehicles.ownOf(database, wanted)).toBe('ve_2');
});

test("of other people's permits for the same plate count those that the platform may have", async () => {
  await put('ve_1');
  await put('ve_2', { subject: 'neighbour' });
  expect(await vehicles.othersOf('ve_1')).toEqual([]);
  await vehicles.tell(database, 've_2', NOW);
  expect(await vehicles.othersOf('ve_1')).toEqual([null]);
  await vehicles.setPlatformRef(database, 've_2', 'vp_2');
  expect(await vehicles.othersOf('ve_1')).toEqual(['vp_2']);
  await vehicles.untell(database, 've_2');
  expect(await vehicles.othersOf('ve_1')).toEqual([]);
  expect((await vehicles.byIds(['ve_2']))[0]).toMatchObject({ platformRef: null, toldAt: null });
});
