// A dialog before something that changes the system: what will happen in words, why it is done, and what the server says.

import { Problem } from "./api.js";
import { element } from "./dom.js";

/**
 * Ask before `run(form values)`; answers what `run` answers with, or null where the reader would rather not.
 * `words` are paragraphs, `fields` nodes with named controls; a refusal stays in the dialog, in the server's words.
 * While `run` is under way there is no going back; a dialog that is closed all the same answers when `run` has.
 */
export function decide({ title, words, fields = [], confirm, run }) {
  const message = element("p", { class: "form-message", role: "alert" });
  const go = element("button", { type: "submit", class: "primary-button" }, confirm);
  const cancel = element("button", { type: "button", class: "quiet-button" }, "Cancel");
  const form = element(
    "form",
    { method: "dialog", autocomplete: "off" },
    element("h2", { id: "decide-title" }, title),
    element("div", { id: "decide-words", class: "decide-words" }, ...words.map((text) => (typeof text === "string" ? element("p", {}, text) : text))),
    ...fields,
    message,
    element("div", { class: "form-buttons" }, go, cancel),
  );
  const dialog = element("dialog", { class: "card decide", "aria-labelledby": "decide-title", "aria-describedby": "decide-words" }, form);
  let running = null;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (running) return;
    go.disabled = cancel.disabled = true;
    message.textContent = "";
    try {
      running = run(Object.fromEntries(new FormData(form)), form);
      await running;
      dialog.close();
    } catch (error) {
      if (!(error instanceof Problem)) console.error(error);
      message.textContent = error.status === 409 ? `Refused: ${error.detail}.` : `${error.title ?? "It did not work"}: ${error.detail ?? error.message}`;
      running = null;
      go.disabled = cancel.disabled = false;
      go.focus();
    }
  });
  cancel.addEventListener("click", () => dialog.close());
  dialog.addEventListener("cancel", (event) => running && event.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
  (form.querySelector("input, select, textarea") ?? go).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(running && running.catch(() => null));
    });
  });
}

/** The field for why something is done: the audit trail keeps it. */
export function reasonField({ required = false } = {}) {
  const control = element("textarea", { id: "decide-reason", name: "reason", rows: "2", maxlength: "500", required, "aria-describedby": "decide-reason-hint" });
  return element(
    "div",
    { class: "field" },
    element("label", { for: "decide-reason" }, required ? "Why" : "Why (may stay empty)"),
    control,
    element("p", { id: "decide-reason-hint", class: "note" }, "For the audit trail, which everybody at the table may read."),
  );
}
