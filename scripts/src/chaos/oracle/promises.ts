/** What an accepted answer promises, whatever it was about: a row, one row, an end, and one truth about it. */
import { FINAL, type History, type Operation, type Violation, WITHOUT_EFFECT } from '../history.ts';

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

const ofItsCommand = ({ state, commandState }: Operation): string | undefined => {
  if (commandState === null) return 'it has no command: nobody delivers it';
  return commandState === state ? undefined : `the caller is told ${state}, the command is ${commandState}`;
};

/** What follows ends as its leader does; only when that one had no effect may it have run out of time before its turn. */
const ofItsLeader = (operation: Operation, leader: Operation | undefined): string | undefined => {
  const { state, commandState, deadline, finishedAt } = operation;
  if (commandState !== null) return 'it follows another, and has a command of its own';
  if (!leader || leader.follows !== null) return 'it follows nobody who has a command: nobody delivers it';
  if (leader.state === state) return undefined;
  const ranOut = state === 'EXPIRED' && finishedAt !== null && finishedAt >= deadline;
  return WITHOUT_EFFECT.has(leader.state) && ranOut
    ? undefined
    : `the caller is told ${state}, the one that it follows is ${leader.state}`;
};

const judgeEnds = ({ operations, shown }: History): Violation[] => {
  const seen = Map.groupBy(
    shown.filter(({ state }) => FINAL.has(state)),
    ({ operationId }) => operationId,
  );
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  return operations.flatMap((operation): Violation[] => {
    const { id: operationId, state, follows, shownState } = operation;
    const lost = (reason: string): Violation[] => [{ counter: 'lost', reason, operationId }];
    if (!isOver(state)) return lost(`it is still ${state}`);
    const breach = follows === null ? ofItsCommand(operation) : ofItsLeader(operation, byId.get(follows));
    if (breach) return lost(breach);
    if (shownState !== undefined && shownState !== state) return lost(`its row is ${state}, it is shown ${shownState}`);
    const other = seen.get(operationId)?.find((earlier) => earlier.state !== state);
    return other ? lost(`it was shown ${other.state}, which is final, and is ${state} in the end`) : [];
  });
};

export const judgePromises = (history: History): Violation[] => [...judgeAnswers(history), ...judgeEnds(history)];
