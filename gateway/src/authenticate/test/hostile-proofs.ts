/** Proofs of possession that must not be accepted, each under the check of RFC 9449 §4.3 that it fails, and ones that must. */
import { createHmac } from 'node:crypto';
import { alias, base64url, createForgeKey, type ProofForge, signatureOf, signBytes, withSpareBits } from './forge.ts';

/** The check's number and words, a name, and the values of the `DPoP` fields. */
export type ProofCase = readonly [
  check: string,
  name: string,
  build: (forge: ProofForge) => string | readonly string[],
];

const json = JSON.stringify;
const p384 = createForgeKey('P-384');

type Build = ProofCase[2];
type Make = (forge: ProofForge) => Record<string, unknown>;
const claims =
  (members: Make): Build =>
  (forge) =>
    forge.proof(members(forge));
const header =
  (members: Make): Build =>
  (forge) =>
    forge.proof({}, members(forge));
const jwk = (members: Make): Build => header((forge) => ({ jwk: { ...forge.key.jwk, ...members(forge) } }));
const claimsText =
  (change: (text: string) => string): Build =>
  (forge) =>
    forge.bytes(json(forge.header), change(json(forge.claims)));
const headerText =
  (change: (text: string) => string): Build =>
  (forge) =>
    forge.bytes(change(json(forge.header)), json(forge.claims));
const unsigned = (forge: ProofForge, head: Record<string, unknown> = {}): string =>
  `${base64url(json({ ...forge.header, ...head }))}.${base64url(json(forge.claims))}`;

const under = (check: string, cases: readonly (readonly [string, Build])[]): readonly ProofCase[] =>
  cases.map(([name, build]) => [check, name, build]);

export const HOSTILE_PROOFS: readonly ProofCase[] = [
  ...under('1 · one field', [
    ['none', () => []],
    ['the same one twice', ({ proof }) => [proof(), proof()]],
    ['a good one and a bad one', ({ proof }) => [proof(), 'x']],
    ['a bad one and a good one', ({ proof }) => ['', proof()]],
    ['two in one field', ({ proof }) => `${proof()}, ${proof({ jti: 'other' })}`],
  ]),
  ...under('2 · a well-formed JWT', [
    ['nothing', () => ''],
    ['two parts', ({ proof }) => proof().split('.').slice(0, 2).join('.')],
    ['four parts', ({ proof }) => `${proof()}.x`],
    ['no signature', ({ proof }) => proof().replace(/[^.]+$/, '')],
    ['a blank in it', ({ proof }) => proof().replace('.', ' .')],
    ['quotation marks around it', ({ proof }) => `"${proof()}"`],
    ['padding', ({ proof }) => `${proof()}==`],
    ['bits left over in the signature', ({ proof }) => proof().replace(/[^.]+$/, alias)],
    [
      'bits left over in the payload, signed so',
      (forge) => {
        const input = `${base64url(json(forge.header))}.${alias(base64url(withSpareBits(json(forge.claims))))}`;
        return `${input}.${base64url(signatureOf(input, forge.key))}`;
      },
    ],
    ['a header that is a list', headerText((text) => `[${text}]`)],
    ['claims that are a text', claimsText((text) => json(text))],
    ['claims that break off', claimsText((text) => text.slice(0, -1))],
    ['htu twice', claimsText((text) => text.replace('{', '{"htu":"https://other.example/",'))],
    ['jti twice, once with an escape', claimsText((text) => text.replace('}', ',"j\\u0074i":"other"}'))],
    ['alg twice', headerText((text) => text.replace('{', '{"alg":"none",'))],
    ['a coordinate twice', headerText((text) => text.replace('"kty"', '"x":"AAAA","kty"'))],
    ['more than 4 kB', claims(() => ({ padding: 'x'.repeat(4_096) }))],
    [
      'JSON, flattened',
      ({ proof }) => {
        const [head, payload, signature] = proof().split('.');
        return json({ protected: head, payload, signature });
      },
    ],
  ]),
  ...under('3 · all required claims', [
    ...['jti', 'htm', 'htu', 'iat', 'ath'].map((name): [string, Build] => [
      `no ${name}`,
      claims(() => ({ [name]: undefined })),
    ]),
    ['an empty jti', claims(() => ({ jti: '' }))],
    ['a jti of 201 characters', claims(() => ({ jti: 'x'.repeat(201) }))],
    ['a number as jti', claims(() => ({ jti: 7 }))],
    ['a list as jti', claims(() => ({ jti: ['x'] }))],
    ['half a character in jti', claimsText((text) => text.replace('"jti":"', '"jti":"\\ud800'))],
  ]),
  ...under('4 · typ', [
    ['no typ', header(() => ({ typ: undefined }))],
    ['JWT', header(() => ({ typ: 'JWT' }))],
    ['at+jwt', header(() => ({ typ: 'at+jwt' }))],
    ['DPOP+JWT', header(() => ({ typ: 'DPOP+JWT' }))],
  ]),
  ...under('5 · an algorithm that we accept', [
    ['no alg', header(() => ({ alg: undefined }))],
    ['none', (forge) => `${unsigned(forge, { alg: 'none' })}.`],
    ['none, with a signature', header(() => ({ alg: 'none' }))],
    [
      'HS256 with the key as a secret',
      (forge) => {
        const input = unsigned(forge, { alg: 'HS256' });
        return `${input}.${createHmac('sha256', json(forge.key.jwk)).update(input).digest('base64url')}`;
      },
    ],
    [
      'ES384 with a key on its curve',
      (forge) => {
        const input = unsigned(forge, { alg: 'ES384', jwk: p384.jwk });
        return `${input}.${base64url(signatureOf(input, p384, 'sha384'))}`;
      },
    ],
    ['es256', header(() => ({ alg: 'es256' }))],
    ['a critical extension', header(() => ({ crit: ['exp'], exp: 1 }))],
    ['b64', header(() => ({ crit: ['b64'], b64: true }))],
  ]),
  ...under('6 · the signature, by the key in it', [
    ['by another key', ({ header: head, claims: said, strange }) => signBytes(json(head), json(said), strange)],
    ['of zeros', (forge) => `${unsigned(forge)}.${base64url(Buffer.alloc(64))}`],
    ['of other claims', (forge) => `${unsigned(forge)}.${forge.proof({ jti: 'other' }).split('.')[2]}`],
    ['turned by a bit', ({ proof }) => proof().replace(/.(?=.{40}$)/, (sign) => (sign === 'A' ? 'B' : 'A'))],
    ['no key', header(() => ({ jwk: undefined }))],
    ['a text as the key', header(({ key }) => ({ jwk: json(key.jwk) }))],
    ['a key on another curve', header(() => ({ jwk: p384.jwk }))],
    ['a key on a curve that it is not on', jwk(() => ({ crv: 'P-384' }))],
    ['a key of another type', header(() => ({ jwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } }))],
    ['a key that is a secret', header(() => ({ jwk: { kty: 'oct', k: 'c2VjcmV0' } }))],
    ['a key that is no point of the curve', jwk(({ key }) => ({ y: key.jwk['x'] }))],
    ['a coordinate that is cut', jwk(() => ({ x: 'AQAB' }))],
    ['a coordinate in another text of its bytes', jwk(({ key }) => ({ x: alias(String(key.jwk['x'])) }))],
    ['a key for encryption', jwk(() => ({ use: 'enc' }))],
    ['a key that signs', jwk(() => ({ key_ops: ['sign', 'verify'] }))],
    ['a key with a certificate', jwk(() => ({ x5c: ['MIIB'] }))],
    ['an address of keys beside the key', header(() => ({ jku: 'https://evil.example/jwks' }))],
    ['a key id in place of the key', header(() => ({ jwk: undefined, kid: 'key-1' }))],
  ]),
  ...under('7 · no private key', [
    ['the private key', jwk(({ key }) => ({ d: key.privateKey.export({ format: 'jwk' }).d }))],
    ['an empty private member', jwk(() => ({ d: '' }))],
    ['a member of a private RSA key', jwk(() => ({ p: 'AQAB' }))],
  ]),
  ...under('8 · the method', [
    ['GET', claims(() => ({ htm: 'GET' }))],
    ['post', claims(() => ({ htm: 'post' }))],
    ['a blank behind it', claims(() => ({ htm: 'POST ' }))],
    ['an empty one', claims(() => ({ htm: '' }))],
    ['a list', claims(() => ({ htm: ['POST'] }))],
  ]),
  ...under('9 · the address', [
    ['another host', claims(() => ({ htu: 'https://evil.example/graphql' }))],
    ['our host within another', claims(() => ({ htu: 'https://house.example.evil.example/graphql' }))],
    ['our host as a user', claims(() => ({ htu: 'https://house.example@evil.example/graphql' }))],
    ['a user at our host', claims(() => ({ htu: 'https://user:secret@house.example/graphql' }))],
    ['our host with a dot', claims(() => ({ htu: 'https://house.example./graphql' }))],
    ['another port', claims(() => ({ htu: 'https://house.example:8443/graphql' }))],
    ['another scheme', claims(() => ({ htu: 'http://house.example/graphql' }))],
    ['another path', claims(() => ({ htu: 'https://house.example/token' }))],
    ['a longer path', claims(() => ({ htu: 'https://house.example/graphql/' }))],
    ['a path in other letters', claims(() => ({ htu: 'https://house.example/GraphQL' }))],
    ['a path that leads elsewhere', claims(() => ({ htu: 'https://house.example/graphql/../token' }))],
    ['the path alone', claims(() => ({ htu: '/graphql' }))],
    ['no path', claims(() => ({ htu: 'https://house.example' }))],
    ['backslashes', claims(() => ({ htu: 'https:\\\\house.example\\graphql' }))],
    ['a line break in it', claims(() => ({ htu: 'https://house.example/gra\nphql' }))],
    ['a blank before it', claims(() => ({ htu: ' https://house.example/graphql' }))],
    ['an escaped slash', claims(() => ({ htu: 'https://house.example%2fgraphql' }))],
    ['signs that only look like ours', claims(() => ({ htu: 'https://house.example/ｇraphql' }))],
    ['a list', claims(({ url }) => ({ htu: [url] }))],
    ['more than 2 000 characters', claims(({ url }) => ({ htu: `${url}?${'x'.repeat(2_000)}` }))],
  ]),
  ...under('10 · the nonce', [
    ['none', claims(() => ({ nonce: undefined }))],
    ['an empty one', claims(() => ({ nonce: '' }))],
    ['one of long ago', claims(({ nonces }) => ({ nonce: nonces.old }))],
    ["another server's", claims(({ nonces }) => ({ nonce: nonces.strange }))],
    ['ours, cut', claims(({ nonces }) => ({ nonce: nonces.current.slice(0, -1) }))],
    ['a list', claims(({ nonces }) => ({ nonce: [nonces.current] }))],
    ['null', claims(() => ({ nonce: null }))],
  ]),
  ...under('11 · the time', [
    ['61 seconds ago', claims(({ now }) => ({ iat: now - 61 }))],
    ['long ago', claims(() => ({ iat: 1 }))],
    ['six seconds ahead', claims(({ now }) => ({ iat: now + 6 }))],
    ['in milliseconds', claims(({ now }) => ({ iat: now * 1_000 }))],
    ['a fraction', claims(({ now }) => ({ iat: now - 0.5 }))],
    ['a text', claims(({ now }) => ({ iat: String(now) }))],
    ['beyond all numbers', claimsText((text) => text.replace(/"iat":\d+/, '"iat":1e999'))],
    ['an end that has passed', claims(({ now }) => ({ exp: now - 10 }))],
    ['not good yet', claims(({ now }) => ({ nbf: now + 60 }))],
  ]),
  ...under('12 · the token, and the key that it is bound to', [
    ['the hash of another token', claims(() => ({ ath: 'A'.repeat(43) }))],
    ['the token itself', claims(({ accessToken }) => ({ ath: accessToken }))],
    ['an empty hash', claims(() => ({ ath: '' }))],
    ['a hash with padding', claims(({ claims: { ath } }) => ({ ath: `${String(ath)}=` }))],
    [
      'the hash in hexadecimal',
      claims(({ claims: { ath } }) => ({ ath: Buffer.from(String(ath), 'base64url').toString('hex') })),
    ],
    [
      "a good proof by another's key",
      ({ header: head, claims: said, strange }) => signBytes(json({ ...head, jwk: strange.jwk }), json(said), strange),
    ],
    [
      "a proof by another's key that shows ours",
      ({ header: head, claims: said, strange }) => signBytes(json(head), json(said), strange),
    ],
  ]),
];

/** A name, and the value of the field. */
export const GOOD_PROOFS: readonly (readonly [name: string, build: (forge: ProofForge) => string])[] = [
  ['a plain one', ({ proof }) => proof()],
  ['one of a minute ago', ({ proof, now }) => proof({ iat: now - 60 })],
  ['one five seconds ahead of our clock', ({ proof, now }) => proof({ iat: now + 5 })],
  ['one with the nonce of the window before', ({ proof, nonces }) => proof({ nonce: nonces.before })],
  ['one with the port written out', ({ proof }) => proof({ htu: 'https://house.example:443/graphql' })],
  ['one with the host in other letters', ({ proof }) => proof({ htu: 'HTTPS://House.EXAMPLE/graphql' })],
  ['one with a query and a fragment', ({ proof, url }) => proof({ htu: `${url}?query=x#y` })],
  ['one with a path that goes round', ({ proof }) => proof({ htu: 'https://house.example/a/../%67raphql' })],
  ['one with a jti of 200 characters', ({ proof }) => proof({ jti: 'x'.repeat(200) })],
  ['one with claims that we do not know', ({ proof, now }) => proof({ exp: now + 60, nbf: now, sub: 'x' })],
  [
    'one with the key as WebCrypto writes it',
    ({ proof, key }) => proof({}, { jwk: { key_ops: ['verify'], ext: true, ...key.jwk } }),
  ],
  [
    'one with a key that says what it is for',
    ({ proof, key }) => proof({}, { jwk: { ...key.jwk, kid: 'app', use: 'sig', alg: 'ES256' } }),
  ],
  [
    'one with blanks in its JSON',
    ({ bytes, header: head, claims: said }) => bytes(JSON.stringify(head, null, 2), JSON.stringify(said, null, 2)),
  ],
];
