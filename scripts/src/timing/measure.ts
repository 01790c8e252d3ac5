/**
 * How long an addition takes to be answered, for plates that the house knows differently. Measured where an attacker
 * stands: at the client's socket, over the gateway, while the additions are delivered. The kinds come in random order and
 * in turn, so that whatever the machine does meets all of them.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { obtainToken } from '@house/authorization-server/obtain-token';
import { Agent, request } from 'undici';
import { startChild } from '../bench/child.ts';
import type { TimedHouse } from './house.ts';
import { LEAK_T, largestT } from './welch.ts';

const KINDS = ['new', 'mine', 'neighbour', 'banned'] as const;
type Kind = (typeof KINDS)[number];

export type TimingReport = {
  /** Of each kind with a new one. */
  pairs: number;
  /** By kind: Welch's t against new plates, of largest size. */
  t: Record<Exclude<Kind, 'new'>, number>;
  medianMs: Record<Kind, number>;
  seconds: number;
};

export const isWithoutLeak = ({ t }: TimingReport): boolean => Object.values(t).every((one) => Math.abs(one) < LEAK_T);

/**
 * Flats that are measured from. Changes of one flat are delivered in turn, so that one flat alone would take a day; more
 * than these would only keep the house busy, and hide by that what is looked for.
 */
const LANES = 8;
/** A flat of each complex of the second version in turn, and the flat next door. */
const COMPLEXES = 8;
const FLATS = 100;
const handleOf = (lane: number, door: number): string => {
  const number = (lane % COMPLEXES) * FLATS + 2 * Math.floor(lane / COMPLEXES) + door + 1;
  return `owner-l${String(number).padStart(4, '0')}`;
};

/** Known plates of each kind and lane. */
const POOL = 10;
/** Until the platform has done what a round has asked for. */
const POLL_MS = 200;
const WARM_UP = 2;
/** Tokens live ten minutes. */
const TOKEN_MS = 4 * 60_000;
const PROGRESS_EVERY_MS = 30_000;

const LETTERS = 'ABEKMHOPCTYX';
/** A car's plate of its own for every number below 1 726 272. */
const carPlate = (number: number): string => {
  const letter = (place: number): string => LETTERS.charAt(Math.floor(number / (999 * 12 ** place)) % 12);
  return `${letter(0)}${String((number % 999) + 1).padStart(3, '0')}${letter(1)}${letter(2)}77`;
};
/** The simulator takes no plates of motorcycles: it refuses them for good. As long in the answer as a car's. */
const bannedPlate = (number: number): string => `${1_000 + number}AB777`;

const ADD = `mutation ($input: AddVehicleInput!) { addVehicle(input: $input) {
  vehicle { id plate validFrom provisioning { accessPoint { id } state since } } operation { id state } errors { code } } }`;
const REMOVE =
  'mutation ($input: RemoveVehicleInput!) { removeVehicle(input: $input) { operation { id } errors { code } } }';
const HOMES = '{ myPremises { id accessPoints { id } } }';
const STATUS = 'query ($id: ID!) { operation(id: $id) { finishedAt } }';

type Removed = { removeVehicle: { operation: { id: string } | null } };
type Added = { addVehicle: { vehicle: { id: string } | null; errors: { code: string }[] } };

const createApp = ({ url, issuer }: TimedHouse, dispatcher: Agent, user: string) => {
  let token = { text: '', at: Number.NEGATIVE_INFINITY };
  const authorization = async (): Promise<string> => {
    if (performance.now() - token.at > TOKEN_MS)
      token = { text: (await obtainToken({ issuer, user })).access_token, at: performance.now() };
    return `Bearer ${token.text}`;
  };
  const ask = async <T>(query: string, variables: object = {}): Promise<{ data: T; ms: number }> => {
    const headers = { 'content-type': 'application/json', authorization: await authorization() };
    const body = JSON.stringify({ query, variables });
    const begun = performance.now();
    const response = await request(url, { method: 'POST', dispatcher, headers, body });
    const text = await response.body.text();
    const ms = performance.now() - begun;
    const { data, errors } = JSON.parse(text) as { data?: T; errors?: unknown };
    if (!data || errors) throw new Error(`a measured request failed: ${text.slice(0, 300)}`);
    return { data, ms };
  };
  return {
    /** Once its barriers are known: a busy machine may be too slow to ask the platform for them the first time. */
    premises: async (): Promise<string> => {
      for (;;) {
        const { data } = await ask<{ myPremises: { id: string; accessPoints: unknown }[] }>(HOMES);
        const [home] = data.myPremises;
        if (home?.accessPoints) return home.id;
        await delay(POLL_MS);
      }
    },
    add: async (premisesId: string, plate: string): Promise<{ vehicleId: string | undefined; ms: number }> => {
      const { data, ms } = await ask<Added>(ADD, { input: { premisesId, plate, idempotencyKey: randomUUID() } });
      const { vehicle, errors } = data.addVehicle;
      if (errors.length > 0) throw new Error(`a measured addition was refused: ${JSON.stringify(errors)}`);
      return { vehicleId: vehicle?.id, ms };
    },
    /** @returns what is to be waited for. */
    remove: async (vehicleId: string): Promise<string> => {
      const { data } = await ask<Removed>(REMOVE, { input: { vehicleId, idempotencyKey: randomUUID() } });
      return data.removeVehicle.operation?.id ?? '';
    },
    ended: async (id: string): Promise<boolean> => {
      const { data } = await ask<{ operation: { finishedAt: string | null } | null }>(STATUS, { id });
      return data.operation?.finishedAt !== null;
    },
  };
};

const shuffled = <T>(values: readonly T[]): T[] => {
  const rest = [...values];
  return values.flatMap(() => rest.splice(randomInt(rest.length), 1));
};

type Times = Record<Kind, number[]>;

/** @returns one more round of measurements, one of each kind. */
const openLane = async (
  house: TimedHouse,
  dispatcher: Agent,
  index: number,
): Promise<(times: Times | undefined) => Promise<void>> => {
  const me = createApp(house, dispatcher, handleOf(index, 0));
  const other = createApp(house, dispatcher, handleOf(index, 1));
  const [home, nextHome] = [await me.premises(), await other.premises()];
  let news = 50_000 * (index + 1);
  const known = (kind: 'mine' | 'neighbour', place: number): string =>
    carPlate(index * 100 + (kind === 'mine' ? 0 : 50) + place);
  for (let place = 0; place < POOL; place += 1) {
    await me.add(home, known('mine', place));
    await other.add(nextHome, known('neighbour', place));
  }
  let round = 0;
  const plateOf: Record<Kind, () => string> = {
    new: () => carPlate(news++),
    mine: () => known('mine', round % POOL),
    neighbour: () => known('neighbour', round % POOL),
    banned: () => bannedPlate(index * 100 + (round % POOL)),
  };
  return async (times) => {
    round += 1;
    const toRemove: string[] = [];
    for (const kind of shuffled(KINDS)) {
      const { vehicleId, ms } = await me.add(home, plateOf[kind]());
      times?.[kind].push(ms);
      if (kind !== 'mine' && vehicleId !== undefined) toRemove.push(vehicleId);
    }
    let last = '';
    for (const vehicleId of toRemove) last = await me.remove(vehicleId);
    while (last !== '' && !(await me.ended(last))) await delay(POLL_MS);
  };
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const rounded = (value: number): number => Number(value.toFixed(2));

/** @param leak with a house that answers at once when somebody else has the plate: it is to be caught. */
export const measureTiming = async ({
  pairs,
  leak = false,
  say = () => undefined,
}: {
  pairs: number;
  leak?: boolean;
  say?: (line: string) => void;
}): Promise<TimingReport> => {
  const begun = performance.now();
  const house = await startChild<TimedHouse>('../timing/house.ts', { leak });
  const dispatcher = new Agent({ connections: LANES, pipelining: 1 });
  const times: Times = { new: [], mine: [], neighbour: [], banned: [] };
  const report = (): TimingReport => ({
    pairs: times.new.length,
    t: {
      mine: rounded(largestT(times.mine, times.new)),
      neighbour: rounded(largestT(times.neighbour, times.new)),
      banned: rounded(largestT(times.banned, times.new)),
    },
    medianMs: {
      new: rounded(median(times.new)),
      mine: rounded(median(times.mine)),
      neighbour: rounded(median(times.neighbour)),
      banned: rounded(median(times.banned)),
    },
    seconds: Math.round((performance.now() - begun) / 1_000),
  });
  const progress = setInterval(() => say(JSON.stringify(report())), PROGRESS_EVERY_MS);
  try {
    let left = pairs;
    await Promise.all(
      Array.from({ length: LANES }, async (_, index) => {
        const measure = await openLane(house, dispatcher, index);
        for (let count = 0; count < WARM_UP; count += 1) await measure(undefined);
        while (left > 0) {
          left -= 1;
          await measure(times);
        }
      }),
    );
    return report();
  } finally {
    clearInterval(progress);
    await dispatcher.close();
    await house.stop();
  }
};
