// What the buttons do. Whatever cannot be taken back asks first.

import { send } from "./api.js";
import { describe, filter } from "./list.js";
import { filter as meant } from "./messages.js";

const count = (n, what) => `${n.toLocaleString("en-GB")} ${what}${n === 1 ? "" : "s"}`;

/** Each gets the button's data and the view; it answers what to say, or null when nothing was done. */
export const actions = {
  async retry({ id }) {
    await send("POST", `/api/jobs/${id}/retry`);
    return `Job ${id} is queued.`;
  },
  async cancel({ id }, _, confirm) {
    if (!await confirm("Cancel this job?", "If it runs, it is told to stop, and does within seconds.", "Cancel the job")) return null;
    await send("POST", `/api/jobs/${id}/cancel`);
    return `Job ${id} is cancelled.`;
  },
  async remove({ id }, _, confirm) {
    if (!await confirm("Delete this job?", "Its arguments, errors and log are gone for good.", "Delete")) return null;
    await send("DELETE", `/api/jobs/${id}`);
    return `Job ${id} is deleted.`;
  },
  async redriveAll(_, { query }, confirm) {
    if (!await confirm("Retry all of these jobs?", `All jobs with ${describe(query)} are queued again with all their attempts, also those that are not on this page.`, "Retry all")) return null;
    const { redriven } = await send("POST", "/api/jobs/redrive", filter(query));
    return `${count(redriven, "job")} queued again.`;
  },
  async cancelAll(_, { query }, confirm) {
    if (!await confirm("Cancel all of these jobs?", `All jobs with ${describe(query)} are cancelled, also those that are not on this page. Jobs that run are told to stop.`, "Cancel all")) return null;
    const { cancelled } = await send("POST", "/api/jobs/cancel", filter(query));
    return `${count(cancelled, "job")} cancelled.`;
  },
  async pause({ name }) {
    await send("POST", `/api/queues/${encodeURIComponent(name)}/pause`);
    return `Queue ${name} is paused: what runs goes on, nothing else is begun.`;
  },
  async resume({ name }) {
    await send("POST", `/api/queues/${encodeURIComponent(name)}/resume`);
    return `Queue ${name} goes on.`;
  },
  async trigger({ name }) {
    await send("POST", `/api/schedules/${encodeURIComponent(name)}/trigger`);
    return `${name} is queued.`;
  },
  async pauseSchedule({ name }) {
    await send("POST", `/api/schedules/${encodeURIComponent(name)}/pause`);
    return `${name} is paused.`;
  },
  async resumeSchedule({ name }) {
    await send("POST", `/api/schedules/${encodeURIComponent(name)}/resume`);
    return `${name} goes on.`;
  },
  async cancelRun({ id }, _, confirm) {
    if (!await confirm("Cancel this run?", "Steps that run are stopped, and no other begins.", "Cancel the run")) return null;
    await send("POST", `/api/runs/${id}/cancel`);
    return "The run is cancelled.";
  },
  async retryRun({ id }) {
    await send("POST", `/api/runs/${id}/retry`);
    return "The run goes on from the failed step.";
  },
  async redriveMessage({ id, state }, _, confirm) {
    if (state === "uncertain" && !await confirm("Send this message again?", "Nobody knows whether it was delivered. Its recipient may get it twice.", "Send again")) return null;
    await send("POST", `/api/messages/${id}/redrive`);
    return "The message is sent again.";
  },
  async redriveMessages(_, { query }, confirm) {
    const asked = meant(query);
    const words = Object.entries(asked).map(([name, value]) => `${name} “${value}”`).join(", ");
    const doubt = asked.status === "uncertain" ? " Nobody knows whether they were delivered: their recipients may get them twice." : "";
    if (!await confirm("Send all of these messages again?", `All messages with ${words} are sent again, also those that are not on this page.${doubt}`, "Send all again")) return null;
    const { redriven } = await send("POST", "/api/messages/redrive", asked);
    return `${count(redriven, "message")} sent again.`;
  },
  approve: ({ id }, { query }) => decide(id, query.get("step"), true),
  refuse: ({ id }, { query }) => decide(id, query.get("step"), false),
};

async function decide(id, step, approved) {
  await send("POST", `/api/runs/${id}/steps/${encodeURIComponent(step)}/approve`, { approved });
  return approved ? `Step ${step} is approved.` : `Step ${step} is refused.`;
}
