// The release lane: where each version stands, what its trial has shown, and what can be done with it.

import { numberText } from "../charts/numbers.js";
import { element } from "../dom.js";
import { countText, percentText } from "../format.js";
import { chip, dateText, folded, meter, note, table } from "../pieces.js";
import { button } from "../panel.js";
import { moveName, movesOf } from "./moves.js";

const COLUMNS = [
  { title: "Waiting", states: ["challenger"], empty: "No challenger waits. A retraining run makes one." },
  { title: "Shadow", states: ["shadow"], empty: "No version ranks behind the answers." },
  { title: "Canary", states: ["canary"], empty: "No version is tried on diners." },
  { title: "Champion", states: ["champion"], empty: "No version serves." },
  { title: "Out of service", states: ["retired", "rolled-back", "rejected"], empty: "No version was succeeded, taken back or ruled out." },
];
const GUARDRAILS = { errors: "failed answers", slow: "slow answers", clicks: "diners who clicked", orders: "diners who ordered" };
const SHOWN = 6;

/** Columns of cards; `onMove(move, release)` where a button is pressed, `onCard(release)` where the model card is wanted. */
export function laneNodes(releases, zone, { onMove, onCard }) {
  const columns = COLUMNS.map(({ title, states, empty }) => {
    const here = releases.filter((release) => states.includes(release.state)).sort((a, b) => Date.parse(b.since) - Date.parse(a.since));
    const cards = here.map((release) => releaseCard(release, releases, zone, { onMove, onCard }));
    const rest = cards.length > SHOWN ? folded(`${cards.length - SHOWN} more`, element("ul", { class: "cards" }, ...cards.splice(SHOWN))) : null;
    return element(
      "section",
      { class: `lane ${states[0]}`, "aria-label": title },
      element("h3", {}, title, " ", element("span", { class: "lane-count" }, String(here.length))),
      here.length ? element("ul", { class: "cards" }, ...cards) : note(empty),
      rest,
    );
  });
  return element("div", { class: "lanes" }, ...columns);
}

function releaseCard(release, releases, zone, { onMove, onCard }) {
  const name = button(release.version, () => onCard(release), { class: "version", title: "Show its model card" });
  const buttons = movesOf(release, releases).map((move) =>
    button(moveName(move, release), () => onMove(move, release), { "data-act": move, "aria-label": `${moveName(move, release)}: ${release.version}` }),
  );
  return element(
    "li",
    { class: "release", "data-version": release.version, "data-state": release.state },
    name,
    ["retired", "rolled-back", "rejected"].includes(release.state) && chip(release.state, release.state === "retired" ? "" : "bad"),
    element("p", { class: "release-facts" }, release.ndcg === null ? "nDCG@10 not measured" : `nDCG@10 ${numberText(release.ndcg)} when trained`),
    note(`since ${dateText(release.since, zone)}`),
    release.reason && element("p", { class: "release-reason", title: release.reason }, release.reason),
    release.state === "canary" && trial(release),
    release.state === "shadow" && shadowed(release),
    buttons.length > 0 && element("div", { class: "row" }, ...buttons),
  );
}

function trial(release) {
  const { evidence, share } = release;
  const rows = Object.entries(GUARDRAILS).filter(([key]) => evidence[key]).map(([key, name]) => {
    const one = evidence[key];
    return [name, one.canary, one.champion, numberText(one.e)];
  });
  return element(
    "div",
    { class: "trial" },
    meter(share, `${percentText(share)} of the diners get its lists`),
    rows.length
      ? element(
          "div",
          {},
          table("What the guardrails have counted", ["Of", "canary", "champion", "evidence e"], rows, { numbers: [1, 2, 3], stacks: true }),
          note(`Of ${countText(evidence.requests?.canary ?? 0, "list")} by the canary and ${(evidence.requests?.champion ?? 0).toLocaleString("en-GB")} by the champion. An e above ${numberText(evidence.threshold)} takes it back; 1 is no evidence.`),
        )
      : note("The guardrails have counted nothing yet: the worker looks every few seconds."),
  );
}

function shadowed({ share, agreement }) {
  const told = agreement && agreement.lists > 0
    ? `In ${countText(agreement.lists, "list")}: the same first restaurant in ${percentText(agreement.same_first)}, ${percentText(agreement.shared)} of the entries shared, ${countText(agreement.failures, "failure")}.`
    : "It has ranked no list yet.";
  return element("div", { class: "trial" }, meter(share, `ranks ${percentText(share)} of the lists, unseen`), note(told));
}
