import { expect, test } from '@jest/globals';
import { isNetwork, networksOf } from './api-key-networks.ts';

test.each<[string, string, boolean]>([
  ['10.0.0.0/8', '10.255.255.255', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['10.0.0.0/8', '9.255.255.255', false],
  ['10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['10.0.0.0/8', '::FFFF:10.1.2.3', true],
  ['10.0.0.0/8', '::ffff:11.1.2.3', false],
  ['10.0.0.0/8', '::10.1.2.3', false],
  ['10.0.0.0/8', '10.1.2.3.4', false],
  ['10.0.0.0/8', '', false],
  ['10.0.0.0/8', 'localhost', false],
  ['192.0.2.7', '192.0.2.7', true],
  ['192.0.2.7', '192.0.2.8', false],
  ['192.0.2.7/32', '192.0.2.6', false],
  ['192.0.2.0/31', '192.0.2.1', true],
  ['192.0.2.0/31', '192.0.2.2', false],
  ['0.0.0.0/0', '203.0.113.9', true],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['::/0', '2001:db8::1', true],
  ['::/0', '203.0.113.9', false],
  ['::/0', '::ffff:203.0.113.9', false],
  ['2001:db8::/32', '2001:db8:ffff::1', true],
  ['2001:db8::/32', '2001:db9::1', false],
  ['2001:db8::/32', '2001:DB8::1', true],
  ['fe80::/10', 'fe80::1%eth0', true],
  ['::1', '::1', true],
  ['::1', '127.0.0.1', false],
])('of %s, %s is a member: %s', (network, address, isMember) => {
  expect(networksOf([network])(address)).toBe(isMember);
});

test('one of several networks is enough, and an address that is not known is in none', () => {
  const isIn = networksOf(['10.0.0.0/8', '2001:db8::/32']);
  expect(['10.0.0.1', '2001:db8::1', '192.0.2.1', undefined].map(isIn)).toEqual([true, true, false, false]);
  expect(networksOf([])('10.0.0.1')).toBe(false);
});

test.each([
  '',
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '10.0.0.0/08',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '10.0.0/8',
  '010.0.0.0/8',
  '2001:db8::/129',
  'fe80::1%eth0/64',
  'example.com',
  '*',
  'all',
])('%j is no network', (text) => {
  expect(isNetwork(text)).toBe(false);
  expect(() => networksOf([text])).toThrow(TypeError);
});
