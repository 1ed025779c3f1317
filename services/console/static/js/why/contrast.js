// Why one restaurant above another: both ledgers term by term, and what their features make of it.

import { figure } from "../charts/figure.js";
import { numberText } from "../charts/numbers.js";
import { element } from "../dom.js";
import { featureText, reading } from "../pieces.js";
import { shortened, summed, termName, waterfall } from "./terms.js";

const LARGEST = 12;

/** `one` and `other` are explanations of two entries of a list; `one` holds the contrast against the other. */
export function contrastNodes(one, other, names) {
  const values = new Map(other.terms.map(({ name, value }) => [name, value]));
  const terms = one.terms.map(({ name, value }) => ({ name, value: value - (values.get(name) ?? 0) }));
  const apart = one.score - other.score;
  const above = apart >= 0;
  const decisive = terms.reduce((most, term) => ((above ? term.value > most.value : term.value < most.value) ? term : most));
  const document = waterfall({
    title: `${names.one} less ${names.other}`,
    sentence: `What to see: ${above ? names.one : names.other} is ahead by ${numberText(Math.abs(apart), 4)}, most of all for ${termName(decisive.name)}.`,
    label: "Difference of scores",
    terms,
    total: apart,
  });
  const { words } = one.contrast;
  return [
    words.length > 0 && element("ul", { class: "words" }, ...words.map((text) => element("li", {}, text))),
    figure(document),
    check(summed(terms.map(({ value }) => value)), apart, "difference of the scores"),
    ...tasteNodes(one, other, names),
  ];
}

/** Against the average candidate there is no ledger: only the taste is compared. */
export function averageNodes(one, names) {
  return [reading("The average candidate of that list stands for all that could have been shown."), ...tasteNodes(one, null, names)];
}

function tasteNodes(one, other, names) {
  const lines = one.contrast.features.map(({ feature, value }) => ({ name: featureText(feature), value }));
  const sum = summed(lines.map(({ value }) => value));
  const total = other ? relevance(one) - relevance(other) : sum;
  const document = waterfall({
    title: "The taste, feature by feature",
    sentence: `What each feature of ${names.one} adds for this diner, less what the same feature of ${names.other} adds; together ${numberText(total, 4)}.`,
    label: "Difference of tastes (raw score)",
    terms: shortened(lines, LARGEST),
    total,
    names: (name) => name,
  });
  return [element("h3", {}, "What the features make of it"), figure(document), check(sum, total, "difference of the tastes")];
}

function relevance(found) {
  return found.terms.find(({ name }) => name === "relevance")?.value ?? 0;
}

function check(sum, total, what) {
  return element("p", { class: "sum-check", "data-sum": String(sum), "data-listed": String(total) }, `Added up: ${sum}; the ${what}: ${total}.`);
}
