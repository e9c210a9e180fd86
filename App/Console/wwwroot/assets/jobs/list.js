// Jobs by state and search. Everything that was chosen stands in the address.

import { get } from "./api.js";
import { h } from "./dom.js";
import { address, count, job, owner, state, took, when } from "./words.js";

const states = ["queued", "running", "scheduled", "waiting", "succeeded", "dead", "cancelled"];
const texts = { text: "Arguments or error", kind: "Kind", queue: "Queue", organization: "Organization", key: "Unique, order or limit key", error: "Error" };
const times = { createdFrom: "Created from", createdTo: "Created before", finishedFrom: "Ended from", finishedTo: "Ended before" };
const limit = 50;
const mostRounds = 12;

export const title = ({ query }) => `${query.get("state") ? `${query.get("state")[0].toUpperCase()}${query.get("state").slice(1)} jobs` : "Jobs"}`;

/** What the address asks of the server; times in the address are local. */
export function filter(query) {
  const asked = {};
  for (const name of ["state", ...Object.keys(texts)]) if (query.get(name)) asked[name] = query.get(name);
  if (query.get("organization") === "(product)") asked.organization = "";
  for (const name of Object.keys(times)) if (query.get(name) && !Number.isNaN(Date.parse(query.get(name)))) asked[name] = new Date(query.get(name)).toISOString();
  return asked;
}

export async function load({ query }, signal, show) {
  const asked = filter(query);
  const began = performance.now();
  const [overview, { queues }] = await Promise.all([get("/api/jobs/overview", {}, signal), get("/api/queues", {}, signal)]);
  const jobs = [];
  let next = query.get("before");
  for (let round = 1; ; round++) {
    const page = await get("/api/jobs", { ...asked, limit: limit - jobs.length, cursor: next }, signal);
    jobs.push(...page.jobs);
    next = page.next;
    // A rare job among millions takes several looks; what is found meanwhile is shown.
    const done = next === null || jobs.length === limit || round === mostRounds;
    const data = { overview, queues, jobs, next, searching: !done, cost: performance.now() - began };
    if (done) return data;
    show(data);
  }
}

export function render({ overview, queues, jobs, next, searching }, { query }) {
  const chosen = query.get("state") ?? "";
  const rest = Object.fromEntries([...query].filter(([name]) => name !== "state" && name !== "before"));
  const more = Object.keys({ ...texts, ...times }).filter(name => !["text", "kind"].includes(name) && query.get(name)).length;
  return [
    h("h1", title({ query })),
    h("nav.tabs", { "aria-label": "States" }, ["", ...states].map(name => h("a", { href: address("/jobs/list", { ...rest, state: name }), "aria-current": name === chosen && "page" },
      name || "all", name && name !== "succeeded" && h("span.count", count(overview.states[name]))))),
    h("form.filters", { id: "filters", role: "search", "aria-label": "Find jobs" },
      chosen && h("input", { type: "hidden", name: "state", value: chosen }),
      h("div.search", h("label.sr", { for: "text" }, "Search arguments and errors"), h("input", { id: "text", name: "text", type: "search", placeholder: "Search arguments and errors, or a job number", value: query.get("text") ?? "", spellcheck: "false", autocomplete: "off" }),
        h("label.sr", { for: "kind" }, "Kind"), h("input", { id: "kind", name: "kind", placeholder: "Kind, such as mail.*", list: "kinds", value: query.get("kind") ?? "", spellcheck: "false", autocomplete: "off" }),
        h("datalist", { id: "kinds" }, overview.kinds.map(kind => h("option", { value: kind.kind }))),
        h("button", { type: "submit" }, "Search")),
      h("details.more", { open: more > 0 }, h("summary", more ? `More filters (${more} set)` : "More filters"),
        h("div.fields",
          h("label", texts.queue, h("select", { name: "queue" }, h("option", { value: "" }, "any"), [...new Set([...queues.map(queue => queue.name), ...(query.get("queue") ? [query.get("queue")] : [])])].map(name => h("option", { value: name, selected: query.get("queue") === name }, name)))),
          ["organization", "key", "error"].map(name => h("label", texts[name], h("input", { name, value: query.get(name) ?? "", spellcheck: "false", autocomplete: "off", placeholder: name === "organization" ? "(product) for its own" : null }))),
          Object.entries(times).map(([name, label]) => h("label", label, h("input", { name, type: "datetime-local", value: query.get(name) ?? "" }))))),
      h("p.bulk", bulk(chosen), query.size > (chosen ? 1 : 0) && h("a", { href: address("/jobs/list", { state: chosen }) }, "Clear the search"),
        /^#?\d+$/.test(query.get("text") ?? "") && job(query.get("text").replace("#", ""), `Open job ${query.get("text")}`))),
    h("p.sr", { role: "status" }, searching ? "Searching" : `${jobs.length} jobs shown`),
    jobs.length > 0 && h("table.jobs", h("caption.sr", "Jobs, the newest first"),
      h("thead", h("tr", ["Job", "State", "Queue", "Attempts", "Created", "Ran for", "Last word"].map(text => h("th", { scope: "col" }, text)))),
      h("tbody", jobs.map(row))),
    jobs.length === 0 && !searching && h("p.panel.waiting", { id: "nothing" }, next ? "Nothing found so far." : query.size ? "No job matches." : "No jobs yet."),
    h("p.pages", searching && h("span.muted", "Looking through older jobs …"),
      query.get("before") && h("a", { href: address("/jobs/list", { ...rest, state: chosen }) }, "Newest"),
      !searching && next && h("a", { href: address("/jobs/list", { ...rest, state: chosen, before: next }), rel: "next" }, jobs.length < limit ? "Go on searching" : "Older")),
  ];
}

function bulk(chosen) {
  const button = (action, text) => h("button", { type: "button", "data-action": action }, text);
  return [
    ["dead", "cancelled", "scheduled"].includes(chosen) && button("redriveAll", "Retry all of these …"),
    ["queued", "scheduled", "waiting", "running"].includes(chosen) && button("cancelAll", "Cancel all of these …"),
  ];
}

function row(one) {
  const word = one.error ? h("span.error-line", firstLine(one.error)) : one.waitsFor ? `waits for ${one.waitsFor}` : one.progressText ?? h("code.args", one.args);
  return h("tr", { "data-key": one.id },
    h("th", { scope: "row" }, h("a.kind", { href: `/jobs/${one.id}` }, h("span.id", `#${one.id}`), " ", one.kind)),
    h("td", { "data-label": "State" }, state(one.state), one.cancelRequested && one.state === "running" && h("span.muted", " stopping"), one.state === "scheduled" && h("span.muted", " ", when(one.runAt))),
    h("td", { "data-label": "Queue" }, one.queue, h("span.muted", ` · ${owner(one.organization)}`)),
    h("td", { "data-label": "Attempts" }, `${one.attempt} of ${one.maxAttempts}`),
    h("td", { "data-label": "Created" }, when(one.createdAt)),
    h("td", { "data-label": "Ran for" }, one.startedAt && (one.finishedAt || one.state === "running") ? took(one.startedAt, one.finishedAt) : "–"),
    h("td.word", { "data-label": one.error ? "Error" : "Last word" }, word, one.progress !== null && one.state === "running" && h("progress", { value: one.progress, max: 1, "aria-label": "Progress" })));
}

const firstLine = text => text.split("\n", 1)[0];

/** The filter in words, for whoever confirms. */
export const describe = query => Object.entries(filter(query)).map(([name, value]) => `${(texts[name] ?? times[name] ?? name).toLowerCase()} “${value || "the product"}”`).join(", ");

