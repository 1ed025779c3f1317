// Scales and what is worked out on them: round ticks, domains, the points that no other point beats. Pure functions.

const STEPS = [1, 2, 5, 10];

/** Round numbers, about `count` steps of 1, 2 or 5 times a power of ten, that cover [low, high]. */
export function niceTicks(low, high, count = 5) {
  const raw = (high - low) / Math.max(1, count);
  let power = Math.floor(Math.log10(raw));
  let factor = STEPS.find((step) => step * 10 ** power >= raw * (1 - 1e-9)) ?? 10;
  if (factor === 10) [factor, power] = [1, power + 1];
  // One division or product of whole numbers: 0.3 and not 0.30000000000000004.
  const times = (i) => (power < 0 ? (i * factor) / 10 ** -power : i * factor * 10 ** power);
  const step = times(1);
  const [first, last] = [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  return Array.from({ length: last - first + 1 }, (_, i) => times(first + i));
}

/** Ticks of a logarithmic axis that cover [low, high], both above 0: 1, 2 and 5 of each decade, or decades alone. */
export function logTicks(low, high, count = 5) {
  if (high / low < 4) return niceTicks(low, high, count).filter((tick) => tick > 0);
  const [from, to] = [Math.floor(Math.log10(low) + 1e-9), Math.ceil(Math.log10(high) - 1e-9)];
  for (const digits of [[1, 2, 5], [1, 3], [1]]) {
    const all = [];
    for (let power = from; power <= to; power++) all.push(...digits.map((digit) => powerOfTen(digit, power)));
    const first = all.findLastIndex((tick) => tick <= low * (1 + 1e-9));
    const last = all.findIndex((tick) => tick >= high * (1 - 1e-9));
    const ticks = all.slice(Math.max(0, first), last + 1);
    if (ticks.length <= count + 2) return ticks;
  }
  const every = Math.ceil((to - from) / count);
  const decades = Math.ceil((to - from) / every);
  return Array.from({ length: decades + 1 }, (_, i) => powerOfTen(1, from + i * every));
}

/**
 * An axis over values: `{low, high, ticks, log, at(value)}`, `at` in 0..1, what lies outside drawn in.
 * `cover`: the ends are ticks. `zero`: 0 is on it ("near": where that costs no more than half of the axis).
 * `air`: this share of the values' range is added at both ends.
 */
export function axisOf(values, { log = false, count = 5, cover = true, zero = false, air = 0 } = {}) {
  const usable = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  let [low, high] = usable.length ? [Math.min(...usable), Math.max(...usable)] : log ? [1, 10] : [0, 1];
  if (!log) [low, high] = withZero(low, high, zero);
  if (low === high) [low, high] = log ? [low / 2, low * 2] : low === 0 ? [0, 1] : [low - Math.abs(low) / 2, low + Math.abs(low) / 2];
  if (air) [low, high] = log ? [low * (low / high) ** air, high * (high / low) ** air] : [low - air * (high - low), high + air * (high - low)];
  let ticks = log ? logTicks(low, high, count) : niceTicks(low, high, count);
  if (cover) [low, high] = [Math.min(low, ticks[0]), Math.max(high, ticks.at(-1))];
  else ticks = ticks.filter((tick) => tick >= low - 1e-9 * (high - low) && tick <= high + 1e-9 * (high - low));
  const place = log ? Math.log : (value) => value;
  const [from, to] = [place(low), place(high)];
  const at = (value) => Math.min(1, Math.max(0, (place(Math.min(high, Math.max(low, value))) - from) / (to - from)));
  return { low, high, ticks, log, at };
}

function withZero(low, high, zero) {
  const cheap = zero === true || (zero === "near" && (low > 0 ? low <= high / 2 : high >= low / 2));
  return cheap ? [Math.min(0, low), Math.max(0, high)] : [low, high];
}

/** Those of the points {x, y} that no other beats in both; `x` and `y` say whether "high" or "low" is better. By x. */
export function nonDominated(points, better = {}) {
  const sign = { x: better.x === "low" ? -1 : 1, y: better.y === "low" ? -1 : 1 };
  const byX = points.toSorted((a, b) => sign.x * (b.x - a.x) || sign.y * (b.y - a.y));
  let best = -Infinity;
  const kept = byX.filter((point) => {
    const beaten = sign.y * point.y <= best;
    if (!beaten) best = sign.y * point.y;
    return !beaten;
  });
  return kept.toSorted((a, b) => a.x - b.x);
}

/** Positions moved as little as it takes for neighbours to stand `gap` apart within [low, high]; order is kept. */
export function spreadOut(positions, gap, low, high) {
  const order = positions.map((_, i) => i).sort((a, b) => positions[a] - positions[b]);
  const placed = [...positions];
  let floor = low;
  for (const i of order) {
    placed[i] = Math.max(placed[i], floor);
    floor = placed[i] + gap;
  }
  let ceiling = high;
  for (const i of order.toReversed()) {
    placed[i] = Math.min(placed[i], ceiling);
    ceiling = placed[i] - gap;
  }
  return placed;
}

function powerOfTen(digit, power) {
  return power < 0 ? digit / 10 ** -power : digit * 10 ** power;
}
