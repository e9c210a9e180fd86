// Model versions: what serves, how each scores beside its baselines, and what candidates say on live inputs.

import { get } from "./api.js";
import { h } from "./dom.js";
import { count, when } from "./words.js";

export const title = () => "Models";

export const load = async (_, signal) => (await get("/api/models", { limit: 1000 }, signal)).models;

export function render(models) {
  const names = [...new Set(models.map(model => model.name))].sort();
  return [
    h("h1", "Models"),
    names.length === 0 && h("p.panel.waiting", { id: "nothing" }, "No version is registered."),
    names.map(name => section(name, models.filter(model => model.name === name).reverse())),
    h("section.panel", { "aria-labelledby": "upload-title", "data-key": "upload" },
      h("h2", { id: "upload-title" }, "Register a version"),
      h("p.muted", "An ONNX file with all its data inside, and its spec. It is run once; what does not run or does not fit is refused, and what serves is not touched."),
      h("form.upload", { id: "upload", "data-keep": true })),
  ];
}

/** The form fills itself once: files that were chosen outlive a refresh. */
export function after(main) {
  const form = main.querySelector("#upload");
  if (!form || form.childElementCount) return;
  const file = (name, text, accept) => h("label", text, " ", h("input", { type: "file", name, accept }));
  form.append(file("artifact", "Model (.onnx)", ".onnx"), file("spec", "Spec (.json)", ".json,application/json"),
    h("button", { type: "button", "data-action": "uploadModel" }, "Register"));
}

function section(name, versions) {
  const id = `model-${name}`;
  return h("section", { "aria-labelledby": id, "data-key": name },
    h("h2", { id }, name),
    h("table.jobs", h("caption.sr", `Versions of ${name}`),
      h("thead", h("tr", ["Version", "State", "Scores beside baselines", "Beside the active version", ""].map(text => h("th", { scope: "col" }, text)))),
      h("tbody", versions.map(version => row(version, versions.some(other => other.state === "active"))))));
}

function row(model, hasActive) {
  const label = `${model.name}@${model.version}`;
  const shadow = model.shadow;
  const runs = shadow?.state === "running";
  const button = (action, text) => h("button", {
    type: "button", "data-action": action, "data-key": action, "data-name": model.name, "data-version": model.version, "data-label": label,
    "data-agreement": shadow && shadow.agreement !== null ? share(shadow.agreement) : null, "aria-label": `${text} ${label}`,
  }, text);
  return h("tr", { "data-key": label },
    h("th", { scope: "row" }, label, h("p.muted", "registered ", when(model.createdAt)), model.activatedAt && h("p.muted", "activated ", when(model.activatedAt))),
    h("td", { "data-label": "State" }, badge(model.state), model.state === "active" && !model.loaded && h("p.muted", "not loaded here")),
    h("td.word", { "data-label": "Scores" }, scores(model.scores), h("details", h("summary", "About"), h("p", model.note), h("p.muted", `${model.trainingSource}. ${model.split}`), h("p.muted", h("code", model.sha256)))),
    h("td", { "data-label": "Shadow" }, shadow ? report(shadow) : h("span.muted", "–")),
    h("td.actions", model.state !== "active" && [
      hasActive && (runs ? button("stopShadow", "Stop") : button("startShadow", "Run beside")),
      button("activateModel", model.state === "retired" ? "Roll back to" : "Activate"),
    ]));
}

/** Scores that have baselines: `kettle.f1` with `kettle.f1.edge` and the like. */
function scores(all) {
  const keys = Object.keys(all);
  const shown = keys.map(key => ({ key, baselines: keys.filter(other => other.startsWith(`${key}.`)) })).filter(one => one.baselines.length);
  if (!shown.length) return h("span.muted", "none given");
  return h("ul.scores", shown.map(({ key, baselines }) => h("li", `${key} `, h("strong", figure(all[key])),
    h("span.muted", ` (${baselines.map(one => `${one.slice(key.length + 1)} ${figure(all[one])}`).join(", ")})`))));
}

function report(shadow) {
  return [
    badge(shadow.state), h("p", shadow.agreement === null ? "Nothing compared yet." : `${share(shadow.agreement)} of ${count(shadow.compared)} live inputs alike`),
    shadow.candidateMicroseconds !== null && h("p.muted", `${shadow.candidateMicroseconds} µs each, ${shadow.active} ${shadow.activeMicroseconds} µs`),
    shadow.failed > 0 && h("p.error-line", `${count(shadow.failed)} failed: ${shadow.fault}`),
    shadow.disagreements.length > 0 && h("details", h("summary", "Where they differ"),
      h("ul", shadow.disagreements.map(one => h("li", `${one.active} → ${one.candidate}: ${count(one.count)}`)))),
  ];
}

const share = part => `${(100 * part).toFixed(1)}\u00a0%`;

const figure = value => value.toLocaleString("en-GB", { maximumSignificantDigits: 3 });

const badge = state => h("span.badge", { "data-state": state === "active" ? "up" : state }, state);
