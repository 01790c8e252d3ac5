/** `npm run bench`: what one request costs the gateway's process, against bare Apollo over the same subgraphs. */
import { requireNode } from '@house/kernel/runtime';
import { runBench } from './bench/run.ts';
import { runWorkersBench } from './bench/workers.ts';

const HELP = `npm run bench -- [--rounds N] [--requests N]

Sends the home screen and an accepted open through two gateways in turn, ours and bare @apollo/server + @apollo/gateway,
over the same subgraphs, and prints the CPU time of the gateway's process for one request, round by round, with the ratio.
Then counts the platform's calls for one home screen: the minimum is one for each home that has access points.
The last line is one JSON object. Exit 1 when the answers differ or a home screen costs more calls than the minimum.

  --rounds N     rounds of each (5)
  --requests N   requests in one round (400)
  --against X    only "apollo" can be compared on this lock file
  --workers 1,2,4   instead: how fast writes are delivered by so many processes of smart-home, on a real PostgreSQL and a
                 real Redis, found or installed as npm test does, while the platform takes 800 ms for each call
  --vehicles N   with --workers: writes for each of 48 flats (4)
`;

requireNode();

const option = (name: string, fallback: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (process.argv[at + 1] ?? '');
};
const out = (line: string): void => void process.stdout.write(`${line}\n`);
const count = (name: string, fallback: number): number => {
  const value = Number(option(name, String(fallback)));
  if (Number.isInteger(value) && value > 0) return value;
  process.stderr.write(`--${name} takes a whole number above 0\n${HELP}`);
  return process.exit(2);
};

if (process.argv.includes('--help')) {
  process.stdout.write(HELP);
} else if (option('against', 'apollo') !== 'apollo') {
  process.stderr.write('Only --against apollo can be run: no other gateway is in the lock file.\n');
  process.exitCode = 2;
} else if (process.argv.includes('--workers')) {
  const workers = option('workers', '').split(',').map(Number);
  if (!workers.every((one) => Number.isInteger(one) && one >= 1 && one <= 8)) {
    process.stderr.write(`--workers takes whole numbers from 1 to 8, with commas between them\n${HELP}`);
    process.exit(2);
  }
  process.exitCode = await runWorkersBench({ workers, vehicles: count('vehicles', 4), out });
} else {
  process.exitCode = await runBench({
    rounds: count('rounds', 5),
    requests: count('requests', 400),
    out,
  });
}
