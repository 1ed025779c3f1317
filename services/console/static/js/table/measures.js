// The seats' numbers as people say them: money in the city's currency, intervals, and what a change means to a seat.

import { minorDigits, minorUnits } from "../format.js";

const MONEY = "minor units";

/** "12.50 GBP", "853 orders", "0.688", "412 ms"; "–" for none. */
export function amountText(value, measure, currency) {
  return Number.isFinite(value) ? `${figureText(value, measure, currency)}${unitText(measure, currency)}` : "–";
}

/** The same with its 95 % interval, "853 [840, 867] orders"; without one where there is none, or where it is a point. */
export function measuredText(measured, measure, currency) {
  if (!Number.isFinite(measured.value)) return "–";
  return `${valueText(measured, measure, currency)}${intervalText(measured, measure, currency)}${unitText(measure, currency)}`;
}

/** A measured number without its unit, to the decimals that its interval can bear: "0.690" and not "0.69". */
export function valueText({ value, low, high }, measure, currency) {
  return Number.isFinite(value) ? figureText(value, measure, currency, decimalsOf(low, high, measure)) : "–";
}

/** " [840, 867]", or nothing where there is no interval to speak of. */
export function intervalText({ low, high }, measure, currency) {
  if (!Number.isFinite(low) || !Number.isFinite(high) || low === high) return "";
  const decimals = decimalsOf(low, high, measure);
  return ` [${figureText(low, measure, currency, decimals)}, ${figureText(high, measure, currency, decimals)}]`;
}

/** "+3.2", "−0.01": a change of a number, without its unit; `like`: what it is a change of, for its decimals. */
export function changeText(change, measure, currency, like = null) {
  const text = figureText(Math.abs(change), measure, currency, like ? decimalsOf(like.low, like.high, measure) : null);
  return /[1-9]/.test(text) ? `${change < 0 ? "−" : "+"}${text}` : "±0";
}

/** "805 orders per 1,000 requests", "17.10 GBP fees per 1,000 requests": a number with what it is of. */
export function namedText(value, measure, currency) {
  const said = measure.unit && measure.title.includes(measure.unit) ? { ...measure, unit: "" } : measure;
  return `${amountText(value, said, currency)} ${measure.title}`;
}

/** " orders", " GBP", or nothing. */
export function unitText(measure, currency) {
  const unit = measure.unit === MONEY ? currency : measure.unit;
  return unit ? ` ${unit}` : "";
}

/** A number in the unit in which it is shown: money in whole units of the currency. */
export function shown(value, measure, currency) {
  return measure.unit === MONEY ? value / minorUnits(currency) : value;
}

/** What is shown, as the API counts it: the other way round. */
export function counted(value, measure, currency) {
  return measure.unit === MONEY ? value * minorUnits(currency) : value;
}

/** 1 where more is better for the seat, else −1. */
export function signOf(measure) {
  return measure.direction === "up" ? 1 : -1;
}

/** The share of what a seat can hope for that a number is; NaN where it has none. As `bargaining.gains_of` counts it. */
export function shareOf(value, measure, ideal, disagreement) {
  if (!Number.isFinite(value)) return NaN;
  const range = signOf(measure) * (ideal - disagreement);
  const size = Math.max(Math.abs(ideal), Math.abs(disagreement));
  if (range <= 1e-12 * size) return signOf(measure) * (value - ideal) >= -1e-12 * size ? 1 : NaN;
  return (signOf(measure) * (value - disagreement)) / range;
}

/** "at least 0.75", "at most 80 ms and at least 3 ms". */
export function boundText({ at_least, at_most }, measure, currency) {
  const words = [
    ["at least", at_least],
    ["at most", at_most],
  ];
  return words
    .filter(([, bound]) => Number.isFinite(bound))
    .map(([word, bound]) => `${word} ${amountText(bound, measure, currency)}`)
    .join(" and ");
}

/** A share of what a seat can hope for, "35 %"; "–" where there is none. */
export function shareText(share) {
  return Number.isFinite(share) ? `${Math.round(100 * share)} %` : "–";
}

/** "machine learning, sales and product". */
export function listed(parts, last = "and") {
  return parts.length < 2 ? (parts[0] ?? "") : `${parts.slice(0, -1).join(", ")} ${last} ${parts.at(-1)}`;
}

// To the given decimals, else to three significant digits; with groups of three, and a true minus.
function figureText(value, measure, currency, decimals = null) {
  const money = measure.unit === MONEY;
  const size = Math.abs(shown(value, measure, currency));
  const fixed = decimals ?? (money && size < 1000 ? minorDigits(currency) : size >= 100 ? 0 : null);
  const digits = fixed === null ? { maximumSignificantDigits: 3 } : { minimumFractionDigits: fixed, maximumFractionDigits: fixed };
  const text = size.toLocaleString("en-GB", digits);
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

// One digit of half an interval, three decimals at most of what is not small; null where there is none. Money has its currency's decimals or none.
function decimalsOf(low, high, measure) {
  if (measure.unit === MONEY || !Number.isFinite(low) || !Number.isFinite(high) || low === high) return null;
  const exponent = Number(((high - low) / 2).toExponential(0).split("e")[1]);
  return Math.min(Math.max(Math.abs(low), Math.abs(high)) >= 0.1 ? 3 : 6, Math.max(0, -exponent));
}
