// The city as drawn: a kilometre grid, hinted districts, one dot a restaurant. Pure functions from data to SVG.

import { familyClass, familyOf, FAMILY_NAMES } from "./cuisines.js";
import { drawn } from "./dom.js";
import { clamp } from "./geo.js";
import { core, hull } from "./shapes.js";

/** Lines of a grid, and the length of its squares in km: eight to sixteen across the frame. */
export function gridLayer(projection) {
  const { width, height, pixelsPerKm } = projection;
  const wanted = width / pixelsPerKm / 16;
  const km = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100].find((length) => length >= wanted) ?? 200;
  const step = km * pixelsPerKm;
  const lines = [];
  for (let x = (width / 2) % step; x < width; x += step) lines.push(`M${x.toFixed(1)} 0V${height}`);
  for (let y = (height / 2) % step; y < height; y += step) lines.push(`M0 ${y.toFixed(1)}H${width}`);
  return { km, layer: drawn("path", { class: "grid", d: lines.join("") }) };
}

/** Soft shapes around the core of each district, and their names where there is room. */
export function districtLayer(restaurants, projection) {
  const shapes = drawn("g", { class: "districts" });
  const names = drawn("g", { class: "district-names" });
  const taken = [];
  for (const [district, points] of byDistrict(restaurants, projection)) {
    const { middle, points: inner } = core(points, 0.75);
    shapes.append(drawn("path", { d: `M${hull(inner).map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z` }));
    const halfWide = district.length * 3.6 + 8;
    const x = clamp(middle[0], halfWide, projection.width - halfWide);
    const y = clamp(middle[1], 16, projection.height - 16);
    const box = [x - halfWide, y - 11, x + halfWide, y + 11];
    if (taken.some((other) => overlap(box, other))) continue;
    taken.push(box);
    names.append(drawn("text", { x: x.toFixed(1), y: y.toFixed(1) }, district));
  }
  return { shapes, names };
}

/** The dots: two paths a family, so that ten thousand are as cheap as ten; those that a filter leaves out are faint. */
export function dotLayer(restaurants, projection, passes) {
  const strokes = new Map();
  for (const restaurant of restaurants) {
    const [x, y] = projection.toPixels(restaurant);
    const key = `${familyClass(familyOf(restaurant.cuisines))}${passes(restaurant) ? "" : " faint"}`;
    if (!strokes.has(key)) strokes.set(key, []);
    strokes.get(key).push(`M${x.toFixed(1)} ${y.toFixed(1)}h0`);
  }
  const size = restaurants.length > 3000 ? "tiny" : restaurants.length > 600 ? "small" : "large";
  const faintFirst = [...strokes].sort(([a], [b]) => b.endsWith("faint") - a.endsWith("faint"));
  const paths = faintFirst.map(([key, parts]) => drawn("path", { class: `dots ${key}`, d: parts.join("") }));
  return drawn("g", { class: `all-dots ${size}` }, ...paths);
}

/** Families that are in the city, in the legend's order. */
export function familiesIn(restaurants) {
  const present = new Set(restaurants.map((restaurant) => familyOf(restaurant.cuisines)));
  return FAMILY_NAMES.filter((family) => present.has(family));
}

// [district, pixels] with at least four restaurants, the largest first.
function byDistrict(restaurants, projection) {
  const groups = Map.groupBy(restaurants.filter((restaurant) => restaurant.district), (restaurant) => restaurant.district);
  return [...groups]
    .filter(([, members]) => members.length >= 4)
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([district, members]) => [district, members.map((member) => projection.toPixels(member))]);
}

function overlap(a, b) {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}
