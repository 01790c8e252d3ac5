/** A violation with everything that is known about it, for whoever has to find out why. */
import { readRows } from './collect.ts';
import type { History, Violation } from './history.ts';
import type { Verdict } from './oracle.ts';

/** The first ones show what is wrong; hundreds of the same do not show more. */
const SHOWN_OF_EACH = 3;

const instant = (at: number): string => new Date(at).toISOString();

const tellEffects = (effects: Violation['effects']): string[] =>
  (effects ?? [])
    .slice(-12)
    .map(({ sequence, at, kind, target, idempotencyKey, apiVersion }) =>
      [`    ledger ${sequence}`, instant(at), kind, target, idempotencyKey ?? '', apiVersion].join(' '),
    );

const tell = (violation: Violation, history: History, rows: readonly Record<string, unknown>[]): string[] => {
  const { counter, reason, operationId, premisesId, effects } = violation;
  const own = history.effects.filter(({ idempotencyKey }) => operationId && idempotencyKey === operationId);
  return [
    `  ${counter}: ${[operationId, premisesId].filter(Boolean).join(' ')} ${reason}`,
    ...rows
      .filter((row) => JSON.stringify(row).includes(`"${operationId}"`))
      .map((row) => `    ${JSON.stringify(row)}`),
    ...tellEffects(effects ?? own),
    ...history.sendings
      .filter(({ key }) => key === operationId)
      .map(({ at, target, authorization }) => `    sent ${instant(at)} ${target} ${authorization.slice(-8)}`),
    ...history.shown
      .filter((shown) => shown.operationId === operationId)
      .map(({ at, state }) => `    shown ${instant(at)} ${state}`),
  ];
};

export const describeViolations = async (
  { violations }: Verdict,
  history: History,
  databaseUrl: string,
): Promise<string> => {
  const first = [...Map.groupBy(violations, ({ counter }) => counter).values()].flatMap((same) =>
    same.slice(0, SHOWN_OF_EACH),
  );
  const rows = await readRows(
    databaseUrl,
    first.flatMap(({ operationId }) => operationId ?? []),
  );
  return [
    `${violations.length} violations, of which:`,
    ...first.flatMap((violation) => tell(violation, history, rows)),
  ].join('\n');
};
