/** Icons: strokes of a square of 24 units, in the text's colour. */

import { html } from "./vendor/preact.js";

const PATHS = {
  photos: "M4 5.5h16v13H4zM4 16l5-5 4 4 2.5-2.5L20 17M15.5 9.2h.01",
  labels: "M3.5 12.5V4.5h8l9 9-8 8zM8 9h.01",
  duplicates: "M8.5 8.5h12v12h-12zM15.5 8.5v-5h-12v12h5",
  albums: "M6 3.5h12v17l-6-4.5-6 4.5z",
  library: "M3.5 6.5h6l2 2.5h9v10.5h-17z",
  search: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5 20.5 20.5",
  close: "M6 6l12 12M18 6 6 18",
  info: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 11v5.5M12 7.6h.01",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  star: "M12 3.8l2.5 5.2 5.7.8-4.1 4 1 5.7-5.1-2.7-5.1 2.7 1-5.7-4.1-4 5.7-.8z",
  check: "M5 12.5l4.5 4.5L19 7.5",
  download: "M12 4v11M7 10.5l5 5 5-5M4.5 19.5h15",
  tag: "M3.5 12.5V4.5h8l9 9-8 8zM8 9h.01",
  sidecar: "M6 3.5h8l4.5 4.5v12.5H6zM13.5 3.5v5h5M9 13h6M9 16.5h6",
  theme: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 3.5v17",
  keyboard: "M3 6.5h18v11H3zM7 10h.01M11 10h.01M15 10h.01M18 10h.01M7 14h10",
  similar: "M9 4.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM15 8.5a5.5 5.5 0 1 1-5.5 8",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  zoom: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5l5 5M10.5 7.5v6M7.5 10.5h6",
  place: "M12 21s-6.5-6-6.5-11.2a6.5 6.5 0 0 1 13 0C18.500 15 12 21 12 21zM12 7.700a2.300 2.300 0 1 1 0 4.600 2.300 2.300 0 0 1 0-4.600z",
  camera: "M3.500 7.500h4l1.500-2.500h6l1.500 2.500h4v11.500h-17zM12 9.500a3.700 3.700 0 1 1 0 7.400 3.700 3.700 0 0 1 0-7.400z",
  file: "M6 3.500h8l4.500 4.500v12.500H6zM13.500 3.500v5h5",
  calendar: "M4 6h16v14H4zM4 10.500h16M8.500 3.500v4M15.500 3.500v4",
  bookmark: "M6 3.5h12v17l-6-4.500-6 4.500z",
  describe: "M4 5h16v11h-9l-4.500 4v-4H4zM8 9h8M8 12.500h5",
  undo: "M8.500 5l-4 4 4 4M4.500 9h9.500a5 5 0 0 1 0 10H9",
  time: "M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17zM12 7.500v5l3.500 2",
};

/**
 * Returns an icon, which is decoration: its button has the name.
 * @param {{ name: keyof typeof PATHS, filled?: boolean }} properties
 */
export function Icon({ name, filled = false }) {
  return html`<svg class="icon" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false"
    fill=${filled ? "currentColor" : "none"} stroke="currentColor" stroke-width="1.7" stroke-linecap="round"
    stroke-linejoin="round"><path d=${PATHS[name]} /></svg>`;
}
