// The HTTP API of this origin.

/** An error answer: RFC 9457 problem details, or what can be said where there are none. `retryAfter`: seconds, 0 where none are named. */
export class Problem extends Error {
  constructor({ status = 0, title = "Something went wrong", detail = "", request_id = "", retryAfter = 0 }) {
    super(detail || title);
    Object.assign(this, { status, title, detail, requestId: request_id, retryAfter });
  }
}

/** Calls with one bearer key. Every method throws Problem; a cancelled call throws the signal's AbortError. */
export class Api {
  #key;

  /** `role` is whose key it is; `onRefused(detail)` hears of a key that the server does not know. */
  constructor(key, role, onRefused = () => {}) {
    this.#key = key;
    this.role = role;
    this.onRefused = onRefused;
  }

  /** GET; answers `{body, stages, milliseconds}`, stages from Server-Timing as `[{name, milliseconds}]`. */
  async get(path, query = {}, signal = undefined) {
    const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
    const search = new URLSearchParams(given).toString();
    return this.#call(search ? `${path}?${search}` : path, { signal });
  }

  /** GET of a document that is no JSON, as text: a page to be kept. */
  async text(path, query = {}) {
    const response = await fetch(`${path}?${new URLSearchParams(query)}`, { cache: "no-store", headers: { Authorization: `Bearer ${this.#key}` } });
    if (!response.ok) throw new Problem({ title: `HTTP ${response.status}`, ...(await response.json().catch(() => ({}))), status: response.status });
    return response.text();
  }

  /** POST JSON. */
  async post(path, body) {
    return this.send("POST", path, body);
  }

  /** Any method that writes; `headers` for what a write may depend on (`If-Match`). */
  async send(method, path, body = undefined, headers = {}) {
    const told = body === undefined ? {} : { body: JSON.stringify(body) };
    return this.#call(path, { method, ...told, headers: { ...(body !== undefined && { "Content-Type": "application/json" }), ...headers } });
  }

  /** All items of a list that comes in pages. */
  async all(path, query) {
    const items = [];
    let cursor = null;
    do {
      const { body } = await this.get(path, { ...query, cursor });
      items.push(...body.items);
      cursor = body.next;
    } while (cursor);
    return items;
  }

  async #call(url, { headers = {}, ...options }) {
    const started = performance.now();
    let response;
    try {
      response = await fetch(url, { ...options, cache: "no-store", headers: { ...headers, Authorization: `Bearer ${this.#key}` } });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem({ title: "The server does not answer", detail: "Is it still running? Then try again." });
    }
    const empty = response.status === 204;
    const body = empty ? {} : await response.json().catch((error) => {
      if (error.name === "AbortError") throw error;
      return null;
    });
    if (response.status === 401) this.onRefused(body?.detail ?? "the key is not known");
    if (!response.ok) throw new Problem({ title: `HTTP ${response.status}`, ...body, status: response.status, retryAfter: Number(response.headers.get("Retry-After")) || 0 });
    if (body === null) throw new Problem({ title: "The answer cannot be read", detail: url });
    return { body, etag: response.headers.get("ETag"), stages: stagesOf(response), milliseconds: performance.now() - started };
  }
}

function stagesOf(response) {
  const entries = (response.headers.get("Server-Timing") ?? "").split(",");
  return entries.flatMap((entry) => {
    const match = /^\s*([\w-]+)\s*;.*\bdur=([\d.]+)/.exec(entry);
    return match ? [{ name: match[1], milliseconds: Number(match[2]) }] : [];
  });
}
