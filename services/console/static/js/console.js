// The diner's view at work: state in, list out.

import { Problem } from "./api.js";
import { Controls } from "./controls.js";
import { familyClass } from "./cuisines.js";
import { DinerChooser, tagText } from "./diners.js";
import { byId, element } from "./dom.js";
import { cityTime, currencySign, distanceText } from "./format.js";
import { directionText, kmBetween } from "./geo.js";
import { DinersList } from "./list.js";
import { CityMap } from "./map.js";
import { familiesIn } from "./map_layers.js";
import { clearProblem, say, showDegraded, showProblem, showReceipt } from "./notices.js";
import { READERS } from "./session.js";
import { placeOf, readState, recommendationQuery, writeState } from "./state.js";

const SETTLE_MS = 140; // a pin on its way asks once, when it has come to rest
const SLOW_MS = 150; // only a wait that can be felt is shown
const CHIPS = 5; // of a profile: two lines
const DONE = { click: "Had a look at", order: "Ordered at", dismiss: "Not for this diner:" };

/** `page` is what every view gets (`main.js`). */
export class Console {
  #state = readState(location.search);
  #page;
  #market;
  #stopped = false;
  #diner = null;
  #answer = null;
  #answeredAt = 0;
  #asking = null;
  #timer = 0;
  #chosen = 0;
  #acting = new Set();

  constructor(page) {
    this.#page = page;
    this.#market = page.market;
    page.signal.addEventListener("abort", () => this.stop());
    this.controls = new Controls({ onChange: (part) => this.#change(part) });
    this.diners = new DinerChooser({
      search: async (q, limit) => (await this.#api.get("/v1/users", { market: this.#market.market, q, limit })).body.items,
      onChoose: (user) => this.#guard(() => this.#chooseDiner({ user, lat: null, lon: null })),
      onNew: () => this.#guard(() => this.#newDiner()),
      onProblem: (error) => this.#failed(error, () => clearProblem()),
    });
    this.map = new CityMap({
      onPlace: (place) => this.#place(place),
      onPoint: (id) => this.list.highlight(id, true),
      onPick: (id) => this.list.focus(id),
    });
    this.list = new DinersList({ onAct: (type, item) => this.#act(type, item), onPoint: (id) => this.map.highlight(id) });
    byId("go-home").addEventListener("click", () => {
      this.#place(null);
      byId("map").focus();
    });
  }

  /** Load what the address names. */
  start() {
    this.list.showWaiting(8);
    return this.#guard(async () => {
      this.#state.market = this.#market.market;
      await Promise.all([this.#loadCity(), this.#loadDiner().then(() => this.#refresh())]);
    });
  }

  // After each wait: the page may show another view by now, and its nodes are none of this one's.
  #goOn(current = true) {
    if (this.#stopped || !current) throw new DOMException("left", "AbortError");
  }

  /** The address has changed under the view. */
  restart(market) {
    this.#market = market;
    this.#state = readState(location.search);
    return this.start();
  }

  /** Nothing more is asked. */
  stop() {
    this.#stopped = true;
    this.#asking?.abort();
    clearTimeout(this.#timer);
  }

  /** What stays as it is when the reader goes to another city. */
  keep() {
    const { personalised, ads, explain } = this.#state;
    return Object.fromEntries(new URLSearchParams(writeState({ ...readState(""), personalised, ads, explain })));
  }

  get #api() {
    return this.#page.session.api("app", "admin", ...READERS);
  }

  get #here() {
    return placeOf(this.#state) ?? this.#diner.home;
  }

  async #loadCity() {
    const market = this.#market;
    const restaurants = await this.#api.all("/v1/restaurants", { market: market.market, limit: 10_000 });
    this.#goOn(market === this.#market);
    this.map.setCity(restaurants, market.title);
    this.controls.setCity(restaurants, currencySign(market.currency));
    this.controls.show(this.#state);
    const rows = familiesIn(restaurants).map((family) =>
      element("li", {}, element("i", { class: `swatch ${familyClass(family)}`, "aria-hidden": "true" }), family),
    );
    byId("legend").replaceChildren(...rows);
  }

  async #loadDiner() {
    const wanted = this.#state.user;
    const chosen = ++this.#chosen;
    const { body } = await this.#api.get("/v1/users", { market: this.#state.market, q: wanted, limit: 1 });
    this.#goOn(chosen === this.#chosen);
    const found = body.items.find((diner) => !wanted || diner.user_id === wanted);
    this.#state.user = wanted || found?.user_id || newId();
    const lives = found && found.home_lat !== null;
    this.#diner = { known: Boolean(found), profile: found?.profile ?? [], home: lives ? { lat: found.home_lat, lon: found.home_lon } : null };
    this.#showDiner();
  }

  #showDiner() {
    const { user } = this.#state;
    this.diners.setDiner(user);
    byId("list-title").textContent = `A list for ${user}`;
    const said = this.#diner.profile.map(tagText);
    const chips = said.length > CHIPS ? [...said.slice(0, CHIPS - 1), `and ${said.length - CHIPS + 1} more`] : said;
    const none = this.#diner.known ? "no profile" : "a new diner: nothing is known yet";
    byId("profile").replaceChildren(...(chips.length ? chips : [none]).map((chip) => element("li", {}, chip)));
    byId("profile").title = said.join(", ");
  }

  #showPlace() {
    const [home, place] = [this.#diner.home, placeOf(this.#state)];
    this.map.setPlaces(home, place);
    byId("go-home").hidden = !place || !home;
    if (!place) byId("list-place").textContent = home ? "At home" : "Nowhere in particular";
    else if (!home) byId("list-place").textContent = "At the pin";
    else {
      const km = kmBetween(home, place);
      byId("list-place").textContent = km < 0.03 ? "At the pin, by home" : `At the pin, ${distanceText(km)} ${directionText(home, place)} of home`;
    }
  }

  async #chooseDiner(part) {
    Object.assign(this.#state, part);
    this.list.forget();
    say("");
    this.#remember(true);
    await this.#loadDiner();
    await this.#refresh();
  }

  // Nobody knows where a new diner lives, so the pin stands in the middle of the city until it is moved.
  #newDiner() {
    const { lat, lon } = this.#market;
    return this.#chooseDiner({ user: newId(), lat, lon });
  }

  #change(part) {
    Object.assign(this.#state, part);
    this.#remember(false);
    this.list.forget();
    say("");
    this.#guard(() => this.#refresh());
  }

  #place(place) {
    if (!this.#diner) return;
    this.#state.lat = place?.lat ?? null;
    this.#state.lon = place?.lon ?? null;
    this.#showPlace();
    this.list.forget();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#remember(false);
      this.#guard(async () => {
        await this.#refresh();
        say(`${byId("list-place").textContent}: ${this.#answer.items.length} restaurants`);
      });
    }, SETTLE_MS);
  }

  #remember(asNewEntry) {
    const address = writeState(this.#state);
    if (asNewEntry) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  }

  /** Ask for the list that the state describes; a newer question cancels an older one. Answers how many entries moved. */
  async #refresh() {
    this.#goOn();
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    this.#remember(false);
    this.controls.show(this.#state);
    this.#showPlace();
    this.#filterMap();
    const slow = setTimeout(() => byId("progress").classList.add("running"), SLOW_MS);
    this.list.setBusy(true);
    try {
      const answer = await this.#api.get("/v1/recommendations", recommendationQuery(this.#state), asking.signal);
      this.#goOn(asking === this.#asking);
      return this.#show(answer);
    } finally {
      clearTimeout(slow);
      if (!this.#stopped) byId("progress").classList.remove("running");
    }
  }

  #show(answer) {
    this.#answer = answer.body;
    this.#answeredAt = performance.now();
    clearProblem();
    showDegraded(answer.body.degraded);
    showReceipt(answer);
    byId("clock").textContent = cityTime(answer.body.as_of, this.#market.time_zone);
    const here = this.#here;
    // Without a profile the API knows no home; the page still says how far it is from there.
    const distanceOf = (item) => item.distance_km ?? (here ? kmBetween(here, item) : null);
    const moved = this.list.show(answer.body, currencySign(this.#market.currency), distanceOf);
    this.map.setShown(answer.body.items);
    return moved;
  }

  #filterMap() {
    const { cuisine, maxPrice } = this.#state;
    this.map.setFilter((restaurant) => {
      const kitchen = !cuisine || restaurant.cuisines.includes(cuisine);
      return kitchen && (!maxPrice || (restaurant.price_level !== null && restaurant.price_level <= Number(maxPrice)));
    });
  }

  #act(type, item) {
    this.#guard(async () => {
      const app = await this.#page.session.ask(["app", "admin"], "Looking, ordering and waving off are what a diner does in the app.");
      if (!app || this.#acting.has(item.restaurant_id)) return; // a second click is no second order
      this.#acting.add(item.restaurant_id);
      const receipt = await app.post("/v1/events", this.#event(type, item)).finally(() => this.#acting.delete(item.restaurant_id));
      const rejected = receipt.body.rejected[0];
      if (rejected) throw new Problem({ title: "The event was not taken", detail: rejected.problem });
      const moved = await this.#refresh();
      const { items } = this.#answer;
      const rank = items.find((other) => other.restaurant_id === item.restaurant_id)?.rank;
      const now = rank ? `now number ${rank}` : "no longer in the list";
      say(`${DONE[type]} ${item.name}, ${now}. ${moved ? `${moved} of ${items.length} places changed.` : "Nothing moved."}`);
    });
  }

  // The event's time is the server's clock carried on: a demo's Friday evening need not be today.
  #event(type, item) {
    const at = new Date(Date.parse(this.#answer.as_of) + performance.now() - this.#answeredAt).toISOString();
    const { request_id, market } = this.#answer;
    return { event_id: hex(16), type, user_id: this.#answer.user_id, restaurant_id: item.restaurant_id, market, request_id, at };
  }

  async #guard(work) {
    try {
      await work();
    } catch (error) {
      this.#failed(error, () => this.start());
    }
  }

  #failed(error, tryAgain) {
    if (error.name === "AbortError" || error.status === 401 || this.#stopped) return;
    this.list.setBusy(false);
    if (error instanceof Problem) {
      showProblem(error, tryAgain);
    } else {
      console.error(error);
      showProblem({ title: "This page has made a mistake", detail: error.message }, tryAgain);
    }
  }
}

function newId() {
  return `guest-${hex(4)}`;
}

// Not crypto.randomUUID: it is missing where the page comes over plain HTTP from another machine.
function hex(bytes) {
  return [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
