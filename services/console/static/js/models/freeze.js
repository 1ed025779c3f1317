// The freeze: whether the market may move, why not, what standing still costs, and what is left of the error budget.

import { decide, reasonField } from "../decide.js";
import { element } from "../dom.js";
import { ageText, countText, percentText } from "../format.js";
import { dateText, field, folded, meter, note, reading, select, table } from "../pieces.js";
import { button } from "../panel.js";
import { numberText } from "../charts/numbers.js";
import { RELEASERS } from "./moves.js";

const HOURS = [[4, "4 hours"], [12, "12 hours"], [24, "a day"], [72, "3 days"], [168, "a week"]];
const CAUSES = { hand: "by hand", calendar: "by the calendar", budget: "for a spent error budget" };
const DAYS = { mon: "Mondays", tue: "Tuesdays", wed: "Wednesdays", thu: "Thursdays", fri: "Fridays", sat: "Saturdays", sun: "Sundays" };

/** What `GET /v1/freeze` says, with the buttons; `onChange()` after one of them has changed it. */
export function freezeNodes(page, freeze, onChange) {
  const zone = page.market.time_zone;
  return [
    freeze.frozen ? frozenBanner(freeze, zone) : reading("Nothing holds releases off: versions may be tried, promoted and rolled back."),
    actions(page, freeze, onChange),
    element("h3", {}, "What standing still costs"),
    standstill(freeze.price, freeze.queue),
    element("h3", {}, "Error budget"),
    ...budget(freeze.error_budget),
    ...rules(freeze),
  ];
}

function frozenBanner(freeze, zone) {
  const rows = freeze.freezes.map((one) => {
    const until = one.until ? `until ${dateText(one.until, zone)}` : "until the error budget has recovered";
    return element("li", {}, element("strong", {}, one.reason), ` ${CAUSES[one.cause] ?? one.cause}, ${until}, by ${one.role}`);
  });
  return element(
    "div",
    { class: "frozen", role: "status" },
    element("p", { class: "frozen-word" }, "Frozen"),
    element("ul", {}, ...rows),
    note("Nothing is promoted, tried or shadowed, by nobody. Training goes on and its versions wait. A rollback is always possible."),
  );
}

function actions(page, freeze, onChange) {
  const liftable = freeze.freezes.some((one) => one.cause !== "calendar");
  const set = button(freeze.frozen ? "Change the freeze" : "Freeze releases", () => setFreeze(page, onChange), { "data-act": "freeze" });
  const lift = liftable && button("Lift the freeze", () => liftFreeze(page, freeze, onChange), { "data-act": "lift" });
  return element("div", { class: "row" }, set, lift);
}

async function setFreeze(page, onChange) {
  const api = await page.session.ask(RELEASERS, "A freeze holds releases off.");
  if (!api) return;
  const done = await decide({
    title: `Freeze ${page.market.title}`,
    words: ["Until it ends nothing is promoted, tried or shadowed, whoever asks. What is on trial stays as it is; a rollback stays possible.", "What it costs is shown as long as it holds."],
    fields: [field("For how long", select(HOURS, 12, { name: "hours" })), reasonField({ required: true })],
    confirm: "Freeze",
    run: async ({ reason, hours }) => {
      const until = new Date(Date.parse(await serverTime(api, page)) + Number(hours) * 3_600_000).toISOString();
      return (await api.send("PUT", `/v1/freeze?${new URLSearchParams({ market: page.market.market })}`, { reason, until })).body;
    },
  });
  if (done) await onChange(`Frozen: ${done.freezes.map((one) => one.reason).join("; ")}.`);
}

async function liftFreeze(page, freeze, onChange) {
  const api = await page.session.ask(RELEASERS, "Lifting a freeze lets releases move again.");
  if (!api) return;
  const done = await decide({
    title: `Lift the freeze of ${page.market.title}`,
    words: [`${countText(freeze.queue.length, "version waits", "versions wait")} and may be promoted then. The calendar's windows stay.`],
    fields: [reasonField()],
    confirm: "Lift",
    run: async ({ reason }) => {
      const headers = reason ? { "X-Reason": encodeURIComponent(reason) } : {};
      return (await api.send("DELETE", `/v1/freeze?${new URLSearchParams({ market: page.market.market })}`, undefined, headers)).body;
    },
  });
  if (done) await onChange(done.frozen ? "Lifted; a window of the calendar still holds." : "The freeze is lifted.");
}

// A demo's clock need not be this browser's.
async function serverTime(api, page) {
  const { items } = (await api.get("/v1/markets")).body;
  return items.find((market) => market.market === page.market.market).as_of;
}

function standstill(price, queue) {
  const age = price.staleness_days === null ? "There is no champion." : `The champion is ${ageText(86_400 * price.staleness_days)} old.`;
  const lost = !queue.length
    ? "No challenger waits, so nothing is known to be lost."
    : price.ndcg_lost > 0
      ? `${price.best_queued}, the best of ${countText(queue.length, "version")} that wait, has ${numberText(price.ndcg_lost)} more nDCG@10, each on the data held out when it was trained.`
      : `${countText(queue.length, "version waits", "versions wait")}; none of them was better than the champion when it was trained.`;
  return element("p", {}, `${age} ${lost}`);
}

function budget(found) {
  const kind = found.spent >= 1 ? "bad" : found.spent >= 0.9 ? "busy" : "good";
  return [
    meter(found.spent, `${percentText(found.spent)} of it is spent`, kind),
    note(
      `${found.requests.toLocaleString("en-GB")} lists in ${found.window_days} days: ${found.errors.toLocaleString("en-GB")} failed (promised: ${percentText(1 - found.availability)} at most), `,
      `${found.slow.toLocaleString("en-GB")} took longer than ${numberText(found.slow_ms)} ms (promised: ${percentText(1 - found.fast)} at most).`,
    ),
  ];
}

function rules({ calendar, bounds }) {
  const windows = calendar.map((one) => [one.days.map((day) => DAYS[day] ?? day).join(", "), `${one.starts} to ${one.ends}`, one.reason]);
  const dials = Object.entries(bounds).map(([dial, bound]) => [dial, bound.min, bound.max]);
  return [
    windows.length > 0 && folded(`Calendar: ${countText(windows.length, "window")} a week in which nothing is released`, table("Windows of the calendar", ["Days", "Hours", "Why"], windows)),
    dials.length > 0 && folded(`While frozen, ${countText(dials.length, "dial")} may still move inside bounds`, table("Approved bounds", ["Dial", "From", "To"], dials, { numbers: [1, 2] })),
    !windows.length && !dials.length && note("No window of the calendar freezes by itself, and no dial may move in a freeze: infra has approved no bounds."),
  ];
}
