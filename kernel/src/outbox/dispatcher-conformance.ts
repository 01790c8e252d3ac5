/** What every dispatcher promises, written once and run for each driver. */
import { afterEach, expect, test } from '@jest/globals';
import type { Dispatcher } from './outbox.ts';

export const dispatcherConforms = (driver: string, create: () => Dispatcher): void => {
  const running: Dispatcher[] = [];
  const start = async (deliver: (id: string) => Promise<void>): Promise<Dispatcher> => {
    const dispatcher = create();
    running.push(dispatcher);
    await dispatcher.start(deliver);
    return dispatcher;
  };
  afterEach(async () => {
    for (const dispatcher of running.splice(0)) await dispatcher.stop();
  });

  test(`${driver}: an id that was dispatched is delivered`, async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const dispatcher = await start(async (id) => resolve(id));
    dispatcher.dispatch({ id: 'a', class: 'write', leaseToken: 0 });
    expect(await promise).toBe('a');
  });

  test(`${driver}: a slow class does not hold up a door`, async () => {
    const slow = Promise.withResolvers<void>();
    const door = Promise.withResolvers<void>();
    const dispatcher = await start(async (id) => {
      if (id === 'door') door.resolve();
      else await slow.promise;
    });
    for (let index = 0; index < 50; index += 1)
      dispatcher.dispatch({ id: `write-${index}`, class: 'write', leaseToken: 0 });
    dispatcher.dispatch({ id: 'door', class: 'moment', leaseToken: 0 });
    await door.promise;
    slow.resolve();
  });

  test(`${driver}: one turn that is dispatched twice while it waits is delivered once`, async () => {
    const gate = Promise.withResolvers<void>();
    const delivered: string[] = [];
    const last = Promise.withResolvers<void>();
    const dispatcher = await start(async (id) => {
      delivered.push(id);
      if (id === 'last') last.resolve();
      else await gate.promise;
    });
    dispatcher.dispatch({ id: 'a', class: 'write', leaseToken: 0 });
    dispatcher.dispatch({ id: 'a', class: 'write', leaseToken: 0 });
    dispatcher.dispatch({ id: 'last', class: 'write', leaseToken: 0 });
    await last.promise;
    gate.resolve();
    expect(delivered.toSorted()).toEqual(['a', 'last']);
  });

  test(`${driver}: a later turn of the same command is delivered too`, async () => {
    const twice = Promise.withResolvers<void>();
    let turns = 0;
    const once = Promise.withResolvers<void>();
    const dispatcher = await start(async () => {
      turns += 1;
      if (turns === 1) once.resolve();
      if (turns === 2) twice.resolve();
    });
    dispatcher.dispatch({ id: 'a', class: 'write', leaseToken: 0 });
    await once.promise;
    await new Promise((resolve) => setImmediate(resolve));
    dispatcher.dispatch({ id: 'a', class: 'write', leaseToken: 1 });
    await twice.promise;
  });

  test(`${driver}: stopping finishes what is under way and takes nothing new`, async () => {
    const entered = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    let finished = false;
    const dispatcher = await start(async () => {
      entered.resolve();
      await gate.promise;
      finished = true;
    });
    dispatcher.dispatch({ id: 'a', class: 'moment', leaseToken: 0 });
    await entered.promise;
    const stopped = dispatcher.stop();
    gate.resolve();
    await stopped;
    expect(finished).toBe(true);
  });
};
