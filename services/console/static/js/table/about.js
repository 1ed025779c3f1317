// What is said of a front and of a negotiation wherever they are shown.

import { element } from "../dom.js";

/** What a front rests on, in a sentence. */
export function aboutFront({ policies, days, followed, followed_days, created_at, cities, seed, restaurants, diners, assumed, notes }) {
  const city = restaurants
    ? ` in ${cities === 1 ? "one city" : `${cities} cities`} of ${restaurants} restaurants and ${diners.toLocaleString("en-GB")} diners, seed ${seed}`
    : "";
  const more = followed ? `; ${followed} of them or near them were followed for ${followed_days}` : "";
  const text = `${policies} policies were tried for ${days} days each${city}${more}. Evaluated ${created_at.slice(0, 10)}${assumed ? ", assumed: an invented city stands for this one" : ""}. Levers show ${days} days${followed ? `; what all settle on is decided over ${followed_days}` : ""}.`;
  return element("p", { class: "panel-hint about-front", title: notes.join("\n") }, text);
}

/** The policies of a negotiation that have a name, for `Levers.mark`: settlement, Nash's choice, each seat's favourite. */
export function marksOf(result, seats) {
  const titles = new Map(seats.map(({ seat, title }) => [seat, title]));
  const marks = [
    ["settlement", "Settlement", result.settlement],
    ["nash", "Nash", result.nash],
    ...Object.entries(result.favourites).map(([seat, choice]) => [`favourite-${seat}`, titles.get(seat), choice]),
  ];
  return marks.filter(([, , choice]) => choice).map(([name, title, choice]) => ({ name, title, tried: choice }));
}
