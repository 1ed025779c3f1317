// Figures of operations, from what a History has seen. Documents out: nothing is drawn here.

import { numberText } from "../charts/numbers.js";
import { ageText, countText, wordText } from "../format.js";
import { apartOf, bucketsOf, quantileOf, samplesOf, sumOf, sumsBy } from "./metrics.js";
import { shareText } from "./words.js";

const MOST_ROUTES = 4;
const MOST_STAGES = ["features", "ranking", "ads"];
const OWN = ["operations", "metrics", "ready", "live"]; // looks of this page and of other machines
const PROMISED_MS = 50;
const MIB = 2 ** 20;
const QUANTILES = { p50: 0.5, p90: 0.9, p99: 0.99 };
const NAMES = { unmatched: "Pages and the rest" };

const others = (route) => !OWN.includes(route);

/** "the last 42 seconds", "the last 3 minutes". */
export function spanText(seconds) {
  return seconds < 90 ? `the last ${Math.max(1, Math.round(seconds))} seconds` : `the last ${Math.round(seconds / 60)} minutes`;
}

/** Requests a second by route: the busiest ones, and the others together. */
export function requestsFigure(history) {
  const counted = [...sumsBy(history.gained, "tablestakes_requests_total", "route", { route: others })];
  const ranked = counted.filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
  const named = ranked.slice(0, MOST_ROUTES).map(([route]) => route);
  const rest = ranked.length > MOST_ROUTES;
  const of = (where) => (rates) => sumOf(rates, "tablestakes_requests_total", { route: where }) ?? 0;
  const series = named.map((route) => ({ name: routeText(route), points: history.rates(of(route)) }));
  if (rest) series.push({ name: "Other routes", points: history.rates(of((route) => others(route) && !named.includes(route))) });
  const total = ranked.reduce((sum, [, count]) => sum + count, 0);
  const busiest = ranked[0];
  const sentence = busiest
    ? `${countText(total, "request")} in ${spanText(history.span)}; ${shareText(busiest[1], total)} of them to “${routeText(busiest[0])}”. This page's own looks are left out.`
    : "No request but this page's own looks, yet. Open the diner's view in another tab and order something.";
  return overTime(history, "Requests", sentence, { label: "Requests", unit: "/s" }, series);
}

/** Answers by status class that are no success, a second. */
export function errorsFigure(history) {
  const gained = history.gained;
  const total = sumOf(gained, "tablestakes_requests_total") ?? 0;
  const kinds = [["5", "Server's faults (5xx)"], ["4", "Refused (4xx)"]];
  const of = (first) => ({ status: (status) => status.startsWith(first) });
  const series = kinds.map(([first, name]) => ({ name, points: history.rates((rates) => sumOf(rates, "tablestakes_requests_total", of(first)) ?? 0) }));
  const [faults, refused] = kinds.map(([first]) => sumOf(gained, "tablestakes_requests_total", of(first)) ?? 0);
  const most = samplesOf(gained, "tablestakes_requests_total", { status: (status) => /^[45]/.test(status) }).toSorted((a, b) => b.value - a.value)[0];
  const where = most?.value > 0 ? ` Most often: ${most.labels.status} of “${routeText(most.labels.route)}”.` : "";
  const sentence = faults + refused
    ? `Of ${countText(total, "answer")} in ${spanText(history.span)}, ${numberText(faults)} were faults of the server and ${numberText(refused)} were refused.${where}`
    : "No answer was refused and none failed while this page was looking.";
  return overTime(history, "Errors", sentence, { label: "Answers", unit: "/s" }, series);
}

/** How long answers take: p50, p90 and p99 of recommendations at each look, in ms. */
export function answerTimeFigure(history) {
  const where = { route: "recommendations" };
  const of = (q) => (rates) => milliseconds(quantileOf(q, bucketsOf(rates, "tablestakes_request_seconds", where)));
  const series = Object.entries(QUANTILES).map(([name, q]) => ({ name, points: history.rates(of(q)) }));
  const buckets = bucketsOf(history.gained, "tablestakes_request_seconds", where);
  const total = buckets.at(-1)?.count ?? 0;
  const fast = buckets.find(({ le }) => le === PROMISED_MS / 1000)?.count ?? 0;
  const sentence = total
    ? `Half of ${countText(total, "answer")} took up to ${msText(0.5, buckets)} ms and 99 % up to ${msText(0.99, buckets)} ms; ${shareText(fast, total)} kept to ${PROMISED_MS} ms, of which 99 % are promised.`
    : "No recommendation was asked for while this page was looking.";
  return overTime(history, "Time to answer a recommendation", sentence, { label: "Inside the process", unit: "ms" }, series);
}

/** The histogram of each stage's time, as shares of its rounds. */
export function stagesFigure(history) {
  const { samples, when } = recent(history, "tablestakes_stage_seconds_count");
  const stages = [...sumsBy(samples, "tablestakes_stage_seconds_count", "stage")].filter(([, count]) => count > 0).map(([stage]) => stage);
  const ordered = [...MOST_STAGES.filter((stage) => stages.includes(stage)), ...stages.filter((stage) => !MOST_STAGES.includes(stage))];
  const buckets = ordered.map((stage) => bucketsOf(samples, "tablestakes_stage_seconds", { stage }));
  const parts = buckets.map(apartOf);
  const used = (parts[0] ?? []).map((_, i) => i).filter((i) => parts.some((one) => one[i].count > 0));
  const shown = (parts[0] ?? []).slice(0, (used.at(-1) ?? -1) + 1);
  const series = ordered.map((stage, s) => {
    const total = buckets[s].at(-1).count;
    return { name: wordText(stage), values: shown.map((_, i) => ({ value: (100 * parts[s][i].count) / total })) };
  });
  const said = ordered.map((stage, s) => `${stage} ${msText(0.5, buckets[s])} and ${msText(0.99, buckets[s])} ms`);
  return {
    kind: "bars",
    title: "Time of each stage",
    sentence: ordered.length ? `Half and 99 % of the lists are through within: ${said.join(", ")} (${when}).` : "No list has been made yet, so no stage has taken any time.",
    y: { label: "Share of lists, by milliseconds", unit: "%" },
    groups: shown.map(({ from, to }) => (to === Infinity ? `> ${numberText(1000 * from)}` : `≤ ${numberText(1000 * to)}`)),
    series,
  };
}

/** Look-ups in the feature cache a second, by outcome. */
export function cacheFigure(history, checks) {
  const outcomes = [["hit", "Found"], ["miss", "Not in it"], ["last_copy", "Redis away: last copy"]];
  const gained = sumsBy(history.gained, "tablestakes_feature_cache_total", "outcome");
  const series = outcomes
    .filter(([outcome], i) => i < 2 || gained.get(outcome) > 0)
    .map(([outcome, name]) => ({ name, points: history.rates((rates) => sumOf(rates, "tablestakes_feature_cache_total", { outcome }) ?? 0) }));
  const total = [...gained.values()].reduce((sum, count) => sum + count, 0);
  const redis = checks === null ? "" : checks.feature_cache === "ok" ? " Redis answers." : " Redis does not answer: lists are made from last copies, or without a profile.";
  const open = history.now?.gauges && sumOf(history.now.gauges, "tablestakes_feature_cache_breaker_open");
  const stopped = open ? ` ${countText(open, "process", "processes")} stopped asking it.` : "";
  const sentence = total ? `${shareText(gained.get("hit") ?? 0, total)} of ${countText(total, "look-up")} found the diner in it.` : "Nobody was looked up while this page was looking.";
  return overTime(history, "Feature cache", `${sentence}${redis}${stopped}`, { label: "Look-ups", unit: "/s" }, series);
}

/** Lists made with less than all there is, by reason, since the page looks. */
export function degradedFigure(history) {
  const reasons = [...sumsBy(history.gained, "tablestakes_degraded_total", "reason")].filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
  const lists = sumOf(history.gained, "tablestakes_answers_total") ?? 0;
  const total = reasons.reduce((sum, [, count]) => sum + count, 0);
  return {
    kind: "table",
    title: "Degraded lists",
    sentence: total ? `In ${spanText(history.span)}, ${countText(lists, "list")} were made; these had less than all there is.` : `None of ${countText(lists, "list")} was made with less than all there is.`,
    columns: ["Reason", "Lists"],
    rows: reasons.map(([reason, count]) => [wordText(reason), Math.round(count)]),
  };
}

/** Events a second, by outcome, and what waits. */
export function eventsFigure(history) {
  const outcomes = [["accepted", "Accepted"], ["duplicate", "Known already"], ["rejected", "Rejected"]];
  const gained = sumsBy(history.gained, "tablestakes_events_total", "outcome");
  const series = outcomes.map(([outcome, name]) => ({ name, points: history.rates((rates) => sumOf(rates, "tablestakes_events_total", { outcome }) ?? 0) }));
  const counts = outcomes.map(([outcome]) => gained.get(outcome) ?? 0);
  const gauges = history.now?.gauges;
  const waiting = gauges && [sumOf(gauges, "tablestakes_event_commit_waiting") ?? 0, sumOf(gauges, "tablestakes_served_log_waiting") ?? 0];
  const dropped = gauges && sumOf(gauges, "tablestakes_served_log_dropped");
  const queue = waiting ? ` For the database wait ${countText(waiting[0], "event")} and ${countText(waiting[1], "served record")}.` : "";
  const lost = dropped ? ` ${countText(dropped, "served record")} had to be dropped.` : "";
  const sentence = counts.some(Boolean)
    ? `In ${spanText(history.span)} ${numberText(counts[0])} accepted, ${numberText(counts[1])} known already, ${numberText(counts[2])} rejected.`
    : "No event came while this page was looking.";
  return overTime(history, "Events", `${sentence}${queue}${lost}`, { label: "Events", unit: "/s" }, series);
}

/** CPU time a second of all processes, in per cent of one core. */
export function cpuFigure(history) {
  const points = history.rates((rates) => percent(sumOf(rates, "tablestakes_process_cpu_seconds")));
  const now = points.at(-1)?.y;
  const sentence = Number.isFinite(now) ? `The API's ${countText(processes(history), "process takes", "processes take")} ${numberText(now, 2)} % of one core.` : "Two looks are needed to tell.";
  return overTime(history, "CPU", sentence, { label: "Of one core", unit: "%" }, [{ name: "CPU", points }]);
}

/** Memory of all processes. */
export function memoryFigure(history) {
  const points = history.gauges((gauges) => mebibytes(sumOf(gauges, "tablestakes_process_resident_bytes")));
  const now = points.at(-1)?.y;
  const sentence = Number.isFinite(now) ? `They hold ${numberText(Math.round(now))} MiB; what several processes share counts in each.` : "Nothing is known yet.";
  return overTime(history, "Memory", sentence, { label: "Resident", unit: "MiB" }, [{ name: "Memory", points }]);
}

/** Which versions and policies make the lists, and how old the models are. */
export function versionsFigure(history) {
  const { samples, when } = recent(history, "tablestakes_answers_total");
  const made = samplesOf(samples, "tablestakes_answers_total").filter(({ value }) => value > 0);
  const total = made.reduce((sum, { value }) => sum + value, 0);
  const ages = history.now?.samples ? sumsBy(history.now.samples, "tablestakes_model_age_seconds", "market") : new Map();
  const rows = made.toSorted((a, b) => b.value - a.value).map(({ labels, value }) => [
    labels.market, labels.model_version, `${labels.policy}, version ${labels.policy_version}`, Math.round(value), ages.has(labels.market) ? ageText(ages.get(labels.market)) : null,
  ]);
  return {
    kind: "table",
    title: "Who makes the lists",
    sentence: total ? `${countText(total, "list")} (${when}), by the versions that made them.` : "No list has been made yet.",
    columns: ["City", "Model", "Policy", "Lists", "Age of the serving model"],
    rows,
  };
}

/** The row of numbers at the top: `[{name, text, values}]`, values for a sparkline. */
export function headlines(history) {
  const now = history.now;
  const requests = history.rates((rates) => sumOf(rates, "tablestakes_requests_total", { route: others }) ?? 0);
  const faults = history.rates((rates) => sumOf(rates, "tablestakes_requests_total", { status: (status) => status.startsWith("5") }) ?? 0);
  const p99 = history.rates((rates) => milliseconds(quantileOf(0.99, bucketsOf(rates, "tablestakes_request_seconds", { route: "recommendations" }))));
  const hits = history.rates((rates) => share(sumOf(rates, "tablestakes_feature_cache_total", { outcome: "hit" }), sumOf(rates, "tablestakes_feature_cache_total")));
  const events = history.rates((rates) => sumOf(rates, "tablestakes_events_total") ?? 0);
  const cpu = history.rates((rates) => percent(sumOf(rates, "tablestakes_process_cpu_seconds")));
  const memory = history.gauges((gauges) => mebibytes(sumOf(gauges, "tablestakes_process_resident_bytes")));
  const started = now?.samples && sumOf(now.samples, "tablestakes_process_start_timestamp_seconds");
  return [
    headline("Requests", requests, "/s"),
    headline("Faults of the server", faults, "/s"),
    headline("p99 of recommendations", p99, "ms"),
    headline("Found in the cache", hits, "%"),
    headline("Events", events, "/s"),
    headline("CPU, of one core", cpu, "%"),
    headline("Memory", memory, "MiB"),
    { name: "API processes", text: now?.gauges ? numberText(processes(history)) : "–", unit: started ? "" : null, values: null, started },
  ];
}

function headline(name, points, unit) {
  const last = points.at(-1)?.y;
  return { name, text: Number.isFinite(last) ? numberText(unit === "MiB" ? Math.round(last) : last, 2) : "–", unit: Number.isFinite(last) ? unit : null, values: points.map(({ y }) => y) };
}

function overTime(history, title, sentence, y, series) {
  const end = history.now?.at ?? 0;
  const timed = series.map(({ name, points }) => ({ name, style: "line", points: points.map(({ at, y: value }) => ({ x: Math.round(10 * (at - end)) / 10, y: value })) }));
  return { kind: "lines", title, sentence, x: { label: "Time from now", unit: "s", from: -Math.min(history.keep, 60 * Math.ceil(Math.max(1, history.span) / 60)), to: 0 }, y: { ...y, zero: true }, series: timed };
}

// What was counted while the page was looking, or where nothing was, since the server started.
function recent(history, name) {
  const gained = history.gained;
  if (sumOf(gained, name) > 0) return { samples: gained, when: spanText(history.span) };
  return { samples: history.now?.samples ?? new Map(), when: "since the server started" };
}

function routeText(route) {
  return NAMES[route] ?? wordText(route);
}

function processes(history) {
  return sumOf(history.now?.gauges ?? new Map(), "tablestakes_processes") ?? 0;
}

function msText(q, buckets) {
  return numberText(milliseconds(quantileOf(q, buckets)), 2);
}

function milliseconds(seconds) {
  return seconds === null ? null : 1000 * seconds;
}

function percent(value) {
  return value === null ? null : 100 * value;
}

function share(part, whole) {
  return whole > 0 ? (100 * (part ?? 0)) / whole : null;
}

function mebibytes(bytes) {
  return bytes === null ? null : bytes / MIB;
}
