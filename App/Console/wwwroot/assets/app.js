// The page: which building and range, and the loop that asks for what is new.

import { NotFound, ServerAway, SignedOut, eachPage, get, getHealth } from "./api.js";
import { Chart } from "./chart.js";
import * as format from "./format.js";
import { House, ranges } from "./house.js";
import * as view from "./view.js";

const $ = id => document.getElementById(id);
const pollMs = 2000;
const longestWaitMs = 15_000;
// More than these are searched by name instead of listed.
const listed = 30;
const mostBuildings = 1000;

const state = { ...fromAddress(), buildings: [], house: null, frame: null, cursor: null, failures: 0 };
const askedAt = new Map();
let stop = new AbortController();
let timer = 0;

const chart = new Chart($("chart"), (index, spoken) => {
  state.cursor = index;
  if (state.frame) view.readout(state.frame, index, spoken);
});

function fromAddress() {
  const words = new URLSearchParams(location.hash.slice(1));
  return { building: words.get("building"), range: words.get("range") in ranges ? words.get("range") : "24h", meter: words.get("meter") ?? "mains" };
}

function toAddress() {
  const words = new URLSearchParams({ building: state.building, range: state.range });
  if (state.meter !== "mains") words.set("meter", state.meter);
  history.replaceState(null, "", `#${words}`);
}

const now = () => Date.now() / 1000;

function due(what, everySeconds) {
  if (now() - (askedAt.get(what) ?? 0) < everySeconds) return false;
  askedAt.set(what, now());
  return true;
}

/** Asks at once, and drops whatever was under way for another choice. */
function restart() {
  stop.abort();
  stop = new AbortController();
  clearTimeout(timer);
  poll(stop.signal);
}

async function poll(signal) {
  if (document.hidden) { view.live("paused", "Paused"); return; }
  let wait = pollMs;
  try {
    await refresh(signal);
    state.failures = 0;
    view.banner(null);
  } catch (error) {
    if (signal.aborted) return;
    wait = report(error);
  }
  if (wait !== null && !signal.aborted) timer = setTimeout(() => poll(signal), wait);
}

/** Says what went wrong; answers how long to wait, or null when trying again is of no use. */
function report(error) {
  askedAt.clear();
  if (error instanceof SignedOut) {
    view.live("away", "Signed out");
    view.banner("The key is no longer accepted.", { href: "/", text: "Sign in again" });
    return null;
  }
  if (error instanceof NotFound && state.house) {
    view.banner(`There is no building “${state.building}”. Choose another one.`);
    return longestWaitMs;
  }
  state.failures++;
  view.live("away", "No connection");
  view.banner(error instanceof ServerAway ? `${error.message} Trying again …` : `Something went wrong: ${error.message}`);
  return Math.max((error.retryAfterSeconds ?? 0) * 1000, Math.min(longestWaitMs, pollMs * 2 ** Math.min(state.failures - 1, 3)));
}

async function refresh(signal) {
  if (due("buildings", state.buildings.length === 0 ? 2 : state.buildings.length > listed ? 60 : 10)) await refreshBuildings(signal);
  const empty = state.buildings.length === 0;
  $("empty").hidden = !empty;
  $("house").hidden = empty;
  if (empty) { view.live("waiting", "Waiting for the first reading"); return; }

  const { house } = state;
  await Promise.all([
    house.refresh(state.range, now(), () => { if (house === state.house) render(); }, signal),
    get("/api/pipeline", {}, signal).then(view.pipeline),
    due("health", 10) ? getHealth(signal).then(view.health) : null,
  ]);
  if (house === state.house) render();
}

async function refreshBuildings(signal) {
  const found = [];
  await eachPage("/api/buildings", { limit: mostBuildings }, "buildings", rows => found.push(...rows), signal);
  state.buildings = found;
  if (found.length === 0) return;
  if (state.building === null) state.building = found[0].buildingId;
  const building = current();
  if (state.house?.id !== state.building || state.house?.meter !== state.meter) state.house = new House(state.building, state.meter, lastReadingOf(building));
  else state.house.noteLatest(lastReadingOf(building));
  showPicker();
}

const current = () => state.buildings.find(building => building.buildingId === state.building);

function lastReadingOf(building) {
  const at = building?.meters?.find(meter => meter.meter === state.meter)?.lastReadingAt ?? building?.lastReadingAt;
  return at ? Date.parse(at) / 1000 : null;
}

function showPicker() {
  const ids = state.buildings.map(building => building.buildingId);
  const many = ids.length > listed;
  $("picker").hidden = false;
  $("building").hidden = many;
  $("building-search").hidden = !many;
  options(many ? $("building-list") : $("building"), many || ids.includes(state.building) ? ids : [state.building, ...ids]);
  if (!many) $("building").value = state.building;
  else if (document.activeElement !== $("building-search")) $("building-search").value = state.building;

  const building = current();
  const meters = building?.meters?.map(meter => meter.meter) ?? [];
  $("meter-picker").hidden = meters.length < 2;
  options($("meter"), meters);
  $("meter").value = state.meter;
  $("solar").hidden = !building?.netNegative;
}

function options(list, values) {
  if (list.dataset.values === values.join("\n")) return;
  list.dataset.values = values.join("\n");
  list.replaceChildren(...values.map(value => new Option(value, value)));
}

function render() {
  const { house, range } = state;
  const at = now();
  state.frame = house.frame(range, at);
  view.say("house-name", house.id);
  view.say("day", format.fullDay(house.end(at)));
  document.title = `${house.id} · Tandem`;
  view.say("span", `${format.dayAndTime(state.frame.start)} to ${format.dayAndTime(state.frame.end)} · ${format.zone}`);
  $("chart").setAttribute("aria-label", `Power of ${house.id}, ${ranges[range].label}: measured, and split into appliances`);
  chart.show(state.frame);
  view.readout(state.frame, state.cursor);
  view.figures(house, at);
  view.appliances(house, at);
  view.table(house, at);
  view.say("model", house.predictions.model ?? "none yet");
  if (house.latest === null) view.live("waiting", "Waiting for readings");
  else if (house.isLive(at)) view.live("live", "Live");
  else view.live("quiet", `Quiet since ${format.dayAndTime(house.latest)}`);
}

function choose(changes) {
  Object.assign(state, changes, { cursor: null });
  if (state.house?.id !== state.building || state.house?.meter !== state.meter) state.house = new House(state.building, state.meter, lastReadingOf(current()));
  toAddress();
  showPicker();
  showRange();
  restart();
}

function showRange() {
  for (const button of $("ranges").children) button.setAttribute("aria-pressed", String(button.dataset.range === state.range));
}

$("ranges").addEventListener("click", event => {
  const { range } = event.target.dataset;
  if (range && state.house) choose({ range });
});
$("building").addEventListener("change", event => choose({ building: event.target.value, meter: "mains" }));
$("building-search").addEventListener("change", event => {
  const building = event.target.value.trim();
  if (building) choose({ building, meter: "mains" });
});
$("meter").addEventListener("change", event => choose({ meter: event.target.value }));
$("table-details").addEventListener("toggle", () => { if (state.house) view.table(state.house, now()); });
document.addEventListener("visibilitychange", restart);
window.addEventListener("online", restart);

$("curl").textContent = `curl -X POST ${location.origin}/ingest/readings \\
  -H "Authorization: Bearer $TANDEM_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"readings":[{"buildingId":"my-house","ts":${Math.floor(Date.now() / 1000) * 1000},"watts":230}]}'`;
if (navigator.clipboard) {
  $("copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText($("curl").textContent);
    view.say("copy", "Copied");
  });
} else $("copy").hidden = true;

showRange();
restart();
