// The Prometheus text format (0.0.4), and what is worked out from its samples. Pure functions.

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\.)*)"\s*(,|(?=\}))/;
const ESCAPES = { "\\\\": "\\", '\\"': '"', "\\n": "\n" };
const NUMBERS = { "+Inf": Infinity, Inf: Infinity, "-Inf": -Infinity, NaN: NaN };

/** The samples of a text by name: `Map(name → [{labels, value}])`. Throws a SyntaxError that names the line. */
export function parse(text) {
  const found = new Map();
  text.split("\n").forEach((line, i) => {
    if (!line.trim() || line.trimStart().startsWith("#")) return;
    const sample = sampleOf(line.trim());
    if (!sample) throw new SyntaxError(`line ${i + 1} is no sample: ${line.slice(0, 80)}`);
    if (!found.has(sample.name)) found.set(sample.name, []);
    found.get(sample.name).push({ labels: sample.labels, value: sample.value });
  });
  return found;
}

function sampleOf(line) {
  const name = NAME.exec(line)?.[0];
  if (!name) return null;
  let rest = line.slice(name.length).trimStart();
  const labels = {};
  if (rest.startsWith("{")) {
    rest = rest.slice(1).trimStart();
    while (!rest.startsWith("}")) {
      const label = LABEL.exec(rest);
      if (!label) return null;
      labels[label[1]] = label[2].replace(/\\[\\"n]/g, (escaped) => ESCAPES[escaped]);
      rest = rest.slice(label[0].length).trimStart();
    }
    rest = rest.slice(1);
  } else if (!/^\s/.test(line.slice(name.length))) return null;
  const [value, time, ...more] = rest.trim().split(/\s+/);
  const number = NUMBERS[value] ?? (/^[+-]?(\d|\.\d)/.test(value) ? Number(value) : undefined);
  if (number === undefined || (Number.isNaN(number) && value !== "NaN") || more.length || (time && !/^-?\d+$/.test(time))) return null;
  return { name, labels, value: number };
}

/** The samples of one name whose labels are all as in `where`; a function there decides itself. */
export function samplesOf(samples, name, where = {}) {
  const fits = ({ labels }) => Object.entries(where).every(([label, wanted]) => (typeof wanted === "function" ? wanted(labels[label]) : labels[label] === wanted));
  return (samples.get(name) ?? []).filter(fits);
}

/** Their sum; null where there is none. */
export function sumOf(samples, name, where = {}) {
  const fitting = samplesOf(samples, name, where);
  return fitting.length ? fitting.reduce((sum, { value }) => sum + value, 0) : null;
}

/** Sums by one label: `Map(label's value → sum)`, in the order of the text. */
export function sumsBy(samples, name, label, where = {}) {
  const sums = new Map();
  for (const { labels, value } of samplesOf(samples, name, where)) sums.set(labels[label], (sums.get(labels[label]) ?? 0) + value);
  return sums;
}

/** A histogram's cumulative buckets, summed over what else tells its children apart: `[{le, count}]` by rising `le`. */
export function bucketsOf(samples, name, where = {}) {
  const sums = sumsBy(samples, `${name}_bucket`, "le", where);
  return [...sums].map(([le, count]) => ({ le: NUMBERS[le] ?? Number(le), count })).sort((a, b) => a.le - b.le);
}

/** Cumulative buckets as counts of their own: `[{from, to, count}]`. */
export function apartOf(buckets) {
  return buckets.map(({ le, count }, i) => ({ from: i ? buckets[i - 1].le : 0, to: le, count: count - (i ? buckets[i - 1].count : 0) }));
}

/**
 * A quantile of cumulative buckets as Prometheus has it: straight within the bucket, from 0 in the lowest; what lies in the
 * last, endless one is told as its lower bound. Null without observations.
 */
export function quantileOf(q, buckets) {
  const total = buckets.at(-1)?.count;
  if (!(total > 0)) return null;
  const rank = q * total;
  const i = buckets.findIndex(({ count }) => count >= rank);
  const [from, below] = i > 0 ? [buckets[i - 1].le, buckets[i - 1].count] : [0, 0];
  if (buckets[i].le === Infinity) return from;
  const within = buckets[i].count - below;
  return within > 0 ? from + ((buckets[i].le - from) * (rank - below)) / within : from;
}
