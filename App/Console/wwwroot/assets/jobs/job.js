// One job: what it is, how its attempts went, and what can be done.

import { NotFound, get } from "./api.js";
import { h } from "./dom.js";
import { address, job as link, json, owner, state, took, when } from "./words.js";

export const title = ({ id }) => `Job ${id}`;

export async function load({ id }, signal) {
  try {
    return await get(`/api/jobs/${id}`, {}, signal);
  } catch (error) {
    if (error instanceof NotFound) return null;
    throw error;
  }
}

export function render(job, { id }) {
  if (!job) return [h("h1", `There is no job ${id}`), h("p.panel", "It was deleted or pruned, or it is of another organization. ", h("a", { href: "/jobs/list" }, "All jobs"))];
  const ended = ["succeeded", "dead", "cancelled"].includes(job.state);
  const button = (action, text, shown, tone = "") => shown && h("button", { type: "button", class: tone, "data-action": action, "data-id": job.id, "data-key": action }, text);
  return [
    h("p.crumbs", h("a", { href: address("/jobs/list", { kind: job.kind }) }, "Jobs of this kind"), " · ", h("a", { href: address("/jobs/list", { state: job.state }) }, `${job.state} jobs`)),
    h("div.title", h("h1", { id: "kind" }, job.kind), h("span.muted", `#${job.id}`), state(job.state),
      h("div.buttons",
        button("retry", job.state === "scheduled" ? "Run now" : "Retry", ["dead", "cancelled", "scheduled"].includes(job.state), "primary"),
        button("cancel", job.cancelRequested ? "Stopping …" : "Cancel", !ended),
        button("remove", "Delete", ended))),
    job.progress !== null && !ended && h("section.panel.progress", h("progress", { value: job.progress, max: 1, "aria-label": "Progress" }), h("span", `${Math.round(job.progress * 100)} % `, h("span.muted", job.progressText ?? ""))),
    h("dl.facts.panel",
      fact("Queue", h("a", { href: address("/jobs/list", { queue: job.queue }) }, job.queue)), fact("Organization", owner(job.organization)), fact("Attempts", `${job.attempt} of ${job.maxAttempts}`), fact("Priority", job.priority),
      fact("Created", when(job.createdAt)), job.runAt && fact("Due", when(job.runAt)), job.startedAt && fact("Last start", when(job.startedAt)), job.finishedAt && fact("Ended", when(job.finishedAt)),
      job.startedAt && (job.finishedAt || job.state === "running") && fact("Ran for", took(job.startedAt, job.finishedAt)),
      job.worker && fact("Worker", job.process ?? `number ${job.worker}`), job.state === "running" && job.leaseExpiresAt && fact("Lease ends", when(job.leaseExpiresAt)),
      job.uniqueKey && fact("Unique key", key(job.uniqueKey)), job.orderKey && fact("Order key", key(job.orderKey)), job.crashes > 0 && fact("Workers lost with it", job.crashes)),
    job.waitsFor && h("section.panel", h("h2", "Waits"), h("p", "for ", h("code", job.waitsFor), job.waitsForJobs.length > 0 && [", which is held by ", job.waitsForJobs.map((id, i) => [i > 0 && ", ", link(id)])])),
    job.limits && h("section.panel", h("h2", "Limits"), h("ul.limits", job.limits.map(one => h("li", key(one.key), one.concurrency ? ` ${one.concurrency} at once` : "", one.rate ? ` ${one.rate} in ${one.per} s` : "")))),
    job.errors.length > 0 && h("section.panel", { "aria-labelledby": "errors-title" }, h("h2", { id: "errors-title" }, job.errors.length === 1 ? "Error" : `${job.errors.length} errors, the last first`),
      [...job.errors].reverse().map((error, i) => h("details.error", { "data-key": `${error.attempt} ${error.at}`, open: i === 0 },
        h("summary", h("span.muted", error.worker ? `Attempt ${error.attempt} ` : "", when(error.at)), " ", h("span.error-line", error.error.split("\n", 1)[0])),
        h("pre", { tabindex: "0", role: "region", "aria-label": `Error of attempt ${error.attempt}` }, trace(error.error))))),
    h("section.panel", h("h2", "Arguments"), pre("Arguments", json(job.args))),
    job.result !== null && h("section.panel", h("h2", "Result"), pre("Result", json(job.result))),
    job.log.length > 0 && h("section.panel", { "aria-labelledby": "log-title" }, h("h2", { id: "log-title" }, "Log"),
      h("ol.log", job.log.map((line, i) => h("li", { "data-key": i }, h("span.muted", when(line.at), job.attempt > 1 ? ` attempt ${line.attempt}` : ""), h("code", line.line))))),
  ];
}

const fact = (label, value) => h("div", { "data-key": label }, h("dt", label), h("dd", String(value) === value || typeof value === "number" ? String(value) : value));
const key = text => h("a", { href: address("/jobs/list", { key: text }) }, h("code", text));
const pre = (label, text) => h("pre", { tabindex: "0", role: "region", "aria-label": label }, text);

/** The frames of a stack are there, but not in the way of what was said. */
const trace = text => text.split("\n").map(line => h("span", { class: /^\s+at |^--- /.test(line) ? "frame" : "said" }, `${line}\n`));
