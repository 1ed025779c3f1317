// Why: one entry of one list taken apart, two compared, what would have been; and what the model leans on in all lists.

import { DinerChooser } from "../diners.js";
import { element } from "../dom.js";
import { countText } from "../format.js";
import { once } from "../once.js";
import { apiFor, button, panel, refusal, viewHead } from "../panel.js";
import { columns, field } from "../pieces.js";
import { READERS } from "../session.js";
import { dinerField, listNodes, rivalSelect } from "../why/choosing.js";
import { averageNodes, contrastNodes } from "../why/contrast.js";
import { ledgerNodes } from "../why/ledger.js";
import { importanceNodes, mapNodes, overIndexingNodes, sliceNodes } from "../why/model.js";
import { whatIfNodes } from "../why/what_if.js";

const DINER_READERS = ["app", ...READERS];
const LENGTH = 12;

/** Explain a list. */
export async function mount(root, page) {
  const shown = new Why(page);
  root.replaceChildren(
    viewHead("Why", "A score is a sum, bit for bit. Choose a list and a restaurant of it; what made its place is taken apart down to the features, and held against others."),
    columns([shown.list, shown.contrast], [shown.ledger, shown.whatIf]),
    element("h2", { class: "part" }, "Over all lists"),
    columns([shown.importance], [shown.map]),
    element("div", { class: "panels" }, shown.overIndexing.node, shown.slices.node),
  );
  page.title(`Why, in ${page.market.title}`);
  await shown.start();
  return { unmount() {}, keep: () => ({}) };
}

class Why {
  #page;
  #items = [];
  #request = null;
  #names = new Map();
  #user = "";
  #chosen = null;
  #against = null;
  #turn = 0;

  constructor(page) {
    const { session } = page;
    this.#page = page;
    this.#user = page.params.get("user") ?? "";
    this.#request = page.params.get("request_id");
    this.#chosen = page.params.get("restaurant_id");
    this.#against = page.params.get("against");
    this.list = panel({ title: "The list", hint: "Whose list, and which restaurant of it.", session });
    this.ledger = panel({ title: "Why it stands there", session });
    this.contrast = panel({ title: "Why this one and not another", hint: "Every difference of two scores is a sum of differences.", session });
    this.whatIf = panel({ title: "What would have been", hint: "The list is made again with one thing otherwise, by the model, the policy and the live data of then. Nothing is estimated.", session });
    this.importance = panel({ title: "What matters to the model", hint: "How far each feature moves restaurants, and what lists lose without it.", session });
    this.map = panel({ title: "The map of cuisines", session });
    this.overIndexing = panel({ title: "Does it lean on what will not hold?", hint: "The audit for over-indexing: figure, bound, and what is said of it.", wide: true, session });
    this.slices = panel({ title: "Where it fails", hint: "Groups of cases in which its promises are worse than elsewhere, searched under a correction for how many were looked at.", wide: true, session });
  }

  async start() {
    const where = element("div", { class: "why-list" });
    this.list.body.replaceChildren(dinerField(), where);
    const asked = { user: this.#user, request: this.#request };
    this.diners = new DinerChooser({
      search: async (q, limit) => (await this.#get("/v1/users", { ...this.#market, q, limit })).items,
      onChoose: (user) => this.#chooseDiner(user),
      onNew: () => this.#chooseDiner(`guest-${Math.random().toString(36).slice(2, 8)}`),
      onProblem: (error) => where.replaceChildren(refusal(error, () => this.#loadList(asked), this.#page.session)),
    });
    this.where = where;
    this.#loadModel();
    await this.#loadList(asked);
  }

  get #market() {
    return { market: this.#page.market.market };
  }

  async #get(path, query, roles = DINER_READERS) {
    const api = apiFor(this.#page.session, roles, roles === READERS ? "What the model leans on is no business of diners' apps." : "Lists belong to diners.");
    return (await api.get(path, query, this.#page.signal)).body;
  }

  // -- the list

  async #chooseDiner(user) {
    if (await this.#loadList({ user, request: null })) this.#page.say(`The list of ${user}: ${countText(this.#items.length, "restaurant")}.`);
  }

  // Until it is there what was shown stays as it is; what comes after a newer one was asked for is dropped. Answers whether it is shown.
  async #loadList(asked) {
    const turn = ++this.#turn;
    this.where.setAttribute("aria-busy", "true");
    try {
      const list = await (asked.request ? this.#pastList(asked) : this.#newList(asked.user));
      if (turn !== this.#turn) return false;
      if (asked.request === null) this.#chosen = this.#against = null;
      this.#take(list);
      this.#showList();
      return true;
    } catch (error) {
      if (error.name !== "AbortError" && turn === this.#turn) this.where.replaceChildren(refusal(error, () => this.#loadList(asked), this.#page.session));
      return false;
    } finally {
      if (turn === this.#turn) this.where.removeAttribute("aria-busy");
    }
  }

  async #newList(asked) {
    const user = asked || ((await this.#get("/v1/users", { ...this.#market, limit: 1 })).items[0]?.user_id ?? "guest-why");
    return this.#get("/v1/recommendations", { ...this.#market, user_id: user, k: LENGTH, explain: "full" });
  }

  // A list of before is made again for auditors; others know of it what its explanations say.
  async #pastList({ user, request }) {
    if (this.#page.session.api("auditor", "admin")) {
      return (await this.#get(`/v1/replays/${encodeURIComponent(request)}`, {}, ["auditor", "admin"])).response;
    }
    const chosen = this.#chosen;
    const found = await this.#get("/v1/explanations", { request_id: request, restaurant_id: chosen });
    const restaurant = await this.#get(`/v1/restaurants/${encodeURIComponent(chosen)}`, {});
    return { request_id: request, user_id: user, items: [{ ...found, name: restaurant.name, sponsored: false }] };
  }

  #take(list) {
    this.#items = list.items;
    this.#request = list.request_id;
    this.#user = list.user_id;
    for (const item of list.items) this.#names.set(item.restaurant_id, item.name);
  }

  #showList() {
    this.diners.setDiner(this.#user);
    if (!this.#items.length) {
      this.where.replaceChildren(element("p", { class: "empty" }, "No restaurant passes for this diner just now."));
      return;
    }
    if (!this.#items.some((item) => item.restaurant_id === this.#chosen)) this.#chosen = this.#items[0].restaurant_id;
    this.where.replaceChildren(listNodes(this.#items, this.#chosen, (id) => this.#choose(id)));
    this.#loadEntry();
  }

  #choose(id) {
    this.#chosen = id;
    if (this.#against === id) this.#against = null;
    this.#loadEntry();
  }

  #remember() {
    const said = { ...(this.#page.params.get("market") && this.#market), user: this.#user, request_id: this.#request, restaurant_id: this.#chosen, ...(this.#against && { against: this.#against }) };
    history.replaceState(history.state, "", `${location.pathname}?${new URLSearchParams(said)}`);
  }

  // -- one entry, and two

  get #item() {
    return this.#items.find((item) => item.restaurant_id === this.#chosen);
  }

  #nameOf(id) {
    return this.#names.get(id) ?? id;
  }

  #explained(id, more = {}) {
    return this.#get("/v1/explanations", { request_id: this.#request, restaurant_id: id, ...more });
  }

  #loadEntry() {
    if (this.#against === null) this.#against = this.#items.find((item) => item.restaurant_id !== this.#chosen)?.restaurant_id ?? "";
    this.#remember();
    const [chosen, item] = [this.#chosen, this.#item];
    this.ledger.load(async () => ledgerNodes(await this.#explained(chosen), item, this.#nameOf(chosen)), { height: 1130 });
    this.#loadContrast();
    this.whatIf.load(async () => [this.#whatIfForm(chosen)], { height: 109 });
  }

  #loadContrast() {
    const [chosen, against, items] = [this.#chosen, this.#against, this.#items];
    return this.contrast.load(async () => {
      const names = { one: this.#nameOf(chosen), other: against ? this.#nameOf(against) : "the average candidate" };
      const chooser = rivalSelect(items, chosen, against, (id) => this.#compareWith(id));
      if (!against) return [chooser, averageNodes(await this.#explained(chosen, { against_average: true }), names)];
      const [one, other] = await Promise.all([this.#explained(chosen, { against }), this.#explained(against)]);
      return [chooser, contrastNodes(one, other, names)];
    }, { height: 1000 });
  }

  async #compareWith(id) {
    this.#against = id;
    this.#remember();
    await this.#loadContrast();
    this.contrast.node.querySelector("#why-against")?.focus();
  }

  #whatIfForm(chosen) {
    const rank = element("input", { id: "why-rank", type: "number", min: "1", max: "100", value: "1", required: true });
    const answer = element("div", { class: "what-if" });
    const request = this.#request;
    let turn = 0;
    const form = element("form", { class: "row" }, field("Where it would like to stand", rank), button("Make the list again", () => form.requestSubmit(), { class: "quiet-button what-if-go" }));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const mine = ++turn;
      answer.setAttribute("aria-busy", "true");
      answer.replaceChildren(element("div", { class: "skeleton tall", role: "status" }, element("span", { class: "unseen" }, "The list is made again, some hundred times")));
      try {
        const found = await this.#get("/v1/explanations/counterfactuals", { request_id: request, restaurant_id: chosen, rank: rank.value });
        if (mine !== turn) return;
        answer.replaceChildren(...whatIfNodes(found, this.#nameOf(chosen), (id) => this.#nameOf(id), this.#page.market.currency));
        this.#page.say("The answers are there.");
      } catch (error) {
        if (error.name === "AbortError" || mine !== turn) return;
        answer.replaceChildren(refusal(error, () => form.requestSubmit(), this.#page.session));
      } finally {
        if (mine === turn) answer.removeAttribute("aria-busy");
      }
    });
    return element("div", {}, form, answer);
  }

  // -- over all lists

  #loadModel() {
    const card = once(() => this.#get("/v1/model-card", this.#market, READERS));
    this.importance.load(async () => importanceNodes(await card()), { height: 910 });
    this.map.load(async () => mapNodes(await card()), { height: 590 });
    this.overIndexing.load(async () => overIndexingNodes(await card()), { height: 500 });
    this.slices.load(async () => sliceNodes(await card()), { height: 340 });
  }
}
