// Models: the ladder, the release lane, the freeze, retraining, and the card of each version.

import { saveButton, select } from "../pieces.js";
import { element } from "../dom.js";
import { keepingFocus } from "../focus.js";
import { cardNodes } from "../models/card.js";
import { freezeNodes } from "../models/freeze.js";
import { ladderNodes } from "../models/ladder.js";
import { laneNodes } from "../models/lane.js";
import { makeMove } from "../models/moves.js";
import { refillOpen, runNodes, startButton, startRun, underWay } from "../models/retraining.js";
import { once } from "../once.js";
import { apiFor, panel, viewHead } from "../panel.js";
import { READERS } from "../session.js";

const POLL_MS = 3000;
const RUNS = 20;
const DONE = { promote: "serves every diner now", canary: "is shown to a share of the diners", shadow: "ranks behind the answers", withdraw: "waits again", reject: "is ruled out", rollback: "is the champion" };

/** Show a market's models. */
export async function mount(root, page) {
  const shown = new Models(page);
  root.replaceChildren(
    viewHead("Models", "What serves, what may serve next, what it is worth and what it costs; and how to go back."),
    element("div", { class: "panels models-view" }, shown.freeze.node, shown.runs.node, shown.lane.node, shown.ladder.node, shown.card.node),
  );
  page.title(`Models of ${page.market.title}`);
  shown.load();
  return { unmount() {} };
}

class Models {
  #page;
  #releases = [];
  #freeze = null;
  #version = null;
  #opened = new Set();
  #timer = 0;

  constructor(page) {
    this.#page = page;
    const { session } = page;
    this.freeze = panel({ title: "Freeze", hint: "Times in which no other model reaches the diners: by hand, by the calendar, or for a spent error budget.", session });
    this.lane = panel({ title: "Release lane", hint: "From left to right: a version waits, is tried, serves, and is succeeded. Each move is on record.", wide: true, session });
    this.ladder = panel({ title: "The ladder", hint: "Every kind of model there is, on the same data: what it is worth and what it costs.", wide: true, session });
    this.card = panel({ title: "Model card", hint: "What a version is, how well it does and for whom, and what it does not know.", wide: true, session });
    this.runs = panel({ title: "Retraining", hint: "A run takes the log, trains, compares with the champion, and leaves a challenger where the gates let it pass.", session });
    this.#version = page.params.get("version");
  }

  load() {
    this.#loadReleases();
    this.ladder.load(() => this.#ladderNodes(), { height: 810 });
    this.card.load(() => this.#cardNodes(), { height: 900 });
    this.runs.load(() => this.#runNodes(), { height: 100 });
  }

  get #market() {
    return { market: this.#page.market.market };
  }

  get #zone() {
    return this.#page.market.time_zone;
  }

  async #get(path, query = {}) {
    const api = apiFor(this.#page.session, READERS, "Models are no business of diners' apps.");
    return (await api.get(path, { ...this.#market, ...query }, this.#page.signal)).body;
  }

  // The lane's buttons depend on the freeze, so both are asked for once and shown together.
  async #loadReleases() {
    const asked = once(() => this.#askReleases());
    const after = (nodes) => async () => {
      await asked();
      return nodes();
    };
    const fill = (panel, nodes, height) => keepingFocus(panel.node, () => panel.load(after(nodes), { height }));
    await Promise.all([
      fill(this.freeze, () => freezeNodes(this.#page, this.#freeze, (news) => this.#changed(news)), 330),
      fill(this.lane, () => this.#laneNodes(), 370),
    ]);
  }

  async #askReleases() {
    const [releases, freeze] = await Promise.all([this.#get("/v1/releases"), this.#get("/v1/freeze")]);
    this.#releases = releases.items;
    this.#freeze = freeze;
  }

  #laneNodes() {
    return laneNodes(this.#releases, this.#zone, {
      onMove: (move, release) => this.#move(move, release),
      onCard: (release) => this.#showCard(release.version),
    });
  }

  async #move(move, release) {
    const moved = await makeMove(this.#page, move, release, { releases: this.#releases, freeze: this.#freeze });
    if (moved) await this.#changed(`${moved.version} ${DONE[move]}.`);
  }

  async #changed(news) {
    await this.#loadReleases();
    this.card.load(() => this.#cardNodes());
    this.#page.say(news);
  }

  async #ladderNodes() {
    const [measurement, champion] = await Promise.all([this.#get("/v1/measurements/ladder"), this.#get("/v1/model-card")]);
    return ladderNodes(measurement, champion, this.#zone);
  }

  #showCard(version) {
    this.#version = version;
    this.card.load(() => this.#cardNodes());
    this.card.node.scrollIntoView({ block: "start" });
    this.card.node.querySelector("select")?.focus({ preventScroll: true });
  }

  async #cardNodes() {
    const [releases, card] = await Promise.all([this.#get("/v1/releases"), this.#get("/v1/model-card", { version: this.#version })]);
    const options = releases.items.map((release) => [release.version, `${release.version} (${release.state})`]);
    const chooser = select(options, card.version, { "aria-label": "Version", class: "version-chooser" });
    chooser.addEventListener("change", () => this.#showCard(chooser.value));
    const save = saveButton("Save as a page", `model-card-${card.version}.html`, () => this.#savedPage(card.version), (error) => this.#page.say(error.message));
    return [element("div", { class: "row" }, chooser, save), ...cardNodes(card, this.#zone)];
  }

  #savedPage(version) {
    const api = apiFor(this.#page.session, READERS, "");
    return api.text("/v1/model-card", { ...this.#market, version, format: "html" });
  }

  async #runNodes() {
    const { items } = await this.#get("/v1/retraining/runs", { limit: RUNS });
    if (underWay(items)) this.#pollRuns(items);
    const start = startButton(async () => {
      const run = await startRun(this.#page);
      if (!run) return;
      this.#opened.add(run.run_id);
      await this.#loadRuns();
      this.#page.say("The run is queued; the worker takes it.");
    });
    return [element("div", { class: "row" }, start), runNodes(items, {
      zone: this.#zone,
      detailOf: (run) => this.#get(`/v1/retraining/runs/${run.run_id}`),
      opened: this.#opened,
      session: this.#page.session,
    })];
  }

  #loadRuns() {
    return keepingFocus(this.runs.node, () => this.runs.load(() => this.#runNodes()));
  }

  // While a run is under way its steps are followed, by one clock however often the panel is filled; when it has come to
  // another state the lane may have a new version.
  #pollRuns(before) {
    clearTimeout(this.#timer);
    const timer = setTimeout(async () => {
      if (this.#page.signal.aborted) return;
      try {
        const { items } = await this.#get("/v1/retraining/runs", { limit: RUNS });
        if (timer !== this.#timer) return;
        if (statesOf(items) === statesOf(before)) {
          refillOpen(this.runs.node);
          this.#pollRuns(before);
          return;
        }
      } catch {
        if (timer === this.#timer && !this.#page.signal.aborted) this.#pollRuns(before);
        return;
      }
      await this.#loadRuns();
      await this.#loadReleases();
    }, POLL_MS);
    this.#timer = timer;
  }
}

function statesOf(runs) {
  return runs.map((run) => `${run.run_id} ${run.state}`).join();
}
