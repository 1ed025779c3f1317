// Retraining runs: their steps, what the gates said, and a new one.

import { numberText } from "../charts/numbers.js";
import { decide, reasonField } from "../decide.js";
import { element } from "../dom.js";
import { button, refusal } from "../panel.js";
import { countText, percentText } from "../format.js";
import { chip, dateText, facts, field, folded, meter, note, secondsText } from "../pieces.js";

const TRAINERS = ["ml", "admin"];
const RUNGS = ["lightfm", "ease", "ials", "ensemble", "lightfm+lambdamart", "popular"];
const STEPS = {
  snapshot: "take the log as a dataset", validate: "look whether it may be learnt from", train: "fit, calibrate and measure", evaluate: "compare with the champion",
  check: "check the behaviour", gates: "judge", describe: "look into what was learnt", register: "register the version",
};
const KINDS = { finished: "good", failed: "bad", running: "busy", queued: "busy" };

/** Whether something of these runs is still to come. */
export function underWay(runs) {
  return runs.some((run) => ["queued", "running"].includes(run.state));
}

/** Runs, the newest first, each with its steps when it is opened; `detailOf(run)` fetches one, `opened` keeps which are. */
export function runNodes(runs, { zone, detailOf, opened, session }) {
  if (!runs.length) return [element("p", { class: "empty" }, "No run was asked for yet. One takes the log, trains, compares with the champion, and leaves a challenger where the gates let it pass.")];
  return element("ul", { class: "runs" }, ...runs.map((run) => runRow(run, { zone, detailOf, opened, session })));
}

/** Show anew how far the runs are that are open, and leave the rest of the page, and who reads in it, alone. */
export function refillOpen(node) {
  for (const row of node.querySelectorAll("details[data-run][open]")) {
    if (!row.querySelector(".run").contains(document.activeElement)) row.dispatchEvent(new Event("refill"));
  }
}

function runRow(run, { zone, detailOf, opened, session }) {
  const summary = element(
    "summary",
    {},
    chip(run.state, KINDS[run.state]),
    ` ${run.models.join(", ")}, asked for by ${run.requested_by} on ${dateText(run.requested_at, zone)}`,
  );
  const inside = element("div", { class: "run" });
  const row = element("details", { class: "folded", "data-run": run.run_id }, summary, inside);
  const fill = async () => {
    if (!inside.querySelector(".steps")) inside.replaceChildren(element("div", { class: "skeleton", role: "status" }, element("span", { class: "unseen" }, "Loading")));
    try {
      inside.replaceChildren(...runDetail(await detailOf(run), zone));
    } catch (error) {
      // What was there is older, and better than a complaint: whoever follows asks again.
      if (error.name !== "AbortError" && !inside.querySelector(".steps")) inside.replaceChildren(refusal(error, fill, session));
    }
  };
  row.addEventListener("refill", fill);
  row.addEventListener("toggle", () => {
    if (row.open) opened.add(run.run_id);
    else opened.delete(run.run_id);
    if (row.open) fill();
  });
  row.open = opened.has(run.run_id);
  return element("li", {}, row);
}

function runDetail(run, zone) {
  const waits = run.state === "queued" ? note("It waits for `tablestakes worker`, which does runs.") : null;
  return [
    run.reasons.length > 0 && element("ul", { class: "reasons-why" }, ...run.reasons.map((reason) => element("li", {}, reason))),
    waits,
    meter(run.progress, `${percentText(run.progress)} of the steps are done`, run.state === "failed" ? "bad" : "good"),
    element("ol", { class: "steps" }, ...run.steps.map((step) => stepRow(step))),
    ...run.versions.map(versionRow),
    facts([["Learnt from what was received before", run.watermark && dateText(run.watermark, zone)], ["Seed", String(run.seed)], ["Processes that took it", String(run.attempts)]]),
    run.log.length > 0 && folded(`The log's last ${countText(run.log.length, "line")}`, element("pre", { tabindex: "0" }, run.log.map((line) => JSON.stringify(line)).join("\n"))),
  ].filter(Boolean);
}

function stepRow({ step, state, started_at, finished_at, document: found }) {
  const [kind, model] = step.split(":");
  const took = started_at && finished_at ? secondsText((Date.parse(finished_at) - Date.parse(started_at)) / 1000) : "";
  const mark = { done: "✓", running: "…", waiting: "·" }[state];
  return element(
    "li",
    { class: "run-step", "data-step": step, "data-state": state },
    element("span", { class: "step-mark", "aria-hidden": "true" }, mark),
    element("span", {}, element("strong", {}, step), ` ${STEPS[kind] ?? ""}`, element("span", { class: "unseen" }, ` (${state})`)),
    element("span", { class: "step-time" }, took),
    ...findings(kind, model, found),
  );
}

// What a step found, in a few words; the whole document is the API's.
function findings(kind, model, found) {
  if (!found) return [];
  const lines = {
    snapshot: () => [`data ${String(found.snapshot).slice(0, 12)}, champion ${found.champion?.version ?? "of then"}`],
    validate: () => (found.stops ?? []).map((text) => `stops: ${text}`),
    train: () => [`${found.version}`],
    evaluate: () => Object.entries(found.members ?? {}).map(([name, figures]) => `${name}: nDCG@10 ${figureText(figures["ndcg@10"])} on ${found.question}`),
    check: () => Object.entries(found).map(([name, outcomes]) => `${name}: ${outcomes.filter((one) => one.passed).length} of ${countText(outcomes.length, "check")} passed`),
    gates: () => Object.entries(found).flatMap(([name, said]) => (said.passed ? [`${name}: may serve`] : said.reasons.map((reason) => `${name}: ${reason}`))),
    register: () => Object.entries(found).map(([name, said]) => `${name}: ${said.version}, ${said.outcome}`),
  }[kind]?.();
  return lines?.length ? [element("ul", { class: "step-found" }, ...lines.map((text) => element("li", {}, text)))] : [];
}

function figureText(figure) {
  return figure ? `${numberText(figure.value)} [${numberText(figure.low)}, ${numberText(figure.high)}]` : "not measured";
}

function versionRow({ version, outcome, reasons }) {
  const kind = outcome === "rejected" ? "bad" : "good";
  const why = reasons.length ? element("ul", { class: "reasons-why" }, ...reasons.map((reason) => element("li", {}, reason))) : null;
  return element("div", { class: "came-of-it" }, chip(outcome, kind), " ", element("strong", {}, version), why);
}

/** Ask for a run with ml's key; answers the run, or null. */
export async function startRun(page) {
  const api = await page.session.ask(TRAINERS, "A retraining run trains new versions.");
  if (!api) return null;
  const boxes = RUNGS.map((name) =>
    element("label", { class: "check" }, element("input", { type: "checkbox", name: "model", value: name, checked: name === "lightfm" }), element("span", {}, name)),
  );
  return decide({
    title: `Retrain ${page.market.title}`,
    words: ["The worker takes the log as it is then, trains these, and compares each with the champion. What passes the gates becomes a challenger, no more: nothing serves that nobody has promoted."],
    fields: [
      element("fieldset", { class: "checks" }, element("legend", {}, "Models"), ...boxes),
      field("Seed", element("input", { name: "seed", type: "number", min: "0", max: "2147483647", value: "0", required: true })),
      reasonField(),
    ],
    confirm: "Start",
    run: async ({ seed, reason }, form) => {
      const models = new FormData(form).getAll("model");
      const body = { seed: Number(seed), ...(models.length && { models }) };
      const headers = reason ? { "X-Reason": encodeURIComponent(reason) } : {};
      return (await api.send("POST", `/v1/retraining/runs?${new URLSearchParams({ market: page.market.market })}`, body, headers)).body;
    },
  });
}

/** The button for it. */
export function startButton(onStart) {
  return button("Start a run", onStart, { "data-act": "retrain" });
}
