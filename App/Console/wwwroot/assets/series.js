// What the page has fetched so far. Times are Unix seconds, power is watts.

const minute = 60;

// Final predictions come about 65 minutes behind; what is still provisional long after that stays so (a gap followed).
const settled = 150 * minute;

const secondsOf = timestamp => Date.parse(timestamp) / 1000;

/** Measured power of one meter as means per step; the newest bucket may still grow, so fetching starts at it again. */
export class Track {
  #buckets = new Map();

  constructor(step) { this.step = step; }

  /** Start of the newest bucket, or null. */
  newest = null;

  merge(readings) {
    for (const { ts, watts } of readings) {
      const bucket = Math.floor(secondsOf(ts) / this.step) * this.step;
      this.#buckets.set(bucket, watts);
      if (this.newest === null || bucket > this.newest) this.newest = bucket;
    }
  }

  /** Mean power of the bucket that starts then, or undefined. */
  at(bucket) { return this.#buckets.get(bucket); }

  /** Energy in kWh between two times: what was used, and what was fed into the grid. */
  energyBetween(start, end) {
    let used = 0, fed = 0;
    for (const [bucket, watts] of this.#buckets) {
      if (bucket < start || bucket >= end) continue;
      const wattSeconds = watts * Math.min(this.step, end - bucket);
      if (watts > 0) used += wattSeconds; else fed -= wattSeconds;
    }
    return { used: used / 3_600_000, fed: fed / 3_600_000 };
  }

  /** Forgets what lies before a time. */
  prune(before) {
    for (const bucket of this.#buckets.keys()) if (bucket < before) this.#buckets.delete(bucket);
  }
}

/** Power of each appliance per minute; a final prediction replaces the provisional one. */
export class Predictions {
  #minutes = new Map();
  #newestOf = new Map();

  /** Start of the newest minute, or null. */
  newest = null;

  /** The model that made the newest, as name@version. */
  model = null;

  merge(predictions) {
    for (const { ts, appliance, watts, on, final, model } of predictions) {
      const at = secondsOf(ts);
      let cell = this.#minutes.get(at);
      if (!cell) this.#minutes.set(at, cell = { final: true, of: {} });
      cell.of[appliance] = { watts, on, final };
      cell.final = Object.values(cell.of).every(prediction => prediction.final);
      if (this.newest === null || at >= this.newest) { this.newest = at; this.model = model; }
      if (!(this.#newestOf.get(appliance) > at)) this.#newestOf.set(appliance, at);
    }
  }

  /** Names of the appliances seen. */
  get appliances() { return [...this.#newestOf.keys()]; }

  /** `{ final, of: { appliance: { watts, on, final } } }` of the minute that holds a time, or undefined. */
  at(time) { return this.#minutes.get(Math.floor(time / minute) * minute); }

  /** Start of the oldest minute that may still become final, or null. */
  get oldestProvisional() {
    let oldest = null;
    for (const [at, cell] of this.#minutes)
      if (!cell.final && at > this.newest - settled && (oldest === null || at < oldest)) oldest = at;
    return oldest;
  }

  /** Energy of an appliance in kWh since a time. */
  energySince(appliance, start) {
    let sum = 0;
    for (const [at, cell] of this.#minutes) if (at >= start) sum += cell.of[appliance]?.watts ?? 0;
    return sum / 60_000;
  }

  /** The last span in which an appliance was on: `{ from, to }` in minutes, or null. */
  lastUse(appliance) {
    const isOn = at => this.#minutes.get(at)?.of[appliance]?.on === true;
    let to = null;
    for (const [at, cell] of this.#minutes) if (cell.of[appliance]?.on && (to === null || at > to)) to = at;
    if (to === null) return null;
    let from = to;
    while (isOn(from - minute)) from -= minute;
    return { from, to };
  }

  prune(before) {
    for (const at of this.#minutes.keys()) if (at < before) this.#minutes.delete(at);
  }
}

// A gap that the pipeline itself would fill is drawn through; a longer one stays open.
const bridged = 3 * minute;

/**
 * Columns for the chart on a regular grid: `x`, `measured` (undefined where a short gap is drawn through, null where
 * nothing was measured), `feeding` (measured below zero), `parts` (one column an appliance) and `provisional` (the
 * spans `[from, to]` in which predictions are provisional).
 */
export function frame(track, predictions, appliances, start, end) {
  const step = track.step;
  const first = Math.floor(start / step) * step;
  const count = Math.max(2, Math.floor((end - first) / step) + 1);
  const x = Array.from({ length: count }, (_, i) => first + i * step);
  const measured = x.map(at => track.at(at) ?? null);
  bridgeGaps(measured, Math.max(1, Math.floor(bridged / step)));
  const feeding = measured.map(watts => watts === undefined ? undefined : watts !== null && watts < 0 ? watts : null);
  const parts = appliances.map(() => new Array(count).fill(null));
  const provisional = [];
  x.forEach((at, i) => {
    const cells = cellsOf(predictions, at, step);
    if (cells.length === 0) return;
    if (cells.some(cell => !cell.final)) extend(provisional, at, at + step);
    appliances.forEach((appliance, k) => {
      parts[k][i] = cells.reduce((sum, cell) => sum + Math.max(0, cell.of[appliance]?.watts ?? 0), 0) / cells.length;
    });
  });
  return { x, step, measured, feeding, parts, provisional };
}

function extend(spans, from, to) {
  const last = spans.at(-1);
  if (last && last[1] === from) last[1] = to; else spans.push([from, to]);
}

function cellsOf(predictions, at, step) {
  const cells = [];
  for (let time = Math.floor(at / minute) * minute; time < at + step; time += minute) {
    const cell = predictions.at(time);
    if (cell) cells.push(cell);
  }
  return cells;
}

function bridgeGaps(column, longest) {
  let last = -1;
  for (let i = 0; i < column.length; i++) {
    if (column[i] === null) continue;
    if (last >= 0 && i - last - 1 <= longest) column.fill(undefined, last + 1, i);
    last = i;
  }
}
