// Figures of what works behind the API, from the worker's samples. Documents out: nothing is drawn here.

import { numberText } from "../charts/numbers.js";
import { ageText, countText, minorUnits, wordText } from "../format.js";
import { samplesOf, sumOf, sumsBy } from "./metrics.js";
import { shareText } from "./words.js";

/** What was spent, planned and is left today in one city, in its currency. */
export function spendFigure(worker, market) {
  const unit = minorUnits(market.currency);
  const names = [["ad_spend_today_minor_units", "Spent"], ["ad_spend_planned_today_minor_units", "Planned by now"], ["ad_budget_left_today_minor_units", "Left today"]];
  const values = names.map(([name]) => sumOf(worker, `tablestakes_${name}`, { market: market.market }));
  const known = values.every((value) => value !== null);
  const money = values.map((value) => Math.round(value) / unit);
  const [spent, planned] = money;
  const open = sumOf(worker, "tablestakes_campaigns_open", { market: market.market }) ?? 0;
  const pace = planned > 0 ? `, ${shareText(spent, planned)} of what the pacing would have spent by now` : "";
  return {
    kind: "bars",
    horizontal: true,
    title: "Ad spend today",
    sentence: known ? `${countText(open, "campaign")} ${open === 1 ? "runs" : "run"}. Spent so far: ${numberText(spent)} ${market.currency}${pace}.` : `No campaign has a budget in ${market.title}.`,
    y: { label: "On the city's day", unit: market.currency },
    groups: known ? names.map(([, name]) => name) : [],
    series: [{ name: market.title, values: known ? money.map((value) => ({ value })) : [] }],
  };
}

/** What the worker's jobs do. `at`: the machine's time, in seconds since 1970. */
export function jobsFigure(worker, at) {
  const jobs = [...sumsBy(worker, "tablestakes_worker_rounds_total", "job_name").keys()];
  const of = (name, job, where = {}) => sumOf(worker, `tablestakes_worker_${name}`, { job_name: job, ...where });
  const rows = jobs.map((job) => {
    const [seconds, count] = [of("round_seconds_sum", job), of("round_seconds_count", job)];
    const last = of("last_done_timestamp_seconds", job);
    return [wordText(job), of("rounds_total", job, { outcome: "done" }) ?? 0, of("rounds_total", job, { outcome: "failed" }) ?? 0, count ? Number(((1000 * seconds) / count).toPrecision(3)) : null, last ? `${ageText(Math.max(0, at - last))} ago` : "never"];
  });
  const failed = rows.filter(([, , failures]) => failures > 0).map(([job]) => job);
  const queues = samplesOf(worker, "tablestakes_billing_queue_events");
  const waiting = queues.reduce((sum, { value }) => sum + value, 0);
  const oldest = Math.max(0, ...samplesOf(worker, "tablestakes_billing_queue_age_seconds").map(({ value }) => value));
  const queue = waiting ? `${countText(waiting, "event")} ${waiting === 1 ? "waits" : "wait"} to be billed, the oldest for ${ageText(oldest)}.` : "No event waits to be billed.";
  return {
    kind: "table",
    title: "The worker's jobs",
    sentence: `${failed.length ? `Rounds have failed: ${failed.join(", ")}.` : "No round has failed."} ${queue}`,
    columns: ["Job", "Rounds done", "Failed", "Mean time (ms)", "Last done"],
    rows,
  };
}

/** Columns in which the last days differ from those before, in one city. */
export function driftFigure(worker, market, at) {
  const here = { market: market.market };
  const checked = sumOf(worker, "tablestakes_drift_checked_timestamp_seconds", here);
  const effects = samplesOf(worker, "tablestakes_drift_effect", here);
  const value = (name, { part, column }) => sumOf(worker, `tablestakes_${name}`, { ...here, part, column });
  const rows = effects
    .map(({ labels, value: effect }) => [wordText(labels.column), wordText(labels.part), effect, value("drift_p_value", labels), value("drifted", labels) ? "drifted" : "as before"])
    .sort((a, b) => (b[4] === "drifted") - (a[4] === "drifted") || b[2] - a[2]);
  const drifted = rows.filter((row) => row[4] === "drifted").map(([name]) => name.toLowerCase());
  const sentence = rows.length
    ? `${drifted.length ? `Not what it was: ${drifted.join(", ")}.` : `None of ${rows.length} columns has drifted.`} Looked at ${ageText(Math.max(0, at - checked))} ago.`
    : `The worker compares the last days' lists with those before, once an hour; ${market.title} has not been serving for long enough.`;
  return { kind: "table", title: "Drift", sentence, columns: ["Column", "Part", "Effect", "p, adjusted", "Finding"], rows };
}

/** Orders that came against those that the scores promised, by version, in one city. */
export function calibrationFigure(worker, market) {
  const here = { market: market.market };
  const predicted = sumsBy(worker, "tablestakes_calibration_predicted_orders", "model_version", here);
  const observed = sumsBy(worker, "tablestakes_calibration_observed_orders", "model_version", here);
  const z = sumsBy(worker, "tablestakes_calibration_z", "model_version", here);
  const versions = [...predicted.keys()];
  const off = versions.filter((version) => Math.abs(z.get(version) ?? 0) > 4);
  const said = versions.map((version) => `${version}: ${numberText(observed.get(version))} for ${numberText(predicted.get(version))} promised${z.has(version) ? `, ${numberText(z.get(version), 2)} standard errors off` : ""}`);
  return {
    kind: "bars",
    horizontal: true,
    title: "Do the scores keep their promise?",
    sentence: versions.length
      ? `Orders that came over a day for those that the scores of viewed places promised. ${said.join("; ")}. ${off.length ? "More than 4 standard errors are no chance." : "Within 4 standard errors is as promised."}`
      : `The worker looks every five minutes at lists that are ten minutes to a day old; there is none in ${market.title} whose places were viewed.`,
    y: { label: "Orders", unit: null },
    groups: versions,
    series: [
      { name: "Promised", values: versions.map((version) => ({ value: predicted.get(version) })) },
      { name: "Came", values: versions.map((version) => ({ value: observed.get(version) ?? 0 })) },
    ],
  };
}
