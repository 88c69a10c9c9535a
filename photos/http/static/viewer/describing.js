/** Describers: those that can be asked here, and the jobs in which one describes photos. */

import { change, get } from "../data/api.js";
import { ended, isUnfinished, jobs, noteJob } from "../events.js";
import { forget } from "../grid/details.js";
import { Icon } from "../icons.js";
import { attempt, photosText, returns, say } from "../state.js";
import { computed, html, signal, useEffect } from "../vendor/preact.js";

/** Describers that can be asked, the usual one first. */
export const offered = signal(/** @type {string[]} */ ([]));
/** Grows when photos were described. */
export const described = signal(0);
/** The job that describes now, or null. */
export const work = computed(() => [...jobs.value.values()].filter((job) => job.kind === "describe" && isUnfinished(job)).sort((one, other) => one.job - other.job)[0] ?? null);

/** Number of the program's returns at which describers were asked for, so that each photo need not do it. */
let askedAt = -1;

/** Asks which describers there are, once, and again after the program was away. */
export function useDescribers() {
  const version = returns.value;
  useEffect(() => {
    if (askedAt === version) return;
    askedAt = version;
    get("describers").then(
      (found) => (offered.value = found.offered),
      () => {
        askedAt = -1;
      },
    );
  }, [version]);
}

/** Lets the usual describer describe photos, and says what became of them. @param {number[]} ids @param {boolean} again */
export async function describe(ids, again) {
  const job = await attempt(() => change("POST", "describe", { photos: ids, with: offered.peek()[0] ?? null, again }));
  if (!job) return;
  if (ids.length > 1) say(`${photosText(ids.length)} are described; Library shows how far that is.`, { label: "Stop", run: () => stop(job) });
  const done = await ended(job);
  // Its words may have become tags.
  forget(ids);
  described.value++;
  if (done.state === "done" && done.note) say(done.note);
}

/** @param {import("../events.js").Job} job */
export function stop(job) {
  return attempt(async () => noteJob(await change("DELETE", `jobs/${job.job}`)));
}

/** The button for selected photos, where there is a describer. @param {{ ids: number[] }} properties */
export function DescribeSelected({ ids }) {
  useDescribers();
  if (!offered.value.length) return null;
  return html`<button type="button" class="action" aria-label="Describe" title="Let another model describe them, except those that it has described" onClick=${() => describe(ids, false)}><${Icon} name="describe" /><span>Describe</span></button>`;
}
