// A figure from its document: title, the sentence that reads it out, the drawing at its real width, and the same as a table.

import { drawn, element } from "../dom.js";
import { barsHeight, drawBars, drawWaterfall } from "./bars.js";
import { drawLists, listsHeight } from "./lists.js";
import { drawPlane } from "./plane.js";
import { tableNode, tableOf } from "./tables.js";

const DRAW = { lines: drawPlane, scatter: drawPlane, bars: drawBars, waterfall: drawWaterfall, lists: drawLists };
const NEAR = 40; // pixels from which the pointer finds a point
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
let count = 0;

/** The node of a figure; see `Figure`. */
export function figure(document, options = {}) {
  return new Figure(document, options).node;
}

/**
 * A figure that can be given new numbers. `height`: pixels at the usual text size, for kinds that do not need their own;
 * `heading`: the title's element; `onPoint(data)`: a point was clicked, or chosen with Enter.
 */
export class Figure {
  #points = [];
  #size = { width: 0, height: 0, em: 0 };
  #chosen = -1;
  #asTable = false;

  constructor(document, { height = 300, heading = "h3", onPoint = null } = {}) {
    if (document.kind !== "table" && !DRAW[document.kind]) throw new Error(`a figure of kind "${document.kind}" cannot be drawn`);
    this.height = height;
    this.onPoint = onPoint;
    const id = `figure-${++count}`;
    this.title = element(heading, { id, class: "figure-title" });
    this.toggle = element("button", { type: "button", class: "quiet-button figure-toggle", "aria-pressed": "false" }, "Table");
    this.sentence = element("p", { class: "figure-sentence", id: `${id}-says` });
    this.svg = drawn("svg", { "aria-hidden": "true", focusable: "false" });
    this.tip = element("p", { class: "figure-tip", "aria-hidden": "true", hidden: true });
    this.plot = element("div", { class: "figure-plot", tabindex: "0", role: "application", "aria-roledescription": "chart", "aria-labelledby": id, "aria-describedby": `${id}-says ${id}-keys` }, this.svg, this.tip);
    this.keys = element("p", { id: `${id}-keys`, class: "unseen" }, "Arrow keys walk through the values; Table shows them all.");
    this.table = element("div", { class: "figure-table", tabindex: "0", role: "region", "aria-labelledby": id });
    this.heard = element("p", { class: "unseen", role: "status" });
    const head = element("div", { class: "figure-head" }, this.title, this.toggle);
    this.node = element("figure", { class: "figure", "aria-labelledby": id }, head, this.sentence, this.plot, this.table, this.keys, this.heard);
    this.#listen();
    this.update(document);
    new ResizeObserver(() => this.#measure()).observe(this.plot);
  }

  /** Show a document of the same kind in place of the last one; what the reader looks at stays. */
  update(document) {
    this.document = document;
    this.title.textContent = document.title;
    this.sentence.textContent = document.sentence;
    this.svg.setAttribute("class", `figure-drawing ${document.kind}`);
    this.#arrange();
    this.#draw();
  }

  #arrange() {
    const whole = this.document.kind === "table";
    const shown = whole || this.#asTable;
    const ems = ownHeight(this.document);
    // In rem: the page's text may be larger on a large screen, and the figure with it.
    const height = `${ems ? 0.75 * ems : this.height / 16}rem`;
    this.plot.style.height = height;
    this.table.style.height = whole ? "" : height;
    this.toggle.hidden = whole;
    this.toggle.setAttribute("aria-pressed", String(this.#asTable));
    this.plot.hidden = shown;
    this.table.hidden = !shown;
    if (!shown) return;
    const table = tableOf(this.document);
    this.table.replaceChildren(...(table.rows.length ? [tableNode(table, this.document.title)] : []));
  }

  // Only here is the page's layout asked for: a dozen figures that get new numbers at once shall not each make it anew.
  #measure() {
    this.#size = { width: this.plot.clientWidth, height: this.plot.clientHeight, em: parseFloat(getComputedStyle(this.plot).fontSize) };
    this.#draw();
  }

  #draw() {
    const { width, height, em } = this.#size;
    if (!width || !height || this.plot.hidden) return;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const { nodes, points } = DRAW[this.document.kind](this.document, { width, height, em });
    this.#points = points;
    this.plot.classList.toggle("picks", Boolean(this.onPoint));
    this.focus = drawn("circle", { r: 7, class: "figure-focus", visibility: "hidden" });
    const nothing = points.length === 0 && drawn("text", { x: width / 2, y: height / 2, "text-anchor": "middle", class: "figure-text quiet" }, "Nothing to draw yet");
    this.svg.replaceChildren(...(nothing ? [nothing] : nodes), this.focus);
    this.#show(Math.min(this.#chosen, points.length - 1));
  }

  #listen() {
    this.toggle.addEventListener("click", () => {
      this.#asTable = !this.#asTable;
      this.#arrange();
      this.#draw();
    });
    this.plot.addEventListener("pointermove", (event) => this.#show(this.#nearest(event)));
    this.plot.addEventListener("pointerleave", () => this.#show(-1));
    this.plot.addEventListener("blur", () => this.#show(-1));
    this.plot.addEventListener("click", (event) => {
      this.#show(this.#nearest(event));
      this.#pick();
    });
    this.plot.addEventListener("keydown", (event) => this.#keyed(event));
  }

  #keyed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.#points.length) return;
    const to = this.#reached(event.key);
    if (to !== null) {
      event.preventDefault();
      this.#show(to);
      this.heard.textContent = this.#points[to]?.spoken ?? "";
    } else if (event.key === "Enter") this.#pick();
  }

  // The point that a key leads to; -1: none any more; null: the key says nothing here.
  #reached(key) {
    if (key === "Escape") return -1;
    const ends = { Home: 0, End: this.#points.length - 1 };
    if (key in ends) return ends[key];
    if (!STEPS[key]) return null;
    if (this.#chosen < 0) return 0;
    const [step, jump] = STEPS[key];
    const at = this.#points[this.#chosen];
    // Rows are series; where they are drawn below each other (one series, lying) up and down walk within it.
    const rows = [...new Set(this.#points.map(({ row }) => row))];
    const lying = this.document.kind === "lists" || this.document.kind === "waterfall" || this.document.horizontal;
    const [within, across] = lying ? [jump, step] : [step, jump];
    const row = rows[Math.min(Math.max(rows.indexOf(at.row) + across, 0), rows.length - 1)];
    if (across && row !== at.row) return this.#closest((point) => (point.row === row ? Math.abs(lying ? point.y - at.y : point.x - at.x) : Infinity));
    const next = this.#chosen + (rows.length === 1 ? step || jump : within);
    return this.#points[next]?.row === at.row ? next : this.#chosen;
  }

  #nearest(event) {
    const box = this.svg.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return this.#closest(({ x: px, y: py, reach: [left, top, right, bottom] = [px, py, px, py] }) => {
      const away = Math.hypot(Math.max(left - x, x - right, 0), Math.max(top - y, y - bottom, 0));
      return away <= NEAR ? away : Infinity;
    });
  }

  #closest(distance) {
    let [found, least] = [-1, Infinity];
    this.#points.forEach((point, i) => {
      const away = distance(point);
      if (away < least) [found, least] = [i, away];
    });
    return found;
  }

  #show(index) {
    this.#chosen = index;
    const point = this.#points[index];
    this.tip.hidden = !point;
    this.focus?.setAttribute("visibility", point && !point.key ? "visible" : "hidden"); // what has a key stands out itself
    for (const node of this.svg.querySelectorAll("[data-key]")) node.classList.toggle("chosen", Boolean(point) && node.dataset.key === point.key);
    if (!point) return;
    this.focus.setAttribute("cx", point.x);
    this.focus.setAttribute("cy", point.y);
    this.tip.textContent = point.text;
    const room = this.plot.clientWidth;
    const half = this.tip.offsetWidth / 2;
    this.tip.style.left = `${Math.min(Math.max(point.x, half), Math.max(half, room - half))}px`;
    const above = point.y > this.tip.offsetHeight + 14;
    this.tip.style.top = `${point.y + (above ? -12 : 12)}px`;
    this.tip.classList.toggle("below", !above);
  }

  #pick() {
    const point = this.#points[this.#chosen];
    if (point && this.onPoint) this.onPoint(point.data);
  }
}

function ownHeight(document) {
  if (document.kind === "lists") return listsHeight(document);
  return document.kind === "bars" || document.kind === "waterfall" ? barsHeight(document) : null;
}
