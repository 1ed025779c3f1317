// The filters: selects and switches that mirror the state.

import { byId, element } from "./dom.js";
import { wordText } from "./format.js";

const PRICE_LEVELS = [1, 2, 3, 4];

/** `onChange(part of the state)` when the reader changes a filter. */
export class Controls {
  constructor({ onChange }) {
    const on = (id, read) => byId(id).addEventListener("change", (event) => onChange(read(event.target)));
    on("cuisine", (select) => ({ cuisine: select.value }));
    on("max-price", (select) => ({ maxPrice: select.value }));
    on("explain", (select) => ({ explain: select.value }));
    on("open", (box) => ({ open: box.checked }));
    on("personalised", (box) => ({ personalised: box.checked }));
    on("ads", (box) => ({ ads: box.checked }));
    byId("controls").addEventListener("submit", (event) => event.preventDefault());
  }

  /** Cuisines with the number of restaurants, the price levels in the city's currency. */
  setCity(restaurants, priceSign) {
    const counts = new Map();
    for (const cuisine of restaurants.flatMap((restaurant) => restaurant.cuisines)) counts.set(cuisine, (counts.get(cuisine) ?? 0) + 1);
    const cuisines = [...counts].sort(([a], [b]) => a.localeCompare(b));
    byId("cuisine").replaceChildren(
      element("option", { value: "" }, "Any"),
      ...cuisines.map(([cuisine, count]) => element("option", { value: cuisine }, `${wordText(cuisine)} (${count})`)),
    );
    byId("max-price").replaceChildren(
      element("option", { value: "" }, "Any"),
      ...PRICE_LEVELS.map((level) => element("option", { value: level }, `Up to ${priceSign.repeat(level)}`)),
    );
  }

  /** Show a state. */
  show(state) {
    ensureOption(byId("cuisine"), state.cuisine);
    byId("max-price").value = state.maxPrice;
    byId("explain").value = state.explain;
    byId("open").checked = state.open;
    byId("personalised").checked = state.personalised;
    byId("ads").checked = state.ads;
  }
}

// A link may name a cuisine that this city has not: it stays visible, so that the reader can take it away.
function ensureOption(select, value) {
  if (![...select.options].some((option) => option.value === value)) select.append(element("option", { value }, wordText(value)));
  select.value = value;
}
