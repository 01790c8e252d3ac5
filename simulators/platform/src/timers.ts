/** Every wait of the simulator, so that closing it leaves nothing running. */
export type Timers = {
  /** Resolves after `milliseconds`; never, once `clear` was called. */
  after(milliseconds: number): Promise<void>;
  clear(): void;
};

export const createTimers = (): Timers => {
  const running = new Set<NodeJS.Timeout>();
  return {
    after: (milliseconds) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          running.delete(timer);
          resolve();
        }, milliseconds);
        running.add(timer);
      }),
    clear() {
      for (const timer of running) clearTimeout(timer);
      running.clear();
    },
  };
};
