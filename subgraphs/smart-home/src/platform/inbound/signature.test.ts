import { expect, test } from '@jest/globals';
import { isSigned, keyOf, readEnvelope } from './signature.ts';

test('the published example of Standard Webhooks is good, and no other time, body or secret makes it so', () => {
  const at = new Date(1_614_265_330_000);
  const envelope = readEnvelope(
    {
      'webhook-id': ['msg_p5jXN8AQM9LWM0D4loKWxJek'],
      'webhook-timestamp': ['1614265330'],
      'webhook-signature': ['v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='],
    },
    at,
  );
  if (typeof envelope === 'string') throw new Error(envelope);
  const body = Buffer.from('{"test": 2432232314}');
  const key = keyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  expect(isSigned(envelope, body, [key])).toBe(true);
  expect(isSigned(envelope, body, [Buffer.alloc(24), key])).toBe(true);
  expect(isSigned(envelope, body, [])).toBe(false);
  expect(isSigned(envelope, body, [Buffer.alloc(24)])).toBe(false);
  expect(isSigned({ ...envelope, timestamp: '1614265331' }, body, [key])).toBe(false);
  expect(isSigned(envelope, Buffer.from('{"test": 2432232315}'), [key])).toBe(false);
});
