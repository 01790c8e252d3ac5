import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, fileContent, milliseconds, parseConfig, port, Secret, secret, url } from './config.ts';

const shape = { PORT: port(4000), PLATFORM_URL: url(), KEY: secret(), LIMIT_MS: milliseconds(500) };

test('good values are read and missing ones get their defaults', () => {
  const config = parseConfig({ PLATFORM_URL: 'https://platform.example/', KEY: 'k', PORT: '0' }, shape);
  expect(config.PORT).toBe(0);
  expect(config.PLATFORM_URL).toBe('https://platform.example');
  expect(config.LIMIT_MS).toBe(500);
  expect(config.KEY.reveal()).toBe('k');
});

test('all problems are told at once, each with its variable', () => {
  const read = () => parseConfig({ PORT: '65536', PLATFORM_URL: 'platform', LIMIT_MS: '-1' }, shape);
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(/PORT: [^]*PLATFORM_URL: an absolute URL[^]*KEY: [^]*LIMIT_MS: /);
});

test('what stands against readable values is told beside what cannot be read, and never of the same variable', () => {
  const read = () =>
    parseConfig({ PORT: 'many', KEY: 's3cret', LIMIT_MS: '7' }, shape, (known, given) => [
      ['PORT', 'below 1000'],
      ['LIMIT_MS', `more than ${known.LIMIT_MS}`],
      ['KEY', given['KEY'] === 's3cret' && known.KEY?.reveal() === 's3cret' ? 'another one' : 'unknown'],
    ]);
  expect(read).toThrow(/PORT: a port[^]*PLATFORM_URL: an absolute URL[^]*LIMIT_MS: more than 7[^]*KEY: another one/);
  expect(read).not.toThrow(/below 1000|s3cret/);
});

test('an empty variable counts as unset', () => {
  expect(parseConfig({ PORT: '' }, { PORT: port(4000) }).PORT).toBe(4000);
  expect(() => parseConfig({ KEY: '' }, { KEY: secret() })).toThrow('KEY');
});

test('a port that is not a whole number from 0 to 65535 is refused', () => {
  for (const value of ['-1', '65536', '1.5', 'http', '0x'])
    expect(() => parseConfig({ PORT: value }, { PORT: port(1) })).toThrow(ConfigError);
});

test('a secret shows itself nowhere', () => {
  const value = new Secret('s3cret');
  const shown = [String(value), `${value}`, JSON.stringify({ value }), inspect({ value }), inspect(value)].join(' ');
  expect(shown).not.toContain('s3cret');
  expect(shown).toContain('[secret]');
});

test('a bad value is not repeated in the problem', () => {
  expect(() => parseConfig({ KEY: 's3cret' }, { KEY: secret().refine(() => false, 'a better key') })).toThrow(
    /^(?![^]*s3cret)/,
  );
});

test('a file variable is the content of the file, and says so when it cannot be read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'config-'));
  try {
    const path = join(folder, 'key.pem');
    writeFileSync(path, 'content');
    expect(parseConfig({ FILE: path }, { FILE: fileContent() }).FILE).toBe('content');
    expect(() => parseConfig({ FILE: join(folder, 'absent') }, { FILE: fileContent() })).toThrow('a readable file');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('only the variables of the shape are read', () => {
  expect(parseConfig({ A: 'a', B: 'b' }, { A: z.string() })).toEqual({ A: 'a' });
});
