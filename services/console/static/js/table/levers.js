// The levers: a slider for each dial, the tried policies behind it, and at once what everyone gains and loses.

import { drawn, element } from "../dom.js";
import { dialsOf, dialText, sameSetting, settingOf, shareOf, valueAt } from "./dials.js";
import { Effects } from "./effects.js";
import { listed } from "./measures.js";
import { surfaceOf } from "./surface.js";
import { Tradeoff } from "./tradeoff.js";

const FAVOURITE = "favourite-";
const STEPS = 200; // of a slider that is not over whole numbers

/**
 * The panel of levers over a front. `at` is the setting that is looked at, `marks` the policies that have a name:
 * `[{name, title, setting}]`, the current one first.
 */
export class Levers {
  constructor({ seats, front, currency }) {
    this.dials = dialsOf(seats);
    this.stage = front.wide;
    const keys = [...new Set(seats.map(({ number }) => number.key))];
    this.surface = surfaceOf(this.stage.policies, this.dials, keys);
    const current = this.stage.policies.find(({ policy }) => policy.name === front.active) ?? this.stage.policies[0];
    this.marks = [this.#marked("current", "Current policy", current)];
    this.at = this.marks[0].setting;
    this.seats = seats;
    this.effects = new Effects({ seats, stage: this.stage, currency });
    this.tradeoff = new Tradeoff({
      seats,
      stage: this.stage,
      model: current.model,
      currency,
      onPolicy: (tried) => this.go(settingOf(tried, this.dials)),
    });
    this.basis = element("p", { class: "basis", role: "status" });
    this.nearest = element("button", { type: "button", class: "quiet-button" }, "Go to the nearest tried policy");
    this.nearest.addEventListener("click", () => this.go(this.surface.at(this.at).near[0].setting));
    // On a narrow page what follows is below: who gains and loses stays in sight while a lever moves.
    this.news = element("p", { class: "lever-news", "aria-hidden": "true" });
    this.presets = element("div", { class: "presets", role: "group", "aria-label": "Settings that have a name" });
    this.sliders = new Map();
    this.node = element(
      "div",
      { class: "levers" },
      element(
        "div",
        { class: "lever-side" },
        this.presets,
        this.#models(),
        ...this.#groups(),
        element("div", { class: "basis-row" }, this.basis, this.nearest),
        this.news,
      ),
      element("div", { class: "effect-side" }, this.effects.node, this.tradeoff.node),
    );
    this.#presets();
    this.#show();
    // Worked out bit by bit, so that the page answers meanwhile.
    const warm = () => this.surface.warm() && setTimeout(warm);
    setTimeout(warm);
  }

  /** Further settings with a name: the settlement, Nash's choice, favourites. */
  mark(marks) {
    this.marks = [this.marks[0], ...marks.map(({ name, title, tried }) => this.#marked(name, title, tried))];
    this.#presets();
    this.#show();
  }

  /** Look at a setting. */
  go(setting) {
    this.at = { model: setting.model, values: { ...setting.values } };
    for (const [path, slider] of this.sliders) slider.show(this.at.values[path]);
    for (const radio of this.node.querySelectorAll("input[name=lever-model]")) radio.checked = radio.value === this.at.model;
    this.#show();
  }

  #marked(name, title, tried) {
    const setting = settingOf(tried, this.dials);
    return { name, title, setting, told: this.surface.at(setting) };
  }

  #show() {
    const told = this.surface.at(this.at);
    this.basis.textContent = this.#basis(told);
    this.basis.dataset.kind = told.kind;
    this.nearest.disabled = told.kind === "tried";
    this.news.textContent = this.effects.show(told, this.marks);
    this.tradeoff.show(told, this.marks);
    const on = this.marks.find(({ setting }) => sameSetting(setting, this.at, this.dials))?.name;
    for (const button of this.presets.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.mark === on));
    const favourite = this.presets.querySelector("select");
    if (favourite) favourite.value = on?.startsWith(FAVOURITE) ? on : "";
  }

  #basis({ kind, policy, near }) {
    const { days, policies } = this.stage;
    if (kind === "tried") return `As tried: ${policy.policy.name} with ${policy.model}, ${days} days.`;
    const names = listed(near.map((one) => one.policy.name));
    return `Between tried policies: told from all ${policies.length} by kriging, nobody has lived with this one. Nearest: ${names}. The intervals hold how far off it is where a tried policy is left out.`;
  }

  #presets() {
    const [favourites, others] = [
      this.marks.filter(({ name }) => name.startsWith(FAVOURITE)),
      this.marks.filter(({ name }) => !name.startsWith(FAVOURITE)),
    ];
    const buttons = others.map(({ name, title, setting }) => {
      const button = element("button", { type: "button", class: "quiet-button", "data-mark": name, "aria-pressed": "false" }, title);
      button.addEventListener("click", () => this.go(setting));
      return button;
    });
    const options = favourites.map(({ name, title }) => element("option", { value: name }, title));
    const select = element(
      "select",
      { "aria-label": "The favourite of a seat" },
      element("option", { value: "" }, "Favourite of…"),
      ...options,
    );
    select.addEventListener("change", () => {
      const chosen = this.marks.find(({ name }) => name === select.value);
      if (chosen) this.go(chosen.setting);
    });
    this.presets.replaceChildren(...buttons, ...(favourites.length ? [select] : []));
  }

  #models() {
    const { models } = this.surface;
    if (models.length < 2) return null;
    const options = models.map((model) => {
      const radio = element("input", { type: "radio", name: "lever-model", value: model, checked: model === this.at.model });
      radio.addEventListener("change", () => this.go({ ...this.at, model }));
      return element("label", { class: "choice" }, radio, element("span", {}, model));
    });
    return element("fieldset", { class: "lever-group" }, element("legend", {}, "Model"), element("div", { class: "choices" }, ...options));
  }

  #groups() {
    const owners = this.seats.filter(({ dials }) => dials.length > 0);
    return owners.map((seat) => {
      const sliders = this.dials.filter(({ seat: owner }) => owner === seat.seat).map((dial) => this.#slider(dial));
      return element(
        "fieldset",
        { class: "lever-group", "data-seat": seat.seat },
        element("legend", {}, `${seat.title} turns`),
        ...sliders,
      );
    });
  }

  #slider(dial) {
    const id = `lever-${dial.path.replaceAll(".", "-")}`;
    const range = dial.whole ? { min: dial.low, max: dial.high, step: 1 } : { min: 0, max: STEPS, step: 1 };
    const input = element("input", { id, type: "range", ...range, "data-path": dial.path });
    const output = element("output", { for: id });
    const show = (value) => {
      input.value = String(dial.whole ? value : Math.round(STEPS * shareOf(dial, value)));
      output.textContent = dialText(value);
      input.setAttribute("aria-valuetext", dialText(value));
    };
    input.addEventListener("input", () => {
      const value = dial.whole ? Number(input.value) : valueAt(dial, Number(input.value) / STEPS);
      this.at = { ...this.at, values: { ...this.at.values, [dial.path]: value } };
      output.textContent = dialText(value);
      input.setAttribute("aria-valuetext", dialText(value));
      this.#show();
    });
    this.sliders.set(dial.path, { show });
    show(this.at.values[dial.path]);
    return element(
      "div",
      { class: "lever" },
      element("label", { for: id, title: dial.path }, dial.title),
      output,
      element("div", { class: "lever-track" }, this.#rug(dial), input),
    );
  }

  // Where the policies that no other beats stand on this dial: the front behind the slider.
  #rug(dial) {
    const places = this.surface.tried
      .filter(({ undominated }) => undominated)
      .map(({ setting }) => {
        const value = setting.values[dial.path];
        if (!dial.whole) return 100 * shareOf(dial, value);
        return (100 * (Math.min(Math.max(value, dial.low), dial.high) - dial.low)) / (dial.high - dial.low);
      });
    const ways = places.map((x) => `M${x.toFixed(2)} 0V10`).join("");
    return drawn(
      "svg",
      { viewBox: "0 0 100 10", preserveAspectRatio: "none", class: "rug", "aria-hidden": "true", focusable: "false" },
      drawn("path", { d: ways }),
    );
  }
}
