/**
 * How delivery grows with workers: the same load of writes for one, two and four processes of smart-home on one database
 * and one Redis, while the platform takes its time for each call.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { createChance } from '../chaos/chance.ts';
import { createPlatformControl } from '../chaos/platform-control.ts';
import { type InhabitedFlat, inhabit } from '../chaos/world.ts';
import { createPorts } from '../deployed/ports.ts';
import { startServers } from '../deployed/servers.ts';
import { startServices } from '../deployed/services.ts';

/** So slow that waiting, not the two cores of a small machine, is what workers share. */
const PLATFORM_MS = 800;
const SENDERS = 16;
/** More than all workers together deliver at a time: changes of one flat wait for one another. */
const FLATS = { v1: 0, v2: 48 };
const DRAIN_LIMIT_MS = 120_000;
const LETTERS = 'АВЕКМНОРСТУХ';

type Row = { workers: number; commands: number; seconds: number; perSecond: number };

const plate = (number: number): string => {
  const letter = (place: number): string => LETTERS.charAt(Math.floor(number / 12 ** place) % 12);
  return `${letter(0)}${String(100 + (number % 900))}${letter(1)}${letter(2)}77`;
};

/** Sends `vehicles` additions for each flat, one flat after the other; resolves when all are accepted. */
const sendAll = async (flats: readonly InhabitedFlat[], vehicles: number): Promise<void> => {
  const intents = Array.from({ length: vehicles }, () => flats).flat();
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let index = next++; index < intents.length; index = next++) {
      const flat = intents[index];
      const answer = await flat?.inhabitants[0]?.resident.send('addVehicle', {
        premisesId: flat.premisesId,
        plate: plate(index * 7 + 1),
        idempotencyKey: randomUUID(),
      });
      if (answer?.is !== 'accepted') throw new Error(`a measured command was not accepted: ${JSON.stringify(answer)}`);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
};

/** From the first acceptance to the last end, as the database tells it. */
const untilDelivered = async (databaseUrl: string, commands: number): Promise<number> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const limit = AbortSignal.timeout(DRAIN_LIMIT_MS);
  try {
    for (;;) {
      const { rows } = await client.query<{ done: number; seconds: number }>(
        `SELECT count(*) FILTER (WHERE state = 'SUCCEEDED')::int AS done,
           extract(epoch FROM max(finished_at) - min(created_at))::float8 AS seconds FROM smart_home.operations`,
      );
      const [row] = rows;
      if (row && row.done >= commands) return row.seconds;
      if (limit.aborted) throw new Error(`only ${row?.done} of ${commands} commands were delivered`);
      await delay(100);
    }
  } finally {
    await client.end();
  }
};

const measure = async (workers: number, vehicles: number, say: (line: string) => void): Promise<Row> => {
  const directory = mkdtempSync(join(tmpdir(), 'house-bench-'));
  const stops: (() => Promise<void>)[] = [];
  const chance = createChance(workers);
  try {
    const ports = createPorts(process.pid);
    const isRoot = process.getuid?.() === 0;
    const servers = await startServers({ directory, ports, environment: process.env, isRoot, say });
    stops.push(servers.stop);
    const { databaseUrl, redisUrl } = servers;
    const services = await startServices({
      ...{ directory, ports, databaseUrl, redisUrl, world: 'large', logLevel: 'warn' },
      smartHome: { count: workers },
    });
    stops.push(services.stop);
    const { gatewayUrl, issuer, controlUrl } = services;
    const flats = await inhabit({
      ...{ databaseUrl, gatewayUrl, issuer, size: 'large', count: FLATS },
      chance: chance.stream('world'),
    });
    await createPlatformControl(controlUrl).fault({ kind: 'slow', ms: PLATFORM_MS });
    const commands = flats.length * vehicles;
    await sendAll(flats, vehicles);
    const seconds = await untilDelivered(databaseUrl, commands);
    return {
      workers,
      commands,
      seconds: Number(seconds.toFixed(1)),
      perSecond: Number((commands / seconds).toFixed(1)),
    };
  } finally {
    for (const stop of stops.toReversed()) await stop();
    rmSync(directory, { recursive: true, force: true });
  }
};

/** Prints a row for each number of workers and, last, all of them as JSON. */
export const runWorkersBench = async ({
  workers,
  vehicles,
  out,
}: {
  workers: readonly number[];
  /** For each of 48 flats. */
  vehicles: number;
  out: (line: string) => void;
}): Promise<number> => {
  const rows: Row[] = [];
  for (const count of workers) {
    const row = await measure(count, vehicles, (line) => process.stderr.write(`${line}\n`));
    rows.push(row);
    out(`workers ${row.workers}  commands ${row.commands}  ${row.seconds} s  ${row.perSecond} a second`);
  }
  out(JSON.stringify({ platformMs: PLATFORM_MS, rows }));
  return 0;
};
