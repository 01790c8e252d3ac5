/** What became of deliveries, as the house counts them, and events on their way to it. */
import { eventually, type TestHouse } from './house.ts';

/** By outcome; those that did not occur are left out. */
export const countsOf = async (house: TestHouse): Promise<Record<string, number>> => {
  const text = await (await fetch(`${house.adminUrl}/metrics`)).text();
  const found = text.matchAll(/^platform_webhooks_total\{outcome="([^"]+)"\} (\d+)$/gm);
  return Object.fromEntries([...found].map(([, name, count]) => [name, Number(count)]).filter(([, count]) => count));
};

const ALARM = { type: 'sensor.alarm', siteId: 17, data: { sensorId: 'sen_Ab12Cd', kind: 'leak', alarm: true } };

export const alarm = (house: TestHouse, mishap: { duplicate?: number; reorder?: boolean; forge?: boolean } = {}) =>
  house.platform.happen({ ...ALARM, ...mishap });

/** Resolves with what was counted once it is so. */
export const untilCounted = (house: TestHouse, holds: (counts: Record<string, number>) => boolean) =>
  eventually(() => countsOf(house), holds);

/** The address has proved itself, and events come. */
export const untilSubscribed = async (house: TestHouse): Promise<void> => {
  await untilCounted(house, ({ challenge = 0 }) => challenge > 0);
  await eventually(
    async () => {
      await alarm(house);
      return countsOf(house);
    },
    ({ taken = 0 }) => taken > 0,
  );
};
