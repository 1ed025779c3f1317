// The numbers of a figure as a table: the form for those who do not see the drawing, or want the digits.

import { element } from "../dom.js";
import { labelText, numberText, valueText } from "./numbers.js";

/** `{columns: [text], rows: [[text or number or {value, low, high}]]}` of any figure. */
export function tableOf(figure) {
  return TABLES[figure.kind](figure);
}

/** The HTML table; numbers stand at the right. */
export function tableNode({ columns, rows }, caption) {
  const numeric = columns.map((_, c) => rows.some((row) => isNumber(row[c])) && rows.every((row) => row[c] === null || isNumber(row[c])));
  const kind = (c) => ({ class: numeric[c] ? "number" : null });
  const cell = (value, c) => (c === 0 ? element("th", { scope: "row", ...kind(c) }, cellText(value)) : element("td", kind(c), cellText(value)));
  return element(
    "table",
    { class: "figure-numbers" },
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, ...columns.map((name, c) => element("th", { scope: "col", ...kind(c) }, name)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map(cell)))),
  );
}

const TABLES = {
  table: ({ columns, rows }) => ({ columns, rows }),
  lines: planeTable,
  scatter: planeTable,
  bars: ({ groups, series, y }) => ({
    columns: ["", ...series.map(({ name }) => (series.length > 1 ? withUnit(name, y.unit) : labelText(y)))],
    rows: groups.map((group, g) => [group, ...series.map(({ values }) => values[g] ?? null)]),
  }),
  waterfall: ({ steps, total, total_name, y }) => ({
    columns: ["Step", labelText(y)],
    rows: [...steps.map(({ name, value }) => [name, value]), [total_name ?? "Together", total]],
  }),
  lists: ({ columns }) => ({
    columns: ["Place", ...columns.map(({ title }) => title)],
    rows: Array.from({ length: Math.max(0, ...columns.map(({ items }) => items.length)) }, (_, i) => [i + 1, ...columns.map(({ items }) => items[i] ?? null)]),
  }),
};

// Series over the same x stand side by side, others below each other.
function planeTable({ series, x, y }) {
  const held = ({ y: value, low, high }) => ({ value, low, high });
  const labelled = series.some(({ points }) => points.some((point) => point.label));
  const xs = series[0]?.points.map((point) => point.x) ?? [];
  const shared = !labelled && series.every(({ points }) => points.length === xs.length && points.every((point, i) => point.x === xs[i]));
  if (shared) {
    const names = series.map(({ name }) => (series.length > 1 ? withUnit(name, y.unit) : labelText(y)));
    return { columns: [labelText(x), ...names], rows: xs.map((at, i) => [at, ...series.map(({ points }) => held(points[i]))]) };
  }
  const rows = series.flatMap(({ name, points }) => points.map((point) => [point.label ?? name, ...(labelled ? [name] : []), point.x, held(point)]));
  return { columns: [labelled ? "Point" : "Series", ...(labelled ? ["Series"] : []), labelText(x), labelText(y)], rows };
}

function cellText(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "object") return valueText(value);
  return typeof value === "number" ? numberText(value) : String(value);
}

function isNumber(value) {
  return typeof value === "number" || (typeof value === "object" && value !== null);
}

function withUnit(name, unit) {
  return unit ? `${name} (${unit})` : name;
}
