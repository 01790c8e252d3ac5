import type { Clock } from '@house/kernel/clock';
import type { DeadLetters } from '@house/kernel/outbox';
import { OperatorRefusal, type ServeOperator } from './socket.ts';

const LIST_LIMIT = 1_000;

/** `dlq list | overdue | show <id> | replay <id> | discard <id>`, wherever the database is. */
export const createDeadLetterCommands =
  ({ deadLetters, clock }: { deadLetters: DeadLetters; clock: Clock }): ServeOperator =>
  async ({ command, arguments: [id, ...more], actor }) => {
    if (command === 'list' && id === undefined) return deadLetters.list(LIST_LIMIT);
    if (command === 'overdue' && id === undefined) return deadLetters.overdue(LIST_LIMIT);
    if (id === undefined || more.length > 0) throw new OperatorRefusal(`dlq ${command} takes one id; see dlq --help.`);
    const none = (): never => {
      throw new OperatorRefusal(`There is no dead letter ${id}; dlq list and dlq overdue show them all.`);
    };
    const by = { actor, now: clock() };
    switch (command) {
      case 'show':
        return (await deadLetters.show(id)) ?? none();
      case 'replay':
        return (await deadLetters.replay(id, by)) ? { replayed: id } : none();
      case 'discard':
        return (await deadLetters.discard(id, by)) ? { discarded: id } : none();
      default:
        throw new OperatorRefusal(`dlq knows no "${command}"; see dlq --help.`);
    }
  };
