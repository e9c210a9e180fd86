// One building as the page knows it, kept up to date by asking only for what is new.

import { eachPage } from "./api.js";
import { midnight } from "./format.js";
import { Predictions, Track, frame } from "./series.js";

/** The ranges on offer: their length, and the track that draws them. */
export const ranges = {
  "3h": { seconds: 3 * 3600, label: "last 3 hours", track: "live" },
  "12h": { seconds: 12 * 3600, label: "last 12 hours", track: "minutes" },
  "24h": { seconds: 24 * 3600, label: "last 24 hours", track: "minutes" },
  "7d": { seconds: 7 * 86_400, label: "last 7 days", track: "week" },
};

const day = 86_400;
// A house is live while its newest reading is no older than this; otherwise the page shows its last hours.
const liveWithin = 900;
// Late readings change what was fetched before, so all of it is asked for again from time to time.
const rewindAfter = 300;
const pageLimit = 10_000;

const known = ["fridge", "washing_machine", "dishwasher", "microwave", "kettle"];
const rest = "other";
/** Order of a list for appliances in the order of the stack. */
export const inLists = appliances => [...appliances.filter(name => name !== rest).reverse(), ...appliances.filter(name => name === rest)];

const iso = seconds => new Date(seconds * 1000).toISOString();

export class House {
  #asked = new Map();
  #rewoundAt = null;
  #weekFrom = null;

  constructor(id, meter, lastReadingAt) {
    this.id = id;
    this.meter = meter;
    this.latest = lastReadingAt;
    this.tracks = { live: new Track(10), minutes: new Track(60), week: new Track(600) };
    this.predictions = new Predictions();
  }

  /** Appliances from the bottom of the stack to its top: what is steady, what is brief, what is unknown to us, the rest. */
  get appliances() {
    const seen = this.predictions.appliances;
    const unknown = seen.filter(name => !known.includes(name) && name !== rest).sort();
    return [...known.filter(name => seen.includes(name)), ...unknown, ...seen.filter(name => name === rest)];
  }

  /** The same as lists show them: brief ones first, the rest last. */
  get listed() { return inLists(this.appliances); }

  /** Whether readings arrive now. */
  isLive(now) { return this.latest !== null && Math.abs(now - this.latest) <= liveWithin; }

  /** The right edge of the chart: now, or the last reading of a house that has gone quiet. */
  end(now) { return this.latest === null ? now : this.isLive(now) ? Math.max(now, this.latest) : this.latest; }

  /** Notes a reading newer than those fetched, as the list of buildings tells it. */
  noteLatest(at) { if (at !== null && (this.latest === null || at > this.latest)) this.latest = at; }

  /** Fetches what is new; calls `progress` whenever there is more to show. */
  async refresh(range, now, progress, signal) {
    const rewind = this.#rewoundAt === null || now - this.#rewoundAt > rewindAfter;
    if (rewind) this.#rewoundAt = now;
    try {
      await this.#readings("live", this.end(now) - ranges["3h"].seconds, 0, rewind, signal);
      this.noteLatest(this.tracks.live.newest);
      const end = this.end(now);
      const dayStart = Math.min(end - day, midnight(end));
      await this.#readings("minutes", dayStart, 6, rewind, signal);
      if (range === "7d") await this.#readings("week", end - ranges["7d"].seconds, 60, rewind, signal);
      progress();
      await this.#newPredictions(dayStart, rewind, signal);
      if (range === "7d") await this.#weekOfPredictions(end - ranges["7d"].seconds, dayStart, progress, signal);
      this.#forget(end);
    } catch (error) {
      if (rewind) this.#rewoundAt = null;
      throw error;
    }
  }

  /** Columns for the chart; see series.js. */
  frame(range, now) {
    const { seconds, track } = ranges[range];
    const end = this.end(now);
    return { ...frame(this.tracks[track], this.predictions, this.appliances, end - seconds, end), appliances: this.appliances, start: end - seconds, end };
  }

  async #readings(name, start, every, rewind, signal) {
    const track = this.tracks[name];
    const now = Date.now() / 1000;
    if (!rewind && track.newest !== null && now - (this.#asked.get(name) ?? 0) < every) return;
    const from = rewind || track.newest === null ? start : Math.max(start, track.newest);
    await eachPage(`/api/buildings/${encodeURIComponent(this.id)}/readings`,
      { ...this.#span(Math.floor(from / track.step) * track.step), meter: this.meter, step: track.step }, "readings", rows => track.merge(rows), signal);
    this.#asked.set(name, now);
  }

  async #newPredictions(start, rewind, signal) {
    const { newest } = this.predictions;
    if (rewind || newest === null) return this.#predictionsOf(this.#span(start), signal);
    const now = Date.now() / 1000;
    const checkProvisional = now - (this.#asked.get("provisional") ?? 0) > 30;
    await this.#predictionsOf(this.#span(checkProvisional ? this.predictions.oldestProvisional ?? newest : newest + 60), signal);
    // A new minute at the front is when an older one becomes final.
    if (checkProvisional) this.#asked.set("provisional", now);
    else if (this.predictions.newest !== newest) this.#asked.delete("provisional");
  }

  async #weekOfPredictions(start, until, progress, signal) {
    if (this.#weekFrom !== null) return;
    await eachPage(`/api/buildings/${encodeURIComponent(this.id)}/predictions`, { from: iso(start), to: iso(until), limit: pageLimit }, "predictions",
      rows => { this.predictions.merge(rows); progress(); }, signal);
    this.#weekFrom = start;
  }

  #predictionsOf(span, signal) {
    return eachPage(`/api/buildings/${encodeURIComponent(this.id)}/predictions`, span, "predictions", rows => this.predictions.merge(rows), signal);
  }

  // Readings may be dated up to a day ahead.
  #span(from) { return { from: iso(from), to: iso(Math.max(Date.now() / 1000, this.latest ?? 0) + day + 3600), limit: pageLimit }; }

  #forget(end) {
    this.tracks.live.prune(end - 4 * 3600);
    this.tracks.minutes.prune(end - 2 * day);
    this.tracks.week.prune(end - 8 * day);
    this.predictions.prune(end - 8 * day);
  }
}
