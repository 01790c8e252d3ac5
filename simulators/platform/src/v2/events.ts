/** The log as v2 tells it: oldest first, behind a cursor that never ends. */

import type { PlatformEvent } from '../event-log.ts';
import type { Handlers } from '../exchange.ts';
import { ULID_PATTERN } from '../journal/ulid.ts';
import type { Simulation } from '../simulation.ts';
import type { World } from '../world.ts';
import { minorVersion } from './about.ts';
import { problem } from './problem.ts';

const DEFAULT_LIMIT = 50;
const PREFIX = 'c_';

/** The id that the cursor comes after; undefined for one that we did not make. */
const decode = (cursor: string): string | undefined => {
  const id = cursor.slice(PREFIX.length);
  return cursor.startsWith(PREFIX) && ULID_PATTERN.test(id) ? id : undefined;
};

export const presentEvent = ({ id, type, siteId, occurredAt, sequence, data }: PlatformEvent) => ({
  id,
  type,
  apiVersion: minorVersion(),
  siteId,
  occurredAt,
  sequence,
  data,
});

/** That a site has changed its version is told to whoever knows the newest. */
export const tellsOf =
  ({ speaks }: Pick<World, 'speaks'>) =>
  ({ siteId, type }: PlatformEvent): boolean =>
    type === 'site.version_changed' || speaks(siteId, 'events') === 'v2';

export const createEventHandlers = ({ events, world }: Simulation): Handlers => {
  const visible = tellsOf(world);
  return {
    listEvents({ query, traceId }) {
      const {
        limit = DEFAULT_LIMIT,
        cursor,
        siteId,
        types,
      } = query as {
        limit?: number;
        cursor?: string;
        siteId?: number;
        types?: readonly string[];
      };
      const after = cursor === undefined ? undefined : decode(cursor);
      if (cursor !== undefined && after === undefined)
        return problem('invalid-request', { traceId, detail: 'query/cursor' });
      const page = events.page({
        after,
        limit,
        wanted: (event) =>
          (siteId === undefined || event.siteId === siteId) &&
          (types === undefined || types.includes(event.type)) &&
          visible(event),
      });
      if (page === 'gone') return problem('gone', { traceId });
      return { status: 200, body: { items: page.events.map(presentEvent), next: `${PREFIX}${page.last}` } };
    },
  };
};
