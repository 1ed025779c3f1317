// What everyone gains and loses: a row a seat, its number with interval, and where it lies between its worst and its best.

import { element } from "../dom.js";
import { amountText, changeText, measuredText, shareOf, shareText, signOf } from "./measures.js";

/** Rows for all seats over a stage: those who sign between disagreement and ideal, guests between their floor and the best. */
export class Effects {
  constructor({ seats, stage, currency }) {
    this.currency = currency;
    this.rows = seats.map((seat) => new Row(seat, stage, currency)).filter(({ usable }) => usable);
    const keys = element(
      "p",
      { class: "effect-keys" },
      element("span", { class: "key here" }, "these settings"),
      element("span", { class: "key current" }, "current policy"),
      element("span", { class: "key settlement" }, "settlement"),
    );
    this.summary = element("p", { class: "effect-summary", role: "status" });
    this.node = element(
      "section",
      { class: "effects", "aria-label": "What everyone gains and loses" },
      element("h3", {}, "What everyone gains and loses"),
      this.summary,
      keys,
      element("ol", { class: "effect-rows" }, ...this.rows.map(({ node }) => node)),
    );
  }

  /** Show what a setting comes to, `told`, beside the marked ones, the current policy first; answers who gains and loses. */
  show(told, marked) {
    const current = marked[0].told;
    const settlement = marked.find(({ name }) => name === "settlement")?.told ?? null;
    const changes = this.rows.map((row) => row.show(told, current, settlement));
    const gain = this.rows.filter((_, i) => changes[i] > 0).map(({ seat }) => seat.title);
    const lose = this.rows.filter((_, i) => changes[i] < 0).map(({ seat }) => seat.title);
    this.summary.textContent =
      gain.length + lose.length === 0
        ? "Nobody gains or loses against the current policy."
        : `Against the current policy ${gain.length ? `${gain.join(", ")} gain${gain.length === 1 ? "s" : ""}` : "nobody gains"}; ${lose.length ? `${lose.join(", ")} lose${lose.length === 1 ? "s" : ""}` : "nobody loses"}.`;
    return this.summary.textContent;
  }
}

class Row {
  constructor(seat, stage, currency) {
    Object.assign(this, { seat, currency, measure: seat.number });
    const values = stage.policies.map(({ outcomes }) => outcomes[seat.number.key]?.value).filter(Number.isFinite);
    this.usable = values.length > 0;
    const sign = signOf(seat.number);
    const best = sign > 0 ? Math.max(...values) : Math.min(...values);
    const worst = sign > 0 ? Math.min(...values) : Math.max(...values);
    this.floor = seat.limits.find(({ key }) => key === seat.number.key) ?? null;
    const bound = this.floor?.at_least ?? this.floor?.at_most ?? null;
    this.from = seat.signs ? (stage.disagreement[seat.seat] ?? worst) : (bound ?? worst);
    this.to = seat.signs ? (stage.ideal[seat.seat] ?? best) : best;
    this.number = element("span", { class: "effect-number" });
    this.change = element("span", { class: "effect-change" });
    this.bar = element("div", { class: "share-bar", "aria-hidden": "true" });
    this.here = element("span", { class: "share-here" });
    this.current = element("span", { class: "share-current" });
    this.settlement = element("span", { class: "share-settlement" });
    this.span = element("span", { class: "share-span" });
    this.bar.append(this.span, this.current, this.settlement, this.here);
    this.share = element("span", { class: "effect-share" });
    const ends = `${seat.signs ? "0 %" : boundWords(this.floor)[0]} ${amountText(this.from, seat.number, currency)}, ${seat.signs ? "100 %" : "best"} ${amountText(this.to, seat.number, currency)}`;
    this.node = element(
      "li",
      { class: "effect", "data-seat": seat.seat },
      element("span", { class: "effect-title" }, seat.title),
      element("span", { class: "effect-measure", title: `${seat.number.title}: ${ends}` }, seat.number.title),
      this.number,
      this.change,
      this.bar,
      this.share,
    );
  }

  /** The change for the seat against the current policy: above 0 a gain, 0 within the digits that are shown. */
  show(told, current, settlement) {
    const now = told.outcomes[this.measure.key];
    const before = current.outcomes[this.measure.key];
    this.number.textContent = now ? measuredText(now, this.measure, this.currency) : "–";
    if (now) this.node.dataset.value = String(now.value);
    const change = now && before ? now.value - before.value : 0;
    const text = changeText(change, this.measure, this.currency, now);
    const gain = text === "±0" ? 0 : Math.sign(change) * signOf(this.measure);
    this.node.dataset.change = gain > 0 ? "gain" : gain < 0 ? "loss" : "none";
    this.change.textContent = gain === 0 ? "as now" : `${gain > 0 ? "▲ better" : "▼ worse"} ${text}`;
    place(this.here, this.#shareOf(now?.value));
    place(this.current, this.#shareOf(before?.value));
    place(this.settlement, this.#shareOf(settlement?.outcomes[this.measure.key]?.value));
    const [low, high] = [this.#shareOf(now?.low), this.#shareOf(now?.high)].sort((a, b) => a - b);
    this.span.hidden = !(high > low);
    this.span.style.left = `${100 * clamp(low)}%`;
    this.span.style.right = `${100 - 100 * clamp(high)}%`;
    this.share.textContent = this.seat.signs ? shareText(this.#shareOf(now?.value)) : this.#kept(now?.value);
    return gain;
  }

  #kept(value) {
    if (!this.floor || !Number.isFinite(value)) return "";
    const kept = (this.floor.at_least ?? -Infinity) <= value && value <= (this.floor.at_most ?? Infinity);
    const [bound, broken] = boundWords(this.floor);
    return kept ? `${bound} kept` : broken;
  }

  #shareOf(value) {
    return shareOf(value, this.measure, this.to, this.from);
  }
}

// What a seat never trades, and where it is broken.
function boundWords(bound) {
  return Number.isFinite(bound?.at_most) && !Number.isFinite(bound.at_least) ? ["ceiling", "above its ceiling"] : ["floor", "below its floor"];
}

function place(node, share) {
  node.hidden = !Number.isFinite(share);
  if (!node.hidden) node.style.left = `${100 * clamp(share)}%`;
}

function clamp(share) {
  return Number.isFinite(share) ? Math.min(Math.max(share, 0), 1) : 0;
}
