// Negotiating: demands tried out at once over the front, the settlement step by step, or who blocks whom.

import { Problem } from "../api.js";
import { element } from "../dom.js";
import { refocus } from "../focus.js";
import { ageText } from "../format.js";
import { button } from "../panel.js";
import { Demanding } from "./demanding.js";
import { amountText, boundText, listed } from "./measures.js";
import { blockedBy, exchangeRates, outcomeTable } from "./outcome.js";
import { Player } from "./player.js";

/**
 * The panel of negotiating over a front. `onSettled(result)`: something came of a what-if or of a negotiation;
 * `onPolicy({name, version})`: a settlement is stored and can be signed.
 */
export class Settling {
  #asked = 0;

  constructor({ seats, front, market, currency, api, session, say, signal, stored, onSettled, onPolicy }) {
    Object.assign(this, { seats, front, market, currency, api, session, say, signal, onSettled, onPolicy });
    this.measures = new Map(seats.flatMap(({ number, others }) => [number, ...others]).map((measure) => [measure.key, measure]));
    this.stored = stored;
    this.demanding = new Demanding({
      seats,
      stage: front.long ?? front.wide,
      stored,
      currency,
      onChange: () => this.whatIf(),
      onStore: (seat, demand) => this.#store(seat, demand),
    });
    this.player = new Player({ seats, signal });
    this.verdict = element("p", { class: "verdict", role: "status" });
    this.about = element("p", { class: "panel-hint" });
    this.problem = element("p", { class: "form-message", role: "alert" });
    this.outcome = element("div", { class: "outcome-body" });
    this.settle = button("Negotiate for real", () => this.#settle(), { class: "primary-button" });
    this.node = element(
      "div",
      { class: "settling" },
      element(
        "div",
        { class: "settling-ask" },
        element("h3", {}, "Demands"),
        element(
          "p",
          { class: "panel-hint" },
          "Type a number and see what comes of it: this is a what-if and leaves no trace. Store a demand with its seat's own key to make it count.",
        ),
        this.demanding.node,
        this.problem,
        element(
          "div",
          { class: "settle-row" },
          this.settle,
          element(
            "p",
            { class: "panel-hint" },
            "By the stored demands. It is kept, and a settlement becomes a policy that all seats can sign.",
          ),
        ),
      ),
      element("div", { class: "settling-answer" }, this.verdict, this.about, this.player.node),
      this.outcome,
    );
  }

  /** Bargain by what the form says; nothing is kept. */
  async whatIf() {
    const number = ++this.#asked;
    try {
      const body = { front_id: this.front.front_id, demands: this.demanding.demands };
      const started = performance.now();
      const { body: result } = await this.api.post(`/v1/negotiations?market=${this.market}`, body);
      if (number !== this.#asked || this.signal.aborted) return;
      this.problem.textContent = "";
      this.#show(result, performance.now() - started, false);
    } catch (error) {
      if (number === this.#asked) this.#refused(error);
    }
  }

  #show(result, milliseconds, play) {
    const { basis, evaluated, infeasible } = result;
    const stage = this.front.long && basis.days === this.front.long.days ? this.front.long : this.front.wide;
    this.verdict.textContent = infeasible ? "No policy that was tried gives everyone what they ask for." : result.words[0];
    this.node.dataset.outcome = infeasible ? "blocked" : "settled";
    const kept = result.negotiation_id ? "Kept as a negotiation" : "A what-if";
    this.about.textContent = `${kept}, bargained in ${Math.round(milliseconds)} ms over ${basis.policies} policies of ${basis.days} days, evaluated ${ageText(evaluated.age_seconds)} ago${evaluated.assumed ? " in an invented city (assumed)" : ""}.`;
    this.player.show(result, stage, { play });
    const parts = infeasible
      ? [blockedBy(result, this.seats, this.currency, (way) => this.demanding.relax(way))]
      : [outcomeTable(result, this.seats, this.currency), exchangeRates(result, this.measures, this.currency)];
    const notes =
      result.notes.length > 0 &&
      element(
        "details",
        { class: "others" },
        element("summary", {}, `${result.notes.length} ${result.notes.length === 1 ? "note" : "notes"} on what to beware of`),
        element("ul", {}, ...result.notes.map((note) => element("li", {}, note))),
      );
    this.outcome.replaceChildren(...[...parts, notes].filter(Boolean));
    this.onSettled(result);
  }

  async #store(seat, demand) {
    const api = await this.session.ask([seat.seat], `${seat.title} stores its demand with its own key, and nobody for it.`);
    if (!api) return;
    // What this page has shown as stored is what it may replace, and not what is stored by now.
    const before = this.stored.get(seat.seat);
    try {
      const seen = before ? { "If-Match": `"${before.version}"` } : {};
      const { body: after } = await api.send("PUT", `/v1/demands/${seat.seat}?market=${this.market}`, demand, seen);
      this.stored.set(seat.seat, after);
      this.problem.textContent = "";
      this.say(`The demand of ${seat.title} is stored as version ${after.version}.`);
      this.about.textContent = `The demand of ${seat.title} is stored, version ${after.version}.`;
    } catch (error) {
      if (![412, 428].includes(error.status)) return this.#refused(error);
      await this.#tellStored(seat);
    }
  }

  // Somebody else has stored one since: said, and taken as seen, so that storing again replaces it.
  async #tellStored(seat) {
    try {
      const { body } = await this.api.get("/v1/demands", { market: this.market });
      const now = body.items.find((one) => one.seat === seat.seat);
      if (now) this.stored.set(seat.seat, now);
      else this.stored.delete(seat.seat);
      this.problem.textContent = now
        ? `Not stored: the demand of ${seat.title} has been changed since this page read it. Version ${now.version} is stored now: ${this.#demandText(now, seat.number)}. Store again to replace it.`
        : `Not stored: the demand of ${seat.title} is gone. Store again to make it anew.`;
    } catch (error) {
      this.#refused(error);
    }
  }

  #demandText({ limits, disagreement }, number) {
    const parts = limits.map((limit) => `${boundText(limit, this.measures.get(limit.measure), this.currency)} ${this.measures.get(limit.measure).title}`);
    if (Number.isFinite(disagreement)) parts.push(`nothing worse than ${amountText(disagreement, number, this.currency)}`);
    return parts.length ? listed(parts) : "nothing is demanded";
  }

  async #settle() {
    const roles = [...this.seats.filter(({ signs }) => signs).map(({ seat }) => seat), "admin"];
    const api = await this.session.ask(roles, "Negotiating for real is kept and in the audit trail.");
    if (!api) return;
    this.settle.disabled = true;
    try {
      this.#asked += 1;
      const started = performance.now();
      const { body: result } = await api.post(`/v1/negotiations?market=${this.market}`, { front_id: this.front.front_id });
      this.demanding.take(new Map(Object.entries(result.demands)));
      this.problem.textContent = result.held ?? "";
      this.#show(result, performance.now() - started, true);
      if (result.policy) this.onPolicy(result.policy);
    } catch (error) {
      this.#refused(error);
    } finally {
      this.settle.disabled = false;
      refocus(this.settle.parentNode, "button");
    }
  }

  #refused(error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof Problem)) throw error;
    this.problem.textContent = `${error.title}: ${error.detail || error.message}`;
  }
}
