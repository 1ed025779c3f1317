// The lessons: the article's questions, each with what was recorded of it at once, and a run of one's own behind it.

import { figure } from "../charts/figure.js";
import { numberText, valueText } from "../charts/numbers.js";
import { element, prose } from "../dom.js";
import { percentText } from "../format.js";
import { button, panel, viewHead } from "../panel.js";
import { READERS } from "../session.js";

const ASK_MS = 1000;

/** Show all lessons, or the one that the address names. */
export async function mount(root, page) {
  if (page.path[0]) return one(root, page, Number(page.path[0]));
  return all(root, page);
}

async function all(root, { session, title }) {
  title("Lessons");
  const shelf = panel({ title: "Eight lessons", wide: true, session });
  root.append(viewHead("Lessons", "The article's arguments, each with a measurement: a question, a command, a figure, and what would change the answer."), shelf.node);
  await shelf.load(async () => {
    const { body } = await session.api().get("/v1/lessons");
    return element("ol", { class: "lesson-shelf" }, ...body.items.map(card));
  }, { height: 520 });
}

function card(lesson) {
  return element(
    "li",
    { class: "lesson-card" },
    element("span", { class: "lesson-number", "aria-hidden": "true" }, String(lesson.number)),
    element("h3", {}, element("a", { href: `/lessons/${lesson.number}` }, lesson.title)),
    element("p", { class: "lesson-question" }, lesson.question),
    element("p", { class: "lesson-state" }, verdict(lesson)),
  );
}

function verdict({ recorded, holds }) {
  if (!recorded) return "No recorded result: run it";
  return holds ? "Recorded: its claims hold" : "Recorded: a claim does not hold";
}

async function one(root, page, number) {
  const { session, signal, title } = page;
  const steps = element("nav", { class: "lesson-steps", "aria-label": "Lessons" });
  const head = element("div", {});
  const told = panel({ title: "What comes of it", wide: true, session });
  const runner = panel({ title: "Run it here", hint: "The worker does it behind everything else; one run at a time.", wide: true, session });
  root.append(steps, head, told.node, runner.node);

  let lesson = null;
  let numbers = [];
  let asked = 0;
  let failure = "";

  async function read() {
    lesson = (await session.api().get(`/v1/lessons/${number}`, {}, signal)).body;
    return lesson;
  }

  function showHead() {
    title(`Lesson ${number}`);
    head.replaceChildren(
      viewHead(`${lesson.number}. ${lesson.title}`, lesson.question),
      element("p", { class: "lesson-command" }, "By command: ", element("code", {}, lesson.command)),
    );
    const link = (to, text) => element("a", { href: `/lessons/${to}`, class: "quiet-button" }, text);
    steps.replaceChildren(
      element("a", { href: "/lessons", class: "quiet-button" }, "All lessons"),
      ...(numbers.includes(number - 1) ? [link(number - 1, `← Lesson ${number - 1}`)] : []),
      ...(numbers.includes(number + 1) ? [link(number + 1, `Lesson ${number + 1} →`)] : []),
    );
  }

  function outcomes() {
    const last = lesson.last_run?.outcome;
    const shown = [last && { name: lesson.last_run.short ? "Your run, short" : "Your run", outcome: last }, lesson.outcome && { name: "Recorded", outcome: lesson.outcome }].filter(Boolean);
    if (!shown.length) return element("p", { class: "empty" }, "Nothing has been recorded of this lesson yet. Run it below, or by its command.");
    return shown.map((each, i) => outcomeNode(each.name, each.outcome, i === 0, lesson.would_change));
  }

  function runNodes() {
    const run = lesson.under_way;
    if (run) {
      const bar = element("progress", { max: 1, value: run.progress, "aria-label": "Progress of the run" });
      const where = run.state === "queued" ? "Waiting for the worker" : run.doing || "Running";
      return [bar, element("p", { role: "status" }, `${where} · ${percentText(run.progress)}`)];
    }
    const failed = failure && element("p", { class: "banner error", role: "alert" }, `The run failed: ${failure}`);
    const buttons = [
      button(`Short run (${lesson.short_seeds} cities)`, () => start(true)),
      button(`Full run (${lesson.seeds} cities, up to two minutes)`, () => start(false)),
    ];
    return [failed, element("div", { class: "form-buttons" }, ...buttons)];
  }

  async function failureOf(runId) {
    const run = (await session.api().get(`/v1/lessons/${number}/runs/${runId}`, {}, signal)).body;
    return run.state === "failed" ? run.reason : "";
  }

  async function start(short) {
    failure = "";
    const api = await session.ask(READERS, "A run takes the machine's time for a while.");
    if (!api) return;
    await runner.load(async () => {
      lesson.under_way = (await api.post(`/v1/lessons/${number}/runs`, { short })).body;
      watch();
      return runNodes();
    });
  }

  function watch() {
    clearTimeout(asked);
    if (!lesson.under_way || signal.aborted) return;
    asked = setTimeout(async () => {
      if (document.visibilityState === "visible") {
        const before = lesson.under_way.run_id;
        await runner.load(async () => {
          await read();
          if (lesson.under_way?.run_id !== before) failure = await failureOf(before);
          return runNodes();
        });
        if (lesson.under_way?.run_id !== before && !signal.aborted) {
          await told.load(async () => outcomes());
          page.say(failure ? "The run failed" : "The run is done");
        }
      }
      watch();
    }, ASK_MS);
  }

  await told.load(async () => {
    numbers = (await session.api().get("/v1/lessons", {}, signal)).body.items.map((item) => item.number);
    await read();
    showHead();
    return outcomes();
  }, { height: 640 });
  if (!lesson) {
    if (!head.childElementCount) head.append(viewHead("Lesson", ""));
    runner.node.remove();
  } else {
    await runner.load(async () => runNodes(), { height: 60 });
    watch();
  }
  return { unmount: () => clearTimeout(asked) };
}

function outcomeNode(name, outcome, open, wouldChange) {
  const { provenance } = outcome;
  const made = `${new Date(provenance.made_at).toISOString().slice(0, 10)}, ${provenance.seeds.length} cities, ${Math.round(provenance.cpu_seconds)} s of CPU${provenance.commit ? `, commit ${provenance.commit.slice(0, 7)}` : ""}`;
  const parts = [
    element("div", { class: "lesson-figures" }, ...outcome.figures.map((document) => figure(document, { height: 320 }))),
    claimsNode(outcome.claims),
    element("div", { class: "lesson-reading" }, ...outcome.reading.split("\n\n").map((text) => element("p", {}, ...prose(text)))),
    numbersNode(outcome.numbers),
    wouldChange.length > 0 && element("div", { class: "lesson-change" }, element("h3", {}, "What would change it"), element("ul", {}, ...wouldChange.map((text) => element("li", {}, ...prose(text))))),
  ];
  return element("details", { class: "lesson-outcome", open }, element("summary", {}, element("strong", {}, name), element("span", {}, made)), ...parts);
}

function claimsNode(claims) {
  const rows = claims.map((claim) => {
    const [mark, said] = claim.holds ? ["✓", "holds"] : ["✗", "does not hold"];
    return element(
      "li",
      { class: claim.holds ? "claim holds" : "claim broken" },
      element("span", { class: "claim-mark", role: "img", "aria-label": said }, mark),
      element("span", {}, ...prose(claim.sentence), element("span", { class: "claim-number" }, ` ${valueText(claim.measured, claim.unit)}`)),
    );
  });
  return element("ul", { class: "claims", "aria-label": "Claims" }, ...rows);
}

function numbersNode(numbers) {
  const rows = numbers.map((number) =>
    element(
      "tr",
      {},
      element("td", {}, number.name),
      element("td", { class: "number" }, numberText(number.value)),
      element("td", { class: "number" }, number.low === null ? "" : `${numberText(number.low)} to ${numberText(number.high)}`),
      element("td", {}, number.unit ?? ""),
    ),
  );
  const head = element("tr", {}, element("th", { scope: "col" }, "number"), element("th", { scope: "col", class: "number" }, "value"), element("th", { scope: "col", class: "number" }, "95 % interval"), element("th", { scope: "col" }, "unit"));
  const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "The numbers" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
  return element("details", { class: "lesson-numbers" }, element("summary", {}, "All numbers"), scroll);
}
