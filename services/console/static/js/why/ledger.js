// Why a restaurant stands where it stands: the sum that is its score, the reasons, and the features behind its taste.

import { figure } from "../charts/figure.js";
import { numberText } from "../charts/numbers.js";
import { element } from "../dom.js";
import { featureText, folded, meter, note, reading, table } from "../pieces.js";
import { shortened, silent, summed, termName, waterfall } from "./terms.js";

const LARGEST = 10;

/** `GET /v1/explanations` of a restaurant as nodes; `item` is its entry as it was listed, where that is known. */
export function ledgerNodes(found, item, name) {
  const total = summed(found.terms.map(({ value }) => value));
  const top = found.terms.reduce((most, term) => (Math.abs(term.value) > Math.abs(most.value) ? term : most));
  const score = waterfall({
    title: `The score of ${name}, term by term`,
    sentence: `What to see: from nothing to ${numberText(found.score, 4)}. The largest step is ${termName(top.name)}.`,
    label: "Score",
    terms: found.terms,
    total: found.score,
  });
  return [
    reading(`Number ${found.rank} of the list${paid(found)}. A score is the probability of an order if the diner looks at it; where somebody pays, with what the fee is worth.`),
    figure(score),
    sumCheck(total, item?.score ?? found.score),
    note(silent(found.terms)),
    element("h3", {}, "Reasons, in words"),
    reasons(found.reasons),
    element("h3", {}, "What the taste is made of"),
    ...features(found),
    ...secondStage(found),
    note(`Made by: ${found.method}. `, found.exact ? "Taken apart exactly: nothing is left but rounding." : "Not taken apart exactly: a rest is named as such."),
  ];
}

function paid({ rank, without_payment }) {
  const organic = without_payment.rank;
  return !organic || organic === rank ? "" : `; without payment it would be number ${organic}`;
}

// The waterfall's promise, kept where the reader can see it.
function sumCheck(total, listed) {
  const same = total === listed;
  return element(
    "p",
    { class: "sum-check", "data-sum": String(total), "data-listed": String(listed) },
    `Added up from left to right: ${total}. As listed: ${listed}. `,
    element("strong", {}, same ? "The same to the last bit." : `Apart by ${Math.abs(total - listed)}.`),
  );
}

function reasons(found) {
  const most = Math.max(...found.map(({ value }) => Math.abs(value)), 1e-12);
  const rows = found.map((one) => element("li", {}, meter(Math.abs(one.value) / most, `${one.text} (${one.value > 0 ? "+" : ""}${numberText(one.value)})`, one.value < 0 ? "bad" : "")));
  return element("div", {}, element("ul", { class: "weighed" }, ...rows), note("In raw scores, beyond the market's average restaurant at the average way; together what this entry has beyond it."));
}

function features(found) {
  if (!found.features.length) return [note("Not taken apart for this list.")];
  const total = found.terms.find(({ name }) => name === "relevance")?.value ?? 0;
  const lines = found.features.map((one) => ({ name: pairName(one), value: one.value }));
  const cells = waterfall({
    title: "Pairs of features",
    sentence: `What one feature of the diner and one of the restaurant make together; they add up to the taste, ${numberText(total, 4)}.`,
    label: "Taste (raw score)",
    terms: shortened(lines, LARGEST),
    total,
    names: (name) => name,
  });
  const all = summed(lines.map(({ value }) => value));
  const pairs = found.features.map((one) => [one.diner_feature ?? "anybody", one.restaurant_feature ?? "any restaurant", one.value]);
  const shares = found.shapley.map((one) => [one.feature, one.of, one.value]);
  return [
    figure(cells),
    element("p", { class: "sum-check", "data-sum": String(all), "data-listed": String(total) }, `All ${lines.length} lines added up: ${all}; the term: ${total}.`),
    folded("All pairs", table("Pairs of features", ["Of the diner", "Of the restaurant", "Adds"], pairs, { numbers: [2] })),
    folded("Shared out among single features (Shapley values)", table("Shapley values", ["Feature", "Of", "Value"], shares, { numbers: [2] })),
  ];
}

function pairName({ diner_feature: diner, restaurant_feature: restaurant }) {
  if (diner === null && restaurant === null) return "everybody, everywhere";
  if (diner === null) return `${featureText(restaurant)}, to anybody`;
  if (restaurant === null) return `${featureText(diner)}, anywhere`;
  return diner === restaurant ? diner : `${featureText(diner)} × ${featureText(restaurant)}`;
}

function secondStage(found) {
  if (!found.second_stage.length) return [];
  const total = found.terms.find(({ name }) => name === "second_stage")?.value ?? 0;
  const document = waterfall({
    title: "The moment, by TreeSHAP",
    sentence: `What the second stage's trees read in this moment; it adds up to ${numberText(total, 4)}.`,
    label: "Second stage (raw score)",
    terms: shortened(found.second_stage, LARGEST + 5),
    total,
    names: (name) => name.replaceAll("_", " "),
  });
  return [element("h3", {}, "What the moment is made of"), figure(document)];
}
