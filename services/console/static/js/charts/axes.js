// Axes: where the marks of a figure lie, the grid behind them, and lines of reference.

import { drawn } from "../dom.js";
import { label, px, widthOf } from "./marks.js";
import { labelText, tickTexts } from "./numbers.js";

/**
 * The rectangle for marks, with the axis of values at the left, `{left, right, top, bottom}`.
 * `head` is what a legend takes above it, `side` what names take at the right.
 */
export function frameOf({ width, height, em }, y, { head = 0, side = 0, foot = 3.1 * em } = {}) {
  const left = Math.max(...tickTexts(y.ticks).map((text) => widthOf(text, em))) + 0.7 * em;
  return { left, right: width - Math.max(side, 0.9 * em), top: 1.9 * em + head, bottom: height - foot };
}

/** A place on the axis as a pixel between two. */
export function along(axis, from, to) {
  return (value) => from + axis.at(value) * (to - from);
}

/** The axis of values: a line and a number for each tick, and above them what is measured. */
export function valueAxis(axis, document, { left, right, top, bottom }, em) {
  const place = along(axis, bottom, top);
  const texts = tickTexts(axis.ticks);
  const nodes = axis.ticks.flatMap((tick, i) => [
    drawn("path", { d: `M${px(left)} ${px(place(tick))}H${px(right)}`, class: tick === 0 ? "figure-zero" : "figure-grid" }),
    label(texts[i], left - 0.5 * em, place(tick) + 0.35 * em, { em, anchor: "end", kind: "quiet" }),
  ]);
  const said = label(labelText(document), 0, top - 0.95 * em, { em, width: right, kind: "quiet" });
  return [...nodes, said];
}

/** The axis of numbers below: ticks that do not touch, and what they are. */
export function numberAxis(axis, document, { left, right, bottom }, em, room) {
  const place = along(axis, left, right);
  const texts = tickTexts(axis.ticks);
  let end = -Infinity;
  const nodes = axis.ticks.flatMap((tick, i) => {
    const half = widthOf(texts[i], em) / 2;
    const x = Math.min(Math.max(place(tick), half), room - half);
    const mark = drawn("path", { d: `M${px(place(tick))} ${px(bottom)}v4`, class: "figure-tick" });
    if (x - half < end) return [mark];
    end = x + half + 0.6 * em;
    return [mark, label(texts[i], x, bottom + 1.4 * em, { em, anchor: "middle", kind: "quiet" })];
  });
  const said = label(labelText(document), (left + right) / 2, bottom + 2.8 * em, { em, width: right - left, anchor: "middle", kind: "quiet" });
  return [...nodes, said];
}

/** Dashed lines of reference with their names: `marks` of the document; `places` has a function to pixels by axis. */
export function references(marks, places, { left, right, top, bottom }, em) {
  return (marks ?? []).flatMap(({ axis, at, label: name }) => {
    const place = places[axis]?.(at);
    if (place === undefined) return [];
    if (axis === "y") {
      const above = place - top > 1.6 * em;
      return [
        drawn("path", { d: `M${px(left)} ${px(place)}H${px(right)}`, class: "figure-reference" }),
        label(name ?? "", right - 2, place + (above ? -0.4 : 1.2) * em, { em, width: right - left, anchor: "end", kind: "figure-said" }),
      ];
    }
    const before = right - place < widthOf(name ?? "", em) + 0.5 * em;
    return [
      drawn("path", { d: `M${px(place)} ${px(top)}V${px(bottom)}`, class: "figure-reference" }),
      label(name ?? "", place + (before ? -0.4 : 0.4) * em, top + 0.9 * em, { em, anchor: before ? "end" : "start", kind: "figure-said" }),
    ];
  });
}
