import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createTelemetry } from '@house/kernel/telemetry';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createRegistry } from '../test/publications.ts';
import { hashOf, readTrustedDocuments, watchTrustedDocuments } from './trusted-documents.ts';

const ONE = 'query One { me { id } }\n';
const TWO = 'query Two { me { id } }\n';
const THREE = 'query Three { me { id } }\n';

let registry: ReturnType<typeof createRegistry>;
beforeEach(() => {
  registry = createRegistry();
  registry.publish('0001-first', [ONE, TWO]);
});
afterEach(() => registry.remove());

const watch = () => {
  let now = new Date('2026-11-24T09:00:00Z');
  const lines: string[] = [];
  const { log } = createTelemetry({
    service: 'test',
    level: 'info',
    destination: { write: (line) => lines.push(line) },
  });
  const list = watchTrustedDocuments({ directory: registry.directory, clock: () => now, log });
  return {
    lines,
    after: (ms: number) => {
      now = new Date(now.getTime() + ms);
      return list();
    },
  };
};

test('a document of any publication is trusted: an app that was installed long ago goes on', () => {
  registry.publish('0002-second', [TWO, THREE]);
  const list = readTrustedDocuments(registry.directory);
  expect(list.size).toBe(3);
  for (const text of [ONE, TWO, THREE]) {
    expect(list.textOf(hashOf(text))).toBe(text);
    expect(list.has(text)).toBe(true);
  }
  expect(list.has(ONE.trim())).toBe(false);
});

test("the app's own documents are on the list of the repository", () => {
  const list = readTrustedDocuments(join(import.meta.dirname, '../../../schema/registry'));
  expect(list.size).toBeGreaterThanOrEqual(12);
});

test('what is published while it runs is trusted a second later', () => {
  const watched = watch();
  registry.publish('0002-second', [THREE]);
  expect(watched.after(999).has(THREE)).toBe(false);
  expect(watched.after(1).has(THREE)).toBe(true);
  expect(watched.lines.join('')).toContain('documents-reloaded');
});

test('what is taken back is trusted no longer', () => {
  const watched = watch();
  registry.write('0001-first', '{}');
  expect(watched.after(1_000).has(ONE)).toBe(false);
});

test.each([
  ['a text that its hash does not name', `{"${hashOf(TWO)}":{"name":"One","text":${JSON.stringify(ONE)}}}`],
  ['half a list', '{"ab":'],
  ['a list of something else', '{"ab":"query { me { id } }"}'],
])('a publication with %s changes nothing, is told of, and refuses a start', (_what, text) => {
  const watched = watch();
  registry.write('0002-second', text);
  expect(watched.after(1_000).size).toBe(2);
  expect(watched.after(1_000).size).toBe(2);
  expect(watched.lines.filter((line) => line.includes('documents-refused'))).toHaveLength(1);
  expect(() => readTrustedDocuments(registry.directory)).toThrow();
});

test('a publication of which the list is still on its way is read when it has come', () => {
  const watched = watch();
  mkdirSync(join(registry.directory, '0002-second'));
  expect(watched.after(1_000).size).toBe(2);
  registry.write('0002-second', `{"${hashOf(THREE)}":{"name":"Three","text":${JSON.stringify(THREE)}}}`);
  expect(watched.after(1_000).has(THREE)).toBe(true);
});

test('a registry that is away for a while leaves the list in force', () => {
  const watched = watch();
  registry.remove();
  expect(watched.after(1_000).has(ONE)).toBe(true);
  mkdirSync(registry.directory);
  registry.publish('0001-first', [ONE, THREE]);
  expect(watched.after(1_000).has(THREE)).toBe(true);
});
