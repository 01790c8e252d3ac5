/** What the deployed services do not do at all, found in their sources: run text as code, start programs, use weak cryptography. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = resolve(import.meta.dirname, '../../..');
const DEPLOYED = ['kernel/src', 'schema', 'gateway/src', 'subgraphs/owners/src', 'subgraphs/smart-home/src'];

const FORBIDDEN: readonly [what: string, pattern: RegExp, planted: string][] = [
  ['text run as code', /\beval\s*\(|\bFunction\s*\(|['"](?:node:)?vm['"]/, 'eval(text)'],
  ['text run as code', /\bset(?:Timeout|Interval)\s*\(\s*['"`]/, "setTimeout('x', 1)"],
  ['another program', /['"](?:node:)?child_process['"]/, "import { spawn } from 'node:child_process'"],
  ['a weak hash', /['"](?:md4|md5|sha-?1|rsa-sha1|ripemd\w*)['"]/i, "createHash('MD5')"],
  ['a weak cipher', /['"](?:[\w-]*-ecb|des[\w-]*|rc4[\w-]*|bf[\w-]*)['"]/i, "createCipheriv('aes-256-ecb', key, null)"],
  ['weak padding', /\bRSA_PKCS1_PADDING\b|['"]RSA1_5['"]/, 'padding: constants.RSA_PKCS1_PADDING'],
  [
    'a server that is not checked',
    /(?<!requestCert:\s*true,\s*)rejectUnauthorized\s*:\s*false|NODE_TLS_REJECT_UNAUTHORIZED/,
    'rejectUnauthorized: false',
  ],
];

const isDeployed = (path: string): boolean =>
  /\.(?:ts|js)$/.test(path) && !/\.test\.ts$|-conforms\.ts$|(?:^|\/)test\//.test(path);

const found = (source: string): string[] =>
  FORBIDDEN.filter(([, pattern]) => pattern.test(source)).map(([what]) => what);

test('no deployed service runs text as code, starts a program, or uses weak cryptography', () => {
  const files = DEPLOYED.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter(isDeployed)
      .map((path) => join(folder, path)),
  );
  expect(files.length).toBeGreaterThan(150);
  expect(
    files.flatMap((file) => found(readFileSync(join(ROOT, file), 'utf8')).map((what) => `${file}: ${what}`)),
  ).toEqual([]);
});

test.each(FORBIDDEN)('%s would be found: %s', (what, _pattern, planted) => {
  expect(found(planted)).toEqual([what]);
});

test('a server that asks for a certificate and judges it itself is none of these', () => {
  expect(found('{ requestCert: true, rejectUnauthorized: false }')).toEqual([]);
});
