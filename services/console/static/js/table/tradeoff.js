// Two seats against each other: every tried policy a dot, the front of the two, and the settings that have a name.

import { Figure } from "../charts/figure.js";
import { element } from "../dom.js";
import { amountText, shown, signOf, unitText } from "./measures.js";

/** The scatter of two seats, which the reader chooses; `onPolicy(tried)`: a tried policy was clicked. It begins with the two that pull hardest. */
export class Tradeoff {
  constructor({ seats, stage, model, currency, onPolicy }) {
    this.stage = stage;
    this.currency = currency;
    this.seats = seats.filter(({ number }) => stage.policies.some(({ outcomes }) => Number.isFinite(outcomes[number.key]?.value)));
    [this.x, this.y] = fiercest(this.seats, stage, model);
    this.onPolicy = onPolicy;
    this.figure = null;
    this.body = element("div", { class: "tradeoff-figure" });
    const pick = (axis, label) => {
      const options = this.seats.map((seat) => element("option", { value: seat.seat, selected: seat === this[axis] }, seat.title));
      const select = element("select", { id: `tradeoff-${axis}` }, ...options);
      select.addEventListener("change", () => {
        this[axis] = this.seats.find(({ seat }) => seat === select.value);
        this.#draw();
      });
      return element("div", { class: "field" }, element("label", { for: select.id }, label), select);
    };
    this.node = element(
      "section",
      { class: "tradeoff", "aria-label": "Two seats against each other" },
      element("div", { class: "tradeoff-axes" }, pick("y", "Upwards"), pick("x", "Across")),
      this.body,
    );
  }

  /** Show where a setting lies, and the marked ones. */
  show(told, marked) {
    Object.assign(this, { told, marked });
    if (!this.figure) return this.#draw();
    // A lever moves more often than a screen is painted.
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      this.#draw();
    });
  }

  #draw() {
    if (!this.told) return;
    const document = this.#document();
    if (this.figure) this.figure.update(document);
    else {
      this.figure = new Figure(document, { height: 300, heading: "h3", onPoint: ({ tried }) => tried && this.onPolicy(tried) });
      this.body.append(this.figure.node);
    }
  }

  #document() {
    const [x, y] = [this.x.number, this.y.number];
    const point = (outcomes, label, more = {}) => ({
      x: shown(outcomes[x.key].value, x, this.currency),
      y: shown(outcomes[y.key].value, y, this.currency),
      low: null,
      high: null,
      label,
      ...more,
    });
    const tried = this.stage.policies
      .filter(({ outcomes }) => Number.isFinite(outcomes[x.key]?.value) && Number.isFinite(outcomes[y.key]?.value))
      .map((one) => point(one.outcomes, null, { tried: one }));
    const named = this.marked
      .filter(({ told }) => told.outcomes[x.key] && told.outcomes[y.key])
      .filter(({ name }) => ["current", "settlement", "nash"].includes(name))
      .map(({ title, told }) => ({ name: title, points: [point(told.outcomes, title)] }));
    const here = { name: "These settings", points: [this.#here(point, y)] };
    const axis = (measure) => ({
      label: measure.title,
      unit: unitText(measure, this.currency).trim() || null,
      scale: "linear",
      better: measure.direction === "up" ? "high" : "low",
    });
    return {
      kind: "scatter",
      title: `${this.y.title} against ${this.x.title.toLowerCase()}`,
      sentence: this.#sentence(x, y),
      x: axis(x),
      y: axis(y),
      series: [{ name: "Tried policies", points: tried }, ...named, here],
      marks: [
        { axis: "x", at: here.points[0].x, label: "" },
        { axis: "y", at: here.points[0].y, label: "" },
      ],
      front: true,
    };
  }

  #here(point, y) {
    const { outcomes } = this.told;
    const interval = { low: shown(outcomes[y.key].low, y, this.currency), high: shown(outcomes[y.key].high, y, this.currency) };
    return point(outcomes, null, interval);
  }

  #sentence(x, y) {
    const { outcomes } = this.told;
    const [here, there] = [outcomes[x.key].value, outcomes[y.key].value];
    const better = this.stage.policies.filter(
      ({ outcomes: other }) => signOf(x) * (other[x.key].value - here) > 0 && signOf(y) * (other[y.key].value - there) > 0,
    ).length;
    const count = better === 0 ? "no tried policy gives" : better === 1 ? "1 tried policy gives" : `${better} tried policies give`;
    return `These settings: ${amountText(there, y, this.currency)} ${y.title}, ${amountText(here, x, this.currency)} ${x.title}; ${count} both seats more. Click a dot to try its settings.`;
  }
}

// The two seats that pull hardest against each other with today's model: over what is not beaten, the least covariance of
// their shares.
function fiercest(seats, stage, today) {
  const front = stage.policies.filter(({ undominated, model }) => undominated && model === today);
  const all = seats
    .filter(({ seat }) => seat in stage.ideal)
    .map((seat) => ({ seat, off: offMean(front.map(({ shares }) => shares[seat.seat] ?? 0)) }));
  let found = [seats[0], seats[1] ?? seats[0]];
  let least = Infinity;
  for (const [i, one] of all.entries()) {
    for (const other of all.slice(i + 1)) {
      const product = one.off.reduce((sum, value, k) => sum + value * other.off[k], 0);
      if (product < least) [least, found] = [product, [one.seat, other.seat]];
    }
  }
  return found;
}

function offMean(values) {
  const middle = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - middle);
}
