// A restaurant's own page: why it is shown as often as it is, beside the others of its groups.

import { figure } from "../charts/figure.js";
import { numberText } from "../charts/numbers.js";
import { element } from "../dom.js";
import { chip, dateText, facts, note } from "../pieces.js";

const VERDICTS = { more: ["more than its group", "busy"], less: ["less than its group", "bad"], like: ["like its group", "good"] };

/** The field to choose a restaurant by its name; `onChoose(restaurant)`. */
export function restaurantField(restaurants, onChoose) {
  const named = (one) => `${one.name} · ${one.district || "no district"} · ${one.restaurant_id}`;
  const byName = new Map(restaurants.map((one) => [named(one), one]));
  const options = element("datalist", { id: "exposure-restaurants" }, ...[...byName.keys()].map((value) => element("option", { value })));
  const input = element("input", { id: "exposure-restaurant", type: "text", list: "exposure-restaurants", autocomplete: "off", spellcheck: "false", placeholder: "Beginning of a name" });
  input.addEventListener("change", () => byName.has(input.value) && onChoose(byName.get(input.value)));
  return { node: element("div", { class: "field chooser" }, element("label", { for: "exposure-restaurant" }, "Restaurant"), input, options), show: (one) => (input.value = named(one)) };
}

/** `GET /v1/restaurants/{id}/exposure` as nodes; `zone` is the city's. */
export function restaurantNodes(found, name, zone) {
  return [
    note(`${dateText(found.since, zone)} to ${dateText(found.until, zone)}.`),
    element("ul", { class: "limits" }, ...found.words.map((text) => element("li", {}, text))),
    found.groups.length > 0 && figure(besideBars(found, name)),
    element("p", { class: "row" }, ...found.groups.map((one) => chip(`${one.attribute} ${one.group}: ${VERDICTS[one.verdict][0]}`, VERDICTS[one.verdict][1]))),
    facts([
      ["Shown in sampled lists", `${found.shown.toLocaleString("en-GB")} of ${found.lists_sampled.toLocaleString("en-GB")}`],
      ["Of these paid for", String(found.sold)],
      ["Orders", String(found.orders)],
      ["Mean place", found.mean_position === null ? "–" : numberText(found.mean_position)],
      ["Looks, not paid for", numberText(found.organic_looks)],
      ["Looks, paid for", numberText(found.paid_looks)],
      ["Merit", `${numberText(found.merit)}${found.merit_is_floor ? " (a floor)" : ""}`],
    ]),
  ];
}

function besideBars(found, name) {
  const figureOf = ({ value, low, high }) => ({ value, low, high });
  const told = found.groups.map((one) => `${one.attribute} ${one.group}: ${one.verdict === "like" ? "as far as can be told like the others" : `${one.verdict} than the others`}`);
  return {
    kind: "bars",
    title: `Looks for an order's worth: ${name} beside its groups`,
    sentence: `What to see: ${told.join("; ")}.`,
    y: { label: "Unpaid looks for an order's worth", unit: null, scale: "linear" },
    groups: found.groups.map((one) => `${one.attribute}: ${one.group} (${one.members})`),
    series: [
      { name, values: found.groups.map((one) => figureOf(one.own)) },
      { name: "the others of the group", values: found.groups.map((one) => figureOf(one.others)) },
    ],
    marks: [],
    horizontal: true,
  };
}
