/** What the page loads once its first photos are shown. */

export { listen } from "./events.js";
export { HelpDialog, installKeys } from "./keys.js";
export { Notice } from "./notice.js";
export { NamingDialog } from "./search/naming.js";
export { SelectionBar } from "./selection.js";
