/** What the page loads once its first photos are shown. */

export { listen } from "./events.js";
export { HelpDialog, installKeys, showHelp } from "./keys.js";
export { Notice } from "./notice.js";
export { SelectionBar } from "./selection.js";
