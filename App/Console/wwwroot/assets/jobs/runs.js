// Runs, and one run as a graph.

import { tryGet } from "./api.js";
import { h } from "./dom.js";
import { graph } from "./graph.js";
import { address, json, state, took, when } from "./words.js";

const statuses = ["pending", "running", "succeeded", "failed", "cancelled"];

export const title = ({ id }) => id ? "Run" : "Runs";

export async function load({ id, query }, signal) {
  if (id) return tryGet(`/api/runs/${id}`, {}, signal);
  return tryGet("/api/runs", { limit: 50, cursor: query.get("before"), status: query.get("status") }, signal);
}

export const render = (data, view) => view.id ? one(data, view) : list(data, view);

function list(data, { query }) {
  const [chosen, runs] = [query.get("status") ?? "", data?.runs ?? []];
  return [
    h("h1", "Runs"),
    h("nav.tabs", { "aria-label": "Status" }, ["", ...statuses].map(name => h("a", { href: address("/jobs/runs", { status: name }), "aria-current": name === chosen && "page" }, name || "all"))),
    runs.length === 0 && h("p.panel.waiting", { id: "nothing" }, chosen ? "None is in this state." : "There are none."),
    runs.length > 0 && h("table.jobs", h("caption.sr", "Runs, the newest first"), h("thead", h("tr", ["Goal", "Status", "Steps", "Created", "Took"].map(text => h("th", { scope: "col" }, text)))),
      h("tbody", runs.map(run => h("tr", { "data-key": run.id },
        h("th", { scope: "row" }, h("a", { href: `/jobs/runs/${run.id}` }, run.goal || run.id)),
        h("td", { "data-label": "Status" }, state(run.status)),
        h("td", { "data-label": "Steps" }, Object.entries(run.steps ?? {}).map(([name, value]) => `${value} ${name}`).join(", ") || "–"),
        h("td", { "data-label": "Created" }, when(run.createdAt)),
        h("td", { "data-label": "Took" }, took(run.startedAt, run.endedAt)))))),
    h("p.pages", query.get("before") && h("a", { href: address("/jobs/runs", { status: chosen }) }, "Newest"), data?.next && h("a", { href: address("/jobs/runs", { status: chosen, before: data.next }) }, "Older")),
  ];
}

function one(run, { id, query }) {
  if (!run) return [h("h1", "There is no such run"), h("p.panel", h("a", { href: "/jobs/runs" }, "All runs"))];
  const name = query.get("step");
  const step = run.steps.find(each => each.name === name);
  const button = (action, text, shown) => shown && h("button", { type: "button", "data-action": action, "data-key": action, "data-id": id }, text);
  return [
    h("p.crumbs", h("a", { href: "/jobs/runs" }, "Runs")),
    h("div.title", h("h1", run.goal || run.id), state(run.status), h("div.buttons", button("cancelRun", "Cancel", ["pending", "running"].includes(run.status)), button("retryRun", "Retry from the failed step", run.status === "failed"))),
    h("p.muted", "Created ", when(run.createdAt), ` · took ${took(run.startedAt, run.endedAt)} · ${run.id}`),
    run.error && h("p.panel.error-line", run.error.step ? `Step ${run.error.step}: ` : "", run.error.message ?? String(run.error)),
    run.steps.length > 0 && h("div.scroll.canvas", { tabindex: "0", role: "region", "aria-label": "Graph of the steps" }, graph(run.steps, name, each => address(`/jobs/runs/${id}`, { step: each }))),
    step && h("section.panel", { id: "step", "aria-labelledby": "step-title" }, h("div.title", h("h2", { id: "step-title" }, step.name), h("code", step.handler), state(step.status),
      step.handler === "human.approval" && step.status === "waiting" && h("div.buttons", button("approve", "Approve", true), button("refuse", "Refuse", true))),
      step.error && h("pre", { tabindex: "0", role: "region", "aria-label": "Error" }, h("span.said", typeof step.error === "string" ? step.error : json(step.error))),
      step.attempts?.length > 0 && h("ol.history", step.attempts.map(attempt => h("li", { "data-key": attempt.number }, `Attempt ${attempt.number} `, state(attempt.status), " ", when(attempt.startedAt), " ", h("span.muted", [took(attempt.startedAt, attempt.endedAt), attempt.worker].filter(Boolean).join(" · ")), attempt.error && h("p.error-line", attempt.error)))),
      step.output !== null && step.output !== undefined && [h("h2", "Output"), h("pre", { tabindex: "0", role: "region", "aria-label": "Output" }, json(step.output))]),
    !step && run.steps.length > 0 && h("p.hint", "Choose a step to see its attempts and its output."),
  ];
}
