/** The views, in the order of the rail. All but the photos are loaded when they are shown. */

/**
 * @typedef {{ name: string, title: string, icon: "photos" | "labels" | "duplicates" | "albums" | "library",
 *             load?: () => Promise<{ View: unknown }> }} Entry
 */

/** @type {Entry[]} */
export const VIEWS = [
  { name: "photos", title: "Photos", icon: "photos" },
  { name: "albums", title: "Albums", icon: "albums", load: () => import("./albums.js") },
  { name: "labels", title: "Labels", icon: "labels", load: () => import("../bench/labels.js") },
  { name: "duplicates", title: "Duplicates", icon: "duplicates", load: () => import("./duplicates.js") },
  { name: "library", title: "Library", icon: "library", load: () => import("./library.js") },
];
