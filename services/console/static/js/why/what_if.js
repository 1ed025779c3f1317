// What would have been, had one thing been otherwise: each answer is the list made again.

import { element } from "../dom.js";
import { countText, moneyText } from "../format.js";
import { chip, note, table } from "../pieces.js";
import { termName } from "./terms.js";

const CHANGES = { price_level: "price level", cuisines: "cuisines", delivery: "delivery", hours: "opening hours" };

/** `GET /v1/explanations/counterfactuals` as nodes; `nameOf(id)` names restaurants, `currency` is the market's. */
export function whatIfNodes(found, name, nameOf, currency) {
  const places = [
    ["As it was served", found.now],
    ["Without payment", found.without_payment],
    ["Without personalisation", found.without_personalisation],
    ...found.without_terms.map((one) => [`Without ${termName(one.term)}`, one]),
  ];
  const rows = places.map(([what, place]) => [what, placeText(place.rank, found.now.rank), place.organic_rank === null ? "not among them" : String(place.organic_rank)]);
  return [
    table(`Where ${name} would have stood`, ["Had it been …", "In the list", "Unpaid, among all"], rows, { numbers: [1, 2] }),
    element("h3", {}, "Because of the diner's own choices"),
    ownActions(found.own_actions, nameOf),
    element("h3", {}, "What the restaurant could change"),
    ...toReach(found.to_reach, name, currency),
  ];
}

function placeText(rank, now) {
  if (rank === null) return chip("not in it", "bad");
  if (now === null || rank === now) return String(rank);
  return element("span", {}, String(rank), " ", chip(rank < now ? `▲ ${now - rank}` : `▼ ${rank - now}`, rank < now ? "good" : ""));
}

function ownActions(found, nameOf) {
  if (!found) return note("The list knew of nothing that the diner did.");
  const top = nameOf(found.top);
  if (!found.remove.length) {
    const proof = found.none_up_to >= found.considered ? "all sets were tried" : `all sets of ${found.none_up_to} or fewer were tried, larger ones one by one`;
    return element("p", {}, `None of the ${countText(found.considered, "own choice")} that the list knew of decides the top: ${top} stays first (${proof}).`);
  }
  const without = found.remove.map((one) => `${one.name || nameOf(one.restaurant_id)} (${[...one.lately.map(({ type }) => type), one.learnt && "learnt"].filter(Boolean).join(", ")})`);
  const sure = found.proven_smallest ? "No smaller set does it." : "A smaller set may do it too.";
  return element("p", {}, `Had the diner not chosen ${without.join(" and ")}, ${nameOf(found.then_top)} would be on top instead of ${top}. ${sure}`);
}

function toReach(found, name, currency) {
  const { smallest, alone, rank } = found;
  return [
    ...fewest(smallest, name, rank, found.found),
    alone.length > 0 && table("Each kind of change by itself", ["With this alone …", "Number"], alone.map((one) => [changeText(one.change), one.rank === null ? "not in it" : String(one.rank)]), { numbers: [1] }),
    element("p", {}, bidText(found.bid, rank, currency)),
    note(`${countText(found.tried, "list was", "lists were")} made again to find out${found.exhaustive ? "; all combinations of as few changes were tried" : ""}.`),
  ].filter(Boolean);
}

function fewest(smallest, name, rank, count) {
  if (!smallest.length) return [element("p", {}, `No change that was tried takes it to number ${rank}.`)];
  if (smallest.length === 1 && Object.values(smallest[0].change).every((value) => value === null)) {
    return [element("p", {}, `${name} stands at number ${rank} or above already; it need not change anything.`)];
  }
  const rows = smallest.map((one) => [changeText(one.change), one.rank === null ? "–" : String(one.rank)]);
  return [table(`The fewest changes that lead to number ${rank}`, ["The fewest changes", "Number"], rows, { numbers: [1] }), note(`${countText(count, "set")} of as few changes does it.`)];
}

function changeText(change) {
  const parts = Object.entries(change).filter(([, value]) => value !== null).map(([what, value]) => `${CHANGES[what] ?? what} ${valueText(what, value)}`);
  return parts.join(", ") || "no change";
}

function valueText(what, value) {
  if (what === "cuisines") return value.join(", ");
  if (what === "delivery") return value ? "offered" : "not offered";
  if (what === "hours") return "so that it is open then";
  return String(value);
}

function bidText({ bid, billing, rank, why }, wanted, currency) {
  if (bid === null) return `A bid for number ${wanted}: ${why}.`;
  return `A bid of ${moneyText(bid, currency)} a ${billing} would buy number ${rank}; ${why}.`;
}
