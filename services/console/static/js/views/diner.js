// The diner's view: a phone beside a map of the city.

import { Console } from "../console.js";
import { byId } from "../dom.js";

/** Show what a diner sees. */
export async function mount(root, page) {
  root.replaceChildren(byId("diner-template").content.cloneNode(true));
  const shown = new Console(page);
  await shown.start();
  return { unmount: () => shown.stop(), update: ({ market }) => shown.restart(market), keep: () => shown.keep() };
}
