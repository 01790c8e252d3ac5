/**
 * Judges a history. It knows the promises and nothing of how they are kept: the only names that it shares with the
 * product are those of states and of the ledger.
 *
 *   lost            accepted, and in the end neither finished nor honestly unknown; said to be done, and was not
 *   duplicated      more effects than intents, more sendings than a toggle may get, or pulses that undo one another
 *   late            an effect after the deadline, or after the right to it had ended
 *   falseNotOpened  said to have had no effect, and had one
 *   outOfOrder      vehicles of one premises in another order than they were accepted
 */
import { COUNTERS, type Counter, type History, type Violation } from './history.ts';
import { judgeKeyedOpens, judgeSendings, judgeToggles } from './oracle/keyed-opens.ts';
import { judgePromises } from './oracle/promises.ts';
import { judgeUnkeyedOpens } from './oracle/unkeyed-opens.ts';
import { judgeVehicles } from './oracle/vehicles.ts';

export type Verdict = { counts: Record<Counter, number>; violations: Violation[] };

export const judge = (history: History): Verdict => {
  const violations = [
    judgePromises,
    judgeKeyedOpens,
    judgeSendings,
    judgeToggles,
    judgeUnkeyedOpens,
    judgeVehicles,
  ].flatMap((rule) => rule(history));
  const counts = Object.fromEntries(COUNTERS.map((name) => [name, 0])) as Record<Counter, number>;
  for (const { counter } of violations) counts[counter] += 1;
  return { counts, violations };
};
