// The diner's list: one entry a restaurant, what moved since the last list, and what the diner can do with an entry.

import { familyClass, familyOf } from "./cuisines.js";
import { byId, element } from "./dom.js";
import { distanceText, termText, wordText } from "./format.js";

const SHOWN_CUISINES = 3;

/** `onAct(type, item)`: click, order or dismiss. `onPoint(id | null)`: the pointer or the focus is on an entry. */
export class DinersList {
  #items = new Map();
  #ranks = null;

  constructor({ onAct, onPoint }) {
    this.root = byId("list");
    this.onPoint = onPoint;
    this.root.addEventListener("click", (event) => {
      if (event.detail > 1) return; // the second half of a double click
      const button = event.target.closest("button[data-act]");
      if (button) onAct(button.dataset.act, this.#items.get(button.closest(".entry").dataset.id));
    });
    const point = (event) => onPoint(event.target.closest(".entry")?.dataset.id ?? null); // a reason is an li too
    this.root.addEventListener("pointerover", point);
    this.root.addEventListener("focusin", point);
    this.root.addEventListener("pointerleave", () => onPoint(null));
    this.root.addEventListener("focusout", () => onPoint(null));
  }

  /** Placeholders of an entry's height, so that nothing jumps when the first list comes. */
  showWaiting(count) {
    this.#ranks = null;
    this.#items.clear();
    this.root.setAttribute("aria-busy", "true");
    this.root.replaceChildren(...Array.from({ length: count }, () => element("li", { class: "waiting", "aria-hidden": "true" })));
  }

  /** While a new list is on its way the old one stays. */
  setBusy(busy) {
    this.root.setAttribute("aria-busy", String(busy));
  }

  /** Forget the last list: the next one is of somebody or somewhere else, so nothing has "moved". */
  forget() {
    this.#ranks = null;
  }

  /** Show an answer; `priceSign` is the currency's. Answers how many are not where they were, or null for a first list. */
  show(answer, priceSign, distanceOf) {
    const { items } = answer;
    const focused = this.#focused();
    const tops = new Map([...this.root.children].map((entry) => [entry.dataset.id, entry.offsetTop]));
    const before = this.#ranks;
    this.#items = new Map(items.map((item) => [item.restaurant_id, item]));
    this.#ranks = new Map(items.map((item) => [item.restaurant_id, item.rank]));
    const moves = items.map((item) => moveOf(item, before));
    this.root.replaceChildren(...items.map((item, i) => entryOf(item, moves[i], priceSign, distanceOf(item), answer)));
    if (!items.length) this.root.append(element("li", { class: "nothing" }, "No restaurant passes. Loosen a filter or move the pin."));
    this.setBusy(false);
    if (before) this.#glide(tops);
    else this.root.scrollTop = 0;
    this.#refocus(focused);
    return before && moves.filter((move) => move !== 0).length;
  }

  /** Make one entry stand out; null: none. */
  highlight(id, scroll = false) {
    for (const entry of this.root.children) {
      const chosen = id !== null && entry.dataset.id === id;
      entry.classList.toggle("chosen", chosen);
      if (chosen && scroll) entry.scrollIntoView({ block: "nearest" });
    }
  }

  /** Move the focus to an entry. */
  focus(id) {
    this.#entry(id)?.querySelector("button")?.focus();
  }

  #entry(id) {
    return [...this.root.children].find((entry) => entry.dataset.id === id);
  }

  #focused() {
    const button = document.activeElement;
    if (!this.root.contains(button) || button === this.root) return null;
    const entry = button.closest(".entry");
    return { id: entry.dataset.id, act: button.dataset.act, index: [...this.root.children].indexOf(entry) };
  }

  // The keyboard stays on the same restaurant's same button; where that is gone, on the entry in its place.
  #refocus(focused) {
    if (!focused) return;
    const entry = this.#entry(focused.id) ?? this.root.children[Math.min(focused.index, this.root.children.length - 1)];
    (entry?.querySelector(`[data-act="${focused.act}"]`) ?? this.root).focus({ preventScroll: true });
  }

  #glide(tops) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const entry of this.root.children) {
      const top = tops.get(entry.dataset.id);
      const from = top === undefined ? { opacity: 0 } : { transform: `translateY(${top - entry.offsetTop}px)` };
      if (top !== entry.offsetTop) entry.animate([from, {}], { duration: 320, easing: "cubic-bezier(0.2, 0.7, 0.2, 1)" });
    }
  }
}

// Ranks gained since the last list; "new" for an entry that was not in it; 0 for a first list.
function moveOf(item, before) {
  if (!before) return 0;
  const rank = before.get(item.restaurant_id);
  return rank === undefined ? "new" : rank - item.rank;
}

function entryOf(item, move, priceSign, km, answer) {
  return element(
    "li",
    { class: "entry", "data-id": item.restaurant_id },
    element("div", { class: "rank" }, element("span", { class: "rank-number" }, String(item.rank)), moveMark(move)),
    element("h3", {}, element("button", { type: "button", "data-act": "click", title: "Have a closer look" }, item.name)),
    element(
      "div",
      { class: "acts" },
      element("button", { type: "button", class: "order-button", "data-act": "order", "aria-label": `Order at ${item.name}` }, "Order"),
      element(
        "button",
        { type: "button", class: "icon-button small", "data-act": "dismiss", "aria-label": `Not for me: ${item.name}`, title: "Not for me" },
        "×",
      ),
    ),
    element(
      "div",
      { class: "what" },
      item.sponsored && element("p", { class: "sponsored" }, sponsorText(item)),
      facts(item, priceSign, km),
      reasons(item.reasons),
      item.explanation && ledger(item),
      whyLink(item, answer),
    ),
  );
}

function moveMark(move) {
  if (move === 0) return null;
  if (move === "new") return element("span", { class: "move new" }, "new");
  const [name, arrow, said] = move > 0 ? ["up", "▲", "up"] : ["down", "▼", "down"];
  const steps = Math.abs(move);
  return element("span", { class: `move ${name}`, role: "img", "aria-label": `${said} ${steps}` }, `${arrow}${steps}`);
}

function facts(item, priceSign, km) {
  const cuisines = item.cuisines.slice(0, SHOWN_CUISINES).map(wordText).join(", ") || "Cuisine not known";
  const family = familyClass(familyOf(item.cuisines));
  return element(
    "p",
    { class: "facts" },
    element("span", { class: "cuisine" }, element("i", { class: `swatch ${family}`, "aria-hidden": "true" }), cuisines),
    priceTag(item.price_level, priceSign),
    km !== null && element("span", { class: "distance" }, distanceText(km)),
    readiness(item),
  );
}

// Where it is closed nothing is being cooked, so there are no minutes to tell.
function readiness(item) {
  if (item.open_now === false) return element("span", { class: "closed" }, "Closed");
  const minutes = item.eta_minutes;
  return minutes !== null && element("span", { class: "eta", title: "until an order is ready" }, `${Math.round(minutes)} min`);
}

function priceTag(level, sign) {
  if (!level) return element("span", { class: "price" }, "price not known");
  const tag = element("span", { class: "price", role: "img", "aria-label": `price level ${level} of 4` }, sign.repeat(level));
  tag.append(element("span", { class: "price-rest" }, sign.repeat(4 - level)));
  return tag;
}

// "near" is left out: the distance stands one line above.
function reasons(notes) {
  const rows = notes.filter((note) => note.code !== "near").map((note) => element("li", { "data-code": note.code }, note.text));
  return rows.length > 0 && element("ul", { class: "reasons", "aria-label": "Reasons" }, ...rows);
}

function ledger(item) {
  const terms = item.explanation.terms.filter((term) => term.value !== 0);
  const cells = [...terms, { name: "score", value: item.score }].map((term) =>
    element("div", {}, element("dt", {}, term.name), element("dd", {}, termText(term.value))),
  );
  return element("dl", { class: "ledger", title: "The terms add up to the score: the probability of an order if the diner looks" }, ...cells);
}

function whyLink(item, { request_id, user_id, market }) {
  const address = new URLSearchParams({ market, user: user_id, request_id, restaurant_id: item.restaurant_id });
  return element("a", { class: "why-link", href: `/why?${address}`, "aria-label": `Why am I seeing ${item.name}?` }, "Why am I seeing this?");
}

function sponsorText(item) {
  const label = item.sponsor?.label || "Sponsored";
  return item.sponsor?.payer ? `${label} · paid by ${item.sponsor.payer}` : label;
}
