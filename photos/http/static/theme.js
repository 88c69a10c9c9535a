/** Light and dark colours: the system's, or one that was chosen. */

import { effect, signal } from "./vendor/preact.js";

const KEY = "photos-colours";
const CHOICES = /** @type {const} */ (["as the system", "light", "dark"]);

/** @type {import("./vendor/preact.js").Signal<typeof CHOICES[number]>} */
export const theme = signal(CHOICES.find((each) => each === localStorage.getItem(KEY)) ?? CHOICES[0]);

effect(() => {
  const chosen = theme.value;
  if (chosen === "as the system") {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem(KEY);
  } else {
    document.documentElement.dataset.theme = chosen;
    localStorage.setItem(KEY, chosen);
  }
});

export function cycleTheme() {
  theme.value = CHOICES[(CHOICES.indexOf(theme.peek()) + 1) % CHOICES.length];
}
