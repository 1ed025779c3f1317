// Lines and scatter: series of points over two axes of numbers.

import { drawn } from "../dom.js";
import { along, frameOf, numberAxis, references, valueAxis } from "./axes.js";
import { label, legend, marker, px, seriesClass, whisker, widthOf } from "./marks.js";
import { spokenText, valueText } from "./numbers.js";
import { axisOf, nonDominated, spreadOut } from "./scales.js";

const APART = 12; // pixels between points of a line that each get a marker
const BESIDE = 6; // names that may stand at the ends of their lines

/** `{nodes, points}` of a figure of kind lines or scatter. */
export function drawPlane(figure, box) {
  const { em } = box;
  const all = figure.series.map((one, index) => seriesOf(one, index, figure));
  const direct = fitsBeside(all, figure, box);
  const entries = all.length > 1 && !direct ? all.map(({ name, index, style }) => ({ name, index, look: style === "dots" ? "dots" : "line" })) : [];
  const names = legend(entries, box, 0);
  const axes = axesOf(all, figure, box);
  const side = direct ? 1.15 * Math.max(...all.map(({ name }) => widthOf(name, em))) + em : 0;
  const frame = frameOf(box, axes.y, { head: names.height, side });
  const placed = { x: along(axes.x, frame.left, frame.right), y: along(axes.y, frame.bottom, frame.top) };
  const nodes = [
    ...names.nodes,
    ...valueAxis(axes.y, figure.y, frame, em),
    ...numberAxis(axes.x, figure.x, frame, em, box.width),
    ...all.flatMap((one) => bandOf(one, placed)),
    figure.front && frontOf(all, figure, placed),
    ...all.map((one) => seriesNode(one, placed)),
    ...references(figure.marks, placed, frame, em),
    ...(direct ? namesBeside(all, placed, frame, em) : []),
  ].filter(Boolean);
  const walked = ({ points }) => (figure.kind === "scatter" ? points.toSorted((a, b) => a.x - b.x) : points);
  const points = all.flatMap((one) => walked(one).map((point) => pointOf(point, one, figure, placed, all.length > 1)));
  if (figure.kind === "scatter") nodes.push(...labelsOf(points, frame, em));
  return { nodes, points };
}

function seriesOf(one, index, figure) {
  const seen = (value, axis) => Number.isFinite(value) && (axis.scale !== "log" || value > 0);
  const holes = one.points.map((point) => (seen(point.x, figure.x) && seen(point.y, figure.y) ? point : null));
  const style = one.style ?? (figure.kind === "scatter" ? "dots" : "line");
  return { name: one.name, index, style, holes, points: holes.filter(Boolean) };
}

function axesOf(all, figure, { width, em }) {
  const every = all.flatMap(({ points }) => points);
  const marked = (axis) => (figure.marks ?? []).filter((mark) => mark.axis === axis).map(({ at }) => at);
  const ys = every.flatMap(({ y, low, high }) => [y, low ?? y, high ?? y]);
  const logs = { x: figure.x.scale === "log", y: figure.y.scale === "log" };
  const across = Math.max(2, Math.round(width / (9 * em)));
  const loose = figure.kind === "scatter" ? { air: 0.04 } : {};
  return {
    x: axisOf([...every.map(({ x }) => x), ...marked("x"), ...[figure.x.from, figure.x.to].filter(Number.isFinite)], { log: logs.x, count: across, cover: figure.kind === "scatter", ...loose }),
    y: axisOf([...ys, ...marked("y")], { log: logs.y, zero: figure.y.zero ?? (figure.kind === "scatter" ? false : "near"), ...loose }),
  };
}

function fitsBeside(all, figure, { width, em }) {
  if (figure.kind === "scatter" || all.length < 2 || all.length > BESIDE || width < 36 * em) return false;
  return all.every(({ name, points, style }) => style !== "dots" && points.length && widthOf(name, em) < 0.26 * width);
}

function namesBeside(all, placed, { right, top, bottom }, em) {
  const ends = all.map(({ points }) => placed.y(points.at(-1).y));
  return spreadOut(ends, 1.25 * em, top, bottom).map((y, i) => {
    const text = label(all[i].name, right + 0.8 * em, y + 0.35 * em, { em, kind: "figure-name" });
    return drawn("g", { class: seriesClass(all[i].index) }, text);
  });
}

function bandOf({ index, style, holes }, placed) {
  if (style === "dots") return [];
  return runs(holes).flatMap((run) => {
    const held = run.filter(({ low, high }) => Number.isFinite(low) && Number.isFinite(high));
    if (held.length < 2) return [];
    const way = [...held.map(({ x, high }) => [x, high]), ...held.toReversed().map(({ x, low }) => [x, low])];
    return [drawn("path", { d: `${pathOf(way, placed)}Z`, class: `figure-band ${seriesClass(index)}` })];
  });
}

function seriesNode({ index, style, holes, points }, placed) {
  const group = drawn("g", { class: `${seriesClass(index)} ${style === "dots" ? "dots" : "line"}` });
  for (const { x, low, high } of points) {
    const alone = style === "dots" || points.length === 1;
    if (alone && Number.isFinite(low) && Number.isFinite(high)) group.append(whisker("y", placed.x(x), placed.y(low), placed.y(high)));
  }
  if (style !== "dots") {
    for (const run of runs(holes)) group.append(drawn("path", { d: pathOf(run.map(({ x, y }) => [x, y]), placed), class: "figure-line" }));
  }
  const each = style === "dots" || points.length < 2 || placed.x(points.at(-1).x) - placed.x(points[0].x) >= APART * (points.length - 1);
  for (const { x, y } of each ? points : []) group.append(marker(index, placed.x(x), placed.y(y), style === "dots" ? 4 : 3));
  return group;
}

function frontOf(all, figure, placed) {
  const front = nonDominated(all.flatMap(({ points }) => points), { x: figure.x.better, y: figure.y.better });
  if (front.length < 2) return null;
  // Between two of them one can count on no more than the worse of both: the step turns at the corner that both beat.
  const corner = (before, point) => (figure.x.better === "low" ? [point.x, before.y] : [before.x, point.y]);
  const way = front.flatMap((point, i) => [...(i ? [corner(front[i - 1], point)] : []), [point.x, point.y]]);
  return drawn("path", { d: pathOf(way, placed), class: "figure-front" });
}

function pointOf(point, { name, index }, figure, placed, several) {
  const figures = { value: point.y, low: point.low, high: point.high };
  const at = () => `${figure.x.label} ${valueText(point.x, figure.x.unit)}`;
  const whose = [several && name, point.label].filter(Boolean).join(", ");
  return {
    x: placed.x(point.x),
    y: placed.y(point.y),
    row: index,
    // Worked out when they are asked for: of hundreds of points one is looked at.
    get text() {
      return `${whose ? `${whose} · ` : ""}${figure.y.label} ${valueText(figures, figure.y.unit)} · ${at()}`;
    },
    get spoken() {
      return `${whose ? `${whose}: ` : ""}${figure.y.label} ${spokenText(figures, figure.y.unit)}; ${at()}`;
    },
    label: point.label ?? null,
    data: { series: name, ...point },
  };
}

// Names beside the dots where there is room; the others are told by the tip.
function labelsOf(points, { left, right, top, bottom }, em) {
  const taken = points.map(({ x, y }) => [x - 5, y - 5, x + 5, y + 5]);
  return points.flatMap(({ label: name, x, y }) => {
    if (!name) return [];
    const wide = widthOf(name, em);
    const spots = [
      [x + 0.7 * em, y + 0.35 * em, "start", 0],
      [x - 0.7 * em, y + 0.35 * em, "end", -wide],
      [x, y - 0.75 * em, "middle", -wide / 2],
      [x, y + 1.5 * em, "middle", -wide / 2],
      [x + 0.4 * em, y - 0.6 * em, "start", 0],
      [x + 0.4 * em, y + 1.3 * em, "start", 0],
    ];
    for (const [tx, ty, anchor, shift] of spots) {
      const area = [tx + shift - 2, ty - 0.85 * em, tx + shift + wide + 2, ty + 0.25 * em];
      const inside = area[0] >= left && area[2] <= right && area[1] >= top && area[3] <= bottom;
      if (!inside || taken.some((other) => overlap(area, other))) continue;
      taken.push(area);
      return [label(name, tx, ty, { em, anchor, kind: "figure-said" })];
    }
    return [];
  });
}

function overlap(a, b) {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}

// Stretches without a hole.
function runs(holes) {
  const found = [[]];
  for (const point of holes) {
    if (point) found.at(-1).push(point);
    else if (found.at(-1).length) found.push([]);
  }
  return found.filter((run) => run.length);
}

function pathOf(way, placed) {
  return `M${way.map(([x, y]) => `${px(placed.x(x))} ${px(placed.y(y))}`).join("L")}`;
}
