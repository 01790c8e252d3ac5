/** The whole house in a process of its own, with no limit and no budget in the way; its argument says with which leak. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLifecycle } from '@house/kernel/lifecycle';
import type { Subgraph } from '@house/kernel/subgraph';
import { createTelemetry } from '@house/kernel/telemetry';
import { z } from 'zod';
import { serveParent } from '../bench/child.ts';
import { parseHouseConfig } from '../house/config.ts';
import { startHouse } from '../house/house.ts';

export type TimedHouse = { url: string; issuer: string };

const WIDE = { max: 10_000, windowMs: 1_000 };

const argument = z.object({ leak: z.boolean() });
const added = z.object({ input: z.object({ plate: z.string() }) });

/** Answers at once when somebody else has the plate: the mistake that is measured for. */
const leaking = (subgraph: Subgraph): Subgraph => {
  const owners = new Map<string, string>();
  return {
    name: subgraph.name,
    execute: (request) => {
      const input = Object.values(request.variables ?? {}).find((value) => added.safeParse({ input: value }).success);
      if (!/\baddVehicle\b/.test(request.query) || !input) return subgraph.execute(request);
      const { plate } = added.parse({ input }).input;
      const { subject } = request.principal;
      const isForeign = (owners.get(plate) ?? subject) !== subject;
      if (!isForeign) owners.set(plate, subject);
      return isForeign
        ? Promise.resolve({ data: { addVehicle: { operation: null, vehicle: null, errors: [], __refusals: [] } } })
        : subgraph.execute(request);
    },
  };
};

serveParent(async (told) => {
  const { leak } = argument.parse(told);
  const directory = mkdtempSync(join(tmpdir(), 'house-timing-'));
  const limits = join(directory, 'limits.json');
  writeFileSync(
    limits,
    JSON.stringify({ 'Mutation.addVehicle': WIDE, 'Mutation.removeVehicle': WIDE, 'Mutation.openAccessPoint': WIDE }),
  );
  const ports = ['GATEWAY_PORT', 'ADMIN_PORT', 'AUTH_PORT', 'PLATFORM_PORT', 'SIM_PORT', 'EVENTS_PORT'];
  const config = parseHouseConfig({
    ...Object.fromEntries(ports.map((name) => [name, '0'])),
    ...{ DATA_DIR: directory, EXPLORER: 'off', LIMITS_FILE: limits, LOG_LEVEL: 'error' },
    ...{ PLATE_BUDGET: '1000000', SITE_PLATE_BUDGET: '1000000', SEED_WORLD: 'large' },
  });
  const telemetry = createTelemetry({ service: 'timing', level: config.LOG_LEVEL });
  const lifecycle = createLifecycle({ log: telemetry.log });
  const { url, issuer } = await startHouse({
    ...{ config, lifecycle, telemetry, random: randomBytes, clock: () => new Date() },
    root: join(import.meta.dirname, '../../..'),
    alterations: leak ? { subgraph: leaking } : undefined,
  });
  return {
    ...{ url, issuer },
    stop: async () => {
      await lifecycle.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
