// The flip test: the same diner with one word changed, as it was audited.

import { figure } from "../charts/figure.js";
import { element } from "../dom.js";
import { percentText } from "../format.js";
import { chip, dateText, folded, note, reading, table } from "../pieces.js";

/** The audit's flips, of protected attributes and of words of the profile for size. */
export function flipNodes({ document: audit, ...measurement }, zone) {
  if (!audit) return [notMeasured(measurement)];
  const flips = audit.flip_test;
  const same = flips.filter((one) => one.identical);
  const said = flips.length === 0
    ? "This market's diners have no protected attributes, so there is no word to change."
    : same.length === flips.length
      ? `With one protected word changed (${flips.map(({ attribute }) => attribute).join(", ")}) every score stays the same to the bit: none of them is an input.`
      : `Changing ${flips.filter((one) => !one.identical).map(({ attribute }) => attribute).join(", ")} changes scores: it is an input.`;
  return [
    reading(said),
    figure(overlapBars(flips, audit.words)),
    folded("All figures of the flips", flipTable([...flips, ...audit.words])),
    note(`Audit of ${audit.about.model} on ${dateText(measurement.measured_at, zone)}, data ${measurement.snapshot.slice(0, 12)}, by `, element("code", {}, measurement.command), ". Asked are diners who are known by tags alone: only there can one word be changed and all else be left."),
  ];
}

function overlapBars(flips, words) {
  const all = [...flips.map((one) => ({ ...one, name: `${one.attribute} (protected)` })), ...words.map((one) => ({ ...one, name: one.attribute }))];
  return {
    kind: "bars",
    title: "How alike two lists are, one word apart",
    sentence: "What to see: rank-biased overlap, 1 for equal lists. Protected words leave the list as it is; words of the profile show how much a word can do; the noise floor is that of two equal diners.",
    y: { label: "Rank-biased overlap", unit: null, scale: "linear" },
    groups: all.map(({ name }) => name),
    series: [
      { name: "one word changed", values: all.map(({ overlap }) => overlap) },
      { name: "two equal diners (noise floor)", values: all.map(({ floor }) => floor) },
    ],
    marks: [],
    horizontal: true,
  };
}

function flipTable(found) {
  const rows = found.map((one) => [one.attribute, one.identical ? chip("the same", "good") : chip("another", one.beyond_noise ? "busy" : ""), one.overlap, one.floor, one.distance, `${percentText(one.changed.value)}`]);
  return table("Flips", ["Word", "Scores", "Overlap", "Noise floor", "Distance of scores", "Of the first ten changed"], rows, { numbers: [2, 3, 4, 5], stacks: true });
}

/** What looks like discrimination by the log or the model: findings, proxies, labels. */
export function findingNodes({ document: audit, ...measurement }) {
  if (!audit) return [notMeasured(measurement)];
  const findings = audit.findings.map((one) => element("li", {}, chip(one.kind, "bad"), ` ${one.explanation}`));
  const proxies = audit.proxies.toSorted((a, b) => b.auc.value - a.auc.value).map((one) => [one.attribute, one.source, one.auc, one.by_chance]);
  return [
    findings.length ? element("ul", { class: "limits bare" }, ...findings) : reading(`Nothing looks like discrimination by what was looked for: ${audit.looked_for.join(", ")}.`),
    proxies.length > 0 && folded("Which words tell a protected attribute", table("Proxies", ["Attribute", "Told from", "Area under the ROC curve", "By chance"], proxies, { numbers: [2, 3] })),
    carried(audit.carried_by),
    ...audit.notes.map((text) => note(text)),
  ];
}

function notMeasured({ note: text }) {
  return element("p", { class: "empty" }, text);
}

function carried(found) {
  const rows = Object.entries(found).flatMap(([attribute, features]) => features.slice(0, 3).map(({ feature, share }) => [attribute, feature, percentText(share)]));
  return rows.length > 0 && folded("What separates the scores of groups", table("Carriers", ["Attribute", "Feature", "Share of the difference"], rows, { numbers: [2] }));
}
