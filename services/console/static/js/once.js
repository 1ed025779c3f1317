// One answer for several panels.

/** Ask when it is first wanted, and give everybody that answer; after a failure the next one asks again. */
export function once(ask) {
  let asked = null;
  return () =>
    (asked ??= ask().catch((error) => {
      asked = null;
      throw error;
    }));
}
