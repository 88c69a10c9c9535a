/** What the server says by itself: that the library or a job changed. */

import { address } from "./data/api.js";
import { loadSaved } from "./search/saved.js";
import { refresh, say } from "./state.js";
import { signal } from "./vendor/preact.js";

/**
 * @typedef {{ job: number, kind: string, state: "waiting" | "running" | "done" | "failed" | "stopped",
 *             stage: string | null, done: number, total: number | null, problem: string | null, note: string | null,
 *             started_at: number | null, ended_at: number | null }} Job
 */

/** Jobs by their number. @type {import("./vendor/preact.js").Signal<Map<number, Job>>} */
export const jobs = signal(new Map());
/** Grows when the library changed, so that views ask again. */
export const libraryChanges = signal(0);

/** Takes a job as it stands. @param {Job} job */
export function noteJob(job) {
  const before = jobs.peek().get(job.job);
  jobs.value = new Map(jobs.peek()).set(job.job, job);
  if (job.state === "failed" && before?.state !== "failed") say(job.problem ?? "A job failed.");
}

/** Waits until a job has ended. @param {Job} started @returns {Promise<Job>} */
export function ended(started) {
  noteJob(started);
  return new Promise((resolve) => {
    const stop = jobs.subscribe((all) => {
      const now = all.get(started.job);
      if (!now || now.state === "waiting" || now.state === "running") return;
      resolve(now);
      queueMicrotask(() => stop());
    });
  });
}

export function listen() {
  const source = new EventSource(address("events"));
  loadSaved();
  let isFirst = true;
  let wasOpen = false;
  let isLost = false;
  source.addEventListener("open", () => {
    if (isLost) say("The program answers again.");
    isLost = false;
    wasOpen = true;
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
    if (isLost || !wasOpen) return;
    isLost = true;
    say("The program does not answer. The page goes on when it does.");
  });
}
