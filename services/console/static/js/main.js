// The page: signs in, keeps the state, and lets the parts know of each other.

import { Api } from "./api.js";
import { Console } from "./console.js";
import { byId } from "./dom.js";
import { forgetKey, rememberKey, takeKey } from "./session.js";
import { installTheme } from "./theme.js";

installTheme(byId("theme"));

let page = null;

function signIn(message = "") {
  showSignedIn(false);
  byId("sign-in-message").textContent = message;
  byId("key").setAttribute("aria-invalid", String(message !== ""));
  byId("key").value = "";
  byId("key").focus();
}

function showSignedIn(signedIn) {
  document.body.classList.toggle("signed-in", signedIn);
  byId("console").hidden = !signedIn;
  byId("sign-in").hidden = signedIn;
}

function open(key) {
  showSignedIn(true);
  page ??= new Console({
    onUnauthorized: (detail) => {
      forgetKey();
      signIn(`This key is not accepted: ${detail}.`);
    },
  });
  page.start(new Api(key));
}

byId("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const key = byId("key").value.trim();
  if (!key) return;
  rememberKey(key);
  open(key);
});

byId("sign-out").addEventListener("click", () => {
  forgetKey();
  page.stop();
  signIn();
});

// The demo's address may be opened in a tab that shows the console already: only the fragment changes then.
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#key=")) open(takeKey());
});

const key = takeKey();
if (key) open(key);
else signIn();
