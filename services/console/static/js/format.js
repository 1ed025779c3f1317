// Numbers as people say them.

// Digits of the minor unit by ISO 4217, as `services/currencies.py` has them. Intl knows others: of a forint, say, none.
const DIGITS = [
  [0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"],
  [3, "BHD IQD JOD KWD LYD OMR TND"],
  [4, "CLF UYW"],
];
const digitsOf = new Map(DIGITS.flatMap(([digits, named]) => named.split(" ").map((currency) => [currency, digits])));

/** "850 m", "1.2 km", "14 km". */
export function distanceText(km) {
  if (km < 0.995) return `${Math.max(10, Math.round(km * 100) * 10)} m`;
  return `${km < 9.95 ? km.toFixed(1) : Math.round(km)} km`;
}

/** "Friday 19:04" in the city's own time. */
export function cityTime(iso, timeZone) {
  const format = { weekday: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone };
  return new Intl.DateTimeFormat("en-GB", format).format(new Date(iso)).replace(",", "");
}

/** A currency's one sign, or a coin where it takes more than one letter. */
export function currencySign(currency) {
  const parts = new Intl.NumberFormat("en", { style: "currency", currency, currencyDisplay: "narrowSymbol" }).formatToParts(1);
  const sign = parts.find((part) => part.type === "currency").value;
  return [...sign].length === 1 ? sign : "●";
}

/** How many minor units a currency's whole unit has, by ISO 4217: 100 of most, 1 of JPY, 1,000 of KWD. */
export function minorUnits(currency) {
  return 10 ** minorDigits(currency);
}

/** The decimals of an amount in whole units of a currency. */
export function minorDigits(currency) {
  return digitsOf.get(currency) ?? 2;
}

/** "£0.45", "¥45": minor units of a currency with its sign. */
export function moneyText(minor, currency) {
  const digits = minorDigits(currency);
  const form = { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat("en", form).format(minor / minorUnits(currency));
}

/** "fast_food" as "Fast food". */
export function wordText(word) {
  const spaced = word.replaceAll("_", " ").replaceAll("-", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** "1.93", "−0.4", "0.0184": three significant digits and a true minus. */
export function termText(value) {
  return Number(value.toPrecision(3)).toString().replace("-", "−");
}

/** "two versions", "1 version". */
export function countText(count, one, many = `${one}s`) {
  const whole = Math.round(count);
  return `${whole.toLocaleString("en-GB")} ${whole === 1 ? one : many}`;
}

/** "3 seconds", "40 minutes", "13 hours", "9 days": a time as one round number, of seconds. */
export function ageText(seconds) {
  const [size, name] = seconds < 100 ? [1, "second"] : seconds < 6000 ? [60, "minute"] : seconds < 172_800 ? [3600, "hour"] : [86_400, "day"];
  return countText(seconds / size, name);
}

/** "37 %", "0.4 %", "99.6 %", "< 0.1 %": never nothing of what is something, nor all of what is not all. */
export function percentText(share) {
  const size = Math.abs(100 * share);
  const sign = share < 0 ? "−" : "";
  if (size > 0 && size < 0.05) return share < 0 ? "> −0.1 %" : "< 0.1 %";
  if (size >= 99.5 && size < 100 - 1e-9) return size < 99.95 ? `${sign}${size.toFixed(1)} %` : share < 0 ? "> −100 %" : "> 99.9 %";
  return `${sign}${size > 0 && size < 9.95 ? size.toFixed(1) : Math.round(size)} %`;
}
