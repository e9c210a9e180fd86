// Writes what is known onto the page. Text goes in as text, never as markup.

import * as format from "./format.js";
import { inLists } from "./house.js";

const $ = id => document.getElementById(id);
const minute = 60;

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Sets text only where it differs: screen readers and selections stay undisturbed. */
export function say(id, text) {
  const element = $(id);
  if (element.textContent !== text) element.textContent = text;
}

const swatch = name => make("span", { className: `swatch ${name}`, ariaHidden: "true" });

export function banner(message, link = null) {
  const element = $("banner");
  if (message === null) { element.hidden = true; return; }
  if (element.hidden || element.dataset.message !== message) {
    element.dataset.message = message;
    element.replaceChildren(message, ...(link ? [" ", make("a", { href: link.href, textContent: link.text })] : []));
  }
  element.hidden = false;
}

/** State is one of waiting, live, quiet, paused, away. */
export function live(state, text) {
  $("live").dataset.state = state;
  say("live-text", text);
}

export function figures(house, now) {
  const end = house.end(now);
  const today = format.midnight(end) === format.midnight(now);
  const bucket = house.tracks.live.newest;
  const watts = bucket === null ? null : house.tracks.live.at(bucket);
  const feeding = watts !== null && watts < 0;
  say("now-label", house.meter === "mains" ? house.isLive(now) ? "Power now" : "Power at the last reading" : `Power now · ${house.meter}`);
  say("now-watts", watts === null ? "–" : format.count(Math.round(watts) || 0));
  say("now-note", watts === null ? "" : feeding ? "feeding into the grid" : house.isLive(now) ? `at ${format.timeWithSeconds(house.latest)}` : format.dayAndTime(house.latest));
  $("figures").classList.toggle("feeding", feeding);

  const { used, fed } = house.tracks.minutes.energyBetween(format.midnight(end), end);
  say("used-label", today ? "Used today" : `Used on ${format.dayOf(end)}`);
  say("used", format.energy(used));
  $("fed-figure").hidden = fed < 0.005;
  say("fed-label", today ? "Fed in today" : `Fed in on ${format.dayOf(end)}`);
  say("fed", format.energy(fed));
}

/** The cards, how many are on, and how far behind the newest prediction is. */
export function appliances(house, now) {
  const { predictions } = house;
  const at = predictions.newest;
  $("no-predictions").hidden = at !== null;
  $("cards").hidden = at === null;
  say("as-of", at === null ? "" : `As of ${format.dayAndTime(at)}${predictions.at(at).final ? "" : " · provisional"}`);
  say("behind", at === null ? "–" : format.span(house.end(now) - at));
  if (at === null) { say("on-count", "–"); say("on-names", ""); $("cards").replaceChildren(); return; }

  const cell = predictions.at(at);
  const names = house.listed;
  const on = names.filter(name => name !== "other" && cell.of[name]?.on);
  say("on-count", String(on.length));
  say("on-names", on.length ? on.map(format.nameOf).join(", ") : "nothing large");
  const cards = $("cards");
  if (cards.dataset.names !== names.join()) {
    cards.dataset.names = names.join();
    cards.replaceChildren(...names.map(card));
  }
  for (const name of names) fillCard(house, name, cell.of[name], at);
}

function card(name) {
  const fact = (label, field) => make("div", {}, make("dt", { textContent: label }), make("dd", { id: `${field}-${name}` }));
  const item = make("li", { className: "card", id: `card-${name}` },
    make("h3", { className: "card-head" }, swatch(name), make("span", { className: "name", textContent: format.nameOf(name) })),
    make("p", { className: "card-power" }, make("span", { className: "watts", id: `watts-${name}` }), make("span", { className: "badge", id: `state-${name}` })),
    make("dl", {}, fact("Today", "energy"), ...(name === "other" ? [] : [fact("Last used", "used")])));
  item.querySelector(".badge").hidden = name === "other";
  return item;
}

function fillCard(house, name, prediction, at) {
  const on = prediction?.on ?? false;
  $(`card-${name}`).dataset.on = name === "other" ? "" : String(on);
  say(`state-${name}`, on ? "On" : "Off");
  say(`watts-${name}`, format.watts(prediction?.watts));
  say(`energy-${name}`, `${format.energy(house.predictions.energySince(name, format.midnight(at)))}\u00a0kWh`);
  if (name !== "other") say(`used-${name}`, lastUse(house.predictions.lastUse(name), on, at));
}

function lastUse(use, on, at) {
  if (!use) return "–";
  if (on) return `since ${format.time(use.from)}`;
  return format.midnight(use.to) === format.midnight(at) ? format.time(use.to + minute) : format.dayAndTime(use.to + minute);
}

/** What the crosshair shows; without one, the newest point that is split, or else measured. */
export function readout(frame, index, spoken) {
  const list = $("legend");
  const rows = ["measured", ...inLists(frame.appliances)];
  if (list.dataset.names !== rows.join()) {
    list.dataset.names = rows.join();
    list.replaceChildren(...rows.map(name => make("li", {}, swatch(name),
      make("span", { className: "name", textContent: name === "measured" ? "Measured" : format.nameOf(name) }),
      make("span", { className: "value", id: `value-${name}` }))));
  }
  const i = index ?? newest(frame.parts[0]) ?? newest(frame.measured) ?? frame.x.length - 1;
  const at = frame.x[i];
  const provisional = frame.provisional.some(([from, to]) => at >= from && at < to);
  const time = `${format.dayAndTime(at)}${provisional ? " · provisional" : ""}`;
  say("readout-time", time);
  const measured = frame.measured[i];
  say("value-measured", format.watts(measured));
  frame.appliances.forEach((name, k) => say(`value-${name}`, format.watts(frame.parts[k][i])));
  if (spoken) say("readout-spoken", `${time}: ${rows.map(name => `${name === "measured" ? "measured" : format.nameOf(name)} ${$(`value-${name}`).textContent}`).join(", ")}${measured < 0 ? ", feeding into the grid" : ""}`);
}

function newest(column = []) {
  for (let i = column.length - 1; i >= 0; i--) if (column[i] !== null && column[i] !== undefined) return i;
  return null;
}

/** The last hour, a row a minute, newest first. */
export function table(house, now) {
  if (!$("table-details").open) return;
  const names = house.listed;
  const head = ["Time", "Measured", ...names.map(format.nameOf), "Split"];
  $("table-head").replaceChildren(make("tr", {}, ...head.map(text => make("th", { scope: "col", textContent: text }))));
  const end = Math.floor(house.end(now) / minute) * minute;
  const rows = [];
  for (let at = end; at > end - 60 * minute; at -= minute) {
    const cell = house.predictions.at(at);
    const values = [house.tracks.minutes.at(at), ...names.map(name => cell?.of[name]?.watts)];
    rows.push(make("tr", {}, make("th", { scope: "row", textContent: format.dayAndTime(at) }),
      ...values.map(value => make("td", { textContent: format.watts(value) })),
      make("td", { textContent: !cell ? "not yet" : cell.final ? "final" : "provisional" })));
  }
  $("table-body").replaceChildren(...rows);
}

export function pipeline(answer) {
  say("lag", format.count(answer.lag));
  const unread = answer.shards.map(shard => shard.oldestUnreadSeconds).filter(seconds => seconds !== null && seconds !== undefined && seconds > 0);
  say("oldest", unread.length ? format.span(Math.max(...unread)) : "none");
  const owners = new Map();
  for (const shard of answer.shards) owners.set(shard.owner, [...(owners.get(shard.owner) ?? []), shard.shard]);
  const without = owners.get(null)?.length ?? 0;
  say("shards", format.count(answer.shards.length));
  $("pipeline-state").dataset.state = without ? "degraded" : "up";
  say("pipeline-state", without ? `${without} without a worker` : answer.lag ? "Working" : "Caught up");
  const rows = [...owners].map(([owner, shards]) => [owner ?? "no worker", `${shards.length === 1 ? "shard" : "shards"} ${runs(shards)}`]);
  fill($("owners"), rows, ([owner, shards]) => make("li", {}, make("span", { textContent: owner }), make("span", { textContent: shards })));
}

/** 0–3, 7 */
function runs(numbers) {
  const spans = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    if (spans.length && spans.at(-1)[1] === n - 1) spans.at(-1)[1] = n; else spans.push([n, n]);
  }
  return spans.map(([from, to]) => from === to ? `${from}` : `${from}–${to}`).join(", ");
}

const words = { up: "Up", off: "Off", degraded: "Degraded", down: "Down" };

export function health(answer) {
  $("service-state").dataset.state = answer.status;
  say("service-state", words[answer.status] ?? answer.status);
  say("role", answer.role ?? "–");
  say("uptime", answer.uptimeSeconds === undefined ? "–" : format.span(answer.uptimeSeconds));
  const [version, commit] = (answer.version ?? "").split("+");
  say("version", version ? `Version ${version}${commit ? ` · ${commit.slice(0, 7)}` : ""}` : "");
  const rows = Object.entries(answer).filter(([, part]) => part && typeof part === "object" && "status" in part).map(([name, part]) => [name, part.status, part.note ?? ""]);
  fill($("parts"), rows, ([name, status, note]) => make("li", {}, make("span", { textContent: name }),
    make("span", {}, make("span", { className: "note", textContent: note ? `${note} ` : "" }), stateWord(status))));
}

function stateWord(status) {
  const word = make("span", { textContent: words[status] ?? status });
  word.dataset.state = status;
  return word;
}

function fill(list, rows, row) {
  const key = JSON.stringify(rows);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(...rows.map(row));
}
