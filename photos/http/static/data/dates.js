/** Dates from days since 1970-01-01, without time zones. */

import { UNDATED } from "./strip.js";

/**
 * Returns year × 12 + month (0 to 11) of a day. By Howard Hinnant's `civil_from_days`.
 * @param {number} day
 */
export function monthOf(day) {
  const shifted = day + 719468;
  const era = Math.floor(shifted / 146097);
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 2 : shiftedMonth - 10;
  return (yearOfEra + era * 400 + (month <= 1 ? 1 : 0)) * 12 + month;
}

const utc = /** @type {const} */ ({ timeZone: "UTC" });
const monthNames = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", ...utc });
const shortMonthNames = new Intl.DateTimeFormat(undefined, { month: "short", year: "numeric", ...utc });
const dayNames = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", ...utc });
const wholeDates = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric", ...utc });
const wholeTimes = new Intl.DateTimeFormat(undefined, {
  weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "numeric", minute: "2-digit", ...utc,
});

/**
 * Returns the name of a month, such as "June 2021", or of the months up to another one: "June – August 2021", "2021".
 * @param {number} month @param {number} [other]
 */
export function monthName(month, other = month) {
  const [from, until] = [Math.min(month, other), Math.max(month, other)];
  if (from % 12 === 0 && until === from + 11) return String(from / 12);
  return monthNames.formatRange(Date.UTC(Math.floor(from / 12), from % 12), Date.UTC(Math.floor(until / 12), until % 12));
}

/** Returns the short name of a month, such as "Jun 2021". @param {number} month */
export function shortMonthName(month) {
  return shortMonthNames.format(Date.UTC(Math.floor(month / 12), month % 12));
}

/** Returns the name of a day within its month, such as "Sat, Jun 12". @param {number} day */
export function dayName(day) {
  return day === UNDATED ? "No date" : dayNames.format(day * 86_400_000);
}

/** Returns a day with its year, such as "June 12, 2021". @param {number} day */
export function wholeDate(day) {
  return day === UNDATED ? "no date" : wholeDates.format(day * 86_400_000);
}

/** Returns a time of capture with its weekday. @param {string} text ISO 8601, of which a time zone is ignored */
export function wholeTime(text) {
  const clock = Date.parse(`${text.slice(0, 19).replace(" ", "T")}Z`);
  return Number.isNaN(clock) ? text : wholeTimes.format(clock);
}
