/** Tokens that must not be accepted, and ones that must. Signatures have a file of their own: `hostile-signatures.ts`. */
import { alias, base64url, signatureOf, signBytes, type TokenForge, withSpareBits } from './forge.ts';

/** A name, and the text of the token. */
export type TokenCase = readonly [name: string, build: (forge: TokenForge) => string];

const json = JSON.stringify;
const partsOf = ({ token }: TokenForge): [string, string, string] => token().split('.') as [string, string, string];
const replaced = (text: string, from: string, to: string): string => {
  if (!text.includes(from)) throw new RangeError(`expected ${from} in it`);
  return text.replace(from, to);
};

/** A good token whose claims are this text, made of its usual JSON. */
const claimsText = (change: (text: string) => string) => (forge: TokenForge) =>
  forge.bytes(json(forge.header), change(json(forge.claims)));
const headerText = (change: (text: string) => string) => (forge: TokenForge) =>
  forge.bytes(change(json(forge.header)), json(forge.claims));
const claims = (members: (forge: TokenForge) => Record<string, unknown>) => (forge: TokenForge) =>
  forge.token(members(forge));
const header = (members: (forge: TokenForge) => Record<string, unknown>) => (forge: TokenForge) =>
  forge.token({}, members(forge));

const FORM: readonly TokenCase[] = [
  ['nothing', () => ''],
  ['a blank', () => ' '],
  ['two dots', () => '..'],
  ['a header alone', (forge) => partsOf(forge)[0]],
  ['two parts', (forge) => partsOf(forge).slice(0, 2).join('.')],
  ['four parts', (forge) => `${forge.token()}.${partsOf(forge)[2]}`],
  ['five parts, as of a JWE', (forge) => `${forge.token()}.${partsOf(forge).slice(0, 2).join('.')}`],
  ['a dot at the end', (forge) => `${forge.token()}.`],
  ['a dot at the beginning', (forge) => `.${forge.token()}`],
  ['an empty header', (forge) => forge.token().replace(/^[^.]+/, '')],
  ['an empty payload', (forge) => forge.token().replace(/\.[^.]+\./, '..')],
  ['an empty signature', (forge) => forge.token().replace(/[^.]+$/, '')],
  ['a blank before it', (forge) => ` ${forge.token()}`],
  ['a blank behind it', (forge) => `${forge.token()} `],
  ['a line break behind it', (forge) => `${forge.token()}\n`],
  ['a NUL behind it', (forge) => `${forge.token()}\0`],
  ['a tab in it', (forge) => replaced(forge.token(), '.', '\t.')],
  ['a zero-width space in it', (forge) => replaced(forge.token(), '.', '\u200b.')],
  ['a full-width dot', (forge) => replaced(forge.token(), '.', '\uff0e')],
  ['an escaped dot', (forge) => replaced(forge.token(), '.', '%2e')],
  ['quotation marks around it', (forge) => `"${forge.token()}"`],
  ['the scheme in it', (forge) => `Bearer ${forge.token()}`],
  ['two tokens with a comma', (forge) => `${forge.token()},${forge.token()}`],
  ['padding of the header', (forge) => forge.token().replace('.', '=.')],
  ['padding of the payload', (forge) => forge.token().replace(/\.([^.]+)\./, '.$1=.')],
  ['padding of the signature', (forge) => `${forge.token()}==`],
  [
    'the other alphabet of base64',
    (forge) => {
      // One of many payloads has a sign in it that the two alphabets write differently.
      for (let n = 0; ; n += 1) {
        const token = forge.token({ jti: `id-${n}` });
        if (/[-_]/.test(token)) return token.replaceAll('-', '+').replaceAll('_', '/');
      }
    },
  ],
  [
    'bits left over in the header',
    (forge) => {
      const token = forge.bytes(withSpareBits(json(forge.header)), json(forge.claims));
      const [head = '', ...others] = token.split('.');
      return [alias(head), ...others].join('.');
    },
  ],
  [
    'bits left over in the payload, signed so',
    (forge) => {
      const input = `${base64url(json(forge.header))}.${alias(base64url(withSpareBits(json(forge.claims))))}`;
      return `${input}.${base64url(signatureOf(input, forge.key))}`;
    },
  ],
  [
    'bits left over in the signature',
    (forge) => {
      const [head, payload, signature] = partsOf(forge);
      return `${head}.${payload}.${alias(signature)}`;
    },
  ],
  ['more than 8 kB', (forge) => forge.token({ padding: 'x'.repeat(8_192) })],
  [
    'JSON, flattened (RFC 7515 §7.2.2)',
    (forge) => {
      const [head, payload, signature] = partsOf(forge);
      return json({ protected: head, payload, signature });
    },
  ],
  [
    'JSON with a list of signatures (RFC 7515 §7.2.1)',
    (forge) => {
      const [head, payload, signature] = partsOf(forge);
      return json({ payload, signatures: [{ protected: head, signature }] });
    },
  ],
];

const BOM = '\ufeff';
const notUtf8 = (text: string): Uint8Array => Buffer.from(text.replace('{', '{"x":"\u00ff",'), 'latin1');

const HEADER_JSON: readonly TokenCase[] = [
  ['a header that breaks off', headerText((text) => text.slice(0, -1))],
  ['a header with a sign behind it', headerText((text) => `${text}x`)],
  ['a header with another behind it', headerText((text) => text + text)],
  ['a header with a comma too many', headerText((text) => replaced(text, '}', ',}'))],
  ['a header with a remark', headerText((text) => replaced(text, '{', '{/**/'))],
  ['a header in single quotation marks', headerText((text) => text.replaceAll('"', "'"))],
  ['a header with a byte order mark', headerText((text) => BOM + text)],
  ['a header that is not UTF-8', (forge) => forge.bytes(notUtf8(json(forge.header)), json(forge.claims))],
  ['a header that is a list', headerText((text) => `[${text}]`)],
  ['a header that is a text', headerText((text) => json(text))],
  ['a header that is null', headerText(() => 'null')],
  ['an empty object for a header', headerText(() => '{}')],
  ['alg twice', headerText((text) => replaced(text, '{', '{"alg":"none",'))],
  ['alg twice, the second one good', headerText((text) => replaced(text, '}', ',"alg":"ES256"}'))],
  ['kid twice', headerText((text) => replaced(text, '{', '{"kid":"key-2",'))],
  ['kid twice, once with an escape', headerText((text) => replaced(text, '{', '{"k\\u0069d":"key-1",'))],
  ['typ twice', headerText((text) => replaced(text, '}', ',"typ":"at+jwt"}'))],
];

const CLAIMS_JSON: readonly TokenCase[] = [
  ['claims that break off', claimsText((text) => text.slice(0, -1))],
  ['claims with a sign behind them', claimsText((text) => `${text}x`)],
  ['claims with more claims behind them', claimsText((text) => text + text)],
  ['claims with a comma too many', claimsText((text) => replaced(text, '}', ',}'))],
  ['claims with a byte order mark', claimsText((text) => BOM + text)],
  ['claims that are not UTF-8', (forge) => forge.bytes(json(forge.header), notUtf8(json(forge.claims)))],
  ['claims that are a text', claimsText((text) => json(text))],
  ['claims that are a list', claimsText((text) => `[${text}]`)],
  ['claims that are null', claimsText(() => 'null')],
  ['claims that are a number', claimsText(() => '7')],
  ['no claims', claimsText(() => '{}')],
  ['plain text for claims', claimsText(() => 'hello')],
  ['sub twice', claimsText((text) => replaced(text, '{', '{"sub":"somebody-else",'))],
  ['sub twice, the second one somebody else', claimsText((text) => replaced(text, '}', ',"sub":"somebody-else"}'))],
  ['sub twice, the same', claimsText((text) => replaced(text, '}', ',"sub":"owner-a12"}'))],
  ['sub twice, once with an escape', claimsText((text) => replaced(text, '}', ',"s\\u0075b":"somebody-else"}'))],
  ['exp twice', claimsText((text) => replaced(text, '{', '{"exp":9999999999,'))],
  ['aud twice', claimsText((text) => replaced(text, '{', '{"aud":"another",'))],
  ['roles twice', claimsText((text) => replaced(text, '{', '{"roles":["auditor"],'))],
  ['a member of a member twice', claimsText((text) => replaced(text, '{', '{"x":{"a":1,"a":2},'))],
  ['a member in a list twice', claimsText((text) => replaced(text, '{', '{"x":[{"a":1,"b":[],"a":2}],'))],
];

const HEADER: readonly TokenCase[] = [
  ['typ JWT', header(() => ({ typ: 'JWT' }))],
  ['typ AT+JWT', header(() => ({ typ: 'AT+JWT' }))],
  ['typ dpop+jwt', header(() => ({ typ: 'dpop+jwt' }))],
  ['no typ', header(() => ({ typ: undefined }))],
  ['an empty typ', header(() => ({ typ: '' }))],
  ['a list as typ', header(() => ({ typ: ['at+jwt'] }))],
  ['alg es256', header(() => ({ alg: 'es256' }))],
  ['a list as alg', header(() => ({ alg: ['ES256'] }))],
  ['no alg', header(() => ({ alg: undefined }))],
  ['null as alg', header(() => ({ alg: null }))],
  ['no kid', header(() => ({ kid: undefined }))],
  ['an empty kid', header(() => ({ kid: '' }))],
  ['a number as kid', header(() => ({ kid: 1 }))],
  ['a list as kid', header(() => ({ kid: ['key-1'] }))],
  ['an unknown kid', header(() => ({ kid: 'key-2' }))],
  ['a kid in other letters', header(() => ({ kid: 'KEY-1' }))],
  ['a kid with a blank', header(() => ({ kid: 'key-1 ' }))],
  ['a kid that is a path', header(() => ({ kid: '../../../dev/null' }))],
  ['a kid that is SQL', header(() => ({ kid: "key-1' OR '1'='1" }))],
  ['a kid that every object has', header(() => ({ kid: '__proto__' }))],
  ['a kid that is too long', header(() => ({ kid: 'k'.repeat(201) }))],
  ['a critical extension', header(() => ({ crit: ['exp'], exp: 1 }))],
  ['an empty list of critical extensions', header(() => ({ crit: [] }))],
  ['b64', header(() => ({ crit: ['b64'], b64: true }))],
  [
    'a payload that is not encoded (RFC 7797)',
    (forge) => {
      const head = base64url(json({ ...forge.header, crit: ['b64'], b64: false }));
      const input = `${head}.${json(forge.claims)}`;
      return `${head}.${base64url(json(forge.claims))}.${base64url(signatureOf(input, forge.key))}`;
    },
  ],
  ['its own key', header(({ key }) => ({ jwk: key.jwk }))],
  [
    "another's key, brought along",
    ({ header: head, claims: said, strange }) =>
      signBytes(json({ ...head, jwk: strange.jwk, kid: undefined }), json(said), strange),
  ],
  ['an address of keys', header(() => ({ jku: 'https://evil.example/jwks' }))],
  ['a certificate', header(() => ({ x5c: ['MIIB'] }))],
  ['an address of certificates', header(() => ({ x5u: 'https://evil.example/cert' }))],
  ['a hash of a certificate', header(() => ({ 'x5t#S256': 'A'.repeat(43) }))],
  ['cty', header(() => ({ cty: 'JWT' }))],
  ['zip', header(() => ({ zip: 'DEF' }))],
  ['a member that nobody knows', header(() => ({ x: 1 }))],
  ['a member named __proto__', headerText((text) => replaced(text, '{', '{"__proto__":{"x":1},'))],
];

const NAMES = ['iss', 'aud', 'sub', 'client_id', 'jti'] as const;
const CLAIMS: readonly TokenCase[] = [
  ...[...NAMES, 'iat', 'exp'].map((name): TokenCase => [`no ${name}`, claims(() => ({ [name]: undefined }))]),
  ...NAMES.map((name): TokenCase => [`an empty ${name}`, claims(() => ({ [name]: '' }))]),
  ...NAMES.map((name): TokenCase => [`a number as ${name}`, claims(() => ({ [name]: 7 }))]),
  ...['sub', 'client_id', 'jti'].map((name): TokenCase => [`a list as ${name}`, claims(() => ({ [name]: ['x'] }))]),
  ['a NUL in sub', claims(() => ({ sub: 'owner\0' }))],
  ['a line break in sub', claims(() => ({ sub: 'owner\n' }))],
  ['half a character in sub', claimsText((text) => replaced(text, 'owner-a12', '\\ud800'))],
  ['a sub of 256 characters', claims(() => ({ sub: 'x'.repeat(256) }))],
  ['another issuer', claims(() => ({ iss: 'https://other.example' }))],
  ['an issuer with a slash', claims(({ issuer }) => ({ iss: `${issuer}/` }))],
  ['an issuer in other letters', claims(({ issuer }) => ({ iss: issuer.toUpperCase() }))],
  ['a list of issuers', claims(({ issuer }) => ({ iss: [issuer] }))],
  ['another audience', claims(() => ({ aud: 'another' }))],
  ['an audience that begins like ours', claims(({ audience }) => ({ aud: `${audience}-test` }))],
  ['our audience in a list', claims(({ audience }) => ({ aud: [audience] }))],
  ['one audience too many', claims(({ audience }) => ({ aud: [audience, 'another'] }))],
  ['an end five seconds ago', claims(({ now }) => ({ iat: now - 600, exp: now - 5 }))],
  ['an end long ago', claims(() => ({ iat: 1, exp: 601 }))],
  ['a beginning six seconds ahead', claims(({ now }) => ({ iat: now + 6, exp: now + 600 }))],
  ['a beginning in milliseconds', claims(({ now }) => ({ iat: now * 1_000, exp: now * 1_000 + 600 }))],
  ['a life of fifteen minutes and a second', claims(({ now }) => ({ exp: now + 901 }))],
  ['a life of no time', claims(({ now }) => ({ exp: now }))],
  ['an end before its beginning', claims(({ now }) => ({ iat: now + 3, exp: now + 2 }))],
  ['a day that it is not good before', claims(({ now }) => ({ nbf: now + 60 }))],
  ['a text as nbf', claims(({ now }) => ({ nbf: String(now) }))],
  ['a text as exp', claims(({ now }) => ({ exp: String(now + 600) }))],
  ['a text as iat', claims(({ now }) => ({ iat: String(now) }))],
  ['a fraction as exp', claims(({ now }) => ({ exp: now + 600.5 }))],
  ['a fraction as iat', claims(({ now }) => ({ iat: now - 0.5 }))],
  ['null as exp', claims(() => ({ exp: null }))],
  ['true as exp', claims(() => ({ exp: true }))],
  ['a list as exp', claims(({ now }) => ({ exp: [now + 600] }))],
  ['an exp beyond all numbers', claimsText((text) => text.replace(/"exp":\d+/, '"exp":1e999'))],
  ['an exp that is no whole number any more', claims(() => ({ exp: 1e300 }))],
  ['a negative iat', claims(() => ({ iat: -1 }))],
  ['a text as roles', claims(() => ({ roles: 'resident' }))],
  ['numbers as roles', claims(() => ({ roles: [1] }))],
  ['21 roles', claims(() => ({ roles: Array(21).fill('resident') }))],
  ['a list as scope', claims(() => ({ scope: ['access:open'] }))],
  ['a scope of more than 2 000 characters', claims(() => ({ scope: 'x'.repeat(2_001) }))],
  ['a text as complexes', claims(() => ({ complexes: 'cx_a' }))],
  ['an empty text in complexes', claims(() => ({ complexes: [''] }))],
  ['a text as auth_time', claims(({ now }) => ({ auth_time: String(now) }))],
  ['a list as acr', claims(() => ({ acr: ['urn:x'] }))],
  ['a binding to nothing', claims(() => ({ cnf: {} }))],
  ['a binding that is a text', claims(() => ({ cnf: 'A'.repeat(43) }))],
  ['null as a binding', claims(() => ({ cnf: null }))],
  ['a thumbprint that is too short', claims(() => ({ cnf: { jkt: 'A'.repeat(42) } }))],
  ['a thumbprint in other signs', claims(() => ({ cnf: { jkt: '+'.repeat(43) } }))],
  ['a binding of a kind that we cannot check', claims(({ key }) => ({ cnf: { jwk: key.jwk } }))],
  ['a binding that we cannot check beside one that we can', claims(() => ({ cnf: { jkt: 'A'.repeat(43), kid: 'k' } }))],
  ['a hash of a certificate that is hexadecimal', claims(() => ({ cnf: { 'x5t#S256': 'ab'.repeat(32) } }))],
];

export const HOSTILE_TOKENS: readonly TokenCase[] = [...FORM, ...HEADER_JSON, ...CLAIMS_JSON, ...HEADER, ...CLAIMS];

export const GOOD_TOKENS: readonly TokenCase[] = [
  ['a plain one', ({ token }) => token()],
  ['one with its type written out', header(() => ({ typ: 'application/at+jwt' }))],
  ['one that begins five seconds ahead of our clock', claims(({ now }) => ({ iat: now + 5 }))],
  ['one that ended four seconds ago', claims(({ now }) => ({ iat: now - 600, exp: now - 4 }))],
  ['one of fifteen minutes', claims(({ now }) => ({ exp: now + 900 }))],
  ['one that is good from now on', claims(({ now }) => ({ nbf: now }))],
  ['one without scopes and roles', claims(() => ({ scope: undefined, roles: undefined }))],
  ['one with claims that we do not know', claims(() => ({ groups: ['x'], nested: { a: { a: [1, { a: 2 }] } } }))],
  ['one of somebody whose name is not ASCII', claims(() => ({ sub: 'владелец-а12 🏠' }))],
  ['one with blanks and line breaks in its JSON', claimsText((text) => `\n${text.replaceAll(',', ' ,\r\n ')}\t`)],
  ['one with an escape in a name', claimsText((text) => replaced(text, '"sub"', '"s\\u0075b"'))],
  [
    'one in which a value looks like members',
    claims(() => ({ note: '{"sub":"x","sub":"y"}', deep: ['"a":', { a: '\\"' }] })),
  ],
  [
    'one with its members in another order',
    ({ bytes, header: head, claims: said }) =>
      bytes(
        json(Object.fromEntries(Object.entries(head).reverse())),
        json(Object.fromEntries(Object.entries(said).reverse())),
      ),
  ],
  ['one that is bound to a key', claims(() => ({ cnf: { jkt: 'A'.repeat(43) } }))],
  ['one that is bound to a certificate', claims(() => ({ cnf: { 'x5t#S256': 'A'.repeat(43) } }))],
];
