// Whose list, and which of its restaurants: the combobox of diners, and the list as a group of choices.

import { numberText } from "../charts/numbers.js";
import { byId, element } from "../dom.js";
import { chip, select } from "../pieces.js";

/** The combobox of diners, as the diner's view has it; it must be in the page before a DinerChooser takes it. */
export function dinerField() {
  return byId("diner-template").content.querySelector(".diner-field").cloneNode(true);
}

/** The list to choose from; `onChoose(restaurant id)`. */
export function listNodes(items, chosen, onChoose) {
  const rows = items.map((item) => {
    const radio = element("input", { type: "radio", name: "why-restaurant", value: item.restaurant_id, checked: item.restaurant_id === chosen });
    radio.addEventListener("change", () => onChoose(item.restaurant_id));
    const score = element("span", { class: "why-choice-score", "data-score": String(item.score) }, numberText(item.score, 4));
    const name = element("span", { class: "why-choice-name", title: item.name }, item.name);
    const rank = element("span", { class: "why-choice-rank" }, String(item.rank));
    return element("li", {}, element("label", { class: "why-choice", "data-id": item.restaurant_id }, radio, rank, name, item.sponsored && chip("sponsored", "busy"), score));
  });
  return element("fieldset", { class: "why-choices" }, element("legend", { class: "unseen" }, "Restaurants of the list, with their scores"), element("ol", {}, ...rows));
}

/** Whom to compare with: another entry, or the average candidate. */
export function rivalSelect(items, own, chosen, onChoose) {
  const others = items.filter((item) => item.restaurant_id !== own).map((item) => [item.restaurant_id, `${item.rank}. ${item.name}`]);
  const made = select([...others, ["", "the average candidate"]], chosen, { id: "why-against" });
  made.addEventListener("change", () => onChoose(made.value));
  return element("div", { class: "field" }, element("label", { for: "why-against" }, "Compare with"), made);
}
