/**
 * Node's environment, and a failure for the test file that leaves something running: a server, a connection, a
 * child process or a timer keeps the process alive, and would be met by the tests of another file.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { TestEnvironment } from 'jest-environment-node';

/** What keeps a process alive, in Node's words and in ours. */
const WATCHED = {
  TCPServerWrap: 'a listening server',
  TCPSocketWrap: 'an open connection',
  ProcessWrap: 'a child process',
  UDPWrap: 'a datagram socket',
  MessagePort: 'a worker thread',
  Timeout: 'a timer',
};

/** A closed connection takes a moment to be gone. `testEnvironmentOptions.graceMs` changes it. */
const GRACE_MS = 2_000;
const POLL_MS = 20;

const counted = () => {
  const counts = {};
  for (const name of process.getActiveResourcesInfo()) if (name in WATCHED) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

export default class LeakEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.graceMs = config.projectConfig.testEnvironmentOptions.graceMs ?? GRACE_MS;
  }

  async setup() {
    await super.setup();
    this.before = counted();
  }

  left() {
    return Object.entries(counted()).filter(([name, count]) => count > (this.before[name] ?? 0));
  }

  async handleTestEvent(event, state) {
    if (event.name !== 'run_finish') return;
    const until = Date.now() + this.graceMs;
    // Waiting is a timer itself, but an awaited one: it is over when we look.
    while (this.left().length > 0 && Date.now() < until) await delay(POLL_MS);
    const left = this.left();
    if (left.length === 0) return;
    const words = left.map(([name, count]) => `${WATCHED[name]} (${count - (this.before[name] ?? 0)})`);
    const error = new Error(
      `The file left running after its last test: ${words.join(', ')}. Stop it in afterAll or afterEach.`,
    );
    error.stack = error.message;
    state.unhandledErrors.push(error);
  }
}
