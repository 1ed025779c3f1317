// The key of this tab: taken from the address's fragment (which no server ever sees), kept until the tab is closed.

const SLOT = "tablestakes-key";

/** The key in `#key=…`, removed from the address bar and from the history, else the one this tab remembers, else null. */
export function takeKey() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given !== null) {
    history.replaceState(history.state, "", location.pathname + location.search);
    if (given.trim()) rememberKey(given.trim());
  }
  return rememberedKey();
}

/** The key that this tab remembers, or null. */
export function rememberedKey() {
  return sessionStorage.getItem(SLOT);
}

/** Keep a key until the tab is closed. */
export function rememberKey(key) {
  sessionStorage.setItem(SLOT, key);
}

/** Sign out. */
export function forgetKey() {
  sessionStorage.removeItem(SLOT);
}
