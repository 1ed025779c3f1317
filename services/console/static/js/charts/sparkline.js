// A line as small as a word.

import { drawn } from "../dom.js";
import { px } from "./marks.js";

/** An SVG of values over equal steps, from 0 to the largest; null is a gap. `name` says in words what it shows. */
export function sparkline(values, { name, width = 96, height = 24 }) {
  const most = Math.max(1e-12, ...values.filter(Number.isFinite));
  const step = (width - 4) / Math.max(1, values.length - 1);
  let open = false;
  const d = values.map((value, i) => {
    if (!Number.isFinite(value)) {
      open = false;
      return "";
    }
    const at = `${px(2 + i * step)} ${px(height - 2 - (Math.max(0, value) / most) * (height - 4))}`;
    const part = `${open ? "L" : "M"}${at}${open ? "" : "h0"}`;
    open = true;
    return part;
  });
  const path = drawn("path", { d: d.join(""), class: "figure-line" });
  return drawn("svg", { class: "sparkline series-0", role: "img", "aria-label": name, width, height, viewBox: `0 0 ${width} ${height}` }, path);
}
