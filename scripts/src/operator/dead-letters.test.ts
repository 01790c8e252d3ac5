import { later } from '@house/kernel/clock';
import type { DeadLetters } from '@house/kernel/outbox';
import { expect, test } from '@jest/globals';
import { createDeadLetterCommands } from './dead-letters.ts';
import { OperatorRefusal } from './socket.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const shape = { kind: 'ERASE', createdAt: NOW, attempts: 3, body: {} };
const dead = { ...shape, id: 'op_dead', class: 'write' as const, deadAt: NOW };
const late = {
  ...shape,
  id: 'op_late',
  class: 'compliance' as const,
  notAfter: later(NOW, 1),
  alarms: [{ threshold: '25 %', raisedAt: NOW }],
};
const discarded: string[] = [];
const deadLetters: DeadLetters = {
  list: async () => [dead],
  overdue: async () => [late],
  show: async (id) => [dead, late].find((one) => one.id === id),
  replay: async (id) => id === dead.id,
  discard: async (id, { actor }) => {
    discarded.push(`${actor} ${id}`);
    return true;
  },
};
const ask = (command: string, ...ids: string[]) =>
  createDeadLetterCommands({ deadLetters, clock: () => NOW })({ command, arguments: ids, actor: 'operator' });

test('an operator sees the overdue besides the dead, and may look at either', async () => {
  expect(await ask('list')).toEqual([dead]);
  expect(await ask('overdue')).toEqual([late]);
  expect(await ask('show', 'op_late')).toEqual(late);
  expect(await ask('show', 'op_dead')).toEqual(dead);
});

test('whoever ends an overdue command is named', async () => {
  expect(await ask('discard', 'op_late')).toEqual({ discarded: 'op_late' });
  expect(discarded).toEqual(['operator op_late']);
});

test('what is still being delivered is not replayed', async () => {
  await expect(ask('replay', 'op_late')).rejects.toThrow(OperatorRefusal);
});
