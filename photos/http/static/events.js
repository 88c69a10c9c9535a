/** What the server says by itself: that the library or a job changed. And whether it answers at all. */

import { Problem, address, get } from "./data/api.js";
import { loadSaved } from "./search/saved.js";
import { failure, load, refresh, returns, say } from "./state.js";
import { signal } from "./vendor/preact.js";

/**
 * @typedef {{ job: number, kind: string, state: "waiting" | "running" | "done" | "failed" | "stopped",
 *             stage: string | null, done: number, total: number | null, problem: string | null, note: string | null,
 *             started_at: number | null, ended_at: number | null }} Job
 */

/** Milliseconds between two tries where the browser does not try again itself. */
const RETRY_MS = 3000;

/** Jobs by their number. @type {import("./vendor/preact.js").Signal<Map<number, Job>>} */
export const jobs = signal(new Map());
/** Grows when the library changed, so that views ask again. */
export const libraryChanges = signal(0);
/** Sentence that stays while the program does not answer, or null. @type {import("./vendor/preact.js").Signal<string | null>} */
export const absence = signal(/** @type {string | null} */ (null));

/** Takes a job as it stands. @param {Job} job */
export function noteJob(job) {
  const before = jobs.peek().get(job.job);
  jobs.value = new Map(jobs.peek()).set(job.job, job);
  if (job.state === "failed" && before?.state !== "failed") say(job.problem ?? "A job failed.");
}

/** @param {Job} job */
export function isUnfinished(job) {
  return job.state === "waiting" || job.state === "running";
}

/** Waits until a job has ended. @param {Job} started @returns {Promise<Job>} */
export function ended(started) {
  noteJob(started);
  return new Promise((resolve) => {
    const stop = jobs.subscribe((all) => {
      const now = all.get(started.job);
      if (!now || isUnfinished(now)) return;
      resolve(now);
      queueMicrotask(() => stop());
    });
  });
}

/** Goes on after the program did not answer: it may be another one, which knows nothing of the jobs before. */
async function goOn() {
  absence.value = null;
  say("The program answers again.");
  returns.value++;
  loadSaved();
  if (failure.peek()) load();
  const { items } = await get("jobs");
  for (const job of jobs.peek().values()) {
    const now = items.find((/** @type {Job} */ each) => each.job === job.job && each.kind === job.kind && (job.started_at ?? each.started_at) === each.started_at);
    if (now) noteJob(now);
    else if (isUnfinished(job)) noteJob({ ...job, state: "failed", problem: `The program ended before this was done: ${job.kind}.` });
  }
}

/** Listens to the server from now on, also after it was away. */
export function listen() {
  let isFirst = true;
  let wasOpen = false;
  const connect = () => {
    const source = new EventSource(address("events"));
    source.addEventListener("open", () => {
      wasOpen = true;
      if (absence.peek() === null) return;
      goOn().catch(() => {
        // It is away again, which the next error says.
      });
    });
    source.addEventListener("library", () => {
      // The first event tells the moment the page began with.
      if (isFirst) {
        isFirst = false;
        return;
      }
      libraryChanges.value++;
      loadSaved();
      refresh().catch(() => {
        // The next change asks again.
      });
    });
    source.addEventListener("job", (event) => noteJob(JSON.parse(event.data)));
    source.addEventListener("error", () => {
      if (wasOpen) absence.value ??= "The program does not answer. The page goes on when it does.";
      // After an answer that is no stream, the browser does not try again.
      if (source.readyState === EventSource.CLOSED) setTimeout(reconnect, RETRY_MS);
    });
  };
  const reconnect = async () => {
    try {
      await get("status");
    } catch (error) {
      if (error instanceof Problem && error.code === "no_key") absence.value = error.message;
      setTimeout(reconnect, RETRY_MS);
      return;
    }
    connect();
  };
  connect();
  loadSaved();
}
