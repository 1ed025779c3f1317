// The dialog in which a reader takes a seat: a key for what the tab may not do yet, and the keys that it holds.

import { element } from "./dom.js";
import { READERS, roleOf } from "./session.js";

/** Let `session.ask` ask here. Answers a function that opens the dialog by itself; `onChange()` when keys have changed by it. */
export function installSeatDialog(session, onChange) {
  session.askBy((roles, why) => openDialog(session, roles, why));
  return async () => {
    const before = session.roles.join();
    await openDialog(session, [], "A key lets this tab do what its seat may do. keys.json in the home has them all.");
    if (session.roles.join() !== before) onChange();
  };
}

/** "infra or admin"; what READERS are is said in words. */
export function rolesText(roles) {
  if (roles.includes("seat")) return "a seat, the auditor or the admin";
  return roles.length > 1 ? `${roles.slice(0, -1).join(", ")} or ${roles.at(-1)}` : roles[0];
}

// Answers with the API of the role that was taken, or null.
function openDialog(session, roles, why) {
  const message = element("p", { id: "take-seat-message", class: "form-message", role: "alert" });
  const field = element("input", {
    id: "take-seat-key", type: "password", maxlength: 200, autocomplete: "off", spellcheck: "false",
    "aria-describedby": "take-seat-why take-seat-message",
  });
  const cancel = element("button", { type: "button", class: "quiet-button" }, "Cancel");
  const form = element(
    "form",
    { method: "dialog", autocomplete: "off" },
    element("h2", { id: "take-seat-title" }, "Take a seat"),
    element("p", { id: "take-seat-why" }, why),
    heldKeys(session),
    element("label", { for: "take-seat-key" }, "Key"),
    field,
    message,
    element("div", { class: "form-buttons" }, element("button", { type: "submit", class: "primary-button" }, "Take it"), cancel),
  );
  const dialog = element("dialog", { class: "card", "aria-labelledby": "take-seat-title" }, form);
  let taken = null;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { api, refusal } = await take(session, field.value.trim(), roles);
    taken = api;
    if (api) return dialog.close();
    message.textContent = refusal;
    field.select();
  });
  cancel.addEventListener("click", () => dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  field.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(taken);
    });
  });
}

async function take(session, key, roles) {
  const role = roleOf(key);
  if (!role) return { refusal: "This is no key: one begins with ts_ and the name of its role." };
  if (roles.length && !fits(role, roles)) return { refusal: `This is the key of ${role}; what you want to do takes the key of ${rolesText(roles)}.` };
  try {
    await session.trial(key).get("/v1/markets");
    session.add(key);
    return { api: session.api(role) };
  } catch (error) {
    return { refusal: error.status === 401 ? `This key is not accepted: ${error.detail}.` : error.message };
  }
}

function fits(role, wanted) {
  return wanted.includes(role) || (wanted.includes("seat") && (READERS.includes(role) || role !== "app"));
}

function heldKeys(session) {
  const rows = session.roles.map((role) => {
    const away = element("button", { type: "button", class: "chip-button", "aria-label": `Forget the key of ${role}` }, `${role} ×`);
    const row = element("li", {}, away);
    away.addEventListener("click", () => {
      session.forget(role);
      row.remove();
    });
    return row;
  });
  return element("ul", { class: "chips", "aria-label": "Seats taken in this tab" }, ...rows);
}
