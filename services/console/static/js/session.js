// The keys of this tab, one a role: taken from the address's fragment (which no server ever sees), kept until the tab is closed.

import { Api } from "./api.js";

const SLOT = "tablestakes-keys";
const NO_SEATS = ["app", "auditor", "admin"];

/** For `api` and `ask`: whoever may read what is no diner's business. "seat" stands for any seat. */
export const READERS = ["auditor", "admin", "seat"];

/** A key that this tab holds, for what is not the console: the app's, else any; null where there is none. */
export function anyKey() {
  const held = new Map(JSON.parse(sessionStorage.getItem(SLOT) ?? "[]"));
  return held.get("app") ?? held.values().next().value ?? null;
}

/** Who a key says it is for; null for text that is no key. Whether it is valid only the server knows. */
export function roleOf(key) {
  return /^ts_([a-z]+)_[\w-]+$/.exec(key)?.[1] ?? null;
}

/** `onRefused(role, detail)`: the server does not know a key any more; the tab has forgotten it by then. */
export class Session {
  #keys = new Map(JSON.parse(sessionStorage.getItem(SLOT) ?? "[]"));
  #ask = async () => null;
  #waiting = new Set();

  constructor({ onRefused }) {
    this.onRefused = onRefused;
  }

  /** Keys in `#key=…&key=…`, removed from the address bar and from the history. Answers whether there were any. */
  takeFromAddress() {
    const given = new URLSearchParams(location.hash.slice(1)).getAll("key").map((key) => key.trim()).filter(Boolean);
    if (location.hash.startsWith("#key=")) history.replaceState(history.state, "", location.pathname + location.search);
    given.forEach((key) => this.add(key));
    return given.length > 0;
  }

  /** Keep a key until the tab is closed, in the place of another one of its role. */
  add(key) {
    this.#keys.set(roleOf(key) ?? "unknown", key);
    this.#store();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    waiting.forEach((act) => act());
  }

  /** Call `act()` once, when a key has been added. */
  whenAdded(act) {
    this.#waiting.add(act);
  }

  /** The API with a key that is not kept. */
  trial(key) {
    return new Api(key, roleOf(key));
  }

  /** Sign a role out, or all of them. */
  forget(role = null) {
    if (role === null) this.#keys.clear();
    else this.#keys.delete(role);
    this.#store();
  }

  /** Roles whose keys the tab holds. */
  get roles() {
    return [...this.#keys.keys()];
  }

  /** The API with the key of the first of these roles that the tab holds, of any role where none is named; else null. */
  api(...roles) {
    const wanted = roles.length ? roles : ["app", "seat", "auditor", "admin", "unknown"];
    const held = wanted.map((role) => this.#held(role)).find(Boolean);
    return held ? this.#opened(held) : null;
  }

  /** Whether one of these roles is held. */
  holds(...roles) {
    return roles.some((role) => this.#held(role));
  }

  /** The API of one of these roles; where none is held, the reader is asked for a key. Null when they would rather not. */
  async ask(roles, why) {
    return this.api(...roles) ?? (await this.#ask(roles, why));
  }

  /** How `ask` asks: `ask(roles, why)` answers with an Api or null. */
  askBy(ask) {
    this.#ask = ask;
  }

  #held(role) {
    if (role !== "seat") return this.#keys.has(role) ? role : null;
    return this.roles.find((held) => !NO_SEATS.includes(held) && held !== "unknown") ?? null;
  }

  #opened(role) {
    const key = this.#keys.get(role);
    return new Api(key, role, (detail) => {
      if (this.#keys.get(role) !== key) return;
      this.forget(role);
      this.onRefused(role, detail);
    });
  }

  #store() {
    sessionStorage.setItem(SLOT, JSON.stringify([...this.#keys]));
  }
}
