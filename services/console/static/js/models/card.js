// The model card of a version, by its sections: the same numbers as its HTML form.

import { figure } from "../charts/figure.js";
import { numberText, valueText } from "../charts/numbers.js";
import { element } from "../dom.js";
import { countText, percentText } from "../format.js";
import { chip, dateText, facts, folded, note, reading, table } from "../pieces.js";

const METRICS = {
  "ndcg@10": "nDCG@10", "ndcg@10_over_popular": "nDCG@10 over popularity", "recall@20": "recall@20", "precision@10": "precision@10",
  mrr: "mean reciprocal rank", auc: "AUC", coverage: "restaurants ever shown", gini: "Gini of what is shown", share_of_oracle: "share of the best possible",
};
const ERRORS = { order_ece: "expected calibration error of orders", order_brier: "Brier score of orders", click_ece: "expected calibration error of clicks", click_brier: "Brier score of clicks" };
const SHOWN = 12;
const LONG = 40; // letters of a parameter that fold away

/** A card's sections as nodes. */
export function cardNodes(card, zone) {
  return [
    head(card, zone),
    section("What it does not know", limits(card)),
    section("How well it does", accuracy(card)),
    section("For whom", groups(card)),
    section("Its probabilities", calibration(card)),
    section("Behaviour", behaviour(card)),
    section("What it has learnt from", data(card, zone)),
    section("What it is made with", details(card)),
    section("What changed", changes(card)),
    section("Not told", notTold(card)),
  ];
}

function section(title, nodes) {
  return element("section", { class: "card-section", "aria-label": title }, element("h3", {}, title), ...[nodes].flat().filter(Boolean));
}

function head(card, zone) {
  const { standing } = card;
  return element(
    "div",
    { class: "card-head" },
    element("p", { class: "card-name" }, card.version, " ", chip(standing.state, standing.state === "champion" ? "good" : "")),
    element("p", {}, card.summary),
    note(`${standing.state} since ${dateText(standing.since, zone)}${standing.reason ? `: ${standing.reason}` : ""}; trained ${dateText(card.created_at, zone)}.`),
  );
}

function missing(card, part) {
  return note(`${card.not_measured[part] ?? "not measured for this version"}.`);
}

function accuracy(card) {
  const { questions, against } = card.accuracy;
  if (!questions.length) return missing(card, "accuracy");
  const asked = questions.flatMap((question, i) => [
    i === 0 && figure(bars(question, card.model), { height: 240 }),
    folded(`All figures: ${question.words}`, figuresTable(question)),
  ]);
  const versus = against.map(({ question, rival, figures }) => [`${rival} (${question})`, figures["ndcg@10"] ?? "–", figures["recall@20"] ?? "–"]);
  return [...asked, versus.length > 0 && table("By how much it is better, diner by diner", ["Against", "nDCG@10", "recall@20"], versus, { numbers: [1, 2] })];
}

function bars(question, own) {
  const names = Object.keys(question.models).filter((name) => question.models[name]["ndcg@10"]);
  const rivals = names.filter((name) => name !== own).map((name) => `${name} ${numberText(question.models[name]["ndcg@10"].value)}`);
  return {
    kind: "bars",
    title: "nDCG@10, asked the same",
    sentence: `${own} has ${valueText(question.models[own]?.["ndcg@10"])}; asked the same: ${rivals.join(", ") || "nobody"}.`,
    y: { label: "nDCG@10", unit: null, scale: "linear" },
    groups: names,
    series: [{ name: question.words, values: names.map((name) => question.models[name]["ndcg@10"]) }],
    marks: [],
    horizontal: true,
  };
}

function figuresTable({ words, models }) {
  const metrics = Object.keys(METRICS).filter((metric) => Object.values(models).some((figures) => figures[metric]));
  const rows = Object.entries(models).map(([name, figures]) => [name, ...metrics.map((metric) => figures[metric] ?? "–")]);
  return table(words, ["Model", ...metrics.map((metric) => METRICS[metric])], rows, { numbers: metrics.map((_, i) => i + 1), stacks: true });
}

function groups(card) {
  if (!card.groups) return missing(card, "groups");
  const rows = card.groups.toSorted((a, b) => a.figure.value - b.figure.value).map((one) => [one.group, one.diners, one.figure, one.popular ?? "–"]);
  const worst = card.groups.reduce((least, one) => (one.figure.value < least.figure.value ? one : least));
  const made = (part) => table("nDCG@10 by group of diners", ["Group", "Diners", "nDCG@10", "Popularity alone"], part, { numbers: [1, 2, 3], stacks: true });
  return [
    reading(`Of ${countText(card.groups.length, "group")} that are large enough, it does least well for ${worst.group}: nDCG@10 ${valueText(worst.figure)}, ${countText(worst.diners, "diner")}.`),
    made(rows.slice(0, SHOWN)),
    rows.length > SHOWN && folded(`${rows.length - SHOWN} more groups`, made(rows.slice(SHOWN))),
  ];
}

function calibration(card) {
  const found = card.calibration;
  if (!found) return missing(card, "calibration");
  const errors = Object.entries(found.errors).map(([name, value]) => [ERRORS[name] ?? name, value]);
  const points = found.examination.map((y, i) => ({ x: i + 1, y, low: null, high: null, label: null }));
  return [
    found.assumed && note("Its data had no impressions: the curve is a guess, and nothing is sold with it."),
    errors.length > 0 && facts(errors),
    points.length > 1 &&
      figure(
        {
          kind: "lines",
          title: "Chance that a place of the list is looked at",
          sentence: `The first place is looked at for sure, the tenth in ${percentText(points[Math.min(9, points.length - 1)].y)} of lists.`,
          x: { label: "Place in the list", unit: null, scale: "linear" },
          y: { label: "Chance of a look", unit: null, scale: "linear" },
          series: [{ name: "chance of a look", points, style: "line" }],
          marks: [],
        },
        { height: 220 },
      ),
  ];
}

function behaviour(card) {
  if (!card.behaviour) return missing(card, "behaviour");
  const rows = card.behaviour.map((one) =>
    element("li", { class: one.passed ? "passed" : "failed" }, chip(one.passed ? "passed" : "failed", one.passed ? "good" : "bad"), " ", element("strong", {}, one.name), ` ${one.explanation}`),
  );
  return element("ul", { class: "checks-list" }, ...rows);
}

function data(card, zone) {
  const { data: found } = card;
  const period = [found.since, found.until].map((at) => (at ? dateText(at, zone) : "?")).join(" to ");
  return [
    facts([
      ["Source", found.source === "synthetic" ? "an invented city" : found.source],
      ["Period", period],
      ["Diners", count(found.diners)],
      ["Restaurants", count(found.restaurants)],
      ["Choices in the log", count(found.positives)],
      ["Learnt from, when measured", count(found.learnt_from)],
      ["Measured on", found.tested_on === null ? null : `${count(found.tested_on)} choices of ${count(found.diners_measured)} diners, held out by ${found.split}`],
      ["Hash", found.snapshot?.slice(0, 12)],
    ]),
    ...found.assumptions.map((text) => note(text)),
  ];
}

function count(value) {
  return value === null || value === undefined ? null : value.toLocaleString("en-GB");
}

function details({ details: found }) {
  if (!found.kept) return note("Its files are not there any more, or are damaged.");
  const long = ({ value }) => value.length > LONG;
  return [
    facts(found.parameters.filter((one) => !long(one)).map(({ name, value }) => [name, value])),
    ...found.parameters.filter(long).map(({ name, value }) => folded(name, note(value))),
    note(`Vectors of ${found.dimensions} numbers. Libraries: ${Object.entries(found.libraries).map(([name, version]) => `${name} ${version}`).join(", ")}.`),
  ];
}

function limits(card) {
  return card.limits.length ? element("ul", { class: "limits" }, ...card.limits.map((text) => element("li", {}, text))) : note("Nothing is told.");
}

function changes(card) {
  const found = card.changes;
  if (!found) return note("There is no version before it.");
  const parameters = found.parameters.map((one) => [one.name, one.before ?? "–", one.after ?? "–"]);
  const figures = found.figures.map((one) => [METRICS[one.name] ?? one.name, one.before, one.after, one.difference]);
  return [
    reading(`Against ${found.version}${found.same_data ? ", of the same data" : ", of other data"}. Each was measured on what was held out when it was trained.`),
    parameters.length > 0 && table("Parameters that changed", ["Parameter", "Before", "Now"], parameters),
    figures.length > 0 && table("Figures that changed", ["Figure", "Before", "Now", "Difference"], figures, { numbers: [1, 2, 3] }),
  ];
}

function notTold(card) {
  const rows = Object.entries(card.not_measured).map(([part, why]) => [part.replaceAll("_", " "), why]);
  return rows.length ? table("Parts that are not told", ["Part", "Why"], rows) : note("All parts of the card are told.");
}
