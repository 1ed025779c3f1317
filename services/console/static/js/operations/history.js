// The last minutes of counters: differences between looks, so that totals since the start become rates of now.

import { parse } from "./metrics.js";

const COUNTS = /_(total|bucket|sum|count)$/;
const CPU = "tablestakes_process_cpu_seconds"; // a gauge in name only: it counts, and falls when a process ends
const STARTED = "tablestakes_process_start_timestamp_seconds";

/**
 * What was seen at each look. Several replicas may answer in turn behind one address: each is told by when it started,
 * differences are taken within it, and rates are added up over those seen lately.
 */
export class History {
  #frames = []; // {at, samples, gained, rates, gauges}; samples and what follows are null where nothing can be told
  #gained = null; // worked out once a look: several figures ask for it
  #last = new Map(); // when a replica started → its last frame

  /** `keep`: seconds that are remembered; `lately`: seconds after which a replica that was not seen again is gone. */
  constructor({ keep = 300, lately = 20 } = {}) {
    this.keep = keep;
    this.lately = lately;
  }

  /** A look at `at` seconds that was answered with this text. Throws a SyntaxError where it cannot be read. */
  add(at, text) {
    const samples = parse(text);
    const source = samples.get(STARTED)?.[0]?.value ?? 0;
    const before = this.#last.get(source);
    const frame = { at, samples, gained: before ? gainedOf(before.samples, samples) : null };
    frame.perSecond = frame.gained && scaled(frame.gained, 1 / Math.max(1e-3, at - before.at));
    this.#last.set(source, frame);
    for (const [other, { at: seen }] of this.#last) if (seen <= at - this.lately) this.#last.delete(other);
    const alive = [...this.#last.values()];
    const known = alive.filter(({ perSecond }) => perSecond);
    frame.rates = known.length ? together(known.map(({ perSecond }) => perSecond)) : null;
    frame.gauges = together(alive.map((one) => one.samples));
    this.#push(frame);
  }

  /** A look that was not answered: lines break here, and what is seen next is not compared with what was before. */
  miss(at) {
    this.#last.clear();
    this.#push({ at, samples: null, gained: null, rates: null, gauges: null });
  }

  #push(frame) {
    this.#frames.push(frame);
    this.#frames = this.#frames.filter(({ at }) => at > frame.at - this.keep);
    this.#gained = null;
  }

  /** Replicas that answered lately. */
  get sources() {
    return this.#last.size;
  }

  /** The last look: `{at, samples, rates, gauges}`, null where it was not answered; samples are of who answered, gauges of all. */
  get now() {
    return this.#frames.at(-1) ?? null;
  }

  /** Seconds from the oldest look to the newest. */
  get span() {
    return this.#frames.length ? this.#frames.at(-1).at - this.#frames[0].at : 0;
  }

  /** `[{at, y}]` of all looks: `pick(rates)` of what was counted a second. */
  rates(pick) {
    return this.#frames.map(({ at, rates }) => ({ at, y: rates && pick(rates) }));
  }

  /** `[{at, y}]` of all looks: `pick(gauges)` of where things stood. */
  gauges(pick) {
    return this.#frames.map(({ at, gauges }) => ({ at, y: gauges && pick(gauges) }));
  }

  /** All that was counted in the looks that are remembered, as samples. */
  get gained() {
    return (this.#gained ??= together(this.#frames.flatMap(({ gained }) => gained ?? [])));
  }
}

/** What counters gained from one look to the next. One that fell was set back by a new start: all it has is gain. */
export function gainedOf(before, after) {
  const gained = new Map();
  for (const [name, samples] of after) {
    if (!COUNTS.test(name) && name !== CPU) continue;
    const then = new Map((before.get(name) ?? []).map(({ labels, value }) => [keyOf(labels), value]));
    const gain = ({ labels, value }) => {
      const was = then.get(keyOf(labels)) ?? (name === CPU ? value : 0);
      return value >= was ? value - was : name === CPU ? 0 : value;
    };
    gained.set(name, samples.map((sample) => ({ labels: sample.labels, value: gain(sample) })));
  }
  return gained;
}

/** Samples of several texts added up. */
export function together(several) {
  if (several.length === 1) return several[0];
  const sums = new Map();
  for (const [name, samples] of several.flatMap((one) => [...one])) {
    if (!sums.has(name)) sums.set(name, new Map());
    const byKey = sums.get(name);
    for (const { labels, value } of samples) {
      const key = keyOf(labels);
      byKey.set(key, { labels, value: (byKey.get(key)?.value ?? 0) + value });
    }
  }
  return new Map([...sums].map(([name, byKey]) => [name, [...byKey.values()]]));
}

function scaled(all, factor) {
  return new Map([...all].map(([name, samples]) => [name, samples.map(({ labels, value }) => ({ labels, value: value * factor }))]));
}

const keys = new WeakMap(); // differences and rates share the labels of their samples

function keyOf(labels) {
  if (!keys.has(labels)) keys.set(labels, JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))));
  return keys.get(labels);
}
