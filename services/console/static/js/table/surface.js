// What settings between tried policies would come to: kriging through the tried ones (a Gaussian process with Matérn's
// kernel of 5/2; Matheron 1963; Rasmussen and Williams 2006). Each dial counts for a number as much as a quadratic
// response surface (Box and Wilson 1951) says that it moves it; how far a policy is felt, and how much of a number is
// noise, is what misses least where each tried policy is left out in turn. Pure functions.

import { sameSetting, settingOf, shareOf } from "./dials.js";

const RIDGES = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10];
const REACHES = [0.25, 0.5, 1, 2]; // of the dial that counts most, in its range
const NOISES = [1e-4, 1e-3, 1e-2, 1e-1]; // shares of the variance
const LEAST_WEIGHT = 0.05;
const LEAST_HOLD = 0.05;
const Z = 1.96;

/**
 * The surface over a stage's policies. `at(setting)` answers
 * `{kind: "tried" | "between", policy, near: [policies], outcomes: {key: {value, low, high}}}`: as tried it is what was
 * measured; between tried policies an interval holds the error of measuring and that of telling from others, which
 * grows with the way to them. `missed(key)`: the root mean square of what a policy that is left out is off by.
 * `warm()` works one number out ahead of time and answers whether there may be more.
 */
export function surfaceOf(policies, dials, keys) {
  const tried = policies.map((one) => ({ ...one, setting: settingOf(one, dials) }));
  const models = [...new Set(tried.map(({ model }) => model))].sort();
  const places = tried.map(({ setting }) => placeOf(setting, dials, models));
  const design = places.map(termsOf);
  const products = square(design[0].length, (i, j) => design.reduce((sum, row) => sum + row[i] * row[j], 0));
  const solved = RIDGES.map((ridge) => solve(design, products, ridge));
  const known = keys.filter((key) => tried.every(({ outcomes }) => Number.isFinite(outcomes[key]?.value)));
  const fits = new Map();
  const fit = (key) => {
    if (!fits.has(key))
      fits.set(
        key,
        fitOf(
          tried.map(({ outcomes }) => outcomes[key]),
          places,
          design,
          solved,
        ),
      );
    return fits.get(key);
  };
  const at = (setting) => {
    const exact = tried.find((one) => sameSetting(one.setting, setting, dials));
    if (exact) return { kind: "tried", policy: exact, near: [exact], outcomes: exact.outcomes };
    const place = placeOf(setting, dials, models);
    const outcomes = Object.fromEntries(known.map((key) => [key, told(fit(key), place, places)]));
    return { kind: "between", policy: null, near: nearest(place, places, tried, setting.model), outcomes };
  };
  const warm = () => {
    const next = known.find((key) => !fits.has(key));
    if (next !== undefined) fit(next);
    return next !== undefined;
  };
  return { at, models, tried, warm, missed: (key) => (known.includes(key) ? fit(key).missed : null) };
}

// Each dial's share of its range, and for each further model whether it is that one.
function placeOf(setting, dials, models) {
  const shares = dials.map((dial) => shareOf(dial, setting.values[dial.path]));
  return Float64Array.from([...shares, ...models.slice(1).map((model) => (setting.model === model ? 1 : 0))]);
}

function nearest(place, places, tried, model) {
  const ones = new Float64Array(place.length).fill(1);
  const away = places.map((other, row) => (tried[row].model === model ? distance(place, other, ones) : Infinity));
  return away
    .map((_, row) => row)
    .sort((a, b) => away[a] - away[b])
    .slice(0, 3)
    .map((row) => tried[row]);
}

// -- the quadratic surface: 1, u and all products of two, u from -1 to 1

function termsOf(place) {
  const u = [...place].map((share) => 2 * share - 1);
  const terms = [1, ...u];
  for (let i = 0; i < u.length; i++) for (let j = i; j < u.length; j++) terms.push(u[i] * u[j]);
  return terms;
}

// What does not hang on the number that was measured: each row's part in the coefficients, and its hold on its own fit.
function solve(design, products, ridge) {
  const [n, p] = [design.length, design[0].length];
  const normal = square(p, (i, j) => products[i][j] + (i === j && i > 0 ? ridge * n * 0.01 : 0));
  const factor = cholesky(normal);
  const parts = design.map((row) => backward(factor, forward(factor, row)));
  return { parts, holds: design.map((row, k) => dot(row, parts[k])) };
}

// How much each dial moves the number: its own terms, and half of those that it shares.
function weightsOf(values, design, solved, width) {
  let best = null;
  for (const { parts, holds } of solved) {
    const coefficients = new Float64Array(design[0].length);
    parts.forEach((part, row) => part.forEach((one, i) => (coefficients[i] += one * values[row])));
    const missed = values.reduce(
      (sum, value, row) => sum + ((value - dot(design[row], coefficients)) / Math.max(1 - holds[row], LEAST_HOLD)) ** 2,
      0,
    );
    if (best === null || missed < best.missed) best = { missed, coefficients };
  }
  const moved = Float64Array.from({ length: width }, (_, i) => best.coefficients[1 + i] ** 2);
  let term = 1 + width;
  for (let i = 0; i < width; i++) {
    for (let j = i; j < width; j++, term++) {
      const part = best.coefficients[term] ** 2 / 2;
      moved[i] += part;
      moved[j] += part;
    }
  }
  const most = Math.max(...moved);
  return moved.map((one) => Math.max(most > 0 ? Math.sqrt(one / most) : 1, LEAST_WEIGHT));
}

// -- kriging

function fitOf(measured, places, design, solved) {
  const values = measured.map(({ value }) => value);
  const middle = mean(values);
  const spread = Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
  const half = Math.sqrt(
    mean(measured.map(({ low, high }) => (Number.isFinite(low) && Number.isFinite(high) ? ((high - low) / 2) ** 2 : 0))),
  );
  const fit = { middle, spread, half, low: Math.min(...values), high: Math.max(...values), missed: 0 };
  if (spread <= 1e-12 * Math.abs(middle)) return { ...fit, spread: 0 };
  const z = values.map((value) => (value - middle) / spread);
  const weights = weightsOf(z, design, solved, places[0].length);
  const away = square(places.length, (i, j) => distance(places[i], places[j], weights));
  let best = null;
  for (const reach of REACHES) {
    const kernel = away.map((row) => row.map((one) => matern(one / reach)));
    for (const noise of NOISES) {
      const alike = square(places.length, (i, j) => kernel[i][j] + (i === j ? noise : 0));
      const inverse = inverted(cholesky(alike));
      // Of the matrix's inverse: its diagonal, and what it makes of z (Rasmussen and Williams, 5.12).
      const held = heldBy(inverse);
      const pulled = transposed(
        inverse,
        inverse.map((row) => dot(row, z)),
      );
      const left = pulled.map((one, i) => one / held[i]);
      const missed = Math.sqrt(mean(left.map((one) => one * one)));
      if (best === null || missed < best.missed)
        best = { missed, reach, noise, inverse, pulled, size: mean(left.map((one, i) => one * one * held[i])) };
    }
  }
  return { ...fit, ...best, weights, missed: best.missed * spread };
}

// The diagonal of a matrix's inverse, from the inverse of its lower factor.
function heldBy(inverse) {
  const held = new Float64Array(inverse.length);
  for (const row of inverse) for (let i = 0; i < row.length; i++) held[i] += row[i] * row[i];
  return held;
}

// Never beyond what was tried.
function told(fit, place, places) {
  if (fit.spread === 0) return { value: fit.middle, low: fit.middle - fit.half, high: fit.middle + fit.half };
  const felt = places.map((other) => matern(distance(place, other, fit.weights) / fit.reach));
  const value = Math.min(Math.max(fit.middle + fit.spread * dot(felt, fit.pulled), fit.low), fit.high);
  const known = fit.inverse.reduce((sum, row) => sum + dot(row, felt) ** 2, 0);
  const half = Math.hypot(fit.half, Z * fit.spread * Math.sqrt(fit.size * Math.max(1 + fit.noise - known, 0)));
  return { value, low: value - half, high: value + half };
}

function matern(r) {
  const x = Math.sqrt(5) * r;
  return (1 + x + (x * x) / 3) * Math.exp(-x);
}

// -- arithmetic; rows of lower triangles end at the diagonal

function distance(one, other, weights) {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += (weights[i] * (one[i] - other[i])) ** 2;
  return Math.sqrt(sum);
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

// Over the shorter of the two.
function dot(one, other) {
  const n = Math.min(one.length, other.length);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += one[i] * other[i];
  return sum;
}

// The lower triangle of a symmetric matrix.
function square(n, entry) {
  return Array.from({ length: n }, (_, i) => Float64Array.from({ length: i + 1 }, (_, j) => entry(i, j)));
}

// The lower factor of a symmetric matrix that is positive definite.
function cholesky(matrix) {
  const factor = matrix.map((row) => new Float64Array(row.length));
  for (let i = 0; i < matrix.length; i++) {
    const [row, given] = [factor[i], matrix[i]];
    for (let j = 0; j <= i; j++) {
      const other = factor[j];
      let sum = given[j];
      for (let k = 0; k < j; k++) sum -= row[k] * other[k];
      row[j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / other[j];
    }
  }
  return factor;
}

// Of a lower triangle, row by row: each is a sum of the rows above it.
function inverted(factor) {
  const inverse = factor.map((row) => new Float64Array(row.length));
  for (let i = 0; i < factor.length; i++) {
    const [row, given] = [inverse[i], factor[i]];
    for (let k = 0; k < i; k++) {
      const [part, above] = [given[k], inverse[k]];
      for (let j = 0; j <= k; j++) row[j] -= part * above[j];
    }
    for (let j = 0; j < i; j++) row[j] /= given[i];
    row[i] = 1 / given[i];
  }
  return inverse;
}

function forward(factor, right) {
  const found = new Float64Array(factor.length);
  factor.forEach((row, i) => (found[i] = (right[i] - dot(row.subarray(0, i), found)) / row[i]));
  return found;
}

function backward(factor, right) {
  const found = new Float64Array(factor.length);
  for (let i = factor.length - 1; i >= 0; i--) {
    let sum = right[i];
    for (let k = i + 1; k < factor.length; k++) sum -= factor[k][i] * found[k];
    found[i] = sum / factor[i][i];
  }
  return found;
}

// A lower triangle on its side, times a vector.
function transposed(lower, vector) {
  const found = new Float64Array(lower.length);
  lower.forEach((row, k) => row.forEach((one, i) => (found[i] += one * vector[k])));
  return [...found];
}
