// The ladder: what each rung is worth and what it costs, as it was measured beside the serving.

import { figure } from "../charts/figure.js";
import { numberText } from "../charts/numbers.js";
import { element } from "../dom.js";
import { chip, dateText, note, reading, secondsText, table } from "../pieces.js";

/** The question on which rungs are compared: held-out requests where the log tells of them, else all restaurants. */
function accuracy(rung) {
  return rung.figures["requests_ndcg@10"] ?? rung.figures["ndcg@10"];
}

/** A measurement `ladder` as nodes, or that there is none yet; `champion` is the card of what serves, `zone` the city's. */
export function ladderNodes(measurement, champion, zone) {
  if (!measurement.document) return [element("p", { class: "empty" }, measurement.note)];
  const { rungs } = measurement.document;
  const serving = champion.model;
  const same = measurement.snapshot === champion.data.snapshot;
  return [
    reading(sentence(rungs, serving)),
    figure(scatter(rungs), { height: 320 }),
    rungTable(rungs, serving),
    note(
      `Measured on ${dateText(measurement.measured_at, zone)} on ${same ? "the data that the champion has learnt from" : "other data than the champion has learnt from"} (${measurement.snapshot.slice(0, 12)}), seed ${measurement.seed}, by `,
      element("code", {}, measurement.command),
      ". Accuracy: held-out test period, 95 % intervals over diners. A request: the median from the diner's vector to the ranked list, without cache, HTTP and auctions; the machine may have done other work meanwhile, so read times against each other. Memory: what a serving process maps. Training: CPU time of the fit on one thread.",
    ),
  ];
}

function sentence(rungs, serving) {
  const best = rungs.toSorted((a, b) => accuracy(b).value - accuracy(a).value)[0];
  const own = rungs.find((rung) => rung.model === serving);
  const first = `What to see: ${best.model} ranks best (nDCG@10 ${numberText(accuracy(best).value)}) and takes ${numberText(best.request_microseconds.median)} µs a request.`;
  if (!own || own === best) return first;
  const surely = accuracy(best).low > accuracy(own).high ? "certainly more than" : "which its interval does not tell from";
  return `${first} ${serving}, which serves now, has ${numberText(accuracy(own).value)} in ${numberText(own.request_microseconds.median)} µs: the best has ${surely} that.`;
}

function scatter(rungs) {
  return {
    kind: "scatter",
    title: "Accuracy against the time of a request",
    sentence: "Further up is more accurate, further left is quicker; the dotted stairs join the rungs that no other beats in both.",
    x: { label: "Ranking of one request, median", unit: "µs", scale: "log", better: "low" },
    y: { label: "nDCG@10 on held-out requests", unit: null, scale: "linear", better: "high" },
    front: true,
    series: [{ name: "rungs", points: rungs.map((rung) => point(rung)), style: "dots" }],
  };
}

function point(rung) {
  const { value, low, high } = accuracy(rung);
  return { x: rung.request_microseconds.median, y: value, low, high, label: rung.model };
}

function rungTable(rungs, serving) {
  const rows = rungs.map((rung) => [
    element("span", {}, element("strong", {}, rung.model), " ", rung.model === serving && chip("serves", "good")),
    rung.figures["ndcg@10"],
    rung.figures["requests_ndcg@10"] ?? "–",
    `${numberText(rung.request_microseconds.median)} µs`,
    `${numberText(rung.serving_bytes / 1e6)} MB`,
    secondsText(rung.fit_seconds),
    rung.explained,
  ]);
  const head = ["Model", "nDCG@10, all restaurants", "nDCG@10, held-out requests", "Time of a request", "Memory", "Training, CPU", "Explained"];
  return table("All rungs of the ladder", head, rows, { numbers: [1, 2, 3, 4, 5], stacks: true });
}
