// A panel of a view: a title, a sentence about what it shows, and a body that waits, fills, stays empty or says what went wrong.

import { Problem } from "./api.js";
import { element } from "./dom.js";
import { rolesText } from "./take_seat.js";

/** Thrown inside `load` where the tab holds no key for what is to be shown. */
export class NeedsKey extends Error {
  constructor(roles, why) {
    super(why);
    this.roles = roles;
  }
}

/** The API of one of these roles; throws NeedsKey, which `load` turns into an offer to take the seat. */
export function apiFor(session, roles, why) {
  const api = session.api(...roles);
  if (!api) throw new NeedsKey(roles, why);
  return api;
}

/**
 * `panel({title, hint, wide, session})` → `{node, body, load}`.
 * `load(work, {height})`: waits at that height (px) so that nothing jumps, then shows the nodes that `work()` answers with.
 */
export function panel({ title, hint = "", wide = false, session = null }) {
  const body = element("div", { class: "panel-body" });
  const heading = element("h2", {}, title);
  const node = element("section", { class: wide ? "panel wide" : "panel" }, heading, hint && element("p", { class: "panel-hint" }, hint), body);
  node.setAttribute("aria-label", title);

  let turn = 0;

  // What comes late of an older call is dropped: the reader has asked for something else since.
  async function load(work, { height = 160 } = {}) {
    const mine = ++turn;
    const waiting = element("div", { class: "skeleton", role: "status" }, element("span", { class: "unseen" }, "Loading"));
    waiting.style.minHeight = `${height}px`;
    if (!body.childElementCount) body.replaceChildren(waiting);
    node.setAttribute("aria-busy", "true");
    try {
      const nodes = await work();
      if (mine !== turn) return;
      body.replaceChildren(...[nodes].flat(Infinity).filter(Boolean));
    } catch (error) {
      if (error.name === "AbortError" || mine !== turn) return;
      body.replaceChildren(refusal(error, () => load(work, { height }), session));
    } finally {
      if (mine === turn) node.removeAttribute("aria-busy");
    }
  }

  return { node, body, load };
}

/** What an error looks like in the place of what it kept away. */
export function refusal(error, again, session) {
  if (error instanceof NeedsKey && session) {
    const take = button("Take the seat", () => session.ask(error.roles, error.message));
    const shown = element("div", { class: "empty" }, element("p", {}, `${error.message} This takes the key of ${rolesText(error.roles)}.`), take);
    session.whenAdded(() => shown.isConnected && again());
    return shown;
  }
  if (error instanceof Problem && [404, 410].includes(error.status)) return element("p", { class: "empty" }, error.detail);
  if (!(error instanceof Problem)) console.error(error);
  const what = error instanceof Problem ? error : { title: "This page has made a mistake", detail: error.message };
  return element("div", { class: "banner error", role: "alert" }, element("strong", {}, what.title), element("span", {}, what.detail ?? ""), button("Try again", again));
}

/** A quiet button. */
export function button(text, onClick, attributes = {}) {
  const made = element("button", { type: "button", class: "quiet-button", ...attributes }, text);
  made.addEventListener("click", onClick);
  return made;
}

/** The head of a view: its one h1 and a sentence. */
export function viewHead(title, sentence) {
  return element("header", { class: "view-head" }, element("h1", {}, title), element("p", {}, sentence));
}
