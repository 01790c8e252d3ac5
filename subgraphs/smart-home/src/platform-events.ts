/**
 * What follows from what the platform tells: that the truth is asked for sooner. Nothing that an event says is believed.
 *
 * Only a physical action is asked about sooner, for which somebody waits: one about a plate would end at once where the
 * platform took it, and nothing tells of one that it refused (vehicles/ends-alike.ts).
 */
import type { Relay } from '@house/kernel/outbox';
import { orderKeyOf, type Platform, type PlatformEvent } from './platform/platform.ts';

export const createReactToEvents =
  ({ relay, platform }: { relay: Pick<Relay, 'hasten'>; platform: Pick<Platform, 'renewVersions'> }) =>
  async (event: PlatformEvent): Promise<void> => {
    // Our orders have our operations' ids for keys; one of somebody else is nobody's here.
    const operationId = orderKeyOf(event);
    if (operationId !== undefined && event.data['kind'] === 'open') await relay.hasten(operationId);
    if (event.type === 'site.version_changed') await platform.renewVersions();
  };
