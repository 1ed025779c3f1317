// Operations: how the system runs, looked at again and again while somebody watches.

import { Problem } from "../api.js";
import { Figure } from "../charts/figure.js";
import { sparkline } from "../charts/sparkline.js";
import { element } from "../dom.js";
import { ageText } from "../format.js";
import * as figures from "../operations/figures.js";
import { History } from "../operations/history.js";
import { parse } from "../operations/metrics.js";
import * as behind from "../operations/worker_figures.js";
import { button, NeedsKey, refusal, viewHead } from "../panel.js";
import { READERS } from "../session.js";

const EVERY_SECONDS = 2;
const PATIENCE_MS = 5000;
const SMALL = 190;

const API_FIGURES = [
  ["requests", figures.requestsFigure],
  ["answer-time", figures.answerTimeFigure],
  ["stages", figures.stagesFigure],
  ["errors", figures.errorsFigure],
  ["cache", (history, { checks }) => figures.cacheFigure(history, checks)],
  ["events", figures.eventsFigure],
  ["cpu", figures.cpuFigure, { height: SMALL }],
  ["memory", figures.memoryFigure, { height: SMALL }],
  ["versions", figures.versionsFigure],
  ["degraded", figures.degradedFigure],
];
const WORKER_FIGURES = [
  ["spend", (worker, { market }) => behind.spendFigure(worker, market)],
  ["calibration", (worker, { market }) => behind.calibrationFigure(worker, market)],
  ["jobs", (worker, { at }) => behind.jobsFigure(worker, at)],
  ["drift", (worker, { market, at }) => behind.driftFigure(worker, market, at)],
];

/**
 * Show the view; it looks again every two seconds (`?every=` says otherwise, from 0.25 to 60), while the tab is visible and
 * the reader has not paused it.
 */
export async function mount(root, page) {
  page.title("Operations");
  const view = new Operations(root, page);
  view.run();
  return { unmount: () => view.stop(), update: ({ market }) => view.moveTo(market) };
}

class Operations {
  #history = new History();
  #figures = new Map();
  #told = { checks: null, worker: null, at: 0 };
  #away = null;
  #paused = false;
  #timer = 0;
  #looking = false;

  constructor(root, page) {
    this.page = page;
    this.market = page.market;
    this.every = everyOf(page.params);
    this.state = element("p", { class: "operations-state" }, "Looking…");
    this.pause = button("Pause", () => this.#setPaused(!this.#paused), { "aria-pressed": "false" });
    this.problem = element("div", { class: "operations-problem" });
    this.headlines = element("dl", { class: "headlines", "aria-label": "Now" });
    this.panels = element("div", { class: "panels" });
    this.worker = element("div", { class: "panels" });
    const head = viewHead("Operations", "How the system runs: asked for again and again, drawn over the last five minutes. Nothing is stored; what is drawn begins when this page was opened.");
    const bar = element("div", { class: "operations-bar" }, this.state, this.pause);
    const part = element("h2", { class: "operations-part" }, "Behind the API: the worker");
    root.append(head, bar, this.problem, this.headlines, this.panels, part, this.worker);
    document.addEventListener("visibilitychange", () => this.#wake(), { signal: page.signal });
    this.#show();
  }

  /** Begin to look. */
  run() {
    this.#wake();
  }

  /** Look no more. */
  stop() {
    clearTimeout(this.#timer);
    this.#paused = true;
  }

  /** The same of another city, where a figure is of one. */
  moveTo(market) {
    this.market = market;
    this.#show();
  }

  #setPaused(paused) {
    this.#paused = paused;
    this.pause.setAttribute("aria-pressed", String(paused));
    this.#showState();
    this.#wake();
  }

  // One look at a time, whatever woke it: the clock, the tab coming to the front, the reader.
  async #wake() {
    clearTimeout(this.#timer);
    if (this.#looking || this.#paused || this.page.signal.aborted || document.visibilityState !== "visible") return;
    this.#looking = true;
    const started = performance.now();
    await this.#look();
    this.#looking = false;
    if (!this.page.signal.aborted) this.#timer = setTimeout(() => this.#wake(), Math.max(200, 1000 * this.every - (performance.now() - started)));
  }

  async #look() {
    const at = () => performance.now() / 1000;
    try {
      const told = await this.#ask();
      if (this.page.signal.aborted) return;
      this.#history.add(at(), told.metrics);
      this.#told = told;
      if (this.#away) this.page.say("The server answers again.");
      this.#away = null;
    } catch (error) {
      if (this.page.signal.aborted) return;
      this.#history.miss(at());
      if (!this.#away) this.page.say("The server does not answer.");
      this.#away = error instanceof Problem ? error : new Problem({ title: "The answer cannot be read", detail: error.message });
    }
    this.#show();
  }

  // With a reader's key everything; without one what machines may read anyway.
  async #ask() {
    const signal = AbortSignal.any([this.page.signal, AbortSignal.timeout(PATIENCE_MS)]);
    const api = this.page.session.api(...READERS);
    if (api) {
      const { body } = await answered(() => api.get("/v1/operations", {}, signal));
      const watched = body.worker === "watched" ? parse(body.worker_metrics) : null;
      return { metrics: body.metrics, checks: body.checks, worker: watched, state: body.worker, at: Date.parse(body.at) / 1000 };
    }
    const response = await answered(() => fetch("/metrics", { signal, cache: "no-store" }));
    if (response.status === 404) throw new Problem({ status: 404, title: "The proxy keeps the metrics to itself", detail: "With the key of a seat, the auditor or the admin they come another way." });
    if (!response.ok) throw new Problem({ status: response.status, title: `HTTP ${response.status}`, detail: "The metrics cannot be had." });
    return { metrics: await response.text(), checks: null, worker: null, state: "no_key", at: Date.now() / 1000 };
  }

  #show() {
    this.#showState();
    this.#showProblem();
    this.headlines.replaceChildren(...figures.headlines(this.#history).map((one) => headlineNode(one, this.#told.at)));
    for (const [name, make, options] of API_FIGURES) this.#draw(this.panels, name, make(this.#history, this.#told), options);
    if (this.#told.worker) {
      if (!this.#figures.has("jobs")) this.worker.replaceChildren();
      this.worker.dataset.state = "watched";
      for (const [name, make, options] of WORKER_FIGURES) this.#draw(this.worker, name, make(this.#told.worker, { market: this.market, at: this.#told.at }), options);
    } else this.#showNoWorker();
  }

  #draw(into, name, document, { height = 260 } = {}) {
    const known = this.#figures.get(name);
    if (known) return known.update(document);
    const made = new Figure(document, { height, heading: into === this.panels ? "h2" : "h3" });
    this.#figures.set(name, made);
    into.append(element("section", { class: "panel", "data-figure": name, "aria-label": document.title }, made.node));
    return made;
  }

  #showNoWorker() {
    for (const [name] of WORKER_FIGURES) this.#figures.delete(name);
    const { state } = this.#told;
    if (this.worker.dataset.state === state && this.worker.childElementCount) return;
    this.worker.dataset.state = state ?? "";
    this.worker.replaceChildren(element("section", { class: "panel wide", "aria-label": "The worker" }, this.#whyNoWorker(state)));
  }

  #whyNoWorker(state) {
    if (state === "no_key") {
      const needed = new NeedsKey(READERS, "Spend, pacing, drift and the worker's jobs are told to those who sit at the table.");
      return refusal(needed, () => this.#wake(), this.page.session);
    }
    if (state === "away") {
      return element("p", { class: "banner error" }, "No worker answers. Lists go on; nothing is billed and no budget is paced. Start it with ", element("code", {}, "tablestakes worker"), ".");
    }
    if (state === "not_watched") {
      return element("p", { class: "empty" }, "Nobody has said where the worker shows its metrics: set ", element("code", {}, "TABLESTAKES_WORKER_METRICS_PORT"), " for the worker and for the server.");
    }
    return element("p", { class: "empty" }, "Looking…");
  }

  #showState() {
    const seen = this.#history.now;
    const from = this.#history.sources > 1 ? ` ${this.#history.sources} replicas answer in turn; their numbers are added up.` : "";
    const time = new Date().toLocaleTimeString("en-GB");
    const text = this.#paused ? "Paused." : this.#away ? `Trying again every ${this.every === 1 ? "second" : `${this.every} seconds`}.` : seen ? `Looked at ${time}.${from}` : "Looking…";
    this.state.textContent = text;
    this.state.dataset.state = this.#paused ? "paused" : this.#away ? "away" : seen ? "well" : "waiting";
  }

  #showProblem() {
    if (!this.#away) return this.problem.replaceChildren();
    const said = `${this.#away.title}. ${this.#away.detail ?? ""}`;
    if (this.problem.textContent === said) return undefined;
    return this.problem.replaceChildren(element("div", { class: "banner error" }, said));
  }
}

function everyOf(params) {
  const given = Number(params.get("every") || EVERY_SECONDS);
  return given >= 0.25 && given <= 60 ? given : EVERY_SECONDS;
}

// A browser's error as one of ours; a look that took too long is one too.
async function answered(ask) {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Problem) throw error;
    const late = error.name === "TimeoutError" || error.name === "AbortError";
    throw new Problem({ title: "The server does not answer", detail: late ? `Nothing came within ${PATIENCE_MS / 1000} seconds.` : "Is it still running?" });
  }
}

function headlineNode({ name, text, unit, values, started }, at) {
  const value = element("dd", { class: "headline-value" }, text, unit && element("span", { class: "headline-unit" }, ` ${unit}`));
  const spark = values ? sparkline(values, { name: `${name} over the last minutes` }) : element("span", { class: "headline-since" }, started && at ? `up ${ageText(Math.max(0, at - started))}` : "");
  return element("div", { class: "headline" }, element("dt", {}, name), value, element("dd", { class: "headline-line" }, spark));
}
