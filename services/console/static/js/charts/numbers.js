// Numbers of figures as text: three significant digits, a true minus, an interval to the digits that it can bear.

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const NOTHING = "–";
const forms = new Map(); // to make one takes a hundred times as long as to use it

/** "1,234", "−0.0184", "1.2×10⁻⁷"; whole numbers in full, others to `digits` significant digits; "–" for none. */
export function numberText(value, digits = 3) {
  if (!Number.isFinite(value)) return NOTHING;
  const size = Math.abs(value);
  if (size >= 1e12 || (size > 0 && size < 1e-4)) return powerText(value, digits);
  const decimals = Number.isInteger(value) ? 0 : Math.max(0, digits - 1 - exponentOf(size));
  return fixed(value, decimals, 0);
}

/** Texts of an axis's ticks: all with the decimals that their step needs, millions as "1.5 M". */
export function tickTexts(ticks) {
  const largest = Math.max(...ticks.map(Math.abs));
  const least = Math.min(...ticks.filter((tick) => tick !== 0).map(Math.abs), ...gaps(ticks));
  if (largest >= 1e12 || (largest > 0 && least < 1e-5)) return ticks.map((tick) => numberText(tick));
  const [unit, sign] = largest >= 1e9 ? [1e9, " bn"] : largest >= 1e6 ? [1e6, " M"] : [1, ""];
  const even = gaps(ticks).every((gap) => Math.abs(gap - gaps(ticks)[0]) < 1e-9 * largest);
  if (!even) return ticks.map((tick) => `${numberText(tick / unit)}${tick === 0 ? "" : sign}`);
  const decimals = Math.max(0, ...ticks.map((tick) => decimalsOf(tick / unit)));
  return ticks.map((tick) => (sign && tick === 0 ? "0" : `${fixed(tick / unit, decimals, decimals)}${sign}`));
}

/** `{value, low, high}` (or a plain number) with its unit: "12.3 % [11.8, 12.9]". */
export function valueText(figure, unit = null) {
  const [value, low, high] = partsOf(figure);
  return low === null ? withUnit(value, unit) : `${withUnit(value, unit)} [${low}, ${high}]`;
}

/** The same to be heard: "12.3 %, 95 % interval 11.8 to 12.9". */
export function spokenText(figure, unit = null) {
  const [value, low, high] = partsOf(figure);
  return low === null ? withUnit(value, unit) : `${withUnit(value, unit)}, 95 % interval ${low} to ${high}`;
}

/** "Orders (per 1,000 lists)": an axis's label with its unit. */
export function labelText({ label, unit }) {
  return unit ? `${label} (${unit})` : label ?? "";
}

function partsOf(figure) {
  const { value, low, high } = typeof figure === "object" && figure !== null ? figure : { value: figure };
  if (!Number.isFinite(low) || !Number.isFinite(high) || !Number.isFinite(value)) return [numberText(value ?? NaN), null, null];
  const half = Number(((high - low) / 2).toPrecision(2));
  if (half <= 0 || half < 1e-6 || Math.abs(value) >= 1e12) return [value, low, high].map((one) => numberText(one));
  const decimals = Math.min(8, Math.max(0, 1 - exponentOf(half)));
  return [value, low, high].map((one) => fixed(one, decimals, decimals));
}

function withUnit(text, unit) {
  return unit && text !== NOTHING ? `${text} ${unit}` : text;
}

function fixed(value, most, least) {
  const form = `${most} ${least}`;
  if (!forms.has(form)) forms.set(form, new Intl.NumberFormat("en-GB", { maximumFractionDigits: most, minimumFractionDigits: least }));
  const text = forms.get(form).format(Math.abs(value));
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

function powerText(value, digits) {
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  const raised = [...String(Math.abs(Number(exponent)))].map((digit) => SUPERSCRIPTS[digit]).join("");
  return `${String(Number(mantissa)).replace("-", "−")}×10${Number(exponent) < 0 ? "⁻" : ""}${raised}`;
}

function exponentOf(size) {
  return Number(size.toExponential().split("e")[1]); // and not log10: log10(1000) may fall short of 3
}

// Decimals that a round number needs.
function decimalsOf(value) {
  const [digits, exponent] = Number(value.toPrecision(12)).toExponential().split("e");
  return Math.max(0, (digits.split(".")[1] ?? "").length - Number(exponent));
}

function gaps(values) {
  return values.slice(1).map((value, i) => value - values[i]);
}
