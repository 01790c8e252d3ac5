/** The networks that a key may be used from, in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3). */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

type Network = { readonly address: string; readonly prefix: number; readonly family: 'ipv4' | 'ipv6' };

const familyOf = (address: string): Network['family'] | undefined => {
  if (isIPv4(address)) return 'ipv4';
  return isIPv6(address) && !address.includes('%') ? 'ipv6' : undefined;
};

const parse = (text: string): Network | undefined => {
  const [, address = '', digits] = /^([^/]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const family = familyOf(address);
  if (!family) return undefined;
  const longest = family === 'ipv4' ? 32 : 128;
  const prefix = digits === undefined ? longest : Number(digits);
  return prefix <= longest ? { address, prefix, family } : undefined;
};

/** A single address stands for itself alone; "anywhere" is written out, `0.0.0.0/0` and `::/0`. */
export const isNetwork = (text: string): boolean => parse(text) !== undefined;

/** Whether an address lies in one of the networks. IPv4 within IPv6, as sockets for both show it, counts as IPv4. */
export type Networks = (address: string | undefined) => boolean;

/** @throws TypeError for what is no network. */
export const networksOf = (texts: readonly string[]): Networks => {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const text of texts) {
    const network = parse(text);
    if (!network) throw new TypeError('expected networks');
    lists[network.family].addSubnet(network.address, network.prefix, network.family);
  }
  return (address = '') => {
    // Of the zone that a link-local address has here, no other machine knows anything.
    const plain = address.replace(/%.*$/s, '').replace(/^::ffff:(?=\d+\.)/i, '');
    const family = familyOf(plain);
    return family !== undefined && lists[family].check(plain, family);
  };
};
