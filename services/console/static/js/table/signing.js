// The sign-off of a settlement: what it changes, who has signed, and each seat's own pen.

import { Problem } from "../api.js";
import { element } from "../dom.js";
import { refocus } from "../focus.js";
import { button } from "../panel.js";
import { listed } from "./measures.js";

/** The sign-offs of a policy `{name, version}`. */
export class Signing {
  constructor({ seats, market, session, api, timeZone, say }) {
    Object.assign(this, { seats: seats.filter(({ signs }) => signs), market, session, api, timeZone, say });
    this.state = element("p", { class: "signing-state", role: "status" });
    this.changes = element("ul", { class: "changes" });
    this.rows = element("ol", { class: "signatures" });
    this.reason = element("input", { id: "sign-reason", maxlength: 500, value: "Agreed at the table", autocomplete: "off" });
    this.problem = element("p", { class: "form-message", role: "alert" });
    this.activate = button("Activate it", () => this.#activate(), { hidden: true });
    this.body = element(
      "div",
      { class: "signing" },
      element("div", { class: "signing-what" }, element("h3", {}, "What is signed"), this.changes),
      element(
        "div",
        { class: "signing-who" },
        this.state,
        this.rows,
        element("div", { class: "field reason" }, element("label", { for: "sign-reason" }, "Reason, for the audit trail"), this.reason),
        this.problem,
        this.activate,
      ),
    );
    this.node = element("div", {}, element("p", { class: "empty" }, "Nothing to sign yet: negotiate first."));
  }

  /** Show a policy. */
  async show({ name, version }) {
    this.policy = { name, version };
    const [{ body: policies }, { body: state }] = await Promise.all([
      this.api.get("/v1/policies", { market: this.market }),
      this.api.get(`/v1/policies/${name}/sign-offs`, { market: this.market, version }),
    ]);
    await this.#tellChanges(policies.active);
    this.#tell(state);
    this.node.replaceChildren(this.body);
  }

  async #tellChanges(active) {
    const { name, version } = this.policy;
    if (active.name === name && active.version === version)
      return this.changes.replaceChildren(element("li", {}, "Nothing changes: this policy makes the lists."));
    const path = `/v1/policies/${active.name}/versions/${active.version}/diff/${version}`;
    const { body } = await this.api.get(path, { market: this.market, against: name });
    const rows = body.items.map(({ text }) => element("li", {}, text));
    this.changes.replaceChildren(
      element("li", { class: "changes-head" }, `${name}, version ${version}, instead of ${active.name}, version ${active.version}:`),
      ...rows,
    );
  }

  #tell(state) {
    const signed = new Map(state.signed.map((one) => [one.seat, one]));
    const missing = this.seats.filter(({ seat }) => state.missing.includes(seat));
    this.state.textContent = state.active
      ? `${state.name} is signed by all and makes the city's lists.`
      : missing.length === 0
        ? `Signed by all${state.held_back ? `, and held back: ${state.held_back}` : ", and not active"}.`
        : `${signed.size} of ${this.seats.length} have signed; ${listed(missing.map(({ title }) => title))} ${missing.length === 1 ? "has" : "have"} to sign yet.`;
    this.activate.hidden = state.active || missing.length > 0;
    this.rows.replaceChildren(...this.seats.map((seat) => this.#row(seat, signed.get(seat.seat), state.active)));
  }

  #row(seat, signature, active) {
    const title = element("span", { class: "signature-seat" }, seat.title);
    if (signature) {
      const at = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: this.timeZone }).format(
        new Date(signature.at),
      );
      const back = active
        ? null
        : button("Take back", () => this.#withdraw(seat), { "aria-label": `Take back the signature of ${seat.title}` });
      return element(
        "li",
        { class: "signed", "data-seat": seat.seat },
        element("span", { class: "signature-mark", "aria-hidden": "true" }, "✓"),
        title,
        element("span", { class: "signature-text" }, `signed ${at}: ${signature.reason}`),
        back,
      );
    }
    const sign = button("Sign", () => this.#sign(seat), { "aria-label": `Sign for ${seat.title}` });
    return element(
      "li",
      { "data-seat": seat.seat },
      element("span", { class: "signature-mark", "aria-hidden": "true" }, "○"),
      title,
      element("span", { class: "signature-text" }, "has not signed"),
      sign,
    );
  }

  #sign(seat) {
    return this.#with([seat.seat], `${seat.title} signs ${this.policy.name} with its own key, and nobody for it.`, async (api) => {
      const body = { version: this.policy.version, reason: this.reason.value.trim() || "Agreed at the table" };
      const { body: state } = await api.post(`/v1/policies/${this.policy.name}/sign-offs?market=${this.market}`, body);
      this.#tell(state);
      this.say(`${seat.title} has signed.`);
    }, seat);
  }

  #withdraw(seat) {
    return this.#with([seat.seat], `${seat.title} takes its signature back with its own key.`, async (api) => {
      const query = new URLSearchParams({ market: this.market, version: this.policy.version });
      const reason = { "X-Reason": encodeURIComponent(this.reason.value.trim() || "Thought again") };
      const { body: state } = await api.send("DELETE", `/v1/policies/${this.policy.name}/sign-offs?${query}`, undefined, reason);
      this.#tell(state);
      this.say(`${seat.title} has taken its signature back.`);
    }, seat);
  }

  #activate() {
    return this.#with(
      [...this.seats.map(({ seat }) => seat), "admin"],
      "A policy that all have signed is activated by any seat.",
      async (api) => {
        const body = { version: this.policy.version, reason: this.reason.value.trim() };
        await api.post(`/v1/policies/${this.policy.name}/activate?market=${this.market}`, body);
        await this.show(this.policy);
      },
    );
  }

  // One act at a time; the focus stays with the seat that has acted, or goes to what can be done next.
  async #with(roles, why, work, seat = null) {
    this.problem.textContent = "";
    const api = await this.session.ask(roles, why);
    if (!api || this.body.getAttribute("aria-busy")) return;
    this.#busy(true);
    try {
      await work(api);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem.textContent = `${error.title}: ${error.detail || error.message}`;
    } finally {
      this.#busy(false);
      refocus(this.body, ...(seat ? [`[data-seat="${seat.seat}"] button`] : []), ".signing-who > button:not([hidden])");
    }
  }

  #busy(busy) {
    if (busy) this.body.setAttribute("aria-busy", "true");
    else this.body.removeAttribute("aria-busy");
    for (const one of this.body.querySelectorAll("button")) one.disabled = busy;
  }
}
