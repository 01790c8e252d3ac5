/** The vehicles of each flat, changed by one client at a time, so that the order of acceptance is known. */
import type { Chance } from './chance.ts';
import { FINAL } from './history.ts';
import type { Look, Send } from './load.ts';
import type { Resident } from './resident.ts';
import type { InhabitedFlat } from './world.ts';

/** Accepted and not yet done: enough that an order can be broken, few enough that a flat is done in the end. */
const UNDER_WAY_LIMIT = 5;
const CARS_LIMIT = 4;
const BURST = 3;
const REMOVED = 0.4;
/** A car that was removed a moment ago comes back. */
const COMES_BACK = 0.15;

const LETTERS = 'ABEKMHOPCTYX';

/** A plate of its own for every number below 143 856. */
const plateOf = (number: number): string => {
  const letter = (index: number) => LETTERS.charAt(index % LETTERS.length);
  const rest = Math.floor(number / 999);
  return `${letter(rest)}${String((number % 999) + 1).padStart(3, '0')}${letter(rest / 12)}${letter(rest / 144)}77`;
};

type Car = { plate: string; vehicleId: string; resident: Resident };

type Lane = {
  flat: InhabitedFlat;
  busy: boolean;
  /** An intent was given up: whether it is accepted later nobody knows, so the order is no longer known. */
  over: boolean;
  place: number;
  cars: Car[];
  gone: Car[];
  underWay: { resident: Resident; operationId: string }[];
};

export const createVehicleLanes = ({
  flats,
  send,
  look,
}: {
  flats: readonly InhabitedFlat[];
  send: Send;
  look: Look;
}): { change(own: Chance): Promise<void> } => {
  let plates = 0;
  const lanes = flats.map(
    (flat): Lane => ({ flat, busy: false, over: false, place: 0, cars: [], gone: [], underWay: [] }),
  );

  const forgetDone = async (lane: Lane): Promise<void> => {
    for (const [resident, own] of Map.groupBy(lane.underWay, ({ resident }) => resident)) {
      const states = await look(
        resident,
        own.map(({ operationId }) => operationId),
      );
      lane.underWay = lane.underWay.filter(({ operationId }) => !FINAL.has(states.get(operationId) ?? ''));
    }
  };

  const add = async (lane: Lane, own: Chance): Promise<void> => {
    const { flat, gone } = lane;
    // Two people's permits for one plate are one line at the platform: who had it before has it again.
    const back = own.happens(COMES_BACK) ? gone.shift() : undefined;
    const plate = back?.plate ?? plateOf(plates++);
    const resident = back?.resident ?? own.pick(flat.inhabitants).resident;
    const what = { kind: 'VEHICLE_ADD', premisesId: flat.premisesId, plate, place: lane.place++ } as const;
    const { answer } = await send(resident, 'addVehicle', what, { premisesId: flat.premisesId, plate });
    if (answer.is === 'given-up') lane.over = true;
    if (answer.is !== 'accepted') return;
    lane.underWay.push({ resident, operationId: answer.operationId });
    if (answer.vehicleId !== undefined) lane.cars.push({ plate, vehicleId: answer.vehicleId, resident });
  };

  const remove = async (lane: Lane, own: Chance): Promise<void> => {
    const { flat, cars } = lane;
    const [owner] = flat.inhabitants;
    const car = own.pick(cars);
    if (!owner) return;
    const what = {
      kind: 'VEHICLE_REMOVE',
      premisesId: flat.premisesId,
      plate: car.plate,
      place: lane.place++,
    } as const;
    const { answer } = await send(owner.resident, 'removeVehicle', what, { vehicleId: car.vehicleId });
    if (answer.is === 'given-up') lane.over = true;
    if (answer.is !== 'accepted') return;
    lane.underWay.push({ resident: owner.resident, operationId: answer.operationId });
    lane.cars = cars.filter((one) => one !== car);
    lane.gone.push(car);
  };

  return {
    change: async (own) => {
      const free = lanes.filter(({ busy, over }) => !busy && !over);
      if (free.length === 0) return;
      const lane = own.pick(free);
      lane.busy = true;
      try {
        if (lane.underWay.length >= UNDER_WAY_LIMIT) await forgetDone(lane);
        for (let left = own.between(1, BURST); left > 0 && !lane.over; left -= 1) {
          if (lane.underWay.length >= UNDER_WAY_LIMIT) return;
          const removes = lane.cars.length >= CARS_LIMIT || (lane.cars.length > 0 && own.happens(REMOVED));
          await (removes ? remove(lane, own) : add(lane, own));
        }
      } finally {
        lane.busy = false;
      }
    },
  };
};
