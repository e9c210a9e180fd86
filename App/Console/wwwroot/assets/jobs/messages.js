// Messages by state, and one message with its deliveries.

import { tryGet } from "./api.js";
import { h } from "./dom.js";
import { address, duration, json, state, when } from "./words.js";

const statuses = ["pending", "sending", "delivered", "uncertain", "dead"];
const redrivable = ["uncertain", "dead"];

export const title = ({ id }) => id ? "Message" : "Messages";

/** What the address asks of the server. */
export const filter = query => Object.fromEntries(["status", "channel", "to", "error"].filter(name => query.get(name)).map(name => [name, query.get(name)]));

export const load = ({ id, query }, signal) =>
  id ? tryGet(`/api/messages/${id}`, {}, signal) : tryGet("/api/messages", { ...filter(query), limit: 50, cursor: query.get("before") }, signal);

export const render = (data, view) => view.id ? one(data, view) : list(data, view);

function list(data, { query }) {
  const [asked, messages] = [filter(query), data?.messages ?? []];
  const chosen = asked.status ?? "";
  return [
    h("h1", "Messages"),
    h("nav.tabs", { "aria-label": "States" }, ["", ...statuses].map(name => h("a", { href: address("/messages", { ...asked, status: name }), "aria-current": name === chosen && "page" }, name || "all"))),
    h("p.bulk", redrivable.includes(chosen) && h("button", { type: "button", "data-action": "redriveMessages" }, "Send all of these again …"),
      (asked.to || asked.channel || asked.error) && [h("span.muted", Object.entries(asked).filter(([name]) => name !== "status").map(([name, value]) => `${name} ${value}`).join(", ")), " ", h("a", { href: address("/messages", { status: chosen }) }, "Show all")]),
    messages.length === 0 && h("p.panel.waiting", { id: "nothing" }, chosen ? "None is in this state." : "No messages yet."),
    messages.length > 0 && h("table.jobs", h("caption.sr", "Messages, the newest first"),
      h("thead", h("tr", ["To", "State", "Channel", "Attempts", "Created", "Last word"].map(text => h("th", { scope: "col" }, text)))),
      h("tbody", messages.map(message => h("tr", { "data-key": message.id },
        h("th", { scope: "row" }, h("a.kind", { href: `/messages/${message.id}` }, message.to)),
        h("td", { "data-label": "State" }, state(message.status), message.nextAt && h("span.muted", " again ", when(message.nextAt))),
        h("td", { "data-label": "Channel" }, h("a", { href: address("/messages", { status: chosen, channel: message.channel }) }, message.channel)),
        h("td", { "data-label": "Attempts" }, message.attempts),
        h("td", { "data-label": "Created" }, when(message.createdAt)),
        h("td.word", { "data-label": "Last word" }, message.error ? h("span.error-line", message.error) : message.receipt ?? message.eventType ?? "–"))))),
    h("p.pages", query.get("before") && h("a", { href: address("/messages", asked) }, "Newest"), data?.next && h("a", { href: address("/messages", { ...asked, before: data.next }), rel: "next" }, "Older")),
  ];
}

function one(message, { id }) {
  if (!message) return [h("h1", "There is no such message"), h("p.panel", `${id} was pruned, or it is of another organization. `, h("a", { href: "/messages" }, "All messages"))];
  return [
    h("p.crumbs", h("a", { href: "/messages" }, "Messages"), " · ", h("a", { href: address("/messages", { to: message.to }) }, "to this recipient"), " · ", h("a", { href: address("/messages", { status: message.status }) }, `${message.status} messages`)),
    h("div.title", h("h1", { id: "to" }, message.to), state(message.status),
      h("div.buttons", redrivable.includes(message.status) && h("button.primary", { type: "button", "data-action": "redriveMessage", "data-id": message.id, "data-state": message.status, "data-key": "redrive" }, "Send again"))),
    h("dl.facts.panel",
      fact("Channel", message.channel), fact("Id", message.id), message.eventType && fact("Event", message.eventType), fact("Attempts", message.attempts), fact("Created", when(message.createdAt)),
      message.nextAt && fact("Tried again", when(message.nextAt)), message.deliveredAt && fact("Delivered", when(message.deliveredAt)), message.diedAt && fact("Given up", when(message.diedAt)),
      message.providerId && fact("Far side's id", message.providerId), message.receipt && fact("Reported", [message.receipt, " ", when(message.receiptAt)])),
    message.error && h("p.panel.error-line", message.error),
    h("section.panel", { "aria-labelledby": "deliveries-title" }, h("h2", { id: "deliveries-title" }, message.deliveries.length === 0 ? "Not tried yet" : "Deliveries, the last first"),
      [...message.deliveries].reverse().map((delivery, i) => h("details.error", { "data-key": delivery.number, open: i === 0 },
        h("summary", `${delivery.number} `, state(delivery.outcome), " ", h("span.muted", when(delivery.startedAt), ` · ${duration(delivery.latencyMs / 1000)}`, delivery.status ? ` · ${delivery.status}` : ""), delivery.error && [" ", h("span.error-line", delivery.error)]),
        part("Request", delivery.request), part("Answer's headers", delivery.responseHeaders), part("Answer", delivery.responseBody)))),
    h("section.panel", h("h2", "Body"), h("pre", { tabindex: "0", role: "region", "aria-label": "Body" }, json(message.body))),
  ];
}

const fact = (label, value) => h("div", { "data-key": label }, h("dt", label), h("dd", typeof value === "number" ? String(value) : value));
const part = (label, value) => value && [h("h3", label), h("pre", { tabindex: "0", role: "region", "aria-label": label }, json(value))];
