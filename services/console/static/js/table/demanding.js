// The seats' demands: a line each, to be tried out at once, or to be stored with the seat's own key.

import { element } from "../dom.js";
import { refocus } from "../focus.js";
import { button } from "../panel.js";
import { amountText, boundText, counted, shown, unitText } from "./measures.js";

const WAIT_MS = 250;

/** `demands`: what is to be tried, by seat, for all seats that sign. `onChange()` when it has changed. */
export class Demanding {
  #waits = null;

  constructor({ seats, stage, stored, currency, onChange, onStore }) {
    this.currency = currency;
    this.onChange = onChange;
    this.seats = seats.filter(({ seat, signs }) => signs && seat in stage.ideal);
    this.stage = stage;
    this.measures = new Map(seats.flatMap(({ number, others }) => [number, ...others]).map((measure) => [measure.key, measure]));
    this.demands = Object.fromEntries(this.seats.map(({ seat }) => [seat, demandOf(stored.get(seat))]));
    this.all = element("input", { id: "insist", type: "range", min: 0, max: 100, step: 1, value: 0 });
    this.allText = element("output", { for: "insist" }, "nothing yet");
    this.all.addEventListener("input", () => this.#insist(Number(this.all.value)));
    this.fields = new Map();
    const rows = this.seats.map((seat) => this.#row(seat, onStore));
    this.node = element(
      "form",
      { class: "demands", autocomplete: "off", "aria-label": "What the seats demand" },
      element("div", { class: "insist" }, element("label", { for: "insist" }, "Everyone insists on"), this.all, this.allText),
      ...rows,
      element(
        "div",
        { class: "form-buttons" },
        button("Back to what is stored", () => this.reset(stored)),
        button("Demand nothing", () => this.reset(new Map())),
      ),
    );
    this.node.addEventListener("submit", (event) => event.preventDefault());
    this.#reflect();
  }

  /** Show these demands, by seat. */
  take(stored) {
    for (const { seat } of this.seats) this.demands[seat] = demandOf(stored.get(seat));
    this.#insistText(0);
    this.#reflect();
  }

  /** Take these demands, by seat, and try them. */
  reset(stored) {
    this.take(stored);
    this.onChange();
  }

  /** What a relaxation changes. */
  relax(relaxation) {
    for (const { seat, kind, measure, side, takes } of relaxation.limits) {
      const demand = this.demands[seat];
      const name = side.replace(" ", "_");
      if (kind === "disagreement") demand.disagreement = takes;
      else
        demand.limits = demand.limits.map((limit) =>
          limit.measure === measure && limit[name] !== undefined ? { measure, [name]: takes } : limit,
        );
    }
    this.#insistText(0);
    this.#reflect();
    this.onChange();
  }

  #row(seat, onStore) {
    const id = `demand-${seat.seat}`;
    const { number } = seat;
    const input = element("input", {
      id,
      type: "text",
      inputmode: "decimal",
      maxlength: 14,
      placeholder: "no demand",
      "aria-describedby": `${id}-about`,
    });
    const about = element("p", { id: `${id}-about`, class: "demand-about" });
    input.addEventListener("input", () => {
      const value = numberOf(input.value);
      const good = value === null || Number.isFinite(value);
      input.setAttribute("aria-invalid", String(!good));
      if (!good) {
        about.textContent = "This is no number as it is written here: 0.75 with a point, 1,200 with a comma only at thousands.";
        return;
      }
      this.#bound(seat, value === null ? null : counted(value, number, this.currency));
      this.#insistText(0);
      this.#tell(seat);
      this.#soon();
    });
    const store = button("Store", async () => {
      store.disabled = true;
      await onStore(seat, this.demands[seat.seat]).finally(() => (store.disabled = false));
      refocus(store.parentNode, "button");
    }, {
      "aria-label": `Store the demand of ${seat.title}, with its own key`,
    });
    this.fields.set(seat.seat, { input, about });
    const unit = unitText(number, this.currency).trim();
    return element(
      "div",
      { class: "demand", "data-seat": seat.seat },
      element("label", { for: id }, element("strong", {}, seat.title), ` ${side(number).replace("_", " ")}`),
      element("span", { class: "demand-field" }, input, unit && element("span", { class: "unit" }, unit)),
      store,
      about,
    );
  }

  #insist(percent) {
    for (const seat of this.seats) {
      const [from, to] = [this.stage.disagreement[seat.seat], this.stage.ideal[seat.seat]];
      this.#bound(seat, percent === 0 ? null : rounded(from + (percent / 100) * (to - from)));
    }
    this.#insistText(percent);
    this.#reflect();
    this.#soon();
  }

  #insistText(percent) {
    this.all.value = String(percent);
    const text = percent === 0 ? "nothing yet" : `${percent} % of what it can hope for`;
    this.allText.textContent = text;
    this.all.setAttribute("aria-valuetext", text);
  }

  #bound(seat, value) {
    const demand = this.demands[seat.seat];
    const others = demand.limits.filter((limit) => !(limit.measure === seat.number.key && limit[side(seat.number)] !== undefined));
    demand.limits = value === null ? others : [...others, { measure: seat.number.key, [side(seat.number)]: value }];
  }

  #soon() {
    clearTimeout(this.#waits);
    this.#waits = setTimeout(() => this.onChange(), WAIT_MS);
  }

  #reflect() {
    for (const seat of this.seats) {
      const { input } = this.fields.get(seat.seat);
      const own = this.demands[seat.seat].limits.find(
        (limit) => limit.measure === seat.number.key && limit[side(seat.number)] !== undefined,
      );
      input.value = own ? String(Number(shown(own[side(seat.number)], seat.number, this.currency).toPrecision(6))) : "";
      input.setAttribute("aria-invalid", "false");
      this.#tell(seat);
    }
  }

  // The range that the front offers, and what else the seat has stored.
  #tell(seat) {
    const { limits, disagreement } = this.demands[seat.seat];
    const others = limits.filter((limit) => !(limit.measure === seat.number.key && limit[side(seat.number)] !== undefined));
    const more = others.map(
      (limit) => `${boundText(limit, this.measures.get(limit.measure), this.currency)} ${this.measures.get(limit.measure).title}`,
    );
    if (Number.isFinite(disagreement)) more.push(`walks away from worse than ${amountText(disagreement, seat.number, this.currency)}`);
    const range = `${amountText(this.stage.disagreement[seat.seat], seat.number, this.currency)} to ${amountText(this.stage.ideal[seat.seat], seat.number, this.currency)}`;
    this.fields.get(seat.seat).about.textContent =
      `${seat.number.title}, from worst to best ${range}${more.length ? `; also ${more.join(", ")}` : ""}`;
  }
}

function side({ direction }) {
  return direction === "up" ? "at_least" : "at_most";
}

// A demand as it is sent: without what only the store knows, and without nulls.
function demandOf(stored) {
  if (!stored) return { limits: [] };
  const limits = stored.limits.map(({ measure, at_least, at_most }) => ({
    measure,
    ...(at_least !== null && { at_least }),
    ...(at_most !== null && { at_most }),
  }));
  return {
    limits,
    ...(stored.disagreement !== null && { disagreement: stored.disagreement }),
    weight: stored.weight,
    ...(stored.note && { note: stored.note }),
  };
}

// Null for an empty text, NaN for one that is no number. A comma stands at thousands: a decimal one would make 75 of 0,75.
function numberOf(text) {
  const plain = text.trim().replace("−", "-");
  if (plain === "") return null;
  if (!plain.includes(",")) return Number(plain);
  return /^-?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/.test(plain) ? Number(plain.replaceAll(",", "")) : NaN;
}

function rounded(value) {
  return Number(value.toPrecision(5));
}
