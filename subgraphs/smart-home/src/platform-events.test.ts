import { expect, test } from '@jest/globals';
import type { PlatformEvent } from './platform/platform.ts';
import { createReactToEvents } from './platform-events.ts';

const updated = (data: Record<string, unknown>): PlatformEvent => ({
  ...{ id: 'e_1', type: 'operation.updated', apiVersion: '2026-01-01', siteId: 17, sequence: 1 },
  ...{ occurredAt: new Date('2026-03-01T12:00:00Z'), data },
});

test('an open is asked about at once when the platform tells of it, and nothing about a plate ever is', async () => {
  const hastened: string[] = [];
  const react = createReactToEvents({
    relay: { hasten: async (id) => void hastened.push(id) },
    platform: { renewVersions: async () => undefined },
  });
  for (const kind of ['open', 'plate.add', 'plate.remove', undefined])
    await react(updated({ key: `op_${kind}`, kind }));
  expect(hastened).toEqual(['op_open']);
});
