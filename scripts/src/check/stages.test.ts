import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { chooseStages, STAGES } from './stages.ts';

const read = <T>(file: string): T => JSON.parse(readFileSync(join(import.meta.dirname, '../../..', file), 'utf8')) as T;
const names = (choice: Parameters<typeof chooseStages>[0]) => chooseStages(choice).map(({ name }) => name);

test('without a choice every stage runs, what takes minutes last', () => {
  expect(names({})).toEqual([
    'generated',
    'format',
    'types',
    'lint',
    'guard',
    'prune',
    'lock',
    'schema',
    'test',
    'chaos',
    'sensitivity',
  ]);
});

test('a chosen stage brings the generated files that it reads', () => {
  expect(names({ only: ['lint', 'types'] })).toEqual(['generated', 'types', 'lint']);
  expect(names({ only: ['format'] })).toEqual(['format']);
});

test('all stages but one', () => {
  expect(names({ except: ['test'] })).not.toContain('test');
  expect(names({ except: ['test'] })).toHaveLength(STAGES.length - 1);
});

test('a stage that does not exist is refused by name, so that a misspelt check is not a green one', () => {
  expect(() => chooseStages({ only: ['typos'] })).toThrow('No such stage: typos.');
  expect(() => chooseStages({ except: ['tests'] })).toThrow('No such stage: tests.');
});

test('every stage is a task of turbo and a script of npm, and no task is left out of the check', () => {
  const { tasks } = read<{ tasks: Record<string, object> }>('turbo.json');
  const { scripts } = read<{ scripts: Record<string, string> }>('package.json');
  expect(Object.keys(tasks).toSorted()).toEqual(STAGES.map(({ task }) => `//#${task}`).toSorted());
  expect(STAGES.map(({ task }) => task).filter((task) => !(task in scripts))).toEqual([]);
});
