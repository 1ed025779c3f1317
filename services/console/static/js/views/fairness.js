// Fairness: who is shown for what they earn, who is served how well, what a word changes, and what none of this can say.

import { DinerChooser } from "../diners.js";
import { element } from "../dom.js";
import { controlNodes } from "../fairness/control.js";
import { findingNodes, flipNodes } from "../fairness/flip.js";
import { concentrationNodes, exposureNodes, qualityNodes } from "../fairness/groups.js";
import { lessonNodes } from "../fairness/lesson.js";
import { restaurantField, restaurantNodes } from "../fairness/restaurant.js";
import { askTwins, changeableWords, twinNodes } from "../fairness/twins.js";
import { once } from "../once.js";
import { apiFor, button, panel, refusal, viewHead } from "../panel.js";
import { patiently } from "../patience.js";
import { countText } from "../format.js";
import { columns, dateText, featureText, note, reading, saveButton, select } from "../pieces.js";
import { READERS } from "../session.js";
import { dinerField } from "../why/choosing.js";

const DAYS = [[7, "the last 7 days"], [1, "the last day"], [28, "the last 28 days"]];

/** Show how fairly a market is served. */
export async function mount(root, page) {
  const shown = new Fairness(page);
  root.replaceChildren(
    viewHead("Fairness", "How evenly restaurants are shown for what they earn, and how well groups of diners are served. Differences are figures, not verdicts: what is owed to whom is for the people at the table."),
    shown.head,
    columns([shown.exposure, shown.concentration, shown.control, shown.restaurant, shown.rounds], [shown.quality, shown.twins, shown.flip, shown.findings, shown.cannot]),
  );
  page.title(`Fairness in ${page.market.title}`);
  shown.load();
  return { unmount() {} };
}

class Fairness {
  #page;
  #days = 7;
  #attribute = null;
  #quality = null;
  #reportTurn = 0;
  #dinerTurn = 0;
  #restaurantAgain = () => {};

  constructor(page) {
    const { session } = page;
    this.#page = page;
    this.about = element("p", { class: "note about", role: "status" });
    const days = select(DAYS, this.#days, { id: "fairness-days" });
    days.addEventListener("change", () => {
      this.#days = Number(days.value);
      this.#loadReport();
      this.#restaurantAgain();
    });
    const save = saveButton("Save the report as a page", `fairness-${page.market.market}.html`, () => this.#savedPage(), (error) => page.say(error.message));
    this.head = element("div", { class: "row fairness-head" }, element("div", { class: "field" }, element("label", { for: "fairness-days" }, "Lists of"), days), save, this.about);
    this.exposure = panel({ title: "Exposure against merit", hint: "Looks that groups of restaurants have for each order's worth, from lists that were served. What was paid for is in a ledger of its own.", session });
    this.quality = panel({ title: "How well groups of diners are served", hint: "95 % intervals; corrected for all comparisons of this page.", session });
    this.concentration = panel({ title: "Concentration", session });
    this.control = panel({ title: "The control of exposure", hint: "What the active policy gives to whom, on purpose.", session });
    this.twins = panel({ title: "Flip a word, live", hint: "Twins of a diner who differ in one word, asked for their lists by the system that serves.", session });
    this.flip = panel({ title: "The flip test, as audited", session });
    this.findings = panel({ title: "What looks like discrimination", hint: "Orders logged in part, protected words that change a list, words that tell a protected attribute.", session });
    this.restaurant = panel({ title: "A restaurant's own view", hint: "Why it is shown as often as it is.", session });
    this.rounds = panel({ title: "The rich get richer", hint: "How concentrated looks become when models learn from their own lists.", session });
    this.cannot = panel({ title: "What the measures cannot say", session });
  }

  load() {
    this.#loadReport();
    this.#loadTwins();
    const audit = once(() => this.#get("/v1/measurements/fairness-audit", this.#market));
    this.flip.load(async () => flipNodes(await audit(), this.#page.market.time_zone), { height: 640 });
    this.findings.load(async () => findingNodes(await audit()), { height: 110 });
    this.restaurant.load(() => this.#restaurantNodes(), { height: 950 });
    this.rounds.load(async () => this.#roundNodes(), { height: 120 });
  }

  get #market() {
    return { market: this.#page.market.market };
  }

  async #get(path, query, roles = READERS) {
    const api = apiFor(this.#page.session, roles, "Reports on fairness are no business of diners' apps.");
    return (await patiently(() => api.get(path, query, this.#page.signal), this.#page.signal)).body;
  }

  // -- the live report, from which four panels are drawn

  #loadReport() {
    const [turn, days] = [++this.#reportTurn, this.#days];
    const report = once(async () => {
      const found = await this.#get("/v1/fairness", { ...this.#market, days });
      if (turn === this.#reportTurn) this.#showAbout(found.about);
      return found;
    });
    this.exposure.load(async () => this.#exposureNodes(await report()), { height: 420 });
    this.quality.load(async () => this.#qualityNodes(await report()), { height: 445 });
    this.concentration.load(async () => concentrationNodes(await report()), { height: 340 });
    this.control.load(async () => this.#controlNodes(await report()), { height: 100 });
    this.cannot.load(async () => this.#cannotNodes(await report()), { height: 375 });
  }

  #showAbout({ lists, diners, restaurants, since, until }) {
    const zone = this.#page.market.time_zone;
    this.about.textContent = `${countText(lists, "list")} of ${countText(diners, "diner")} and ${countText(restaurants, "restaurant")}, ${dateText(since, zone)} to ${dateText(until, zone)}.`;
  }

  #exposureNodes(report) {
    return exposureNodes(report, this.#attribute, async (attribute) => {
      this.#attribute = attribute;
      await this.exposure.load(async () => this.#exposureNodes(report));
      this.exposure.node.querySelector("select").focus();
    });
  }

  #qualityNodes(report) {
    return qualityNodes(report, this.#quality, async (key) => {
      this.#quality = key;
      await this.quality.load(async () => this.#qualityNodes(report));
      this.quality.node.querySelector("select").focus();
    });
  }

  // The newest version of a policy need not be the active one.
  async #controlNodes({ cost }) {
    const [ranking, { active }] = await Promise.all([this.#get("/v1/ranking-policy", this.#market), this.#get("/v1/policies", this.#market)]);
    const versions = await this.#get(`/v1/policies/${encodeURIComponent(active.name)}/versions`, this.#market);
    return controlNodes(ranking, versions.items.find(({ version }) => version === active.version)?.fairness, cost);
  }

  #cannotNodes(report) {
    return element("ul", { class: "limits" }, ...[...report.cannot_say, ...report.notes].map((text) => element("li", {}, text)));
  }

  #savedPage() {
    return apiFor(this.#page.session, READERS, "").text("/v1/fairness/report", { ...this.#market, days: this.#days });
  }

  // -- the flip, live

  #loadTwins() {
    const where = element("div", { class: "twins" });
    this.twins.body.replaceChildren(dinerField(), where);
    this.where = where;
    const failed = (error) => {
      if (error.name === "AbortError") return;
      where.replaceChildren(refusal(error, () => this.#chooseDiner(this.user), this.#page.session));
    };
    this.diners = new DinerChooser({
      search: async (q, limit) => (await this.#get("/v1/users", { ...this.#market, q, limit }, ["app", ...READERS])).items,
      onChoose: (user) => this.#chooseDiner(user),
      onNew: () => {
        this.#dinerTurn += 1;
        where.removeAttribute("aria-busy");
        where.replaceChildren(note("Of a new diner nothing is known, so there is no word to change."));
      },
      onProblem: failed,
    });
    this.failed = failed;
    this.#chooseDiner(null);
  }

  async #chooseDiner(user) {
    const turn = ++this.#dinerTurn;
    if (user) this.user = user;
    this.where.setAttribute("aria-busy", "true");
    try {
      const api = apiFor(this.#page.session, ["app", "admin"], "A diner's protected words are shown to nobody but the app that keeps them.");
      const { market } = this.#market;
      const chosen = user ?? (await api.get("/v1/users", { market, limit: 1 }, this.#page.signal)).body.items[0]?.user_id;
      if (turn !== this.#dinerTurn) return;
      if (!chosen) return this.where.replaceChildren(note("No diner is known here."));
      this.user = chosen;
      this.diners.setDiner(chosen);
      const { record, words } = await changeableWords(api, market, chosen, this.#page.signal);
      if (turn !== this.#dinerTurn) return;
      this.where.replaceChildren(...this.#wordForm(api, record, words));
    } catch (error) {
      if (turn === this.#dinerTurn) this.failed(error);
    } finally {
      if (turn === this.#dinerTurn) this.where.removeAttribute("aria-busy");
    }
  }

  #wordForm(api, record, words) {
    if (!words.length) return [note("Nothing is known of this diner that could be changed.")];
    const word = select(words.map((one, i) => [i, `${featureText(`${one.attribute}=${one.own}`)}${one.kind === "protected" ? " · protected" : ""}`]), 0, { id: "twin-word" });
    const to = element("select", { id: "twin-to" });
    const showValues = () => to.replaceChildren(...words[word.value].values.map((value) => element("option", { value }, value)));
    showValues();
    word.addEventListener("change", showValues);
    const answer = element("div", { class: "twin-lists" });
    const go = button("Ask the twins", async () => {
      const change = { ...words[word.value], to: to.value };
      go.disabled = true;
      try {
        answer.replaceChildren(...twinNodes(await askTwins(api, this.#market.market, record, change), change));
        this.#page.say(answer.querySelector(".reading").textContent);
      } catch (error) {
        answer.replaceChildren(refusal(error, () => go.click(), this.#page.session));
      } finally {
        go.disabled = false;
      }
    }, { "data-act": "twins" });
    const field = (label, control) => element("div", { class: "field" }, element("label", { for: control.id }, label), control);
    return [element("div", { class: "row twin-form" }, field("This word", word), field("becomes", to), go), answer];
  }

  // -- one restaurant

  async #restaurantNodes() {
    const api = apiFor(this.#page.session, READERS, "How often restaurants are shown is no business of diners' apps.");
    const restaurants = await api.all("/v1/restaurants", { ...this.#market, limit: 10_000 });
    const answer = element("div", { class: "own-view", "aria-live": "polite" });
    let turn = 0;
    const choose = async (one) => {
      const mine = ++turn;
      this.#restaurantAgain = () => choose(one);
      answer.setAttribute("aria-busy", "true");
      try {
        const found = await this.#get(`/v1/restaurants/${encodeURIComponent(one.restaurant_id)}/exposure`, { ...this.#market, days: this.#days });
        if (mine === turn) answer.replaceChildren(...restaurantNodes(found, one.name, this.#page.market.time_zone).filter(Boolean));
      } catch (error) {
        if (error.name !== "AbortError" && mine === turn) answer.replaceChildren(refusal(error, () => choose(one), this.#page.session));
      } finally {
        if (mine === turn) answer.removeAttribute("aria-busy");
      }
    };
    const { node, show } = restaurantField(restaurants, choose);
    const asked = this.#page.params.get("restaurant_id");
    const first = restaurants.find((one) => one.restaurant_id === asked) ?? restaurants[0];
    if (first) {
      show(first);
      await choose(first);
    }
    return [node, answer];
  }

  // Asked for when it is wanted: lessons are documents of their own.
  #roundNodes() {
    const answer = element("div", { class: "rounds", "aria-live": "polite" });
    const show = button("Show what was recorded", async () => {
      try {
        const lesson = await this.#get("/v1/lessons/6", {}, ["app", ...READERS]);
        answer.replaceChildren(...lessonNodes(lesson, this.#page.market.time_zone));
      } catch (error) {
        if (error.name !== "AbortError") answer.replaceChildren(refusal(error, () => show.click(), this.#page.session));
      }
    }, { "data-act": "rounds" });
    return [
      reading("A model that learns from the lists it made itself sees again what it has shown before. Lesson 6 lets policies live through rounds of that, with and without exploration and control, and gives a model protected words to see what it makes of them."),
      element("div", { class: "row" }, show, element("a", { class: "quiet-button", href: "/lessons/6" }, "Open lesson 6")),
      answer,
    ];
  }
}
