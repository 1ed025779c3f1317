// What lesson 6 has recorded: rounds of learning from one's own lists, and flips of a model that was given protected words.

import { figure } from "../charts/figure.js";
import { element } from "../dom.js";
import { chip, dateText, note, table } from "../pieces.js";

/** `GET /v1/lessons/6` as nodes: its figures, its claims with their intervals, and where they come from. */
export function lessonNodes(lesson, zone) {
  const outcome = lesson.outcome ?? lesson.last_run?.outcome;
  if (!outcome) return [element("p", { class: "empty" }, `Nothing is recorded of it yet: \`${lesson.command}\` does.`)];
  const claims = outcome.claims.map((one) => [one.sentence, one.measured, one.unit ?? "", chip(one.holds ? "holds" : "does not hold", one.holds ? "good" : "bad")]);
  const { provenance: from } = outcome;
  return [
    ...outcome.figures.map((document) => figure(document)),
    table("What it claims, measured over cities", ["Claim", "Measured [95 %]", "Unit", "Verdict"], claims, { numbers: [1], stacks: true }),
    from?.made_at && note(`Recorded ${dateText(from.made_at, zone)} by `, element("code", {}, lesson.command), "."),
  ].filter(Boolean);
}
