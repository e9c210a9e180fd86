// What the buttons do. Whatever cannot be taken back asks first.

import { Refused, send } from "./api.js";
import { describe, filter } from "./list.js";

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
  async replay({ id }) {
    await send("POST", `/api/webhook-events/${id}/replay`);
    return `Event ${id} is processed again.`;
  },
  async activateModel({ label, name, version, agreement }, _, confirm) {
    const known = agreement ? `Beside the active version it said the same on ${agreement} of live inputs.` : "It has not run beside the active version yet.";
    if (!await confirm(`Activate ${label}?`, `${known} It serves within a second; the version before can be activated again.`, "Activate")) return null;
    await send("POST", `/api/models/${encodeURIComponent(name)}/versions/${version}/activate`);
    return `${label} serves.`;
  },
  async startShadow({ label, name, version }) {
    await send("POST", `/api/models/${encodeURIComponent(name)}/versions/${version}/shadow`);
    return `${label} runs beside the active version.`;
  },
  async stopShadow({ label, name, version }) {
    await send("POST", `/api/models/${encodeURIComponent(name)}/versions/${version}/shadow/stop`);
    return `${label} has stopped.`;
  },
  async uploadModel() {
    const form = document.getElementById("upload");
    const [artifact, spec] = ["artifact", "spec"].map(name => form.elements[name].files[0]);
    if (!artifact || !spec) throw new Refused("Choose the model (.onnx) and its spec (.json).");
    const text = await spec.text();
    const name = readName(text);
    const body = new FormData();
    body.append("artifact", artifact);
    body.append("spec", text);
    const added = await send("POST", `/api/models/${encodeURIComponent(name)}/versions`, body);
    form.reset();
    return `${added.name}@${added.version} is a candidate.`;
  },
  approve: ({ id }, { query }) => decide(id, query.get("step"), true),
  refuse: ({ id }, { query }) => decide(id, query.get("step"), false),
};

function readName(spec) {
  try {
    return JSON.parse(spec).name ?? "";
  } catch {
    throw new Refused("The spec is no JSON: choose the .json that stands beside the model.");
  }
}

async function decide(id, step, approved) {
  await send("POST", `/api/runs/${id}/steps/${encodeURIComponent(step)}/approve`, { approved });
  return approved ? `Step ${step} is approved.` : `Step ${step} is refused.`;
}
