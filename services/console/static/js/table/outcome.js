// What came of a negotiation: who gets what, what more for one costs another, or who blocks whom and what would mend it.

import { element } from "../dom.js";
import { button } from "../panel.js";
import { amountText, intervalText, listed, measuredText, namedText, shareText } from "./measures.js";

/** The settlement beside Nash's choice and today's policy: a row a seat. */
export function outcomeTable(result, seats, currency) {
  const columns = [
    ["Settlement", result.settlement],
    ["Nash", result.nash],
    ["Today", result.active],
  ].filter(([, choice]) => choice);
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, "Seat"),
    ...columns.map(([title, { policy }]) => element("th", { scope: "col", title: policy.name }, title)),
  );
  const rows = seats
    .filter(({ seat }) => seat in result.ideal)
    .map((seat) =>
      element(
        "tr",
        { "data-seat": seat.seat },
        element("th", { scope: "row" }, seat.title, element("small", {}, seat.number.title)),
        ...columns.map(([title, choice]) => {
          const measured = choice.outcomes[seat.number.key];
          return element(
            "td",
            { "data-label": title },
            element("strong", {}, shareText(choice.shares[seat.seat])),
            element("span", { class: "cell-number" }, measuredText(measured, seat.number, currency)),
          );
        }),
      ),
    );
  return element(
    "table",
    { class: "outcome" },
    element("caption", {}, `Shares of what each seat can hope for, and its number over ${result.basis.days} days with its 95 % interval`),
    element("thead", {}, head),
    element("tbody", {}, ...rows),
  );
}

/** What more for one costs another, in sentences. */
export function exchangeRates(result, measures, currency) {
  if (!result.exchange_rates.length) return null;
  const rates = result.exchange_rates.map((rate) => {
    const costs = measures.get(rate.costs_measure);
    const around = costs ? intervalText(rate.cost, costs, currency) : "";
    return element(
      "li",
      {},
      `${rate.words}`,
      around && element("span", { class: "interval", title: "95 % interval, the policies' errors taken as independent" }, around),
    );
  });
  return element(
    "section",
    { class: "rates", "aria-label": "Exchange rates" },
    element("h3", {}, "What more for one costs another"),
    element("p", { class: "panel-hint" }, `At the settlement, over ${result.exchange_rates[0].days} days; money in ${currency}.`),
    element("ul", {}, ...rates),
  );
}

/** Who blocks whom, and what would mend it; `onTake(relaxation)`: the reader takes a way out, where there is one to be had. */
export function blockedBy(result, seats, currency, onTake = null) {
  const { blocking, relaxation, alternatives, words } = result.infeasible;
  const titles = new Map(seats.map(({ seat, title }) => [seat, title]));
  const chips = blocking.flatMap((seat, i) => [
    i > 0 && element("span", { class: "against", "aria-hidden": "true" }, "⟷"),
    element("span", { class: "blocker", "data-seat": seat }, titles.get(seat) ?? seat),
  ]);
  const ways = [
    ...(relaxation ? [["The least that anyone has to give", relaxation]] : []),
    ...alternatives
      .filter((one) => !same(one, relaxation))
      .map((one) => [`If ${listed([...new Set(one.limits.map(({ seat }) => titles.get(seat)))])} alone gives way`, one]),
  ];
  return element(
    "section",
    { class: "blocked", "aria-label": "Who blocks whom" },
    element("h3", {}, blocking.length > 1 ? "They block each other" : "This cannot be had"),
    element("p", { class: "blockers" }, ...chips),
    ...words.slice(0, 2).map((text) => element("p", {}, text)),
    ways.length === 0 && element("p", {}, words.at(-1)),
    ways.length > 0 &&
      element(
        "ul",
        { class: "ways" },
        ...ways.map(([title, way]) =>
          element(
            "li",
            {},
            element(
              "div",
              {},
              element("strong", {}, title),
              ...way.limits.map((limit) => element("p", {}, givesText(limit, seats, currency))),
            ),
            onTake && button("Take it", () => onTake(way)),
          ),
        ),
      ),
  );
}

function same(one, other) {
  return JSON.stringify(one.limits) === JSON.stringify(other?.limits);
}

function givesText({ seat, measure, side, asked, takes }, seats, currency) {
  const owner = seats.find((one) => one.seat === seat);
  const known = seats.flatMap((one) => [one.number, ...one.others]).find(({ key }) => key === measure);
  return `${owner?.title ?? seat} takes ${side} ${namedText(takes, known, currency)}, instead of ${amountText(asked, known, currency)}`;
}
