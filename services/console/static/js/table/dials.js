// The dials of the seats, and what a policy has them set to. Pure functions.

const DIGITS = 3; // of a dial's value: people read them

/** All dials of the seats, each with the seat that turns it. */
export function dialsOf(seats) {
  return seats.flatMap((seat) => seat.dials.map((dial) => ({ ...dial, seat: seat.seat })));
}

/** Where a value lies in a dial's range, 0 to 1; of a whole number the middle of its part; beyond the range, the end. */
export function shareOf(dial, value) {
  const inside = Math.min(Math.max(value, dial.low), dial.high);
  if (dial.whole) return (Math.trunc(inside) - dial.low + 0.5) / (dial.high - dial.low + 1);
  if (dial.scale === "log") return Math.log(inside / dial.low) / Math.log(dial.high / dial.low);
  return (inside - dial.low) / (dial.high - dial.low);
}

/** A dial's value at a share, 0 to 1, of its range; whole numbers all have equal parts of it. */
export function valueAt(dial, share) {
  if (dial.whole) {
    const steps = dial.high - dial.low + 1;
    return dial.low + Math.min(Math.floor(share * steps), steps - 1);
  }
  const value = dial.scale === "log" ? dial.low * (dial.high / dial.low) ** share : dial.low + (dial.high - dial.low) * share;
  return Math.min(Math.max(Number(value.toPrecision(DIGITS)), dial.low), dial.high);
}

/** What a tried policy has the dials set to: `{model, values: {path: number}}`. */
export function settingOf(tried, dials) {
  const values = dials.map(({ path }) => [path, path.split(".").reduce((part, name) => part?.[name], tried.policy)]);
  return { model: tried.model, values: Object.fromEntries(values) };
}

/** Whether two settings make the same lists, as far as the dials go. */
export function sameSetting(one, other, dials) {
  return one.model === other.model && dials.every(({ path }) => one.values[path] === other.values[path]);
}

/** The dials that differ, as `[{dial, before, after}]`. */
export function turned(before, after, dials) {
  return dials
    .filter(({ path }) => before.values[path] !== after.values[path])
    .map((dial) => ({ dial, before: before.values[dial.path], after: after.values[dial.path] }));
}

/** A dial's value as people read it. */
export function dialText(value) {
  return Number(value.toPrecision(DIGITS)).toString().replace("-", "−");
}
