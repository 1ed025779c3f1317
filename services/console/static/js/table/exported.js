// The table without a server: cards, levers and the settlement of the moment at which it was exported.

import { element } from "../dom.js";
import { panel, viewHead } from "../panel.js";
import { aboutFront, marksOf } from "./about.js";
import { placeCards } from "./cards.js";
import { Levers } from "./levers.js";
import { blockedBy, exchangeRates, outcomeTable } from "./outcome.js";
import { Player } from "./player.js";

const { market, seats, scorecard, front, result, policy, exported_at } = JSON.parse(document.getElementById("table-data").textContent);
const { currency } = market;
const measures = new Map(seats.flatMap(({ number, others }) => [number, ...others]).map((measure) => [measure.key, measure]));

const cloth = element(
  "div",
  {},
  element("p", { class: "cloth-policy" }, "the lists are made by"),
  element("p", { class: "cloth-name" }, policy),
  element("p", { class: "cloth-settled" }, result.words[0]),
);
const floors = new Map(seats.map(({ seat, limits }) => [seat, limits[0] ?? null]));
const cards = made("Who sits here", "", placeCards({ scorecard, floors }, cloth));

const levers = new Levers({ seats, front, currency });
levers.mark(marksOf(result, seats));
const turning = made(
  "What can be turned",
  "Move a lever: what everyone gains and loses follows at once, from policies that were tried on the same diners with the same luck.",
  aboutFront(front),
  levers.node,
);

const player = new Player({ seats });
player.show(result, front.long && result.basis.days === front.long.days ? front.long : front.wide);
const parts = result.infeasible
  ? [blockedBy(result, seats, currency)]
  : [outcomeTable(result, seats, currency), exchangeRates(result, measures, currency)];
const settlement = made(
  "The settlement",
  "It leaves whoever gets least as much of what they could hope for as can be had.",
  element(
    "p",
    { class: "verdict alone" },
    result.infeasible ? "No policy that was tried gives everyone what they ask for." : result.words[0],
  ),
  player.node,
  element("div", { class: "outcome-body" }, ...parts.filter(Boolean)),
);

document
  .getElementById("view")
  .append(
    viewHead(
      `The table of ${market.title}`,
      `As it stood on ${exported_at.slice(0, 16).replace("T", " at ")} UTC. This page asks no server: everything in it is in this file.`,
    ),
    element("div", { class: "panels table-view" }, cards, turning, settlement),
  );

function made(title, hint, ...nodes) {
  const { node, body } = panel({ title, hint, wide: true });
  body.append(...nodes);
  return node;
}
