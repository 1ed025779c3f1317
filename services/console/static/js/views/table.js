// The table: who wants what and how they fare, what each lever does to everyone, the settlement, and its sign-off.

import { element } from "../dom.js";
import { ageText } from "../format.js";
import { apiFor, button, panel, viewHead } from "../panel.js";
import { READERS } from "../session.js";
import { aboutFront, marksOf } from "../table/about.js";
import { placeCards } from "../table/cards.js";
import { Levers } from "../table/levers.js";
import { Settling } from "../table/settling.js";
import { Signing } from "../table/signing.js";

const AGAIN_MS = 20_000;

/** Show the table. */
export async function mount(root, page) {
  page.title("The table");
  const view = new Table(page);
  root.append(
    viewHead(
      "The table",
      "Everybody who has a stake sits here. Each wants one number to move, and they pull against each other: see how everyone fares, turn what can be turned, and find what all can sign.",
    ),
    element("div", { class: "panels table-view" }, view.cards.node, view.levers.node, view.settling.node, view.signing.node),
  );
  await view.load();
  return { unmount: () => view.leave() };
}

class Table {
  constructor({ session, market, signal, say }) {
    Object.assign(this, { session, market, signal, say });
    const made = (title, hint) => panel({ title, hint, wide: true, session });
    this.cards = made("Who sits here", "");
    this.levers = made(
      "What can be turned",
      "Move a lever: what everyone gains and loses follows at once, from policies that were tried on the same diners with the same luck.",
    );
    this.settling = made("Negotiate", "The settlement leaves whoever gets least as much of what they could hope for as can be had.");
    this.signing = made("Sign", "A policy makes the lists when every seat has signed it with its own key.");
    this.timer = setInterval(() => document.visibilityState === "visible" && this.#cardsAgain(), AGAIN_MS);
  }

  leave() {
    clearInterval(this.timer);
  }

  async load() {
    if (this.session.holds(...READERS)) return Promise.all([this.cards.load(() => this.#showCards(), { height: 620 }), this.#loadRest()]);
    // Asked for a key once, not by every panel.
    for (const { node } of [this.levers, this.settling, this.signing]) node.hidden = true;
    return this.cards.load(async () => {
      const shown = await this.#showCards();
      this.#loadRest();
      return shown;
    });
  }

  #loadRest() {
    for (const { node } of [this.levers, this.settling, this.signing]) node.hidden = false;
    return Promise.all([
      this.levers.load(() => this.#showLevers(), { height: 760 }),
      this.settling.load(() => this.#showSettling(), { height: 900 }),
      this.signing.load(() => this.#showSigning(), { height: 260 }),
    ]);
  }

  get #api() {
    return apiFor(this.session, READERS, "The table shows what every seat has and wants.");
  }

  // Asked for once, however many panels need it; a failure is asked for again.
  #once(name, ask) {
    this.asked ??= {};
    this.asked[name] ??= ask().catch((error) => {
      delete this.asked[name];
      throw error;
    });
    return this.asked[name];
  }

  async #get(path, query = {}) {
    return (await this.#api.get(path, { market: this.market.market, ...query }, this.signal)).body;
  }

  #seats() {
    return this.#once("seats", async () => (await this.#api.get("/v1/seats", {}, this.signal)).body.items);
  }

  #front() {
    return this.#once("front", async () => {
      const [newest] = (await this.#get("/v1/fronts", { limit: 1 })).items;
      return newest ? this.#get(`/v1/fronts/${newest.front_id}`) : null;
    });
  }

  async #showCards() {
    const [seats, scorecard, front, policies] = await Promise.all([
      this.#seats(),
      this.#get("/v1/scorecard"),
      this.#front(),
      this.#get("/v1/policies"),
    ]);
    const floors = new Map(seats.map(({ seat, limits }) => [seat, limits[0] ?? null]));
    this.seats = seats;
    return placeCards({ scorecard, floors }, this.#cloth(front, policies.active));
  }

  // What lies on the table: today's policy, and what there is to bargain over.
  #cloth(front, active) {
    const link = (text, to) => button(text, () => to.node.scrollIntoView({ block: "start" }));
    this.settledText ??= element("p", { class: "cloth-settled" });
    return element(
      "div",
      {},
      element("p", { class: "cloth-policy" }, "today's lists are made by"),
      element("p", { class: "cloth-name" }, `${active.name}`),
      element(
        "p",
        {},
        front
          ? `${front.policies} policies tried ${ageText(front.age_seconds)} ago${front.assumed ? ", in an invented city" : ""}`
          : "no policies tried yet",
      ),
      this.settledText,
      element("div", { class: "cloth-links" }, link("Turn", this.levers), link("Negotiate", this.settling), link("Sign", this.signing)),
    );
  }

  async #cardsAgain() {
    const open = [...this.cards.body.querySelectorAll("details[open]")].map((node) => node.closest("[data-seat]").dataset.seat);
    const focused = this.cards.body.contains(document.activeElement);
    if (focused || this.signal.aborted) return;
    await this.cards.load(async () => {
      const node = await this.#showCards();
      for (const seat of open) node.querySelector(`[data-seat="${seat}"] details`)?.setAttribute("open", "");
      return node;
    });
  }

  async #showLevers() {
    const [seats, front] = await Promise.all([this.#seats(), this.#front()]);
    if (!front) return this.#noFront();
    this.lever = new Levers({ seats, front, currency: this.market.currency });
    if (this.result) this.#mark(this.result);
    return [aboutFront(front), this.lever.node];
  }

  async #showSettling() {
    const [seats, front, demands] = await Promise.all([this.#seats(), this.#front(), this.#get("/v1/demands")]);
    if (!front) return this.#noFront();
    const stored = new Map(demands.items.map((one) => [one.seat, one]));
    const settling = new Settling({
      seats,
      front,
      stored,
      market: this.market.market,
      currency: this.market.currency,
      api: this.#api,
      session: this.session,
      say: this.say,
      signal: this.signal,
      onSettled: (result) => this.#settled(result),
      onPolicy: (policy) => this.#toSign(policy),
    });
    await settling.whatIf();
    return settling.node;
  }

  async #showSigning() {
    const seats = await this.#seats();
    const { items } = await this.#get("/v1/negotiations", { limit: 1 });
    this.pen = new Signing({
      seats,
      market: this.market.market,
      session: this.session,
      api: this.#api,
      timeZone: this.market.time_zone,
      say: this.say,
    });
    if (items[0]?.policy) await this.pen.show(items[0].policy);
    return this.pen.node;
  }

  async #toSign(policy) {
    await this.signing.load(async () => {
      await this.pen.show(policy);
      return this.pen.node;
    });
    this.say("The settlement can be signed.");
  }

  #settled(result) {
    this.result = result;
    this.settledText ??= element("p", { class: "cloth-settled" });
    this.settledText.textContent = result.settlement ? result.words[0] : "They block each other.";
    if (this.lever) this.#mark(result);
  }

  #mark(result) {
    this.lever.mark(marksOf(result, this.lever.seats));
  }

  #noFront() {
    const command = `tablestakes negotiate --market ${this.market.market}`;
    return element(
      "div",
      { class: "empty" },
      element("p", {}, "No policies have been tried for this city yet, so there is nothing to turn or to bargain over."),
      element(
        "p",
        {},
        "This command tries 128 of them for 28 simulated days each and follows 18 for half a year; it takes some minutes, and goes on where it was when it is interrupted:",
      ),
      element("pre", {}, element("code", {}, command)),
      button("Look again", () => {
        delete this.asked.front;
        this.load();
      }),
    );
  }
}
