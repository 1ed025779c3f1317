// What the model has learnt and where it fails, over all lists: importance, over-indexing, worst slices, who is like whom.

import { figure } from "../charts/figure.js";
import { numberText, valueText } from "../charts/numbers.js";
import { element } from "../dom.js";
import { countText } from "../format.js";
import { chip, folded, note, reading, table } from "../pieces.js";

const SHOWN = 12;

function notMeasured(card, part) {
  return element("p", { class: "empty" }, `${card.version}: ${card.not_measured[part] ?? "not measured for this version"}.`);
}

/** Global importance, by each measure that the version's report has. */
export function importanceNodes(card) {
  if (!card.importance?.length) return notMeasured(card, "importance");
  const measures = [...new Set(card.importance.map(({ measure }) => measure))];
  const pairs = card.interactions.map((one) => [one.diner, one.restaurant, one]);
  return [
    ...measures.map((measure) => figure(importanceBars(card.importance.filter((one) => one.measure === measure), measure))),
    pairs.length > 0 && folded("Largest pairs", table("What both sides make together", ["Of the diner", "Of the restaurant", "mean |cell|"], pairs, { numbers: [2] })),
    note(`Of ${card.version}. 95 % intervals over diners. Features that go together share what they are worth.`),
  ];
}

function importanceBars(found, measure) {
  const shown = found.toSorted((a, b) => b.value - a.value).slice(0, SHOWN);
  const name = (one) => `${one.side}: ${one.name.replaceAll("_", " ")}`;
  return {
    kind: "bars",
    title: measure.charAt(0).toUpperCase() + measure.slice(1),
    sentence: `What to see: ${name(shown[0])} comes first with ${valueText(shown[0])}${shown[1] ? `, then ${name(shown[1])} with ${numberText(shown[1].value)}` : ""}.`,
    y: { label: measure, unit: null, scale: "linear" },
    groups: shown.map(name),
    series: [{ name: measure, values: shown.map(({ value, low, high }) => ({ value, low, high })) }],
    marks: [],
    horizontal: true,
  };
}

/** What the audit for over-indexing looked at. */
export function overIndexingNodes(card) {
  if (!card.over_indexing) return notMeasured(card, "over_indexing");
  const reported = card.over_indexing.filter((one) => one.reported);
  const rows = card.over_indexing.map((one) => [one.kind.replaceAll("_", " "), one.feature, one.value, one.bound, chip(one.reported ? "reported" : "within", one.reported ? "bad" : "good"), one.sentence]);
  return [
    reading(reported.length ? `${countText(reported.length, "feature is", "features are")} leant on more than will hold.` : "Nothing is reported; of each question the nearest to its bound is shown."),
    table("The audit for over-indexing", ["Question", "Feature", "Figure", "Bound", "Verdict", "In words"], rows, { numbers: [2, 3], stacks: true }),
  ];
}

/** Where it is certainly worse than elsewhere. */
export function sliceNodes(card) {
  if (!card.worst_slices) return notMeasured(card, "worst_slices");
  if (!card.worst_slices.length) return element("p", { class: "empty" }, "No slice is certainly worse than the rest.");
  const shown = card.worst_slices.slice(0, SHOWN);
  const name = (one) => one.conditions.join(" and ");
  const loss = card.slice_loss ?? "mean loss";
  const document = {
    kind: "bars",
    title: "Worst slices",
    sentence: `What to see: where ${name(shown[0])}, the loss is ${valueText(shown[0])} against ${numberText(shown[0].rest)} elsewhere (${countText(shown[0].n, "case")}). More is worse.`,
    y: { label: loss, unit: null, scale: "linear" },
    groups: shown.map(name),
    series: [{ name: "in the slice", values: shown.map(({ value, low, high }) => ({ value, low, high })) }],
    marks: [],
    horizontal: true,
  };
  const rows = card.worst_slices.map((one) => [name(one), one.n, one, one.rest, one.p_adjusted]);
  return [figure(document), table("Worst slices", ["Where", "Cases", "Loss there", "Elsewhere", "p, corrected"], rows, { numbers: [1, 2, 3, 4], stacks: true })];
}

/** Cuisines and districts on a plane. */
export function mapNodes(card) {
  const found = card.embedding_map;
  if (!found) return notMeasured(card, "embedding_map");
  const [across, up] = found.explained.map((share) => `${Math.round(100 * share)} %`);
  const series = ["cuisine", "district"].map((prefix) => ({
    name: `${prefix}s`,
    points: found.points.filter(({ tag }) => tag.startsWith(`${prefix}=`)).map(({ tag, x, y }) => ({ x, y, low: null, high: null, label: tag.slice(prefix.length + 1) })),
    style: "dots",
  }));
  const document = {
    kind: "scatter",
    title: "Who is like whom",
    sentence: `What to see: what stands close is recommended to the same diners. Each tag stands where the model puts a restaurant of which nothing else is known; the axes have ${across} and ${up} of the variance.`,
    x: { label: "First component", unit: null, scale: "linear" },
    y: { label: "Second component", unit: null, scale: "linear" },
    series: series.filter(({ points }) => points.length),
    marks: [],
  };
  return [figure(document, { height: 460 }), note("Distances on the map are as true as these shares, no more.")];
}
