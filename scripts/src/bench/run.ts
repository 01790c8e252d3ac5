import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { obtainToken } from '@house/authorization-server/obtain-token';
import { Agent, request } from 'undici';
import { FIRST_USER } from '../house/house.ts';
import type { Backend } from './backend.ts';
import { type Child, startChild } from './child.ts';

type Gateway = Child<{ url: string }>;
type Answer = { data?: Record<string, unknown>; errors?: unknown[] };
type Body = { query: string; variables?: Record<string, unknown> };

const CONNECTIONS = 16;
const WARM_UP = 200;
/** Opens wait in the outbox while they are measured, so fewer of them are sent. */
const OPENS_SHARE = 0.25;
/** Of the first user's two premises one has access points, and its list is one call. */
const PLATFORM_CALLS_AT_LEAST = 1;
const COUNTED_SCREENS = 20;

const document = (name: string): string =>
  readFileSync(join(import.meta.dirname, `../../../schema/operations/${name}.graphql`), 'utf8');
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const round = (value: number, digits = 3): number => Number(value.toFixed(digits));

export const runBench = async ({
  rounds,
  requests,
  out,
}: {
  rounds: number;
  requests: number;
  out: (line: string) => void;
}): Promise<number> => {
  const children: Child<unknown>[] = [];
  const start = async <T>(file: string, argument?: unknown): Promise<Child<T>> => {
    const child = await startChild<T>(file, argument);
    children.push(child);
    return child;
  };
  const dispatcher = new Agent({ connections: CONNECTIONS, pipelining: 1 });
  try {
    const backend = await start<Backend>('backend.ts');
    const ours = await start<{ url: string }>('ours.ts', backend);
    const bare = await start<{ url: string }>('bare.ts', backend);
    const { access_token } = await obtainToken({ issuer: backend.issuer, user: FIRST_USER });

    const ask = async ({ url }: { url: string }, body: Body): Promise<Answer> => {
      const response = await request(url, {
        method: 'POST',
        dispatcher,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${access_token}` },
        body: JSON.stringify(body),
      });
      return (await response.body.json()) as Answer;
    };
    const send = async (gateway: Gateway, total: number, body: () => Body): Promise<number> => {
      const before = await gateway.cpuMs();
      let left = total;
      const sender = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          const answer = await ask(gateway, body());
          if (!answer.data || answer.errors)
            throw new Error(`a measured request failed: ${JSON.stringify(answer).slice(0, 300)}`);
        }
      };
      await Promise.all(Array.from({ length: CONNECTIONS }, sender));
      return ((await gateway.cpuMs()) - before) / total;
    };

    const screen = { query: document('home-screen') };
    const [mine, theirs] = [await ask(ours, screen), await ask(bare, screen)];
    const equal = isDeepStrictEqual(withoutTimes(mine), withoutTimes(theirs));
    const door = firstDoor(mine);
    const open = () => ({
      query: document('open-access-point'),
      variables: { input: { ...door, idempotencyKey: randomUUID() } },
    });

    const compare = async (name: string, total: number, body: () => Body) => {
      const costs = { ours: [] as number[], bare: [] as number[], ratio: [] as number[] };
      await send(ours, Math.min(WARM_UP, total), body);
      await send(bare, Math.min(WARM_UP, total), body);
      for (let turn = 0; turn < rounds; turn += 1) {
        const a = await send(ours, total, body);
        const b = await send(bare, total, body);
        costs.ours.push(a);
        costs.bare.push(b);
        costs.ratio.push(a / b);
        out(
          `${name.padEnd(14)} round ${turn + 1}   ours ${a.toFixed(3)} ms   bare ${b.toFixed(3)} ms   ratio ${(a / b).toFixed(3)}`,
        );
      }
      return {
        oursCpuMs: round(median(costs.ours)),
        bareCpuMs: round(median(costs.bare)),
        ratio: round(median(costs.ratio)),
      };
    };
    const homeScreen = await compare('home screen', requests, () => screen);
    const acceptedOpen = await compare('accepted open', Math.max(1, Math.round(requests * OPENS_SHARE)), open);

    const platformCalls = (await countPlatformCalls(backend.control, () => ask(ours, screen))) / COUNTED_SCREENS;
    out(
      `home screen    platform calls ${platformCalls} (minimum ${PLATFORM_CALLS_AT_LEAST})   answers equal: ${equal}`,
    );
    out(
      JSON.stringify({
        homeScreen,
        acceptedOpen,
        platformCallsPerHomeScreen: platformCalls,
        platformCallsMinimum: PLATFORM_CALLS_AT_LEAST,
        platformCallsRatio: round(platformCalls / PLATFORM_CALLS_AT_LEAST),
        answersEqual: equal,
      }),
    );
    return equal && platformCalls === PLATFORM_CALLS_AT_LEAST ? 0 : 1;
  } finally {
    await dispatcher.close();
    for (const child of children.toReversed()) await child.stop();
  }
};

/** Two gateways ask one after the other: ages differ, nothing else may. */
const withoutTimes = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (name, member: unknown) => (name === 'stateAsOf' || name === 'checkedAt' ? null : member)),
  );

const firstDoor = ({ data }: Answer): { premisesId: string; accessPointId: string } => {
  const homes = data?.['myPremises'] as { id: string; accessPoints: { id: string }[] | null }[];
  const home = homes.find(({ accessPoints }) => accessPoints?.[0]);
  const accessPointId = home?.accessPoints?.[0]?.id;
  if (!home || !accessPointId) throw new Error('the first user reaches no access point');
  return { premisesId: home.id, accessPointId };
};

/** Reads that a screen causes. Discovery is asked every half minute, whatever is on the screen, and is not one of them. */
const countPlatformCalls = async (control: string, screen: () => Promise<unknown>): Promise<number> => {
  const reads = async (): Promise<number> => {
    const response = await fetch(`${control}/requests`);
    const { requests } = (await response.json()) as { requests: { method: string; path: string }[] };
    return requests.filter(
      ({ method, path }) => method === 'GET' && path.startsWith('/api/') && !path.includes('/operations/'),
    ).length;
  };
  await fetch(`${control}/reset`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  await screen();
  const before = await reads();
  for (let index = 0; index < COUNTED_SCREENS; index += 1) await screen();
  return (await reads()) - before;
};
