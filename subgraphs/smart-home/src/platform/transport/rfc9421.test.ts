import { constants, createHmac, createPrivateKey, createPublicKey, sign, timingSafeEqual, verify } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createSignature, type MessageDescriptor, verifySignature } from 'http-message-sig';
import { httpbis } from 'http-message-signatures';
import {
  RFC_ED25519_PRIVATE,
  RFC_KEYS,
  RFC_VECTORS,
  type RfcMessage,
  type RfcVector,
} from '../test/rfc9421-vectors.ts';
import { createVerifyAnswer } from './verify-answer.ts';

const SIGNED_AT = 1_618_884_473;
const secret = Buffer.from(RFC_KEYS['test-shared-secret'], 'base64');
const mac = (data: Uint8Array): Buffer => createHmac('sha256', secret).update(data).digest();

const check = ({ algorithm, key }: RfcVector, data: Uint8Array, signature: Uint8Array): boolean => {
  if (algorithm === 'hmac-sha256') return timingSafeEqual(mac(data), signature);
  const publicKey = createPublicKey(RFC_KEYS[key]);
  if (algorithm === 'ed25519') return verify(null, data, publicKey, signature);
  if (algorithm === 'ecdsa-p256-sha256')
    return verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 };
  return verify('sha512', data, { key: publicKey, ...padding }, signature);
};

const signatureFields = ({ label, input, signature }: RfcVector) =>
  [
    ['signature-input', `${label}=${input}`],
    ['signature', `${label}=:${signature}:`],
  ] as const;
const toMessage = (message: RfcMessage, more: readonly (readonly [string, string])[] = []): MessageDescriptor => {
  const fields = [...message.fields, ...more].map(([name, value]) => ({ name, value }));
  return 'status' in message
    ? { kind: 'response', status: message.status, fields }
    : { kind: 'request', method: message.method, targetUri: message.url, fields };
};
/** As the other library wants them: values of one name in an array. */
const toHeaders = (fields: readonly (readonly [string, string])[]): Record<string, string[]> => {
  const headers: Record<string, string[]> = {};
  for (const [name, value] of fields) headers[name] = [...(headers[name] ?? []), value];
  return headers;
};

const proven = async (vector: RfcVector): Promise<boolean | string> => {
  try {
    await verifySignature(toMessage(vector.message, signatureFields(vector)), {
      label: vector.label,
      policy: {
        algorithms: [vector.algorithm],
        requiredComponents: [],
        requiredParameters: ['created'],
        now: SIGNED_AT,
      },
      resolveVerifier: () => ({
        algorithm: vector.algorithm,
        verify: (data, signature) => check(vector, data, signature),
      }),
    });
    return true;
  } catch (error) {
    const { code } = error as { code: string };
    return code === 'VerificationFailed' ? false : code;
  }
};
const provenByTheOther = async (vector: RfcVector): Promise<boolean | null> => {
  const headers = toHeaders([...vector.message.fields, ...signatureFields(vector)]);
  const key = { algs: [vector.algorithm], verify: async (data: Buffer, value: Buffer) => check(vector, data, value) };
  const config = { keyLookup: async () => key };
  const { message } = vector;
  return 'status' in message
    ? httpbis.verifyMessage(config, { status: message.status, headers })
    : httpbis.verifyMessage(config, { method: message.method, url: message.url, headers });
};

test('Appendix B of RFC 9421 is here whole', () => {
  const inPart = (part: string): number => RFC_VECTORS.filter(({ name }) => name.startsWith(part)).length;
  expect([inPart('B.2'), inPart('B.3'), inPart('B.4'), RFC_VECTORS.length]).toEqual([6, 1, 6, 13]);
});

test.each(RFC_VECTORS)(
  '$name is judged as the RFC judges it, and refused where our library does not know it',
  async (vector) => {
    expect(await proven(vector)).toBe(vector.unsupported ? 'UnsupportedFeature' : vector.isValid);
    expect(await provenByTheOther(vector)).toBe(vector.isValid);
  },
);

/** Of those that verify: what a signer makes of the message, and the signature where it comes out the same each time. */
test.each(RFC_VECTORS.filter(({ isValid, unsupported }) => isValid && !unsupported))(
  '$name is signed over what the RFC says',
  async (vector) => {
    const [components = '', ...parameters] = vector.input.split(/(?<=\));|;/);
    const bases: string[] = [];
    const { signature, signatureInput } = await createSignature(toMessage(vector.message), {
      label: vector.label,
      components: components.match(/[^"() ]+/g) ?? [],
      parameters: Object.fromEntries(
        parameters.map((parameter) => {
          const [name = '', value = ''] = parameter.split('=');
          return [name, value.startsWith('"') ? value.slice(1, -1) : Number(value)];
        }),
      ),
      signer: {
        algorithm: vector.algorithm,
        sign: (data) => {
          bases.push(Buffer.from(data).toString());
          if (vector.algorithm === 'hmac-sha256') return mac(data);
          return sign(null, data, createPrivateKey(RFC_ED25519_PRIVATE));
        },
      },
    });
    expect(bases).toEqual([[...vector.base, `"@signature-params": ${vector.input}`].join('\n')]);
    expect(signatureInput).toBe(`${vector.label}=${vector.input}`);
    if (vector.algorithm === 'hmac-sha256' || vector.algorithm === 'ed25519')
      expect(signature).toBe(`${vector.label}=:${vector.signature}:`);
  },
);

test('a signature that is good, but not over what the contract wants, proves no answer of the platform', async () => {
  const verifyAnswer = createVerifyAnswer({
    signingKeys: () => new Map([['test-key-ecc-p256', createPublicKey(RFC_KEYS['test-key-ecc-p256'])]]),
    clock: () => new Date(SIGNED_AT * 1_000),
  });
  const body = Buffer.from('{"message": "good dog"}');
  for (const vector of RFC_VECTORS) {
    const headers = toHeaders([...vector.message.fields, ...signatureFields(vector)]);
    const request = { method: 'GET', target: new URL('https://example.com/foo'), contentDigest: 'sha-256=::' };
    expect(await verifyAnswer({ request, status: 200, headers, body })).toEqual(expect.any(String));
  }
});
