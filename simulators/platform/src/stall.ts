/** A platform that stands still for a while and then goes on with everything it was asked meanwhile, in order. */
import type { Timers } from './timers.ts';

export type Stall = {
  /** Stands still for `milliseconds` from now; a longer one that is under way stays. */
  freeze(milliseconds: number): void;
  /** Resolves at once when nothing stands still. */
  passed(): Promise<void>;
  frozen(): boolean;
  /** Ends every freeze now. */
  end(): void;
};

export const createStall = ({ timers }: { timers: Timers }): Stall => {
  let waiting: (() => void)[] = [];
  const freezes = new Set<symbol>();
  const resume = () => {
    const resumed = waiting;
    waiting = [];
    for (const go of resumed) go();
  };
  return {
    freeze(milliseconds) {
      const freeze = Symbol('freeze');
      freezes.add(freeze);
      void timers.after(milliseconds).then(() => {
        if (freezes.delete(freeze) && freezes.size === 0) resume();
      });
    },
    passed: () => (freezes.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    frozen: () => freezes.size > 0,
    end() {
      freezes.clear();
      resume();
    },
  };
};
