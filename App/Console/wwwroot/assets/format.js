// How figures and times read, everywhere on the page. Times are Unix seconds, shown in the browser's zone.

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const clockWithSeconds = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const dayWithYear = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric" });
const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const twoDigits = new Intl.NumberFormat("en-GB", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
export const nameOf = appliance => appliance === "other" ? "Everything else" : appliance.charAt(0).toUpperCase() + appliance.slice(1).replaceAll("_", " ");
export const date = at => new Date(at * 1000);
export const time = at => clock.format(date(at));
export const timeWithSeconds = at => clockWithSeconds.format(date(at));
export const dayOf = at => day.format(date(at));
export const fullDay = at => dayWithYear.format(date(at));
export const dayAndTime = at => `${day.format(date(at))}, ${clock.format(date(at))}`;
export const count = value => whole.format(value);
export const watts = value => value === null || value === undefined ? "–" : `${whole.format(Math.round(value) || 0)}\u00a0W`;
export const kilowatts = value => `${value % 1000 === 0 ? whole.format(value / 1000) : oneDigit.format(value / 1000)}\u00a0kW`;
export const energy = value => value >= 100 ? whole.format(value) : value >= 10 ? oneDigit.format(value) : twoDigits.format(value);

/** Start of the day, in the browser's zone, that holds a time. */
export function midnight(at) {
  const start = date(at);
  start.setHours(0, 0, 0, 0);
  return start.getTime() / 1000;
}

/** A span in its largest fitting unit. */
export function span(seconds) {
  if (seconds < 10) return `${oneDigit.format(Math.max(0, seconds))}\u00a0s`;
  if (seconds < 120) return `${whole.format(seconds)}\u00a0s`;
  if (seconds < 7200) return `${whole.format(seconds / 60)}\u00a0min`;
  if (seconds < 172_800) return `${oneDigit.format(seconds / 3600)}\u00a0h`;
  return `${whole.format(seconds / 86_400)}\u00a0days`;
}
