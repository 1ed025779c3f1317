// Place cards: one a seat, round a table. What a seat wants, its number, how it fares, and where it is heading.

import { element } from "../dom.js";
import { boundText, changeText, intervalText, measuredText, unitText, valueText } from "./measures.js";

// Words first: a mood is never told by colour alone.
const MOODS = {
  met: { sign: "✓", word: "content", says: "its target is met" },
  missed: { sign: "✗", word: "unhappy", says: "its target is missed" },
  open: { sign: "~", word: "uneasy", says: "the interval reaches to both sides of its target" },
  unknown: { sign: "?", word: "in the dark", says: "there is no number to hold against its target" },
};
const UNTARGETED = {
  better: { sign: "↑", word: "hopeful", says: "it has no target, and is better off than before" },
  worse: { sign: "↓", word: "wary", says: "it has no target, and is worse off than before" },
  level: { sign: "·", word: "calm", says: "it has no target, and nothing has changed beyond chance" },
  unknown: { sign: "·", word: "waiting", says: "it has no target, and no window before to compare with" },
};
const COURSES = { better: "↑ better", worse: "↓ worse", level: "→ level", unknown: "" };

/** The table with its cards; `centre` is what lies on it. */
export function placeCards({ scorecard, floors }, centre) {
  const [signing, guests] = [scorecard.seats.filter(({ signs }) => signs), scorecard.seats.filter(({ signs }) => !signs)];
  const half = Math.ceil(signing.length / 2);
  const about = { currency: scorecard.currency, days: scorecard.days, floors };
  const row = (side, seats) => element("div", { class: `places ${side}` }, ...seats.map((seat) => placeCard(seat, about)));
  return element(
    "div",
    { class: "round-table" },
    row("far", signing.slice(0, half)),
    element(
      "div",
      { class: "table-top" },
      row(
        "guests",
        guests.filter((_, i) => i % 2 === 0),
      ),
      element("div", { class: "cloth" }, centre),
      row(
        "guests",
        guests.filter((_, i) => i % 2 === 1),
      ),
    ),
    row("near", signing.slice(half)),
  );
}

/** What a seat's mood is: of its target where it has one, else of its trend. */
export function moodOf({ target, course }) {
  if (target) return MOODS[target.verdict] ?? MOODS.unknown;
  return UNTARGETED[course] ?? UNTARGETED.unknown;
}

function placeCard(seat, { currency, days, floors }) {
  const [number, ...others] = seat.numbers;
  const mood = moodOf(number);
  const id = `place-${seat.seat}`;
  return element(
    "article",
    { class: `place ${seat.signs ? "" : "guest"} ${number.target?.verdict ?? ""}`, "aria-labelledby": id, "data-seat": seat.seat },
    element(
      "header",
      {},
      element("h3", { id }, seat.title),
      element(
        "p",
        { class: "mood", title: mood.says },
        element("span", { "aria-hidden": "true", class: "mood-sign" }, mood.sign),
        ` ${mood.word}`,
      ),
    ),
    element("p", { class: "wants" }, seat.wants),
    bigNumber(number, currency),
    element("p", { class: "measure", title: number.title }, number.title),
    element("p", { class: "target" }, targetText(number, currency, seat.signs ? null : floors.get(seat.seat))),
    element("p", { class: "trend" }, trendText(number, days, currency)),
    others.length > 0 && otherNumbers(others, currency),
  );
}

function bigNumber(number, currency) {
  const { measured } = number;
  if (!Number.isFinite(measured.value)) {
    return element(
      "p",
      { class: "now none", title: number.reason ?? "" },
      element("strong", {}, "–"),
      element("span", { class: "why" }, number.reason ?? ""),
    );
  }
  const around = intervalText(measured, number, currency);
  return element(
    "p",
    { class: "now" },
    element("strong", {}, valueText(measured, number, currency)),
    element("span", { class: "unit" }, unitText(number, currency)),
    around && element("span", { class: "interval", title: "95 % interval" }, around),
  );
}

function targetText(number, currency, floor) {
  const { target } = number;
  if (!target) return "no target";
  const verdict = { met: "met", missed: "missed", open: "open", unknown: "not known" }[target.verdict];
  const name = floor || target.source === "registry" ? "floor" : "demands";
  return `${name} ${boundText(target, number, currency)}: ${verdict}`;
}

function trendText({ trend, course, ...number }, days, currency) {
  if (!COURSES[course]) return "no trend yet";
  const change = `${changeText(trend.value, number, currency, trend)}${intervalText(trend, number, currency)}`;
  return `${COURSES[course]} than ${days === 1 ? "the day" : `the ${days} days`} before (${change})`.replace("level than", "level with");
}

function otherNumbers(others, currency) {
  const rows = others.map((number) =>
    element(
      "div",
      {},
      element("dt", { title: number.title }, number.title),
      element(
        "dd",
        { title: number.reason ?? "" },
        measuredText(number.measured, number, currency),
        number.target ? ` · ${targetText(number, currency)}` : "",
        COURSES[number.course] ? ` · ${COURSES[number.course]}` : "",
      ),
    ),
  );
  return element(
    "details",
    { class: "others" },
    element("summary", {}, `${others.length} more ${others.length === 1 ? "number" : "numbers"}`),
    element("dl", {}, ...rows),
  );
}
