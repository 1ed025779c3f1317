// Bars, upright or lying, in groups and with whiskers; and the waterfall of a sum.

import { drawn } from "../dom.js";
import { along, frameOf, numberAxis, references, valueAxis } from "./axes.js";
import { label, legend, px, seriesClass, whisker, widthOf, wrapped } from "./marks.js";
import { numberText, spokenText, valueText } from "./numbers.js";
import { axisOf } from "./scales.js";

const ROW = 1.9; // ems that a lying bar takes
const THICK = 1.6; // ems of the thickest bar
const MARKS = 1.4; // ems above lying bars for the names of lines of reference
const NAMES = 0.36; // of the width, at most, for names at the left

/** Ems that a figure of lying bars or a waterfall takes; null: as high as one likes. */
export function barsHeight(figure) {
  if (figure.kind === "waterfall") return ROW * (figure.steps.length + 1) + 5.5;
  if (!figure.horizontal) return null;
  const several = figure.series.length > 1;
  const row = several ? 1.15 * figure.series.length + 0.8 : ROW;
  return Math.max(6, row * figure.groups.length) + 5.5 + (several ? 2 : 0) + (figure.marks?.length ? MARKS : 0);
}

/** `{nodes, points}` of a figure of kind bars. */
export function drawBars(figure, box) {
  const entries = figure.series.length > 1 ? figure.series.map(({ name }, index) => ({ name, index, look: "bar" })) : [];
  const names = legend(entries, box, 0);
  const axis = barAxis(figure, box);
  const parts = figure.horizontal ? lying(figure, box, axis, names.height) : upright(figure, box, axis, names.height);
  return { nodes: [...names.nodes, ...parts.nodes], points: parts.points };
}

function barAxis(figure, { width, em }) {
  const held = figure.series.flatMap(({ values }) => values.filter(Boolean));
  const marks = (figure.marks ?? []).map(({ at }) => at);
  const values = [...held.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]), ...marks];
  const count = figure.horizontal ? Math.max(2, Math.round(width / (12 * em))) : 5;
  return axisOf(values, { log: figure.y.scale === "log", count, zero: true });
}

function upright(figure, box, axis, head) {
  const { em, width } = box;
  const frame = frameOf(box, axis, { head, foot: 3.4 * em });
  const value = along(axis, frame.bottom, frame.top);
  const band = (frame.right - frame.left) / Math.max(1, figure.groups.length);
  const slot = Math.min(THICK * em * 1.4, (0.78 * band) / figure.series.length);
  const base = value(axis.log ? axis.low : 0);
  const nodes = valueAxis(axis, figure.y, frame, em);
  const points = [];
  figure.series.forEach(({ name, values }, s) => {
    const group = drawn("g", { class: seriesClass(s) });
    values.forEach((held, g) => {
      if (!held || !Number.isFinite(held.value)) return;
      const middle = frame.left + (g + 0.5) * band + (s - (figure.series.length - 1) / 2) * slot;
      const thick = Math.max(1, Math.min(THICK * em, slot - 2));
      const end = value(held.value);
      group.append(rect(middle - thick / 2, Math.min(base, end), thick, Math.abs(end - base)));
      if (hasInterval(held)) group.append(whisker("y", middle, value(held.low), value(held.high)));
      const reach = [middle - slot / 2, frame.top, middle + slot / 2, frame.bottom];
      points.push({ x: middle, y: end, row: s, reach, ...wordsOf(figure, name, figure.groups[g], held) });
    });
    nodes.push(group);
  });
  nodes.push(...groupNames(figure.groups, frame, band, em, width));
  nodes.push(...references(figure.marks?.map((mark) => ({ ...mark, axis: "y" })), { y: value }, frame, em));
  return { nodes, points };
}

// In two lines where they fit, else each so many-th in one.
function groupNames(groups, { left, bottom }, band, em, room) {
  const roomy = band > 3.2 * em;
  const longest = Math.max(0, ...groups.map((name) => widthOf(name, em)));
  const every = roomy ? 1 : Math.max(1, Math.ceil((longest + 0.6 * em) / band));
  return groups.flatMap((name, g) => {
    if (g % every) return [];
    const lines = roomy ? wrapped(name, band - 0.4 * em, em) : [name];
    const half = Math.max(...lines.map((line) => widthOf(line, em))) / 2;
    const x = Math.min(Math.max(left + (g + 0.5) * band, half), room - half);
    return lines.map((line, i) => {
      const node = label(line, x, bottom + (1.4 + 1.25 * i) * em, { em, anchor: "middle", kind: "quiet" });
      if (i === 0 && lines.join(" ") !== name) node.prepend(drawn("title", {}, name));
      return node;
    });
  });
}

function lying(figure, box, axis, head) {
  const { em } = box;
  const marked = figure.marks?.length ? MARKS * em : 0;
  const { frame, texts } = lyingFrame(figure.groups, box, head + marked);
  const value = along(axis, frame.left, frame.right);
  const band = (frame.bottom - frame.top) / Math.max(1, figure.groups.length);
  const slot = Math.min(THICK * em, (0.8 * band) / figure.series.length);
  const base = value(axis.log ? axis.low : 0);
  const nodes = [...lyingGrid(axis, frame), ...numberAxis(axis, figure.y, frame, em, box.width)];
  nodes.push(...figure.groups.map((name, g) => nameAt(name, frame, frame.top + (g + 0.5) * band, texts, em)));
  const points = [];
  figure.series.forEach(({ name, values }, s) => {
    const group = drawn("g", { class: seriesClass(s) });
    values.forEach((held, g) => {
      if (!held || !Number.isFinite(held.value)) return;
      const middle = frame.top + (g + 0.5) * band + (s - (figure.series.length - 1) / 2) * slot;
      const thick = Math.max(1, slot - 0.35 * em);
      const end = value(held.value);
      group.append(rect(Math.min(base, end), middle - thick / 2, Math.abs(end - base), thick));
      if (hasInterval(held)) group.append(whisker("x", middle, value(held.low), value(held.high)));
      const reach = [0, middle - slot / 2, box.width, middle + slot / 2];
      points.push({ x: end, y: middle, row: s, reach, ...wordsOf(figure, name, figure.groups[g], held) });
      const [least, most] = [Math.min(base, end, value(held.low ?? held.value)), Math.max(base, end, value(held.high ?? held.value))];
      const said = numberText(held.value);
      nodes.push((held.value < 0 && valueBefore(said, least, middle, frame, em)) || valueBeside(said, most, middle, frame, em));
    });
    nodes.push(group);
  });
  nodes.push(...references(figure.marks?.map((mark) => ({ ...mark, axis: "x" })), { x: value }, { ...frame, top: frame.top - marked }, em));
  return { nodes: nodes.filter(Boolean), points };
}

/** `{nodes, points}` of a figure of kind waterfall: each step from where the last one ended, then the whole. */
export function drawWaterfall(figure, box) {
  const { em } = box;
  const ends = figure.steps.reduce((sums, { value }) => [...sums, sums.at(-1) + value], [0]);
  const axis = axisOf([...ends, figure.total], { count: Math.max(2, Math.round(box.width / (12 * em))), zero: true });
  const rows = [...figure.steps.map(({ name, value }, i) => ({ name, value, from: ends[i], to: ends[i + 1] })), totalOf(figure)];
  const { frame, texts } = lyingFrame(rows.map(({ name }) => name), box, 0);
  const value = along(axis, frame.left, frame.right);
  const band = (frame.bottom - frame.top) / rows.length;
  const thick = Math.min(THICK * em, 0.68 * band);
  const nodes = [...lyingGrid(axis, frame), ...numberAxis(axis, figure.y, frame, em, box.width)];
  const points = rows.map((row, i) => {
    const middle = frame.top + (i + 0.5) * band;
    const [start, end] = [value(row.from), value(row.to)];
    const kind = row.whole ? "whole" : row.value < 0 ? "less" : "more";
    nodes.push(nameAt(row.name, frame, middle, texts, em));
    nodes.push(drawn("g", { class: `step ${kind}` }, rect(Math.min(start, end), middle - thick / 2, Math.max(1, Math.abs(end - start)), thick)));
    if (i > 0) nodes.push(drawn("path", { d: `M${px(value(rows[i - 1].to))} ${px(middle - band + thick / 2)}V${px(middle - thick / 2)}`, class: "figure-join" }));
    const said = `${row.value > 0 && !row.whole ? "+" : ""}${numberText(row.value)}`;
    nodes.push(valueBeside(said, Math.max(start, end), middle, frame, em) ?? valueBefore(said, Math.min(start, end), middle, frame, em));
    const unit = figure.y.unit ? ` ${figure.y.unit}` : "";
    const text = `${row.name} · ${said}${unit}${row.whole ? "" : ` · so far ${numberText(row.to)}${unit}`}`;
    return { x: end, y: middle, row: 0, reach: [0, middle - band / 2, box.width, middle + band / 2], text, spoken: text, data: row };
  });
  return { nodes: nodes.filter(Boolean), points };
}

function totalOf(figure) {
  return { name: figure.total_name ?? "Together", value: figure.total, from: 0, to: figure.total, whole: true };
}

function lyingFrame(names, { width, height, em }, head) {
  const texts = Math.min(NAMES * width, Math.max(0, ...names.map((name) => widthOf(name, em))));
  return { frame: { left: texts + 0.9 * em, right: width - 3.6 * em, top: head + 0.4 * em, bottom: height - 3.1 * em }, texts };
}

function lyingGrid(axis, { left, right, top, bottom }) {
  const place = along(axis, left, right);
  const lines = axis.ticks.map((tick) => drawn("path", { d: `M${px(place(tick))} ${px(top)}V${px(bottom)}`, class: "figure-grid" }));
  const zero = drawn("path", { d: `M${px(place(axis.log ? axis.low : 0))} ${px(top)}V${px(bottom)}`, class: "figure-zero" });
  return [...lines, zero];
}

function nameAt(name, { left }, middle, width, em) {
  return label(name, left - 0.6 * em, middle + 0.35 * em, { em, width, anchor: "end" });
}

function valueBeside(text, end, middle, { right }, em) {
  if (end + 0.5 * em + widthOf(text, em) > right + 3.6 * em) return null;
  return label(text, end + 0.5 * em, middle + 0.35 * em, { em, kind: "figure-said" });
}

function valueBefore(text, start, middle, { left }, em) {
  if (start - 0.5 * em - widthOf(text, em) < left) return null;
  return label(text, start - 0.5 * em, middle + 0.35 * em, { em, anchor: "end", kind: "figure-said" });
}

function wordsOf(figure, series, group, held) {
  const head = figure.series.length > 1 ? `${group}, ${series}` : group;
  return {
    text: `${head} · ${figure.y.label} ${valueText(held, figure.y.unit)}`,
    spoken: `${head}: ${figure.y.label} ${spokenText(held, figure.y.unit)}`,
    data: { series, group, ...held },
  };
}

function hasInterval({ low, high }) {
  return Number.isFinite(low) && Number.isFinite(high);
}

function rect(x, y, width, height) {
  return drawn("rect", { x: px(x), y: px(y), width: px(width), height: px(height), rx: 1.5, class: "figure-bar" });
}
