// The steps of a run as a graph: a column for each depth, lines for what depends on what.

import { h } from "./dom.js";

const [width, height, gapX, gapY, margin] = [190, 52, 70, 18, 12];
const longestName = 22;

export function graph(steps, chosen, link) {
  const depth = depths(steps);
  const columns = [];
  for (const step of steps) (columns[depth.get(step.name)] ??= []).push(step);
  const place = new Map();
  for (const [x, column] of columns.entries()) {
    // Beside those that they depend on, so that lines cross less.
    if (x > 0) column.sort((a, b) => centre(a, place) - centre(b, place));
    for (const [y, step] of column.entries()) place.set(step.name, { x: margin + x * (width + gapX), y: margin + y * (height + gapY) });
  }
  const size = [2 * margin + columns.length * (width + gapX) - gapX, 2 * margin + Math.max(...columns.map(column => column.length)) * (height + gapY) - gapY];
  return h("svg.graph", { width: size[0], height: size[1], viewBox: `0 0 ${size[0]} ${size[1]}`, role: "group", "aria-label": "Steps of the run" },
    h("g.lines", steps.flatMap(step => (step.dependsOn ?? []).filter(name => place.has(name)).map(name => line(place.get(name), place.get(step.name), `${name} ${step.name}`)))),
    steps.map(step => node(step, place.get(step.name), step.name === chosen, link(step.name))));
}

function depths(steps) {
  const byName = new Map(steps.map(step => [step.name, step]));
  const depth = new Map();
  const left = new Set(steps.map(step => step.name));
  // As many rounds as there are depths; the server has made sure that there is no ring.
  for (let round = 0; left.size > 0 && round <= steps.length; round++) {
    for (const name of [...left]) {
      const before = (byName.get(name).dependsOn ?? []).filter(other => byName.has(other));
      if (before.some(other => left.has(other))) continue;
      depth.set(name, before.length ? 1 + Math.max(...before.map(other => depth.get(other))) : 0);
    }
    for (const name of depth.keys()) left.delete(name);
  }
  for (const name of left) depth.set(name, 0);
  return depth;
}

const centre = (step, place) => step.dependsOn.reduce((total, name) => total + (place.get(name)?.y ?? 0), 0) / Math.max(1, step.dependsOn.length);

function line(from, to, key) {
  const [x1, y1, x2, y2] = [from.x + width, from.y + height / 2, to.x, to.y + height / 2];
  return h("path", { "data-key": key, d: `M${x1} ${y1}C${x1 + gapX / 2} ${y1} ${x2 - gapX / 2} ${y2} ${x2} ${y2}` });
}

function node(step, { x, y }, chosen, href) {
  const attempts = step.attempts?.length ?? 0;
  const name = step.name.length > longestName ? `${step.name.slice(0, longestName - 1)}…` : step.name;
  const box = h("g.step", { "data-key": step.name, "data-state": step.status, "data-chosen": chosen && "true", "data-href": href, role: "link", tabindex: "0", transform: `translate(${x} ${y})`, "aria-label": `Step ${step.name}, ${step.handler}, ${step.status}` },
    h("rect", { width, height, rx: 10 }), h("text.name", { x: 14, y: 22 }, name), h("text.note", { x: 14, y: 40 }, `${step.status}${attempts > 1 ? ` · attempt ${attempts}` : ""}`));
  return box;
}
