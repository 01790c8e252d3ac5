/**
 * Takes a right away while opens that were accepted under it wait for the platform: they must not open once it is back.
 *
 * The membership is changed in the database, as another instance of the owners' service would, and given back when the
 * opens have ended, so that the resident can be a resident again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Revocation } from './history.ts';
import type { Load } from './load.ts';
import type { PlatformControl } from './platform-control.ts';
import type { Inhabitant, InhabitedFlat } from './world.ts';

/** Long enough to wait through all of this. */
const DEADLINE_MS = 20_000;
/** An open is accepted while everything is being killed, or not at all in this run. */
const ACCEPTED_WITHIN_MS = 4_000;
/** Whoever decides again must know by then. */
const KNOWN_WITHIN_MS = 1_100;
const BACK_AFTER_MS = 6_000;
const POLL_MS = 250;

/** One statement, whatever happens to the server: it is idempotent, so it is repeated until it is done. */
const untilDone = async (databaseUrl: string, sql: string, parameters: readonly unknown[]): Promise<void> => {
  for (;;) {
    const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(sql, [...parameters]);
      return;
    } catch {
      await delay(POLL_MS);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
};

const STATUS = 'UPDATE owners.memberships SET status = $2 WHERE id = $1';

/** Resolves to what was revoked; undefined when no open was waiting for it. */
export const revokeWhileWaiting = async ({
  flat,
  inhabitant: { resident, membershipId },
  load,
  control,
  databaseUrl,
}: {
  flat: InhabitedFlat;
  inhabitant: Inhabitant;
  load: Load;
  control: PlatformControl;
  databaseUrl: string;
}): Promise<Revocation | undefined> => {
  const cut = await control.outage('refuse').then(
    () => true,
    () => false,
  );
  if (!cut) return undefined;
  const accepted = await Promise.race([load.openAll(flat, resident, DEADLINE_MS), delay(ACCEPTED_WITHIN_MS)]);
  if (!accepted || accepted.length === 0) {
    await control.outage('off').catch(() => undefined);
    return undefined;
  }
  await untilDone(databaseUrl, STATUS, [membershipId, 'REVOKED']);
  const at = Date.now();
  await delay(KNOWN_WITHIN_MS);
  await control.outage('off').catch(() => undefined);
  await delay(BACK_AFTER_MS);
  const until = Date.now();
  await untilDone(databaseUrl, STATUS, [membershipId, 'ACTIVE']);
  return { subject: resident.user, premisesId: flat.premisesId, at, until };
};
