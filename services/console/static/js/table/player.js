// A negotiation played step by step: every policy a dot on each seat's strip, and those that go fade away.

import { drawn, element } from "../dom.js";
import { button } from "../panel.js";
import { shareOf } from "./measures.js";

const PACE_MS = 2600;
const TITLES = {
  tried: "What is on the table",
  limit: "Limits",
  dominated: "What is worth talking about",
  hopes: "Hopes",
  rational: "Nobody below what the others leave",
  round: "Raising the least share",
  settlement: "The settlement",
  nash: "Nash beside it",
  blocked: "Blocked",
};

/** `show(result, stage)`: a negotiation over a stage's policies. */
export class Player {
  #timer = null;

  constructor({ seats, signal }) {
    this.seats = seats;
    this.number = element("span", { class: "step-number" });
    this.title = element("h4", { class: "step-title" });
    this.words = element("p", { class: "step-words", role: "status" });
    this.play = button("Play", () => (this.#timer ? this.#pause() : this.#start()), { class: "primary-button small" });
    this.back = button("Back", () => this.#go(this.step - 1));
    this.next = button("Next", () => this.#go(this.step + 1));
    this.end = button("To the end", () => this.#go(this.steps.length - 1));
    this.strips = element("div", { class: "strips" });
    const keys = element(
      "p",
      { class: "strip-keys" },
      element("span", { class: "key in" }, "still in it"),
      element("span", { class: "key out" }, "gone"),
      element("span", { class: "key settled" }, "settlement"),
      element("span", { class: "key nash" }, "Nash"),
    );
    const controls = element(
      "div",
      { class: "player-controls", role: "group", "aria-label": "Play the negotiation" },
      this.back,
      this.play,
      this.next,
      this.end,
      this.number,
    );
    this.node = element(
      "section",
      { class: "player", "aria-label": "How it was settled, step by step" },
      controls,
      this.title,
      this.words,
      this.strips,
      keys,
    );
    signal?.addEventListener("abort", () => this.#pause());
  }

  /** A negotiation at its end, or played from its first step on. */
  show(result, stage, { play = false } = {}) {
    this.#pause();
    this.steps = result.steps;
    this.result = result;
    this.node.hidden = this.steps.length === 0;
    if (this.node.hidden) return;
    this.#draw(stage);
    this.#go(play ? 0 : this.steps.length - 1);
    if (play) this.#start();
  }

  #draw(stage) {
    const { ideal, disagreement } = this.result;
    const seats = this.seats.filter(({ seat }) => seat in ideal);
    this.rows = new Map();
    this.dots = new Map(stage.policies.map(({ policy }) => [policy.name, []]));
    const rows = seats.map((seat) => {
      const dots = stage.policies.flatMap((one) => {
        const share = shareOf(one.outcomes[seat.number.key]?.value, seat.number, ideal[seat.seat], disagreement[seat.seat]);
        if (!Number.isFinite(share)) return [];
        const dot = drawn("circle", { cx: percent(share), cy: "50%", r: 4.5, class: "dot" });
        this.dots.get(one.policy.name).push(dot);
        return [dot];
      });
      const line = drawn("line", { y1: "0", y2: "100%", class: "waterline", visibility: "hidden" });
      const svg = drawn("svg", { class: "strip", "aria-hidden": "true", focusable: "false" }, line, ...dots);
      const row = element(
        "div",
        { class: "strip-row", "data-seat": seat.seat },
        element("span", { class: "strip-title" }, seat.title),
        svg,
      );
      this.rows.set(seat.seat, { row, line });
      return row;
    });
    const scale = element(
      "div",
      { class: "strip-scale", "aria-hidden": "true" },
      element("span", {}),
      element(
        "span",
        { class: "strip-ends" },
        element("span", {}, "0 %: the others have their way"),
        element("span", {}, "100 %: its own way"),
      ),
    );
    this.strips.replaceChildren(...rows, scale);
  }

  #go(index) {
    this.step = Math.min(Math.max(index, 0), this.steps.length - 1);
    const step = this.steps[this.step];
    const gone = new Set(this.steps.slice(0, this.step + 1).flatMap((one) => one.gone));
    const named = (kind) => this.steps.slice(0, this.step + 1).find((one) => one.kind === kind)?.policy;
    const [settled, nash] = [named("settlement"), named("nash")];
    for (const [name, dots] of this.dots) {
      const look = name === settled ? "dot settled" : gone.has(name) ? "dot out" : "dot";
      for (const dot of dots) {
        dot.setAttribute("class", name === nash ? `${look} nash` : look);
        if (name === settled || name === nash) dot.parentNode.append(dot);
      }
    }
    const level = this.steps.slice(0, this.step + 1).findLast((one) => one.level !== null)?.level;
    for (const [seat, { row, line }] of this.rows) {
      row.classList.toggle("binds", step.seats.includes(seat) && step.kind !== "hopes");
      line.setAttribute("visibility", level === undefined ? "hidden" : "visible");
      if (level !== undefined) for (const end of ["x1", "x2"]) line.setAttribute(end, percent(level));
    }
    this.title.textContent = TITLES[step.kind] ?? "";
    this.words.textContent = step.words;
    this.number.textContent = `step ${this.step + 1} of ${this.steps.length}, ${step.left} ${step.left === 1 ? "policy" : "policies"} left`;
    this.back.disabled = this.step === 0;
    this.next.disabled = this.end.disabled = this.step === this.steps.length - 1;
    if (this.next.disabled) this.#pause();
  }

  #start() {
    if (this.step === this.steps.length - 1) this.#go(0);
    this.#timer = setInterval(() => this.#go(this.step + 1), PACE_MS);
    this.play.textContent = "Pause";
  }

  #pause() {
    clearInterval(this.#timer);
    this.#timer = null;
    this.play.textContent = "Play";
  }
}

// A dot at 0 or 100 % is not cut off.
function percent(share) {
  return `${(1.5 + 97 * Math.min(Math.max(share, 0), 1)).toFixed(2)}%`;
}
