// The page: signs in, shows the view that the address names, and lends each view what all views need.

import { Problem } from "./api.js";
import { byId, element } from "./dom.js";
import { cityTime } from "./format.js";
import { Session } from "./session.js";
import { installSeatDialog } from "./take_seat.js";
import { installTheme } from "./theme.js";

const NAMES = ["diner", "table", "models", "why", "fairness", "operations", "lessons"];

const root = byId("view");
const session = new Session({
  onRefused: (role, detail) => {
    if (!session.roles.length) return signIn(`This key is not accepted: ${detail}.`);
    notice(`The key of ${role} is not accepted: ${detail}.`);
    open();
  },
});

let markets = [];
let knownAt = 0; // when the markets' clocks were read
let shown = null; // {name, view, leaving: AbortController}

installTheme(byId("theme"));
const showSeats = installSeatDialog(session, () => (session.roles.length ? open() : signIn()));

// -- signing in

function signIn(message = "") {
  leave();
  showSignedIn(false);
  byId("sign-in-message").textContent = message;
  byId("key").setAttribute("aria-invalid", String(message !== ""));
  byId("key").value = "";
  byId("key").focus();
}

function showSignedIn(signedIn) {
  document.body.classList.toggle("signed-in", signedIn);
  root.hidden = !signedIn;
  byId("views").hidden = !signedIn;
  byId("sign-in").hidden = signedIn;
}

async function open() {
  showSignedIn(true);
  await guarded(async () => {
    markets = (await session.api().get("/v1/markets")).body.items;
    knownAt = performance.now();
    if (!markets.length) throw new Problem({ title: "No city is served yet", detail: "Train a model first." });
    byId("market").replaceChildren(...markets.map((market) => element("option", { value: market.market }, market.title)));
    byId("market").hidden = markets.length < 2;
    byId("city").classList.toggle("unseen", markets.length > 1); // the chooser says it already
    await show(true);
  });
}

// -- the view that the address names

function addressed() {
  const [name = "", ...path] = location.pathname.split("/").filter(Boolean);
  return { name: NAMES.includes(name) ? name : "diner", path, params: new URLSearchParams(location.search) };
}

/** Show what the address says; `anew` also where the view is shown already. */
async function show(anew = false) {
  const { name, path, params } = addressed();
  const market = markets.find((known) => known.market === params.get("market")) ?? markets[0];
  showMarket(market);
  if (!anew && shown?.name === name && shown.view?.update) return shown.view.update({ path, params, market });
  leave();
  title(market.title);
  const leaving = new AbortController();
  shown = { name, view: null, leaving };
  document.body.dataset.view = name;
  const views = byId("views");
  for (const link of views.children) {
    const current = link.getAttribute("href") === (name === "diner" ? "/" : `/${name}`);
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    // On a phone the row is wider than the screen.
    if (current) views.scrollLeft = link.offsetLeft - (views.clientWidth - link.offsetWidth) / 2;
  }
  await guarded(async () => {
    const { mount } = await import(`./views/${name}.js`);
    if (leaving.signal.aborted) return;
    root.replaceChildren();
    const page = { session, markets, market, path, params, signal: leaving.signal, navigate, say, title };
    const view = await mount(root, page);
    if (leaving.signal.aborted) view?.unmount?.();
    else shown.view = view;
  }, leaving.signal);
}

function leave() {
  shown?.leaving.abort();
  shown?.view?.unmount?.();
  shown = null;
  root.replaceChildren();
}

function showMarket(market) {
  byId("city").textContent = market.title;
  const now = new Date(Date.parse(market.as_of) + performance.now() - knownAt);
  byId("clock").textContent = cityTime(now.toISOString(), market.time_zone);
  byId("market").value = market.market;
}

/** Go to an address of this page, as a step that the browser's back button takes back. */
function navigate(url) {
  const before = location.pathname;
  notice("");
  history.pushState(null, "", url);
  if (location.pathname !== before) {
    scrollTo(0, 0);
    root.focus({ preventScroll: true });
  }
  return show();
}

function title(text) {
  document.title = `${text} · tablestakes`;
}

/** News that a screen reader reads out. */
function say(text) {
  byId("spoken").textContent = text;
}

/** What everybody shall see, until the reader goes elsewhere. */
function notice(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
}

// Errors of a view that has been left are nobody's any more.
async function guarded(work, signal = null) {
  try {
    await work();
  } catch (error) {
    if (signal?.aborted) return;
    if (error.name === "AbortError" || error.status === 401) return;
    if (!(error instanceof Problem)) console.error(error);
    const what = error instanceof Problem ? error : { title: "This page has made a mistake", detail: error.message };
    const again = element("button", { type: "button", class: "quiet-button" }, "Try again");
    again.addEventListener("click", () => open());
    root.replaceChildren(
      element("div", { id: "problem", class: "banner error", role: "alert" }, element("strong", {}, what.title), ` ${what.detail ?? ""} `, again),
    );
  }
}

// -- what the reader does

byId("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const key = byId("key").value.trim();
  if (!key) return;
  session.add(key);
  open();
});

byId("sign-out").addEventListener("click", () => {
  session.forget();
  signIn();
});

byId("keys").addEventListener("click", () => showSeats());

byId("market").addEventListener("change", (event) => {
  const market = event.target.value;
  const kept = shown?.view?.keep?.() ?? {};
  history.pushState(null, "", `${location.pathname}?${new URLSearchParams({ market, ...kept })}`);
  show(true);
});

document.addEventListener("click", (event) => {
  const within = event.target.closest("a[href^='#']");
  if (within) {
    // By hand: the browser's own way is a step in the history, as if another view were asked for.
    event.preventDefault();
    return byId(within.hash.slice(1)).focus();
  }
  const link = event.target.closest("a[href^='/']");
  const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.defaultPrevented);
  if (!link || !plain || link.target || !isView(new URL(link.href).pathname) || !session.roles.length) return;
  event.preventDefault();
  const url = new URL(link.href);
  const asked = new URLSearchParams(location.search).get("market");
  if (asked && !url.searchParams.has("market")) url.searchParams.set("market", asked);
  navigate(url.pathname + url.search);
});

function isView(pathname) {
  return pathname === "/" || NAMES.slice(1).includes(pathname.split("/")[1]);
}

addEventListener("popstate", () => session.roles.length && show());

// The demo's address may be opened in a tab that shows the console already: only the fragment changes then.
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#key=") && session.takeFromAddress()) open();
});

session.takeFromAddress();
if (session.roles.length) open();
else signIn();
