// Groups: looks for what restaurants earn, and how well diners are served; each figure with its interval.

import { figure } from "../charts/figure.js";
import { numberText, valueText } from "../charts/numbers.js";
import { element } from "../dom.js";
import { countText, percentText } from "../format.js";
import { chip, folded, note, reading, select, table } from "../pieces.js";

const ORGANIC = "exposure per merit at places that were not sold";
const PAID = "exposure per merit at places that were sold";
const SURE = 0.05;

/** Exposure for each order's worth, of the groups of one attribute; `chosen` is kept by the caller. */
export function exposureNodes(report, chosen, onChoose) {
  const found = report.comparisons.filter((one) => one.side === "restaurants");
  const attributes = [...new Set(found.map(({ attribute }) => attribute))];
  if (!attributes.length) return [empty(report)];
  const attribute = attributes.includes(chosen) ? chosen : attributes[0];
  const of = (measure) => found.find((one) => one.measure === measure && one.attribute === attribute);
  const [organic, paid] = [of(ORGANIC), of(PAID)];
  return [
    chooser("By", attributes, attribute, onChoose),
    organic && verdict(organic),
    figure(exposureBars(attribute, organic, paid)),
    paid ? note(`Sold places, in a ledger of their own: ${paid.words}`) : note("No places were sold in this time, or too few groups had any."),
    ...[organic, paid].filter(Boolean).map(hidden),
  ];
}

function exposureBars(attribute, organic, paid) {
  const groups = [...new Set([organic, paid].filter(Boolean).flatMap((one) => one.groups.toSorted((a, b) => b.value - a.value).map(({ group }) => group)))];
  const series = [["not paid for", organic], ["paid for", paid]].filter(([, one]) => one);
  const members = new Map([organic, paid].filter(Boolean).flatMap((one) => one.groups.map(({ group, n }) => [group, n])));
  return {
    kind: "bars",
    title: `Looks for each order's worth, by ${attribute}`,
    sentence: "What to see: with equal treatment all bars of a colour are alike. More looks for the same orders is more than was earned, as far as orders tell.",
    y: { label: "Looks for an order's worth", unit: null, scale: "linear" },
    groups: groups.map((group) => `${group} (${members.get(group)})`),
    series: series.map(([name, one]) => ({ name, values: groups.map((group) => figureOf(one.groups.find((other) => other.group === group))) })),
    marks: organic ? [{ axis: "y", at: organic.overall, label: "all, unpaid" }] : [],
    horizontal: true,
  };
}

/** How well groups of diners are served, by one measure and one attribute. */
export function qualityNodes(report, chosen, onChoose) {
  const found = report.comparisons.filter((one) => one.side === "diners");
  if (!found.length) return [empty(report)];
  const keys = found.map((one) => [`${one.measure}|${one.attribute}`, `${one.measure}, by ${one.attribute}`]);
  const key = keys.some(([known]) => known === chosen) ? chosen : keys[0][0];
  const one = found.find(({ measure, attribute }) => `${measure}|${attribute}` === key);
  const made = select(keys, key, { id: "quality-choice" });
  made.addEventListener("change", () => onChoose(made.value));
  return [
    element("div", { class: "field chooser" }, element("label", { for: "quality-choice" }, "Figure and groups"), made),
    verdict(one),
    figure(qualityBars(one)),
    hidden(one),
    gaps(found),
  ];
}

function qualityBars(one) {
  const groups = one.groups.toSorted((a, b) => b.value - a.value);
  return {
    kind: "bars",
    title: `${one.measure}, by ${one.attribute}`,
    sentence: `What to see: greatest less least is ${valueText(one.gap)}; if the groups meant nothing it would be about ${numberText(one.by_chance)}.`,
    y: { label: one.measure, unit: null, scale: "linear" },
    groups: groups.map(({ group, n }) => `${group} (${n})`),
    series: [{ name: one.measure, values: groups.map(figureOf) }],
    marks: [{ axis: "y", at: one.overall, label: "all" }],
    horizontal: true,
  };
}

function gaps(found) {
  const rows = found
    .toSorted((a, b) => a.p_adjusted - b.p_adjusted)
    .map((one) => [`${one.measure}, by ${one.attribute}`, one.groups.length, one.gap, one.by_chance, one.p_adjusted, one.not_shown.groups ? `${one.not_shown.groups} (${one.not_shown.members})` : "none"]);
  return folded(
    `All ${rows.length} gaps, the surest first`,
    table("Gaps between groups of diners", ["Figure and groups", "Groups", "Gap [95 %]", "By chance", "p, corrected", "Too small to show (members)"], rows, { numbers: [1, 2, 3, 4, 5], stacks: true }),
  );
}

function verdict(one) {
  const certain = one.p_adjusted < SURE;
  return element("p", { class: "reading" }, chip(certain ? "chance does not explain it" : "chance may explain it", certain ? "bad" : ""), " ", one.words);
}

function hidden({ not_shown: found, attribute, measure }) {
  if (!found.groups) return null;
  return note(`Not shown of ${measure}, by ${attribute}: ${countText(found.groups, "group")} of fewer than ${found.fewer_than}, ${countText(found.members, "member")} together.`);
}

function chooser(label, options, chosen, onChoose) {
  const made = select(options.map((option) => [option, option]), chosen, { id: "exposure-choice" });
  made.addEventListener("change", () => onChoose(made.value));
  return element("div", { class: "field chooser" }, element("label", { for: "exposure-choice" }, label), made);
}

function figureOf(found) {
  return found ? { value: found.value, low: found.low, high: found.high } : null;
}

function empty({ about }) {
  return element("p", { class: "empty" }, `Nothing to compare: ${countText(about.lists, "list")} of ${countText(about.diners, "diner")} in this time, and a group needs 5 restaurants or 20 diners.`);
}

/** How concentrated looks are. */
export function concentrationNodes(report) {
  const { gini, coverage, tail_share: tail } = report.metrics;
  if (!gini) return [empty(report)];
  const never = { value: 1 - coverage.value, low: 1 - coverage.high, high: 1 - coverage.low };
  const rows = [
    ["Gini index of looks", gini, "0: all restaurants have as many; near 1: a few have all."],
    ["Never shown", never, `Share of ${countText(report.about.restaurants, "restaurant")} that no list of this time had.`],
    ["The long tail's share", tail, "Of all looks: what the less popular four fifths of restaurants have."],
  ];
  const document = {
    kind: "bars",
    title: "How concentrated looks are",
    sentence: `What to see: ${percentText(never.value)} of the restaurants are never shown, and the Gini index is ${valueText(gini)}.`,
    y: { label: "Share, or index", unit: null, scale: "linear" },
    groups: rows.map(([name]) => name),
    series: [{ name: "now", values: rows.map(([, found]) => found) }],
    marks: [],
    horizontal: true,
  };
  return [figure(document), element("ul", { class: "limits" }, ...rows.map(([name, , words]) => element("li", {}, element("strong", {}, `${name}. `), words))), ...report.changes.map((text) => note(text))];
}
