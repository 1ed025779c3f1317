// What the page says about itself: problems, degraded answers, news, and how a list was made.

import { byId, element } from "./dom.js";

/** Show a problem with a way on, until the next list comes. */
export function showProblem(problem, tryAgain) {
  const again = element("button", { type: "button", class: "quiet-button" }, "Try again");
  again.addEventListener("click", tryAgain);
  const id = problem.requestId && element("span", { class: "banner-id" }, `request ${problem.requestId}`);
  byId("problem").replaceChildren(element("strong", {}, problem.title), " ", element("span", {}, problem.detail ?? ""), " ", id || "", again);
  byId("problem").hidden = false;
}

/** Take a problem away. */
export function clearProblem() {
  byId("problem").hidden = true;
  byId("problem").replaceChildren();
}

/** What was missing when the list was made; nothing on a good day. */
export function showDegraded(notes) {
  const banner = byId("degraded");
  banner.hidden = notes.length === 0;
  banner.replaceChildren(...notes.map((note) => element("span", { "data-code": note.code }, note.text)));
}

/** One line of news, read out by screen readers. */
export function say(text) {
  byId("news").textContent = text || "\u00a0";
}

/** Which request, model and policy made the list, and what each stage took. */
export function showReceipt({ body, stages, milliseconds }) {
  const server = stages.reduce((sum, stage) => sum + stage.milliseconds, 0);
  const parts = stages.map((stage) => `${stage.name} ${stage.milliseconds.toFixed(2)}`).join(" · ");
  const rows = [
    ["Request", body.request_id, "request-id"],
    ["Model", `${body.model.name} ${body.model.version.replace(`${body.model.name}-`, "")}`, "model"],
    ["Policy", `${body.policy.name}, version ${body.policy.version}`, "policy"],
    ["Time", `${server.toFixed(2)} ms in the server, ${Math.round(milliseconds)} ms with the way`, "time"],
    ["Stages", `${parts} ms`, "stages"],
  ];
  byId("receipt").replaceChildren(
    ...rows.map(([name, value, id]) => element("div", { class: `receipt-${id}` }, element("dt", {}, name), element("dd", { id: `receipt-${id}` }, value))),
  );
}
