/** What an accepted answer promises, whatever it was about: a row, one row, an end, and one truth about it. */
import { FINAL, type History, type Violation } from '../history.ts';

const isOver = (state: string): boolean => FINAL.has(state) || state === 'UNKNOWN_OUTCOME';

const judgeAnswers = ({ intents, operations }: History): Violation[] => {
  const known = new Set(operations.map(({ id }) => id));
  return intents.flatMap(({ key, operationIds, reusedAs }): Violation[] => {
    const named = [...new Set(operationIds)];
    return [
      ...named
        .filter((id) => !known.has(id))
        .map((operationId) => ({
          counter: 'lost' as const,
          reason: `it was accepted under the key ${key}, and there is no such operation`,
          operationId,
        })),
      ...named.slice(1).map((operationId) => ({
        counter: 'duplicated' as const,
        reason: `the key ${key} was answered with ${named.length} operations: ${named.join(', ')}`,
        operationId,
      })),
      ...[...new Set(reusedAs)].map((operationId) => ({
        counter: 'lost' as const,
        reason: `another input under the used key ${key} was accepted as if it were the first: nobody will do it`,
        operationId,
      })),
    ];
  });
};

const judgeEnds = ({ operations, shown }: History): Violation[] => {
  const seen = Map.groupBy(
    shown.filter(({ state }) => FINAL.has(state)),
    ({ operationId }) => operationId,
  );
  return operations.flatMap(({ id: operationId, state, commandState, shownState }): Violation[] => {
    const lost = (reason: string): Violation[] => [{ counter: 'lost', reason, operationId }];
    if (!isOver(state)) return lost(`it is still ${state}`);
    if (commandState === null) return lost('it has no command: nobody delivers it');
    if (commandState !== state) return lost(`the caller is told ${state}, the command is ${commandState}`);
    if (shownState !== undefined && shownState !== state) return lost(`its row is ${state}, it is shown ${shownState}`);
    const other = seen.get(operationId)?.find((earlier) => earlier.state !== state);
    return other ? lost(`it was shown ${other.state}, which is final, and is ${state} in the end`) : [];
  });
};

export const judgePromises = (history: History): Violation[] => [...judgeAnswers(history), ...judgeEnds(history)];
