// Events that providers have sent: which came, what they came to, and doing one again.

import { NotFound, get } from "./api.js";
import { h } from "./dom.js";
import { address, when } from "./words.js";

const states = ["received", "processed", "failed", "unreadable"];
const providers = ["whatsapp", "paystack", "korapay"];

export const title = ({ id }) => id ? `Event ${id}` : "Webhooks";

export async function load({ id, query }, signal) {
  if (!id) return get("/api/webhook-events", { provider: query.get("provider"), state: query.get("state"), limit: 50, cursor: query.get("before") }, signal);
  try {
    return await get(`/api/webhook-events/${id}`, {}, signal);
  } catch (error) {
    if (error instanceof NotFound) return null;
    throw error;
  }
}

export const render = (data, view) => view.id ? one(data, view) : list(data, view);

function list({ events, next }, { query }) {
  const [state, provider] = [query.get("state") ?? "", query.get("provider") ?? ""];
  const link = words => address("/webhooks", { state, provider, ...words });
  return [
    h("h1", "Webhooks"),
    h("nav.tabs", { "aria-label": "States" }, ["", ...states].map(name => h("a", { href: link({ state: name }), "aria-current": name === state && "page" }, name || "all"))),
    h("nav.tabs", { "aria-label": "Providers" }, ["", ...providers].map(name => h("a", { href: link({ provider: name }), "aria-current": name === provider && "page" }, name || "every provider"))),
    events.length === 0 && h("p.panel.waiting", { id: "nothing" }, state || provider ? "No event matches." : "No provider has sent anything yet. Their addresses are /webhooks/whatsapp, /webhooks/paystack and /webhooks/korapay."),
    events.length > 0 && h("table.jobs", h("caption.sr", "Events, the newest first"),
      h("thead", h("tr", ["Event", "State", "Came", "Repeats", "Attempts", "What it came to"].map(text => h("th", { scope: "col" }, text)))),
      h("tbody", events.map(row))),
    h("p.pages", query.get("before") && h("a", { href: link({}) }, "Newest"), next && h("a", { href: link({ before: next }), rel: "next" }, "Older")),
  ];
}

function row(event) {
  return h("tr", { "data-key": event.id },
    h("th", { scope: "row" }, h("a", { href: `/webhooks/${event.id}` }, h("span.id", `#${event.id}`), ` ${event.provider} ${event.type}`)),
    h("td", { "data-label": "State" }, badge(event.state)),
    h("td", { "data-label": "Came" }, when(event.receivedAt)),
    h("td", { "data-label": "Repeats" }, event.repeats),
    h("td", { "data-label": "Attempts" }, event.attempts),
    h("td.word", { "data-label": event.error ? "Error" : "Outcome" }, event.error ? h("span.error-line", event.error) : event.outcome ?? "–"));
}

function one(event, { id }) {
  if (!event) return [h("h1", `There is no event ${id}`), h("p.panel", "It was pruned, or never came. ", h("a", { href: "/webhooks" }, "All events"))];
  return [
    h("p.crumbs", h("a", { href: "/webhooks" }, "Webhooks"), " · ", h("a", { href: address("/webhooks", { provider: event.provider }) }, event.provider)),
    h("div.title", h("h1", event.type || "(no type)"), h("span.muted", `#${event.id}`), badge(event.state),
      h("div.buttons", h("button.primary", { type: "button", "data-action": "replay", "data-id": event.id, "data-key": "replay" }, "Replay"))),
    h("dl.facts.panel",
      fact("Provider", event.provider), fact("Came", when(event.receivedAt)), event.processedAt && fact("Processed", when(event.processedAt)),
      fact("Came again", `${event.repeats} times`), fact("Attempts", event.attempts), fact("Size", `${event.bytes.toLocaleString("en-GB")} bytes`), fact("Known again by", h("code", event.key))),
    event.error && h("section.panel", h("h2", "Error"), h("p.error-line", event.error)),
    event.outcome && h("section.panel", h("h2", "Outcome"), h("p", event.outcome)),
    h("section.panel", h("h2", "Headers"), h("pre", { tabindex: "0", role: "region", "aria-label": "Headers" }, Object.entries(event.headers).map(([name, value]) => `${name}: ${value}\n`).join(""))),
    // As it came, byte for byte: that is what was signed.
    h("section.panel", h("h2", "Body"), h("pre", { id: "body", tabindex: "0", role: "region", "aria-label": "Body" }, event.body)),
  ];
}

const tones = { received: "ready", processed: "succeeded", failed: "failed", unreadable: "failed" };
const badge = state => h("span.badge", { "data-state": tones[state] }, state);
const fact = (label, value) => h("div", { "data-key": label }, h("dt", label), h("dd", typeof value === "number" ? String(value) : value));
