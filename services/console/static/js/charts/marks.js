// Pieces of a drawing: text that fits, markers, whiskers, a legend. Lengths are pixels, `em` is the text's size.

import { drawn } from "../dom.js";

const SHAPES = 6;
let pen = null;
let penEm = 0;

/** The width of a text in the figure's own font. */
export function widthOf(text, em) {
  pen ??= new OffscreenCanvas(1, 1).getContext("2d");
  if (penEm !== em) pen.font = `${em}px ${getComputedStyle(document.body).fontFamily}`;
  penEm = em;
  return pen.measureText(text).width;
}

/** Text at a place; what does not fit into `width` ends in an ellipsis and tells the whole in its title. */
export function label(text, x, y, { em, width = Infinity, anchor = "start", kind = "" }) {
  const shown = shortened(text, width, em);
  const node = drawn("text", { x: px(x), y: px(y), "text-anchor": anchor, class: `figure-text ${kind}` }, shown);
  if (shown !== text) node.prepend(drawn("title", {}, text));
  return node;
}

/** A text cut to a width. */
export function shortened(text, width, em) {
  if (width === Infinity || widthOf(text, em) <= width) return text;
  let end = text.length;
  while (end > 1 && widthOf(`${text.slice(0, end)}…`, em) > width) end--;
  return `${text.slice(0, end).trimEnd()}…`;
}

/** A text in at most `most` lines of a width. */
export function wrapped(text, width, em, most = 2) {
  const lines = [];
  for (const word of text.split(" ")) {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    if (lines.length && (widthOf(longer, em) <= width || lines.length === most)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((line) => shortened(line, width, em));
}

/** The class that gives a series its colour and its dash. */
export function seriesClass(index) {
  return `series-${index % SHAPES}`;
}

/** A series' marker: circle, square, triangle, diamond, triangle on its head, cross. */
export function marker(index, x, y, r) {
  const [a, b] = [px(1.18 * r), px(0.9 * r)];
  const d = [
    `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
    `M-${b}-${b}h${2 * b}v${2 * b}h-${2 * b}z`,
    `M0-${a}L${a} ${b}L-${a} ${b}z`,
    `M0-${px(1.3 * r)}L${px(1.3 * r)} 0L0 ${px(1.3 * r)}L-${px(1.3 * r)} 0z`,
    `M0 ${a}L${a}-${b}L-${a}-${b}z`,
    `M-${b}-${b}L${b} ${b}M${b}-${b}L-${b} ${b}`,
  ][index % SHAPES];
  return drawn("path", { d, class: "figure-marker", transform: `translate(${px(x)} ${px(y)})` });
}

/** A whisker between two places of one axis, with caps across; `along` is "x" or "y". */
export function whisker(along, at, from, to, cap = 3) {
  const d =
    along === "y"
      ? `M${px(at)} ${px(from)}V${px(to)}M${px(at - cap)} ${px(from)}h${2 * cap}M${px(at - cap)} ${px(to)}h${2 * cap}`
      : `M${px(from)} ${px(at)}H${px(to)}M${px(from)} ${px(at - cap)}v${2 * cap}M${px(to)} ${px(at - cap)}v${2 * cap}`;
  return drawn("g", { class: "figure-whisker" }, drawn("path", { d, class: "halo" }), drawn("path", { d }));
}

/** Names with the look of their series, in rows from `y` on: `{nodes, height}`. `look` is "line", "dots" or "bar". */
export function legend(entries, { width, em }, y) {
  const nodes = [];
  let [x, row] = [0, 0];
  for (const { name, index, look } of entries) {
    const wide = 2.4 * em + widthOf(name, em) + 1.4 * em;
    if (x > 0 && x + wide > width) [x, row] = [0, row + 1];
    const middle = y + (row * 1.5 + 0.75) * em;
    const sample =
      look === "bar"
        ? drawn("rect", { x: px(x + 0.6 * em), y: px(middle - 0.4 * em), width: px(em), height: px(0.8 * em), class: "figure-bar" })
        : look === "line" && drawn("path", { d: `M${px(x)} ${px(middle)}h${px(2 * em)}`, class: "figure-line" });
    const group = drawn("g", { class: `${seriesClass(index)} ${look}` }, sample, look !== "bar" && marker(index, x + em, middle, 0.3 * em));
    nodes.push(group, label(name, x + 2.4 * em, middle + 0.35 * em, { em, width: width - x - 2.4 * em }));
    x += wide;
  }
  return { nodes, height: entries.length ? (row + 1) * 1.5 * em + 0.3 * em : 0 };
}

/** A length with one decimal: a tenth of a pixel is enough. */
export function px(value) {
  return Math.round(value * 10) / 10;
}
