// What settings between tried policies would come to: a quadratic response surface (Box and Wilson 1951) over the tried
// ones, fitted by ridge regression, plus what it misses at tried policies close by, so that these come out as measured.
// Pure functions. What it is worth is told by leaving each tried policy out in turn (PRESS; Allen 1974).

import { sameSetting, settingOf, shareOf } from "./dials.js";

const RIDGES = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10];
const NEAR = 0.35; // of the unit cube: how far what the surface misses at a tried policy is felt
const Z = 1.96;

/**
 * The surface over a stage's policies: `at(setting)` answers
 * `{kind: "tried" | "between", policy, near: [policies], outcomes: {key: {value, low, high}}}`.
 * An interval between tried policies holds their own and what the surface misses where one of them is left out.
 */
export function surfaceOf(policies, dials, keys) {
  const tried = policies.map((one) => ({ ...one, setting: settingOf(one, dials) }));
  const models = [...new Set(tried.map(({ model }) => model))].sort();
  const places = tried.map(({ setting }) => placeOf(setting, dials));
  const design = tried.map(({ setting }, row) => termsOf(places[row], models.indexOf(setting.model), models.length));
  const fits = new Map();
  const solved = RIDGES.map((ridge) => solve(design, ridge));
  for (const key of keys) {
    const measured = tried.map(({ outcomes }) => outcomes[key] ?? { value: null });
    if (measured.some(({ value }) => !Number.isFinite(value))) continue;
    fits.set(key, fitOf(measured, solved, design));
  }
  const at = (setting) => {
    const exact = tried.find((one) => sameSetting(one.setting, setting, dials));
    if (exact) return { kind: "tried", policy: exact, near: [exact], outcomes: exact.outcomes };
    const place = placeOf(setting, dials);
    const terms = termsOf(place, Math.max(0, models.indexOf(setting.model)), models.length);
    const away = tried.map((one, row) => (one.model === setting.model ? distance(place, places[row]) : Infinity));
    const weights = nearWeights(away);
    const outcomes = Object.fromEntries([...fits].map(([key, fit]) => [key, told(fit, terms, weights)]));
    const order = away.map((_, row) => row).sort((a, b) => away[a] - away[b]);
    return { kind: "between", policy: null, near: order.slice(0, 3).map((row) => tried[row]), outcomes };
  };
  return { at, models, tried, missed: (key) => fits.get(key)?.missed ?? null };
}

function placeOf(setting, dials) {
  return dials.map((dial) => shareOf(dial, setting.values[dial.path]));
}

// 1, u, u², products of two, and the models beside the first: each with its own level and its own slopes.
function termsOf(place, model, models) {
  const u = place.map((share) => 2 * share - 1);
  const terms = [1, ...u];
  for (let i = 0; i < u.length; i++) for (let j = i; j < u.length; j++) terms.push(u[i] * u[j]);
  for (let other = 1; other < models; other++) {
    const is = model === other ? 1 : 0;
    terms.push(is, ...u.map((value) => is * value));
  }
  return terms;
}

// Everything about a ridge that does not hang on what was measured: coefficients per measurement, and each row's hold on
// its own fit.
function solve(design, ridge) {
  const [n, p] = [design.length, design[0].length];
  const normal = Array.from({ length: p }, (_, i) => new Float64Array(p).fill(0).map((_, j) => (i === j && i > 0 ? ridge * n * 0.01 : 0)));
  for (const row of design) for (let i = 0; i < p; i++) for (let j = 0; j <= i; j++) normal[i][j] += row[i] * row[j];
  const factor = cholesky(normal);
  const columns = design.map((row) => substitute(factor, row));
  const holds = design.map((row, k) => dot(row, columns[k]));
  return { columns, holds };
}

function fitOf(measured, solved, design) {
  const values = measured.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const middle = values.reduce((sum, value) => sum + value, 0) / values.length;
  let best = null;
  for (const { columns, holds } of solved) {
    const coefficients = new Float64Array(design[0].length);
    columns.forEach((column, row) => column.forEach((one, i) => (coefficients[i] += one * (values[row] - middle))));
    const residuals = values.map((value, row) => value - middle - dot(design[row], coefficients));
    const left = residuals.map((one, row) => one / Math.max(1 - holds[row], 0.05));
    const missed = Math.sqrt(left.reduce((sum, one) => sum + one * one, 0) / left.length);
    if (best === null || missed < best.missed) best = { coefficients, residuals, missed };
  }
  const halves = measured.map(({ low: from, high: to }) => (Number.isFinite(from) && Number.isFinite(to) ? (to - from) / 2 : 0));
  const half = Math.sqrt(halves.reduce((sum, one) => sum + one * one, 0) / halves.length);
  return { ...best, middle, low, high, half };
}

// Never beyond what was tried: a polynomial knows no bounds.
function told(fit, terms, weights) {
  const near = weights.reduce((sum, weight, row) => sum + weight * fit.residuals[row], 0);
  const value = Math.min(Math.max(fit.middle + dot(terms, fit.coefficients) + near, fit.low), fit.high);
  const half = Math.hypot(fit.half, Z * fit.missed);
  return { value, low: value - half, high: value + half };
}

// Shepard's weights (Franke and Little's form): 1 at a tried policy, nothing further than NEAR away.
function nearWeights(away) {
  const raw = away.map((d) => (d < NEAR ? ((NEAR - d) / (NEAR * Math.max(d, 1e-9))) ** 2 : 0));
  const sum = raw.reduce((total, one) => total + one, 0);
  if (sum === 0) return raw;
  // It fades out towards the edge, where else it would jump to the one neighbour's miss.
  const felt = Math.min(1, Math.max(...away.map((d) => (d < NEAR ? 1 - d / NEAR : 0))));
  return raw.map((one) => (felt * one) / sum);
}

function distance(one, other) {
  return Math.sqrt(one.reduce((sum, value, i) => sum + (value - other[i]) ** 2, 0));
}

function dot(one, other) {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += one[i] * other[i];
  return sum;
}

// The lower factor of a symmetric matrix that is positive definite.
function cholesky(matrix) {
  const p = matrix.length;
  const factor = matrix.map(() => new Float64Array(p));
  for (let i = 0; i < p; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i][j];
      for (let k = 0; k < j; k++) sum -= factor[i][k] * factor[j][k];
      factor[i][j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / factor[j][j];
    }
  }
  return factor;
}

function substitute(factor, right) {
  const p = right.length;
  const y = new Float64Array(p);
  for (let i = 0; i < p; i++) {
    let sum = right[i];
    for (let k = 0; k < i; k++) sum -= factor[i][k] * y[k];
    y[i] = sum / factor[i][i];
  }
  for (let i = p - 1; i >= 0; i--) {
    let sum = y[i];
    for (let k = i + 1; k < p; k++) sum -= factor[k][i] * y[k];
    y[i] = sum / factor[i][i];
  }
  return y;
}
