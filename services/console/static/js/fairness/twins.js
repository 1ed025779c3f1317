// The flip test, live: twins of a diner who differ in one word, asked for their lists by the serving system itself.

import { figure } from "../charts/figure.js";
import { numberText } from "../charts/numbers.js";
import { element } from "../dom.js";
import { featureText, note } from "../pieces.js";
import { rankBiasedOverlap } from "./overlap.js";

const LENGTH = 15;
const OTHERS = 12;
const REASON = { "X-Reason": encodeURIComponent("a twin of the flip test: made, asked, erased") };

/** The words that can be changed: `[{kind, attribute, own, values}]`, protected ones first. `api` holds app's or admin's key. */
export async function changeableWords(api, market, user, signal) {
  const record = (await api.get(`/v1/users/${encodeURIComponent(user)}`, {}, signal)).body;
  const { items } = (await api.get("/v1/users", { market, limit: 200 }, signal)).body;
  // The list of diners leaves protected attributes out, so a few are asked for one by one.
  const step = Math.max(1, Math.floor(items.length / OTHERS));
  const some = items.filter((_, i) => i % step === 0).slice(0, OTHERS);
  const records = await Promise.all(some.map(async ({ user_id }) => (await api.get(`/v1/users/${encodeURIComponent(user_id)}`, {}, signal)).body));
  const words = [...wordsOf("protected", record.protected, records.map((one) => one.protected)), ...wordsOf("profile", record.profile, items.map((one) => one.profile))];
  return { record, words: words.filter(({ values }) => values.length) };
}

function wordsOf(kind, own, others) {
  const values = Map.groupBy([...new Set(others.flat())].map((tag) => tag.split("=")), ([name]) => name);
  return own.map((tag) => {
    const [attribute, value] = tag.split("=");
    const known = (values.get(attribute) ?? []).map(([, other]) => other).filter((other) => other !== value && !own.includes(`${attribute}=${other}`));
    return { kind, attribute, own: value, values: known.toSorted() };
  });
}

/** Make three twins, two of them equal, ask for their lists, and erase them whatever happens; answers `{lists, left}`, `left` who could not be erased. */
export async function askTwins(api, market, record, change) {
  const marked = `twin-${[...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  const changed = record[change.kind].map((tag) => (tag === `${change.attribute}=${change.own}` ? `${change.attribute}=${change.to}` : tag));
  const body = { market, home_lat: record.home_lat, home_lon: record.home_lon, profile: record.profile, protected: record.protected };
  const twins = [[`${marked}-a`, body], [`${marked}-b`, body], [`${marked}-c`, { ...body, [change.kind]: changed }]];
  const made = [];
  const lists = [];
  let failure = null;
  try {
    for (const [user, twin] of twins) {
      made.push(user);
      await api.send("PUT", `/v1/users/${user}`, twin);
      lists.push((await api.get("/v1/recommendations", { market, user_id: user, k: LENGTH })).body.items);
    }
  } catch (error) {
    failure = error;
  }
  const gone = await Promise.all(made.map((user) => erased(api, user)));
  const left = made.filter((_, i) => !gone[i]);
  if (failure && left.length) failure.detail = `${failure.detail || failure.message}. ${leftText(left)}`;
  if (failure) throw failure;
  return { lists, left };
}

// One that was never stored is gone, too.
async function erased(api, user) {
  try {
    await api.send("DELETE", `/v1/users/${user}`, undefined, REASON);
    return true;
  } catch (error) {
    return error.status === 404;
  }
}

function leftText(left) {
  return `${left.length === 1 ? "A twin" : "Twins"} could not be erased and must be by hand (DELETE /v1/users/{id}): ${left.join(", ")}.`;
}

/** What came of it, as `askTwins` answers: the lists side by side, and how alike they are against two equal twins. */
export function twinNodes({ lists: [first, equal, other], left }, change) {
  const ids = (items) => items.map(({ restaurant_id }) => restaurant_id);
  const [floor, overlap] = [rankBiasedOverlap(ids(first), ids(equal)), rankBiasedOverlap(ids(first), ids(other))];
  const names = uniqueNames([...first, ...other]);
  const listed = (items) => items.map(({ restaurant_id }) => names.get(restaurant_id));
  const same = overlap === 1 && first.length === other.length;
  const scores = first.every((item, i) => item.score === other[i]?.score);
  const said = same
    ? `The same list${scores ? ", with the same scores to the bit" : ""}: this word decides nothing here.`
    : `Rank-biased overlap ${numberText(overlap)}: the word changes the list${overlap < floor ? `, more than two equal twins differ (${numberText(floor)})` : ", no more than two equal twins differ"}.`;
  const document = {
    kind: "lists",
    title: "Two lists, one word apart",
    sentence: `What to see: ${same ? "every line is level" : "lines that cross have moved; names without a line are in one list only"}. Overlap ${numberText(overlap)}, of two equal twins ${numberText(floor)}.`,
    columns: [
      { title: featureText(`${change.attribute}=${change.own}`), items: listed(first) },
      { title: featureText(`${change.attribute}=${change.to}`), items: listed(other) },
    ],
  };
  return [
    element("p", { class: "reading", "data-overlap": String(overlap), "data-floor": String(floor) }, said),
    figure(document),
    left.length > 0 && element("p", { class: "banner error", role: "alert" }, leftText(left)),
    note(`Three twins, with this diner's home and words and no history, were stored and asked for their lists${left.length ? "" : ", and erased again; the audit trail keeps the erasures"}.`),
  ].filter(Boolean);
}

// Branches of a chain share a name, and equal items are joined.
function uniqueNames(items) {
  const names = new Map(items.map(({ restaurant_id, name }) => [restaurant_id, name]));
  const counts = new Map();
  for (const name of names.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map([...names].map(([id, name]) => [id, counts.get(name) > 1 ? `${name} (${id})` : name]));
}
