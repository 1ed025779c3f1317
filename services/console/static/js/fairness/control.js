// The control of exposure: what the active policy is told to give to whom, and what that costs.

import { element } from "../dom.js";
import { facts, note } from "../pieces.js";
import { numberText } from "../charts/numbers.js";

/** `GET /v1/ranking-policy`'s words, the active policy's dials, and the report's word on the cost. */
export function controlNodes(words, dials, cost) {
  const on = dials && dials.gain > 0 && dials.control !== "none";
  return [
    element("ul", { class: "limits" }, ...words.map((text) => element("li", {}, text))),
    on &&
      facts([
        ["Control", dials.control],
        ["Gain", `${numberText(dials.gain)} order probability a day owed`],
        ["By", dials.by],
        ["Lifted by at most", numberText(dials.max_lift)],
        ["Half-life", `${numberText(dials.half_life_days)} days`],
        ["Newcomers' share", numberText(dials.newcomer_quota)],
        ["Not lifted below", numberText(dials.quality_floor)],
      ]),
    note(cost),
    note("The levers behind it, with what everybody gains and loses, are at ", element("a", { href: "/table" }, "the table"), "."),
  ];
}
