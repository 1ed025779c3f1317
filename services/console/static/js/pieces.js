// Pieces that the views of models, reasons and fairness are put together from: tables, facts, chips, meters, dates.

import { valueText } from "./charts/numbers.js";
import { element } from "./dom.js";

/** A table; a cell is text, a number, `{value, low, high}` or a node. `caption` is heard; `stacks`: a list of rows where there is little room. */
export function table(caption, head, rows, { numbers = [], stacks = false } = {}) {
  const cell = (tag, i, content, attributes = {}) =>
    element(tag, { class: numbers.includes(i) ? "number" : null, ...attributes }, shown(content));
  const made = element(
    "table",
    { class: stacks ? "stacks" : null },
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, ...head.map((name, i) => cell("th", i, name, { scope: "col" })))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((content, i) => cell(i ? "td" : "th", i, content, i ? { "data-head": head[i] } : { scope: "row" }))))),
  );
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, made);
}

/** Names with what they are: `[[name, text or node], …]`. */
export function facts(pairs, attributes = {}) {
  const rows = pairs.filter(([, content]) => content !== null && content !== undefined && content !== "");
  return element("dl", { class: "facts-list", ...attributes }, ...rows.map(([name, content]) => element("div", {}, element("dt", {}, name), element("dd", {}, shown(content)))));
}

/** A small word with a colour: "good", "bad", "busy" or "" for none. */
export function chip(text, kind = "") {
  return element("span", { class: `chip ${kind}` }, text);
}

/** What folds away until it is asked for. */
export function folded(summary, ...content) {
  return element("details", { class: "folded" }, element("summary", {}, summary), ...content);
}

/** A share of a whole as a bar with its words; `mark` is a bound on it. */
export function meter(share, words, kind = "") {
  const bar = element("i", { class: `meter-fill ${kind}` });
  bar.style.width = `${Math.min(100, Math.max(0, 100 * share))}%`;
  return element("div", { class: "meter" }, element("span", { class: "meter-words" }, words), element("span", { class: "meter-track", "aria-hidden": "true" }, bar));
}

/** What a panel shows in a sentence, above the picture. */
export function reading(text) {
  return element("p", { class: "reading" }, text);
}

/** A paragraph in a quiet voice. */
export function note(...content) {
  return element("p", { class: "note" }, ...content);
}

/** A field with its label; `hint` is said with it. */
export function field(label, control, hint = "") {
  const id = (control.id ||= `field-${Math.random().toString(36).slice(2, 8)}`);
  if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
  return element("div", { class: "field" }, element("label", { for: id }, label), control, hint && element("p", { id: `${id}-hint`, class: "note" }, hint));
}

/** A chooser of `[[value, text], …]`. */
export function select(options, value, attributes = {}) {
  const made = element("select", attributes, ...options.map(([key, text]) => element("option", { value: key }, text)));
  if (value !== null && value !== undefined) made.value = value;
  return made;
}

/** "9 Jan 2026, 19:04" in the city's own time. */
export function dateText(iso, timeZone) {
  const format = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone };
  return new Intl.DateTimeFormat("en-GB", format).format(new Date(iso));
}

/** "1.2 s", "340 ms", "4 min" of seconds. */
export function secondsText(seconds) {
  if (seconds < 0.995) return `${Math.round(1000 * seconds)} ms`;
  return seconds < 99.5 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} min`;
}

/** "home_district=Old Town" as "home district: Old Town". */
export function featureText(tag) {
  const [name, ...value] = tag.split("=");
  return value.length ? `${name.replaceAll("_", " ")}: ${value.join("=")}` : tag.replaceAll("_", " ");
}

/** Panels in two columns of their own heights; on a phone one, as they are numbered. */
export function columns(...sides) {
  const column = (panels) => element("div", { class: "column" }, ...panels.map(({ node }) => node));
  return element("div", { class: "columns" }, ...sides.map(column));
}

/** Let a reader keep a page that the API makes: links cannot carry a key. */
export function saveButton(text, name, fetchText, onProblem) {
  const made = element("button", { type: "button", class: "quiet-button" }, text);
  made.addEventListener("click", async () => {
    made.disabled = true;
    try {
      const address = URL.createObjectURL(new Blob([await fetchText()], { type: "text/html" }));
      element("a", { href: address, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    } catch (error) {
      onProblem(error);
    } finally {
      made.disabled = false;
    }
  });
  return made;
}

function shown(content) {
  if (content === null || content === undefined) return "–";
  if (content instanceof Node) return content;
  return typeof content === "object" || typeof content === "number" ? valueText(content) : content;
}
