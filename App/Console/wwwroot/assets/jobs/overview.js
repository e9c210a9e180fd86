// How the queue does: throughput, queues, workers, kinds.

import { get } from "./api.js";
import { draw } from "./chart.js";
import { h } from "./dom.js";
import { address, count, duration, job, number, owner, span, took, when } from "./words.js";

export const title = () => "Overview";

export async function load(_, signal) {
  const [overview, { queues }, { workers }] = await Promise.all([get("/api/jobs/overview", {}, signal), get("/api/queues", {}, signal), get("/api/job-workers", {}, signal)]);
  return { overview, queues, workers };
}

export function render({ overview, queues, workers }, { query }) {
  const byHour = query.get("span") === "day";
  const spans = byHour ? overview.hours : overview.minutes;
  const [succeeded, failed] = [sum(spans, "succeeded"), sum(spans, "failed")];
  const last = overview.minutes.at(-2);
  const oldest = Math.max(0, ...queues.map(queue => queue.oldestWaitingSeconds ?? 0));
  return [
    h("h1.sr", "Overview of jobs"),
    h("dl.figures",
      figure("Processed", last ? rate((last.succeeded + last.failed) / 60) : "–", "a second, in the last full minute"),
      figure("Queued", number(overview.states.queued, address("/jobs/list", { state: "queued" })), oldest ? `oldest due for ${span(oldest)}` : "none waits"),
      figure("Running", number(overview.states.running, address("/jobs/list", { state: "running" })), `on ${workers.filter(worker => worker.alive).length} workers`),
      figure("Dead", number(overview.states.dead, address("/jobs/list", { state: "dead" })), overview.states.dead ? "need a look" : "none", overview.states.dead ? "bad" : ""),
      figure("Scheduled", number(overview.states.scheduled, address("/jobs/list", { state: "scheduled" })), `${count(overview.states.waiting)} more wait for a limit`)),
    h("section.panel", { "aria-labelledby": "rate-title" },
      h("div.panel-head",
        h("div", h("h2", { id: "rate-title" }, "Attempts"), h("p.muted", h("span.swatch.good"), ` ${count(succeeded)} succeeded `, h("span.swatch.bad"), ` ${count(failed)} failed, in the last ${byHour ? "day" : "hour"}`)),
        h("div.segments", { role: "group", "aria-label": "Span" },
          h("a", { href: "/jobs", "aria-current": !byHour && "true" }, "Hour"), h("a", { href: "/jobs?span=day", "aria-current": byHour && "true" }, "Day"))),
      h("div.chart.small", { id: "rate", "data-keep": true, "data-key": byHour ? "day" : "hour", role: "img", "aria-label": `${count(succeeded)} attempts succeeded and ${count(failed)} failed in the last ${byHour ? "day" : "hour"}` })),
    h("section.panel", { "aria-labelledby": "queues-title" },
      h("h2", { id: "queues-title" }, "Queues"),
      queues.length ? table("Queues", ["Queue", "Queued", "Oldest", "Running", "Scheduled", "Waiting", "Dead", ""], queues.map(queueRow)) : h("p.muted", "No jobs and no queues yet. A queue appears with its first job.")),
    h("section.panel", { "aria-labelledby": "workers-title" },
      h("h2", { id: "workers-title" }, "Workers"),
      workers.length ? h("ul.workers", workers.map(workerItem)) : h("p.warn", "No worker runs jobs: start a process with WORKER_ENABLED=true.")),
    overview.kinds.length > 0 && h("section.panel", { "aria-labelledby": "kinds-title" },
      h("h2", { id: "kinds-title" }, "Kinds in the last hour"),
      table("Kinds", ["Kind", "Succeeded", "Failed", "Mean time"], overview.kinds.map(kind => h("tr", { "data-key": kind.kind },
        h("th", { scope: "row" }, h("a", { href: address("/jobs/list", { kind: kind.kind }) }, kind.kind)),
        cell("Succeeded", number(kind.succeeded, address("/jobs/list", { kind: kind.kind, state: "succeeded" }))), cell("Failed", kind.failed ? h("span.bad", count(kind.failed)) : h("span.none", "0")), cell("Mean time", duration(kind.meanSeconds)))))),
  ];
}

export function after(main, { overview }, { query }) {
  draw(main.querySelector("#rate"), query.get("span") === "day" ? overview.hours : overview.minutes);
}

const sum = (spans, field) => spans.reduce((total, one) => total + one[field], 0);
const rate = value => value >= 100 ? count(value) : value.toFixed(value >= 10 ? 1 : 2);
const cell = (label, ...content) => h("td", { "data-label": label }, ...content);

const figure = (label, value, note, tone = "") => h("div.figure", { "data-tone": tone }, h("dt", label), h("dd", value), h("dd.note", note));

const table = (caption, head, rows) => h("div.scroll", { tabindex: "0", role: "region", "aria-label": caption },
  h("table.wide", h("thead", h("tr", head.map(text => h("th", { scope: "col" }, text)))), h("tbody", rows)));

function queueRow(queue) {
  const link = state => number(queue.states[state], address("/jobs/list", { state, queue: queue.name }));
  return h("tr", { "data-key": queue.name },
    h("th", { scope: "row" }, h("a", { href: address("/jobs/list", { queue: queue.name }) }, queue.name), queue.paused && h("span.badge", { "data-state": "paused" }, "paused")),
    cell("Queued", link("queued")), cell("Oldest", queue.oldestWaitingSeconds === null ? "–" : span(queue.oldestWaitingSeconds)),
    cell("Running", link("running")), cell("Scheduled", link("scheduled")), cell("Waiting", link("waiting")), cell("Dead", link("dead")),
    h("td.actions", h("button", { type: "button", "data-action": queue.paused ? "resume" : "pause", "data-name": queue.name, "aria-label": `${queue.paused ? "Resume" : "Pause"} queue ${queue.name}` }, queue.paused ? "Resume" : "Pause")));
}

const workerItem = worker => h("li", { "data-key": worker.id },
  h("div.worker-head", h("strong", worker.process),
    h("span", { class: worker.alive ? "muted" : "bad" }, worker.alive ? "lease ends " : "lease ended ", when(worker.leaseExpiresAt)),
    h("span.muted", `${Math.min(worker.running.length, worker.concurrency)} of ${worker.concurrency} places, ${count(worker.held)} claimed, up for ${took(worker.startedAt)}`)),
  worker.running.length > 0 && h("ul", worker.running.slice(0, 12).map(one => h("li", { "data-key": one.id }, job(one.id), ` ${one.kind} `, h("span.muted", `${owner(one.organization)} · ${took(one.startedAt)}`), one.progress !== null && h("progress", { value: one.progress, max: 1, "aria-label": `Progress of job ${one.id}` }), one.progressText && h("span.muted", ` ${one.progressText}`))),
    worker.running.length > 12 && h("li.muted", `and ${worker.running.length - 12} more`)));
