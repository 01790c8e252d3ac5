/** The network that an address belongs to, as far as one customer usually has it: a /24 of IPv4, a /56 of IPv6. */
import { isIPv4, isIPv6 } from 'node:net';

/** How an IPv4 client looks on a socket that takes both. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const GROUPS = 8;
/** Four groups are a /64; the last eight bits of the fourth are the customer's to give away. */
const NETWORK_GROUPS = 4;

const groupsOf = (address: string): number[] => {
  const [plain = ''] = address.split('%');
  const [head = '', tail] = plain.split('::');
  const parse = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16) || 0);
  if (tail === undefined) return parse(head);
  const [first, last] = [parse(head), parse(tail)];
  return [...first, ...Array.from({ length: Math.max(0, GROUPS - first.length - last.length) }, () => 0), ...last];
};

/** One text for all addresses of a network. What is no address has a network of its own. */
export const networkOf = (address: string | undefined): string => {
  const plain = MAPPED.exec(address ?? '')?.[1] ?? address ?? '';
  if (isIPv4(plain)) return `${plain.split('.').slice(0, 3).join('.')}.0/24`;
  if (!isIPv6(plain)) return 'unknown';
  const groups = groupsOf(plain).slice(0, NETWORK_GROUPS);
  const network = groups.map((group, index) => (index === NETWORK_GROUPS - 1 ? group & 0xff00 : group));
  return `${network.map((group) => group.toString(16)).join(':')}::/56`;
};
