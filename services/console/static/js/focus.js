// Where the focus goes when what had it is made anew.

/** Do `work`, which fills `node` anew; a focus that is lost by it goes to what stands in its place, else to the panel's heading. */
export async function keepingFocus(node, work) {
  const found = node.contains(document.activeElement) ? placeOf(document.activeElement) : null;
  const answer = await work();
  if (found) refocus(node, ...found);
  return answer;
}

/** Where nothing has the focus any more: give it to the first of these in `node` that can take it, else to the heading. */
export function refocus(node, ...selectors) {
  if (document.activeElement && document.activeElement !== document.body) return;
  for (const selector of selectors) {
    const found = node.querySelector(`${selector}:not([disabled])`);
    if (found) return found.focus({ preventScroll: true });
  }
  const heading = (node.closest(".panel") ?? node).querySelector("h2");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
}

// From what is nearest to what had the focus: the same act of the same thing, the thing's first act, the same act anywhere.
function placeOf(focused) {
  const owner = focused.closest("[data-version], [data-seat], [data-run]");
  const act = focused.dataset.act && `[data-act="${focused.dataset.act}"]`;
  const [name] = ["version", "seat", "run"].filter((one) => owner?.dataset[one]);
  const of = owner && `[data-${name}="${CSS.escape(owner.dataset[name])}"]`;
  return [of && act && `${of} ${act}`, of && `${of} button[data-act]`, of && `${of} :is(button, summary)`, !of && act].filter(Boolean);
}
