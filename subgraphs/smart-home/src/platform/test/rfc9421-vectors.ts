/**
 * RFC 9421 Appendix B as data: six signatures (B.2), one of a TLS-terminating proxy (B.3), and one message with its five
 * transformations, of which the last two must not verify (B.4). Lines that the RFC wraps are joined.
 */
export const RFC_KEYS = {
  'test-key-rsa-pss': `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2
+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+
oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq
gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W
Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4
aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI
2wIDAQAB
-----END PUBLIC KEY-----`,
  'test-key-ecc-p256': `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf
w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==
-----END PUBLIC KEY-----`,
  'test-key-ed25519': `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----`,
  /** Base64. */
  'test-shared-secret': 'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==',
} as const;
export type RfcKey = keyof typeof RFC_KEYS;
/** The private half of B.1.4, whose signatures come out the same each time. */
export const RFC_ED25519_PRIVATE = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----`;

export type RfcMessage =
  | { method: string; url: string; fields: readonly (readonly [string, string])[] }
  | { status: number; fields: readonly (readonly [string, string])[] };
export type RfcVector = {
  name: string;
  message: RfcMessage;
  key: RfcKey;
  algorithm: 'rsa-pss-sha512' | 'ecdsa-p256-sha256' | 'hmac-sha256' | 'ed25519';
  label: string;
  /** What the label says in `Signature-Input`. */
  input: string;
  /** Base64. */
  signature: string;
  /** Without the line of the parameters. */
  base: readonly string[];
  isValid: boolean;
  /** What our library does not know, and therefore refuses. */
  unsupported?: string;
};

const CREATED = 'created=1618884473';
const DIGEST = 'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:';
const ANSWER_DIGEST =
  'sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:';
const CLIENT_CERT =
  ':MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:';

const REQUEST: RfcMessage = {
  method: 'POST',
  url: 'https://example.com/foo?param=Value&Pet=dog',
  fields: [
    ['host', 'example.com'],
    ['date', 'Tue, 20 Apr 2021 02:07:55 GMT'],
    ['content-type', 'application/json'],
    ['content-digest', DIGEST],
    ['content-length', '18'],
  ],
};
const ANSWER: RfcMessage = {
  status: 200,
  fields: [
    ['date', 'Tue, 20 Apr 2021 02:07:56 GMT'],
    ['content-type', 'application/json'],
    ['content-digest', ANSWER_DIGEST],
    ['content-length', '23'],
  ],
};
const PROXIED: RfcMessage = {
  method: 'POST',
  url: 'https://service.internal.example/foo?param=Value&Pet=dog',
  fields: [
    ['host', 'service.internal.example'],
    ['date', 'Tue, 20 Apr 2021 02:07:55 GMT'],
    ['content-type', 'application/json'],
    ['content-length', '18'],
    ['client-cert', CLIENT_CERT],
  ],
};

const DEMO = 'https://example.org/demo?name1=Value1&Name2=value2';
const HOST = ['host', 'example.org'] as const;
const DATE = ['date', 'Fri, 15 Jul 2022 14:24:55 GMT'] as const;
const JSON_ONLY = ['accept', 'application/json'] as const;
const ANYTHING = ['accept', '*/*'] as const;

const transformed = (name: string, isValid: boolean, message: RfcMessage): RfcVector => ({
  name,
  message,
  key: 'test-key-ed25519',
  algorithm: 'ed25519',
  label: 'transform',
  input: `("@method" "@path" "@authority" "accept");${CREATED};keyid="test-key-ed25519"`,
  signature: 'ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==',
  base: ['"@method": GET', '"@path": /demo', '"@authority": example.org', '"accept": application/json, */*'],
  isValid,
});

export const RFC_VECTORS: readonly RfcVector[] = [
  {
    name: 'B.2.1 minimal',
    message: REQUEST,
    key: 'test-key-rsa-pss',
    algorithm: 'rsa-pss-sha512',
    label: 'sig-b21',
    input: `();${CREATED};keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"`,
    signature:
      'd2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==',
    base: [],
    isValid: true,
  },
  {
    name: 'B.2.2 selective',
    message: REQUEST,
    key: 'test-key-rsa-pss',
    algorithm: 'rsa-pss-sha512',
    label: 'sig-b22',
    input: `("@authority" "content-digest" "@query-param";name="Pet");${CREATED};keyid="test-key-rsa-pss";tag="header-example"`,
    signature:
      'LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==',
    base: ['"@authority": example.com', `"content-digest": ${DIGEST}`, '"@query-param";name="Pet": dog'],
    isValid: true,
    unsupported: '@query-param',
  },
  {
    name: 'B.2.3 full',
    message: REQUEST,
    key: 'test-key-rsa-pss',
    algorithm: 'rsa-pss-sha512',
    label: 'sig-b23',
    input: `("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");${CREATED};keyid="test-key-rsa-pss"`,
    signature:
      'bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==',
    base: [
      '"date": Tue, 20 Apr 2021 02:07:55 GMT',
      '"@method": POST',
      '"@path": /foo',
      '"@query": ?param=Value&Pet=dog',
      '"@authority": example.com',
      '"content-type": application/json',
      `"content-digest": ${DIGEST}`,
      '"content-length": 18',
    ],
    isValid: true,
  },
  {
    name: 'B.2.4 answer',
    message: ANSWER,
    key: 'test-key-ecc-p256',
    algorithm: 'ecdsa-p256-sha256',
    label: 'sig-b24',
    input: `("@status" "content-type" "content-digest" "content-length");${CREATED};keyid="test-key-ecc-p256"`,
    signature: 'wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==',
    base: [
      '"@status": 200',
      '"content-type": application/json',
      `"content-digest": ${ANSWER_DIGEST}`,
      '"content-length": 23',
    ],
    isValid: true,
  },
  {
    name: 'B.2.5 shared secret',
    message: REQUEST,
    key: 'test-shared-secret',
    algorithm: 'hmac-sha256',
    label: 'sig-b25',
    input: `("date" "@authority" "content-type");${CREATED};keyid="test-shared-secret"`,
    signature: 'pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=',
    base: ['"date": Tue, 20 Apr 2021 02:07:55 GMT', '"@authority": example.com', '"content-type": application/json'],
    isValid: true,
  },
  {
    name: 'B.2.6 Ed25519',
    message: REQUEST,
    key: 'test-key-ed25519',
    algorithm: 'ed25519',
    label: 'sig-b26',
    input: `("date" "@method" "@path" "@authority" "content-type" "content-length");${CREATED};keyid="test-key-ed25519"`,
    signature: 'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==',
    base: [
      '"date": Tue, 20 Apr 2021 02:07:55 GMT',
      '"@method": POST',
      '"@path": /foo',
      '"@authority": example.com',
      '"content-type": application/json',
      '"content-length": 18',
    ],
    isValid: true,
  },
  {
    name: 'B.3 a proxy that ends TLS',
    message: PROXIED,
    key: 'test-key-ecc-p256',
    algorithm: 'ecdsa-p256-sha256',
    label: 'ttrp',
    input: `("@path" "@query" "@method" "@authority" "client-cert");${CREATED};keyid="test-key-ecc-p256"`,
    signature: 'xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==',
    base: [
      '"@path": /foo',
      '"@query": ?param=Value&Pet=dog',
      '"@method": POST',
      '"@authority": service.internal.example',
      `"client-cert": ${CLIENT_CERT}`,
    ],
    isValid: true,
  },
  transformed('B.4 as it was signed', true, { method: 'GET', url: DEMO, fields: [HOST, DATE, JSON_ONLY, ANYTHING] }),
  transformed('B.4 with a parameter and a language added', true, {
    method: 'GET',
    url: `${DEMO}&param=added`,
    fields: [HOST, DATE, JSON_ONLY, ANYTHING, ['accept-language', 'en-US,en;q=0.5']],
  }),
  transformed('B.4 with its fields put together and others taken away', true, {
    method: 'GET',
    url: DEMO,
    fields: [HOST, ['referer', 'https://developer.example.org/demo'], ['accept', 'application/json, */*']],
  }),
  transformed('B.4 with its fields in another order', true, {
    method: 'GET',
    url: DEMO,
    fields: [JSON_ONLY, ANYTHING, DATE, HOST],
  }),
  transformed('B.4 with another method and authority', false, {
    method: 'POST',
    url: 'https://example.com/demo?name1=Value1&Name2=value2',
    fields: [['host', 'example.com'], DATE, JSON_ONLY, ANYTHING],
  }),
  transformed('B.4 with the values of one field in another order', false, {
    method: 'GET',
    url: DEMO,
    fields: [HOST, DATE, ANYTHING, JSON_ONLY],
  }),
];
