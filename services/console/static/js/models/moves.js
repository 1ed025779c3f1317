// What can be done with a version: which moves its state allows, and what each will do, in words.

import { decide, reasonField } from "../decide.js";
import { element } from "../dom.js";
import { percentText } from "../format.js";
import { field } from "../pieces.js";

/** Whose key moves releases. */
export const RELEASERS = ["infra", "admin"];

const FIRST_SHARE = 10; // per cent
const FROZEN_OUT = ["promote", "canary", "shadow"];
const MOVES = {
  challenger: ["promote", "canary", "shadow", "reject"],
  shadow: ["canary", "promote", "withdraw", "reject"],
  canary: ["promote", "canary", "withdraw", "reject"],
  retired: ["rollback", "canary", "shadow", "reject"],
  "rolled-back": ["rollback", "canary", "shadow", "reject"],
  champion: ["rollback"],
};
const NAMES = { promote: "Promote", canary: "Canary", shadow: "Shadow", withdraw: "Withdraw", reject: "Reject", rollback: "Roll back" };

/** The moves that a release's state allows among these releases. */
export function movesOf(release, releases) {
  const onTrial = releases.some((other) => ["shadow", "canary"].includes(other.state));
  return (MOVES[release.state] ?? []).filter((move) => {
    if (move !== "rollback") return true;
    return release.state === "champion" ? onTrial : release.served;
  });
}

/** What a move's button says. */
export function moveName(move, release) {
  if (move === release.state) return "Change the share";
  if (move !== "rollback") return NAMES[move];
  return release.state === "champion" ? "End the trial" : "Roll back to it";
}

/** Take the seat, confirm in words, and move; answers the release as it is now, or null. */
export async function makeMove(page, move, release, { releases, freeze }) {
  const api = await page.session.ask(RELEASERS, `${moveName(move, release)}: ${release.version}.`);
  if (!api) return null;
  const trying = move === "canary" || move === "shadow";
  return decide({
    title: `${moveName(move, release)}: ${release.version}`,
    words: [...consequences(move, release, releases), ...warning(move, freeze)],
    fields: [...(trying ? [shareField(move, release)] : []), reasonField()],
    confirm: moveName(move, release),
    run: async ({ reason, share }) => {
      const body = trying ? { reason, share: Number(share) / 100 } : { reason };
      const path = `/v1/releases/${encodeURIComponent(release.version)}/${move}?${new URLSearchParams({ market: page.market.market })}`;
      return (await api.post(path, body)).body;
    },
  });
}

function consequences(move, release, releases) {
  const named = (state) => releases.find((other) => other.state === state)?.version;
  const champion = named("champion");
  const instead = champion && champion !== release.version ? `${champion} is retired; its files are kept, and a rollback leads to it.` : "";
  const words = {
    promote: ["Every diner gets its lists, from about a second after this.", instead],
    canary: ["A share of the diners, always the same ones, gets its lists instead of the champion's.", "Guardrails watch errors, slow answers, clicks and orders, and take it back by themselves where it does harm."],
    shadow: ["It ranks a share of the lists behind the answers. Nobody sees its lists; how they agree with those that are shown is counted."],
    withdraw: ["Its trial ends without blame; it waits again. Its diners are back with the champion within a second."],
    reject: ["It is ruled out for good and never serves. This cannot be taken back."],
    rollback: release.state === "champion"
      ? [`The trial of ${named("canary") ?? named("shadow")} ends, and it is marked as rolled back.`]
      : ["Every diner gets its lists again, from about a second after this.", champion && `${champion} is marked as rolled back.`],
  };
  return words[move].filter(Boolean);
}

function warning(move, freeze) {
  if (!FROZEN_OUT.includes(move) || !freeze?.frozen) return [];
  const why = freeze.freezes.map((one) => one.reason).join("; ");
  return [element("p", { class: "banner warning" }, `The market is frozen (${why}): the server will refuse this. A rollback is always possible.`)];
}

function shareField(move, release) {
  // A share of lists is none of diners: what it has now counts only where it stays where it is.
  const now = release.state === move ? release.share : null;
  const share = now ? Math.max(1, Math.round(100 * now)) : FIRST_SHARE;
  const control = element("input", { name: "share", type: "number", min: "1", max: "100", step: "1", value: String(share), required: true });
  return field(move === "canary" ? "Share of the diners, in per cent" : "Share of the lists, in per cent", control, now ? `Now: ${percentText(now)}.` : "");
}
