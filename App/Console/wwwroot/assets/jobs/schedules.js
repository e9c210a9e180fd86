// What fires when, and how it went.

import { tryGet } from "./api.js";
import { h } from "./dom.js";
import { address, duration, job, when } from "./words.js";

export const title = () => "Schedules";

// Background jobs have pages of their own.
const background = id => h("a", { href: `/hangfire/jobs/details/${id}` }, `background #${id}`);

export async function load({ query }, signal) {
  const key = query.get("key");
  const [schedules, history] = await Promise.all([
    tryGet("/api/schedules", {}, signal),
    key ? tryGet(`/api/schedules/${encodeURIComponent(key)}/runs`, { limit: 50 }, signal) : null,
  ]);
  return { schedules: schedules?.schedules ?? [], history: history?.runs ?? null };
}

export function render({ schedules, history }, { query }) {
  const key = query.get("key");
  return [
    h("h1", "Schedules"),
    schedules.length === 0 && h("p.panel.waiting", { id: "nothing" }, "There are none."),
    schedules.length > 0 && h("table.jobs", h("caption.sr", "Schedules"),
      h("thead", h("tr", ["Schedule", "When", "Status", "Last run", "Next run", ""].map(text => h("th", { scope: "col" }, text)))),
      h("tbody", schedules.map(row))),
    key && history && h("section.panel", { "aria-labelledby": "history-title" }, h("h2", { id: "history-title" }, `History of ${key}`),
      history.length ? h("ol.history", history.map(fire => h("li", { "data-key": fire.id }, badge(fire.status), " ", when(fire.scheduledFor), " ", h("span.muted", [fire.reason, fire.durationMs === null ? null : duration(fire.durationMs / 1000)].filter(Boolean).join(" · ")), " ", fire.jobId && job(fire.jobId), fire.backgroundJobId && background(fire.backgroundJobId), fire.error && h("p.error-line", fire.error.split("\n", 1)[0])))) : h("p.muted", "It has not fired yet.")),
  ];
}

function row(one) {
  const last = one.lastRun && typeof one.lastRun === "object" ? one.lastRun : one.lastRun ? { scheduledFor: one.lastRun } : null;
  const fires = one.nextFires ?? one.next ?? [];
  const button = (action, text) => h("button", { type: "button", "data-action": action, "data-key": action, "data-name": one.key, "aria-label": `${text} ${one.key}` }, text);
  return h("tr", { "data-key": one.key },
    h("th", { scope: "row" }, h("a", { href: address("/jobs/schedules", { key: one.key }) }, one.key), one.description && h("p.muted", one.description)),
    h("td", { "data-label": "When" }, h("code", one.cron), h("span.muted", ` ${one.timeZone ?? ""}`), one.overlap === "queue" && h("p.muted", "may overlap")),
    h("td", { "data-label": "Status" }, badge(one.status ?? (one.paused ? "paused" : "up"))),
    h("td", { "data-label": "Last run" }, last ? [when(last.startedAt ?? last.scheduledFor), last.status && [" ", badge(last.status)], last.durationMs !== null && last.durationMs !== undefined && h("span.muted", ` ${duration(last.durationMs / 1000)}`), last.jobId && [" ", job(last.jobId)], last.backgroundJobId && [" ", background(last.backgroundJobId)]] : "–"),
    h("td", { "data-label": "Next run" }, when(one.nextRun), fires.length > 1 && h("details.fires", h("summary", "then"), h("ul", fires.slice(1).map(at => h("li", new Date(at).toLocaleString("en-GB")))))),
    h("td.actions", button("trigger", "Run now"), button(one.paused ? "resumeSchedule" : "pauseSchedule", one.paused ? "Resume" : "Pause")));
}

const badge = status => h("span.badge", { "data-state": status }, status);
