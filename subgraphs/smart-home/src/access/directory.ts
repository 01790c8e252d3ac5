/**
 * The access points of premises under our own ids. The platform's ids never reach the app: ours are derived from the
 * platform's names with a key, and stay the same when a building moves from the first version to the second.
 */
import type { Clock } from '@house/kernel/clock';
import { HouseError } from '@house/kernel/errors';
import { type Deadline, isTooLate } from '@house/kernel/subgraph';
import type { Log } from '@house/kernel/telemetry';
import type { Vault } from '@house/kernel/vault';
import type { BoundPremises } from '../bindings.ts';
import type { LastKnown } from '../last-known.ts';
import type { AccessPointRef, AccessPointState, Platform } from '../platform/platform.ts';
import { PlatformFault } from '../platform/platform.ts';

export type KnownAccessPoint = Omit<AccessPointState, 'asOf'> & {
  id: string;
  /** How old this answer is: the platform's own word, else when it answered. */
  stateAsOf: Date;
};

export type AccessPointDirectory = {
  /**
   * Asks the platform; what was known before, with its age, when it cannot be reached or does not answer until the
   * deadline; null when nothing was. An answer that nobody waits for any longer is remembered all the same.
   */
  of(premises: BoundPremises, deadline: Deadline): Promise<KnownAccessPoint[] | null>;
  /**
   * What is known without asking, or asked if nothing is: by whoever accepts a command, so that its delivery finds it
   * remembered. @throws HouseError `PLATFORM_UNAVAILABLE` when neither helps.
   */
  known(premises: BoundPremises): Promise<KnownAccessPoint[]>;
};

const RESOURCE = 'access-points';
/** 128 bits: no two devices share an id. */
const ID_BYTES = 16;

/** The first version's names are what both versions know a device by; one without them has the second's. */
const stableName = (siteId: number, { v1, v2 }: AccessPointRef): string =>
  v1 ? `${siteId}|${v1.domophoneId}/${v1.doorId}` : `${siteId}|${v2}`;

type Stored = Omit<AccessPointState, 'asOf'> & { asOf: string | null };

export const createAccessPointDirectory = ({
  platform,
  lastKnown,
  vault,
  clock,
  log,
}: {
  platform: Pick<Platform, 'accessPoints'>;
  lastKnown: LastKnown;
  vault: Vault;
  clock: Clock;
  log: Log;
}): AccessPointDirectory => {
  const idOf = (siteId: number, ref: AccessPointRef): string =>
    `ac_${vault.blindIndex(stableName(siteId, ref), 'access-point').subarray(0, ID_BYTES).toString('base64url')}`;

  const fromPlatform = async (premises: BoundPremises): Promise<KnownAccessPoint[]> => {
    if (!premises.unit) return [];
    const states = await platform.accessPoints(premises.unit);
    await lastKnown.write(
      premises.id,
      RESOURCE,
      states.map(({ asOf: _, ...state }) => state),
    );
    return states.map(({ asOf, ...state }) => ({
      ...state,
      id: idOf(premises.siteId, state.ref),
      stateAsOf: asOf ?? clock(),
    }));
  };

  const remembered = async (premises: BoundPremises): Promise<KnownAccessPoint[] | undefined> => {
    const known = await lastKnown.read<Stored[]>(premises.id, RESOURCE);
    return known?.answer.map(({ asOf: _, ...state }) => ({
      ...state,
      id: idOf(premises.siteId, state.ref),
      stateAsOf: known.asOf,
    }));
  };

  return {
    of: async (premises, deadline) => {
      try {
        // Not ended with the request: who waits only briefly must not make the platform look down for everybody.
        return await deadline.bound(() => fromPlatform(premises));
      } catch (error) {
        const code = error instanceof PlatformFault ? error.fault.code : 'DEADLINE_EXCEEDED';
        if (!(error instanceof PlatformFault) && !isTooLate(error)) throw error;
        log.warn('platform-read-failed', { siteId: premises.siteId, resource: RESOURCE, code, error });
        const known = await remembered(premises);
        if (known) return known;
        if (code === 'PLATFORM_CONTRACT_BROKEN') throw new HouseError('PLATFORM_CONTRACT_BROKEN', { cause: error });
        return null;
      }
    },
    known: async (premises) => {
      if (!premises.unit) return [];
      const known = await remembered(premises);
      if (known) return known;
      try {
        return await fromPlatform(premises);
      } catch (cause) {
        if (cause instanceof PlatformFault) throw new HouseError('PLATFORM_UNAVAILABLE', { cause });
        throw cause;
      }
    },
  };
};
