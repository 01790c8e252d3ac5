/** What happens to the platform from time to time, beside the faults of single calls. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Focus } from './bugs.ts';
import type { Chance } from './chance.ts';
import { refuseForRate } from './faults.ts';
import type { Revocation, Standstill } from './history.ts';
import type { Watch } from './killer.ts';
import type { Load } from './load.ts';
import type { PlatformControl } from './platform-control.ts';
import { revokeWhileWaiting } from './revocation.ts';
import type { InhabitedFlat } from './world.ts';

const EPISODES = { revocation: 4, refuse: 2, hang: 2, freeze: 2, tooMany: 3 } as const;
type Episode = keyof typeof EPISODES;
const EVERY_MS = { least: 4_000, most: 8_000 };
const REVOCATIONS_EVERY_MS = { least: 300, most: 600 };
const LASTS_MS = { least: 1_500, most: 4_000 };

/** Control calls fail while the platform's process is down; whoever starts it again sets everything anew. */
export const calmly = (work: Promise<unknown>): Promise<void> =>
  work.then(
    () => undefined,
    () => undefined,
  );

export const keepHappening = async ({
  control,
  databaseUrl,
  flats,
  load,
  chance,
  watch,
  focus,
  revoked,
  stood,
}: {
  control: PlatformControl;
  databaseUrl: string;
  flats: readonly InhabitedFlat[];
  load: Load;
  chance: Chance;
  watch: Watch;
  focus: Focus | undefined;
  revoked: (revocation: Revocation) => void;
  stood: (standstill: Standstill) => void;
}): Promise<void> => {
  const lasting = (): number => chance.between(LASTS_MS.least, LASTS_MS.most);
  const cutOff = async (mode: 'hang' | 'refuse'): Promise<void> => {
    await calmly(control.outage(mode));
    await delay(lasting());
    await calmly(control.outage('off'));
  };
  const episodes: Record<Episode, () => Promise<void>> = {
    refuse: () => cutOff('refuse'),
    hang: () => cutOff('hang'),
    freeze: async () => {
      const [from, lasts] = [Date.now(), lasting()];
      await calmly(control.freeze(lasts));
      await delay(lasts);
      stood({ from, to: Date.now() });
    },
    tooMany: () => calmly(refuseForRate(control)),
    revocation: async () => {
      const flat = chance.pick(flats);
      const inhabitant = chance.pick(flat.inhabitants);
      const revocation = await revokeWhileWaiting({ flat, inhabitant, load, control, databaseUrl });
      if (revocation) revoked(revocation);
    },
  };
  const onlyRevocations = focus === 'revocations';
  const every = onlyRevocations ? REVOCATIONS_EVERY_MS : EVERY_MS;
  for (;;) {
    await delay(chance.between(every.least, every.most));
    if (watch.over()) return;
    const episode = onlyRevocations ? 'revocation' : chance.weighted<Episode>(EPISODES);
    watch.note(`${episode} begins`);
    await episodes[episode]();
    watch.note(`${episode} ends`);
  }
};
