// Numbers of operations in words.

import { numberText } from "../charts/numbers.js";

/** "3 s", "4 min", "2 h", "5 days": a time as one round number. */
export function ageText(seconds) {
  const [size, name] = seconds < 100 ? [1, "s"] : seconds < 6000 ? [60, "min"] : seconds < 172_800 ? [3600, "h"] : [86_400, "days"];
  return `${Math.round(seconds / size)} ${name}`;
}

/** "1 list", "1,204 lists". */
export function countText(count, one, many = `${one}s`) {
  return `${numberText(Math.round(count))} ${Math.round(count) === 1 ? one : many}`;
}

/** "45.1 %". */
export function shareText(part, whole) {
  return `${numberText((100 * part) / whole)} %`;
}
