// Lists side by side; what stands in both is joined by a line.

import { drawn } from "../dom.js";
import { label, px, shortened } from "./marks.js";

const ROW = 2; // ems

/** Ems that the figure takes. */
export function listsHeight({ columns }) {
  return ROW * Math.max(1, ...columns.map(({ items }) => items.length)) + 2.6;
}

/** `{nodes, points}` of a figure of kind lists. */
export function drawLists({ columns }, { width, em }) {
  const gap = columns.length > 1 ? Math.min(9 * em, (0.22 * width) / (columns.length - 1)) : 0;
  const wide = (width - gap * (columns.length - 1)) / columns.length;
  const top = 2.4 * em;
  const left = (c) => c * (wide + gap);
  const middle = (i) => top + (i + 0.5) * ROW * em;
  const nodes = [];
  const points = [];
  columns.forEach(({ title, items }, c) => {
    nodes.push(label(title, left(c), 1.1 * em, { em, width: wide, kind: "figure-head-text" }));
    nodes.push(drawn("path", { d: `M${px(left(c))} ${px(1.8 * em)}h${px(wide)}`, class: "figure-zero" }));
    if (c > 0) nodes.push(...joins(columns[c - 1].items, items, left(c) - gap, left(c), middle));
    items.forEach((name, i) => {
      const places = columns.map((column) => column.items.indexOf(name));
      const alone = columns.length > 1 && places.filter((place) => place >= 0).length === 1;
      const shown = `${i + 1}  ${name}`;
      const text = label(shown, left(c) + 0.4 * em, middle(i) + 0.35 * em, { em, width: wide - 0.8 * em, kind: alone ? "figure-alone" : "" });
      if (shortened(shown, wide - 0.8 * em, em) !== shown) text.querySelector("title").textContent = name;
      nodes.push(drawn("g", { class: "figure-item", "data-key": name }, text));
      const said = `${name} · ${columns.map((column, k) => placeText(column.title, places[k])).join(", ")}`;
      const reach = [left(c), middle(i) - em, left(c) + wide, middle(i) + em];
      points.push({ x: left(c) + 0.1 * em, y: middle(i), row: c, reach, key: name, text: said, spoken: said, data: { column: title, item: name, place: i + 1 } });
    });
  });
  return { nodes, points };
}

function joins(before, after, from, to, middle) {
  return before.flatMap((name, i) => {
    const k = after.indexOf(name);
    if (k < 0) return [];
    const bend = (to - from) / 2;
    const d = `M${px(from + 4)} ${px(middle(i))}C${px(from + bend)} ${px(middle(i))} ${px(to - bend)} ${px(middle(k))} ${px(to - 4)} ${px(middle(k))}`;
    return [drawn("path", { d, class: `figure-link ${k === i ? "same" : k < i ? "up" : "down"}`, "data-key": name })];
  });
}

function placeText(title, place) {
  return place < 0 ? `not in ${title}` : `${place + 1} in ${title}`;
}
