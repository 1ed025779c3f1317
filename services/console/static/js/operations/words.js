// Numbers of operations in words.

import { numberText } from "../charts/numbers.js";

/** "45.1 %". */
export function shareText(part, whole) {
  return `${numberText((100 * part) / whole)} %`;
}
