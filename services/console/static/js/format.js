// Numbers as people say them.

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

/** "fast_food" as "Fast food". */
export function wordText(word) {
  const spaced = word.replaceAll("_", " ").replaceAll("-", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** "1.93", "−0.4", "0.0184": three significant digits and a true minus. */
export function termText(value) {
  return Number(value.toPrecision(3)).toString().replace("-", "−");
}
