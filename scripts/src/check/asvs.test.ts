/** The table of docs/asvs.csv is whole, and every proof that it and docs/security.md name is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = resolve(import.meta.dirname, '../../..');
const HEADER = ['id', 'level', 'chapter', 'requirement', 'applies', 'shown_by', 'reason'];
/** Rows of ASVS 5.0.0 by level; the 92 of the third are not answered for. */
const COUNTS = { L1: 70, L2: 183 };
const CHAPTERS = 17;

/** Fields of RFC 4180 that hold no line break. */
const fieldsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
  );

const [header = '', ...lines] = readFileSync(join(ROOT, 'docs/asvs.csv'), 'utf8').trimEnd().split('\n');
const rows = lines.map((line) => {
  const fields = fieldsOf(line);
  const [id = '', level = '', chapter = '', requirement = '', applies = '', shownBy = '', reason = ''] = fields;
  return { id, level, chapter, requirement, applies, shownBy, reason, width: fields.length };
});
const scripts = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
  .scripts;

/** A file of the repository, or a script of its package.json. */
const isThere = (proof: string): boolean => {
  const script = /^npm (?:run )?([\w:-]+)/.exec(proof)?.[1];
  return script === undefined ? existsSync(join(ROOT, proof)) : script in scripts;
};
const idsOf = (wrong: readonly (typeof rows)[number][]): string[] => wrong.map(({ id }) => id);

test('every requirement of the first two levels has exactly one row', () => {
  expect(fieldsOf(header)).toEqual(HEADER);
  expect(idsOf(rows.filter(({ width }) => width !== HEADER.length))).toEqual([]);
  expect(new Set(idsOf(rows)).size).toBe(rows.length);
  for (const [level, count] of Object.entries(COUNTS))
    expect([level, rows.filter((row) => row.level === level).length]).toEqual([level, count]);
  expect(rows).toHaveLength(COUNTS.L1 + COUNTS.L2);
  expect(new Set(rows.map(({ chapter }) => chapter)).size).toBe(CHAPTERS);
});

test('a row has an id of its chapter, a few words and a known answer', () => {
  const isWell = ({ id, chapter, requirement, applies }: (typeof rows)[number]): boolean =>
    /^V\d+\.\d+\.\d+$/.test(id) &&
    chapter.startsWith(`${id.slice(0, id.indexOf('.'))} `) &&
    requirement !== '' &&
    requirement.split(' ').length <= 12 &&
    ['yes', 'no', 'later'].includes(applies);
  expect(idsOf(rows.filter((row) => !isWell(row)))).toEqual([]);
});

test('what is fulfilled names its proof, and what is not says why', () => {
  expect(idsOf(rows.filter(({ applies, shownBy }) => applies === 'yes' && shownBy === ''))).toEqual([]);
  expect(idsOf(rows.filter(({ applies, reason }) => applies !== 'yes' && reason === ''))).toEqual([]);
});

test('every proof is there', () => {
  const lost = rows.flatMap(({ id, shownBy }) =>
    shownBy
      .split('; ')
      .filter((proof) => proof !== '' && !isThere(proof))
      .map((proof) => `${id} ${proof}`),
  );
  expect(lost).toEqual([]);
});

test('every file and command that docs/security.md names is there', () => {
  const words = readFileSync(join(ROOT, 'docs/security.md'), 'utf8').matchAll(/`([^`]+)`/g);
  const named = [...words].map(([, word]) => word ?? '').filter((word) => /^[\w-]+\/[\w./-]*$|^npm run /.test(word));
  expect(named.length).toBeGreaterThan(80);
  expect(named.filter((word) => !isThere(word))).toEqual([]);
});
