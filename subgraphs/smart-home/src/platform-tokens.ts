/**
 * The platform's token that all processes of this database share. Whoever finds none that can be used claims the sign-in;
 * the others wait for what it brings. A claim runs out, so that a process that died with it holds up nobody for long.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Clock, later } from '@house/kernel/clock';
import type { Database } from '@house/kernel/database';
import type { Log } from '@house/kernel/telemetry';
import type { Vault } from '@house/kernel/vault';
import type { TokenMemory, UsableToken } from './platform/platform.ts';

/** Longer than a sign-in may take. */
const CLAIM_MS = 3_000;
/** Clocks of two machines differ by less; a claim that lies further ahead is of a clock that has been set back since. */
const CLAIM_LIMIT_MS = 60_000;
/** A sign-in takes some milliseconds. */
const LOOK_AGAIN_MS = 25;

type Row = { token_sealed: Uint8Array | null; usable_until: Date | null };

/** What a look at the memory came to. */
type Found = { token: UsableToken } | 'claimed' | 'somebody signs in';

/** @param account at which platform the token counts, and whose it is. */
export const createPlatformTokens = ({
  database,
  vault,
  clock,
  log,
  account: { url, client },
}: {
  database: Pick<Database, 'query'>;
  vault: Vault;
  clock: Clock;
  log: Log;
  account: { url: string; client: { id: string } };
}): TokenMemory => {
  // With the address in it, a token is never shown to another platform.
  const context = `platform-token|${client.id}|${url}`;

  const tokenOf = ({ token_sealed, usable_until }: Row, dead: string | undefined): UsableToken | undefined => {
    if (!token_sealed || !usable_until || usable_until <= clock()) return undefined;
    try {
      const value = vault.open(token_sealed, context);
      return value === dead ? undefined : { value, until: usable_until };
    } catch {
      // Of another platform, or sealed with another key.
      return undefined;
    }
  };

  const look = async (dead: string | undefined, claim: Date): Promise<Found> => {
    const [row] = await database.query<Row>(
      'SELECT token_sealed, usable_until FROM smart_home.platform_tokens WHERE client_id = $1',
      [client.id],
    );
    const token = row && tokenOf(row, dead);
    if (token) return { token };
    const [claimed] = await database.query<Row>(
      `INSERT INTO smart_home.platform_tokens AS t (client_id, claimed_until) VALUES ($1, $2)
       ON CONFLICT (client_id) DO UPDATE SET claimed_until = EXCLUDED.claimed_until
         WHERE t.claimed_until <= $3 OR t.claimed_until > $4
       RETURNING token_sealed, usable_until`,
      [client.id, claim, clock(), later(claim, CLAIM_LIMIT_MS)],
    );
    if (!claimed) return 'somebody signs in';
    // Brought between our look and our claim.
    const brought = tokenOf(claimed, dead);
    if (!brought) return 'claimed';
    await release(claim);
    return { token: brought };
  };

  /** Only while the claim is still ours: who claimed after us has signed in after us, and ours is dead. */
  const release = (claim: Date, token?: UsableToken): Promise<unknown> =>
    database.query(
      `UPDATE smart_home.platform_tokens SET claimed_until = $3,
         token_sealed = coalesce($4, token_sealed), usable_until = coalesce($5, usable_until)
       WHERE client_id = $1 AND claimed_until = $2`,
      [client.id, claim, clock(), token ? vault.seal(token.value, context) : null, token?.until ?? null],
    );

  const unavailable = (error: unknown): void => log.warn('platform-token-not-shared', { error });

  return {
    obtain: async ({ dead, signIn, signal }) => {
      for (;;) {
        const claim = later(clock(), CLAIM_MS);
        const found = await look(dead, claim).catch((error: unknown) => {
          unavailable(error);
          return undefined;
        });
        // Without a memory each process signs in for itself, and they end each other's tokens; but they can speak.
        if (!found) return signIn();
        if (typeof found === 'object') return found.token;
        if (found === 'claimed') {
          const token = await signIn().catch(async (error: unknown) => {
            await release(claim).catch(unavailable);
            throw error;
          });
          await release(claim, token).catch(unavailable);
          return token;
        }
        await pause(LOOK_AGAIN_MS, undefined, { signal });
      }
    },
  };
};
