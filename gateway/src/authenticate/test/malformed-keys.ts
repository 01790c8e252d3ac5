/** What is sent in `X-Api-Key` and is no key, each made of a good one. None may be accepted, and none is worth a query. */

type Malformed = readonly [name: string, make: (good: string) => string];

const at = (good: string, index: number, instead: string): string =>
  good.slice(0, index) + instead + good.slice(index + instead.length);
const parts = (good: string): [string, string, string, string, string] =>
  good.split('_') as [string, string, string, string, string];
const other = (sign: string | undefined): string => (sign === 'A' ? 'B' : 'A');
const replaced = (good: string, index: number): string => at(good, index, other(good.at(index)));
const swapped = (good: string): string => {
  const letters = [...good];
  const first = letters.findIndex((sign, index) => index > 22 && sign !== letters[index + 1]);
  [letters[first], letters[first + 1]] = [letters[first + 1] ?? '', letters[first] ?? ''];
  return letters.join('');
};

export const MALFORMED_KEYS: readonly Malformed[] = [
  ['nothing', () => ''],
  ['a word', () => 'key'],
  ['the prefix alone', () => 'tsh_'],
  ['four separators and nothing between', () => '____'],
  ['a key in the scheme of tokens', (good) => `Bearer ${good}`],
  ['two keys', (good) => `${good} ${good}`],
  ['two keys with a comma', (good) => `${good},${good}`],
  ['in quotation marks', (good) => `"${good}"`],
  ['with a sign more', (good) => `${good}A`],
  ['with a sign less', (good) => good.slice(0, -1)],
  ['without its first sign', (good) => good.slice(1)],
  ['with a separator more', (good) => `${good}_`],
  ['in capital letters', (good) => good.toUpperCase()],
  ['in small letters', (good) => good.toLowerCase()],
  ['backwards', (good) => [...good].reverse().join('')],
  ['of another system', (good) => good.replace(/^tsh/, 'ghp')],
  ['of production, where it is development', (good) => good.replace(/^tsh_dev/, 'tsh_live')],
  ['of no environment', (good) => good.replace(/^tsh_dev_/, 'tsh__')],
  ['of an unknown environment', (good) => good.replace(/^tsh_dev/, 'tsh_test')],
  ['without an environment', (good) => good.replace(/^tsh_dev_/, 'tsh_')],
  ['without an id', (good) => good.replace(`_${parts(good)[2]}`, '')],
  ['without a secret', (good) => good.replace(`_${parts(good)[3]}`, '')],
  ['without a checksum', (good) => good.replace(`_${parts(good)[4]}`, '')],
  ['with an empty checksum', (good) => good.replace(parts(good)[4], '')],
  ['with a checksum of zeroes', (good) => good.replace(parts(good)[4], '000000')],
  [
    'with id and secret the other way round',
    (good) => {
      const [a, b, id, secret, checksum] = parts(good);
      return [a, b, secret, id, checksum].join('_');
    },
  ],
  ['with another first sign of the id', (good) => replaced(good, 8)],
  ['with another last sign of the id', (good) => replaced(good, 20)],
  ['with another first sign of the secret', (good) => replaced(good, 22)],
  ['with another last sign of the secret', (good) => replaced(good, 64)],
  ['with another first sign of the checksum', (good) => replaced(good, 66)],
  ['with another last sign of the checksum', (good) => replaced(good, 71)],
  ['with two signs of the secret swapped', swapped],
  ['with a hyphen in the secret', (good) => at(good, 30, '-')],
  ['with a separator in the secret', (good) => at(good, 30, '_')],
  ['with a percent sign', (good) => at(good, 30, '%')],
  ['with a blank in the secret', (good) => at(good, 30, ' ')],
  ['with a tab in the secret', (good) => at(good, 30, '\t')],
  ['with an accented letter', (good) => at(good, 30, 'é')],
  ['percent-encoded', (good) => good.replaceAll('_', '%5F')],
  ['with hyphens for separators', (good) => good.replaceAll('_', '-')],
  ['in base64', (good) => Buffer.from(good).toString('base64')],
  ['a name of a property', () => '__proto__'],
  ['SQL', () => "' OR 1=1 --"],
  ['eight thousand signs', () => 'A'.repeat(8_000)],
];
