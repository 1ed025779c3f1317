// The control of exposure: what the active policy is told to give to whom, and what that costs.

import { element } from "../dom.js";
import { percentText } from "../format.js";
import { facts, note } from "../pieces.js";
import { numberText } from "../charts/numbers.js";

/** `GET /v1/ranking-policy`, the active policy's dials, and the report's word on the cost. */
export function controlNodes(ranking, dials, cost) {
  const on = dials && dials.gain > 0 && dials.control !== "none";
  const term = ranking.parameters.find((one) => one.term === "fairness");
  return [
    element("ul", { class: "limits" }, ...ranking.fairness.map((text) => element("li", {}, text))),
    term?.share && element("p", {}, `In recent lists it decided ${percentText(term.share.value)} [${percentText(term.share.low)}, ${percentText(term.share.high)}] of the order.`),
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
