// Asking once more where the server has too much to do.

import { Problem } from "./api.js";

const USUAL_SECONDS = 2;
const MOST_SECONDS = 15;

/** What `ask()` answers with; a 503 is asked again once, after the time that the server named. */
export async function patiently(ask, signal) {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 503) throw error;
    await pause(1000 * Math.min(error.retryAfter || USUAL_SECONDS, MOST_SECONDS), signal);
    return ask();
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
