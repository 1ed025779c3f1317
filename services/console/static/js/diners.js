// Choosing a diner: a combobox over ids (WAI-ARIA "editable combobox with list autocomplete"), a random one, a new one.

import { byId, element } from "./dom.js";
import { wordText } from "./format.js";

const OPTIONS = 8;
const PAGE = 1000;
const DELAY_MS = 120;

/** `search(text, limit)` answers diners whose id begins so; `onChoose(userId)`; `onNew()`; `onProblem(error)`. */
export class DinerChooser {
  #options = [];
  #active = -1;
  #timer = 0;
  #asked = 0;
  #current = "";

  constructor({ search, onChoose, onNew, onProblem }) {
    this.search = search;
    this.onChoose = onChoose;
    this.onProblem = onProblem;
    this.input = byId("diner");
    this.list = byId("diner-options");
    this.input.addEventListener("input", () => this.#later());
    this.input.addEventListener("focus", () => this.input.select());
    this.input.addEventListener("click", () => this.#suggest(""));
    this.input.addEventListener("keydown", (event) => this.#keyed(event));
    this.input.addEventListener("blur", () => this.#close());
    // mousedown: a click would come after the field has lost the focus and the list has closed
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const option = event.target.closest("[role=option]");
      if (option) this.#choose(option.dataset.id);
    });
    byId("random-diner").addEventListener("click", () => this.#random());
    byId("new-diner").addEventListener("click", onNew);
  }

  /** Show whose list it is. */
  setDiner(userId) {
    this.#current = userId;
    this.input.value = userId;
  }

  async #random() {
    try {
      const diners = await this.search("", PAGE);
      if (diners.length) this.#choose(diners[Math.floor(Math.random() * diners.length)].user_id);
    } catch (error) {
      this.onProblem(error);
    }
  }

  #later() {
    this.#active = -1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#suggest(this.input.value.trim()), DELAY_MS);
  }

  async #suggest(text) {
    const asked = ++this.#asked;
    try {
      const diners = await this.search(text, OPTIONS);
      if (asked !== this.#asked || document.activeElement !== this.input) return; // a newer question, or the reader left
      this.#open(diners);
    } catch (error) {
      this.onProblem(error);
    }
  }

  #open(diners) {
    this.#options = diners.map((diner) => diner.user_id);
    this.#active = -1;
    const rows = diners.map((diner, i) =>
      element("li", { role: "option", id: `diner-option-${i}`, "data-id": diner.user_id, "aria-selected": "false" }, diner.user_id, " ",
        element("span", {}, tastes(diner.profile))),
    );
    if (!rows.length) rows.push(element("li", { class: "no-option" }, "No such id is known; Enter takes it as a new diner."));
    this.list.replaceChildren(...rows);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.input.removeAttribute("aria-activedescendant");
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asked++;
    this.#active = -1;
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.input.value = this.#current;
  }

  #keyed(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) this.#suggest("");
      else this.#move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.#choose(this.#options[this.#active] ?? this.input.value.trim());
    } else if (event.key === "Escape" && !this.list.hidden) {
      this.#close();
    }
  }

  #move(step) {
    if (!this.#options.length) return;
    this.#active = (this.#active + step + this.#options.length) % this.#options.length;
    [...this.list.children].forEach((row, i) => row.setAttribute("aria-selected", String(i === this.#active)));
    this.list.children[this.#active].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", `diner-option-${this.#active}`);
  }

  #choose(userId) {
    if (userId) this.#current = userId;
    this.#close();
    if (userId) this.onChoose(userId);
  }
}

/** "likes thai, budget low": a profile of "name=value" in a line. */
export function tastes(profile) {
  return profile.filter((tag) => !tag.startsWith("district=")).slice(0, 3).map(tagText).join(", ");
}

/** "likes=tapas bar" as "likes tapas bar". */
export function tagText(tag) {
  return wordText(tag.replace("=", " ")).toLowerCase();
}
