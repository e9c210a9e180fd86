// The page: which view the address names, the loop that keeps it fresh, and what is clicked and typed.

import { actions } from "./actions.js";
import { NotFound, Refused, ServerAway, SignedOut } from "./api.js";
import { h, update } from "./dom.js";
import * as job from "./job.js";
import * as list from "./list.js";
import * as models from "./models.js";
import * as overview from "./overview.js";
import * as runs from "./runs.js";
import * as schedules from "./schedules.js";
import * as webhooks from "./webhooks.js";
import { address } from "./words.js";

const $ = id => document.getElementById(id);
const pollMs = 1500;
const longestWaitMs = 15_000;
// What takes the server long is asked for seldom.
const costFactor = 10;
const typingMs = 350;
const toastMs = 6000;

const routes = [
  [/^\/jobs\/?$/, overview], [/^\/jobs\/list$/, list], [/^\/jobs\/(\d+)$/, job], [/^\/jobs\/schedules$/, schedules], [/^\/jobs\/runs$/, runs], [/^\/jobs\/runs\/([\w-]+)$/, runs],
  [/^\/webhooks\/?$/, webhooks], [/^\/webhooks\/(\d+)$/, webhooks], [/^\/models\/?$/, models],
];

let view = null;
let stop = new AbortController();
let timer = 0;
let failures = 0;

function read() {
  for (const [pattern, page] of routes) {
    const match = pattern.exec(location.pathname);
    if (match) return { page, id: match[1] ?? null, query: new URLSearchParams(location.search) };
  }
  return { page: overview, id: null, query: new URLSearchParams() };
}

/** Goes to an address of the dashboard, without loading the page again. */
function go(href, replace = false) {
  if (href === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", href);
  restart();
}

/** Asks at once for what the address names, and drops what was under way. */
function restart() {
  stop.abort();
  stop = new AbortController();
  clearTimeout(timer);
  const next = read();
  if (next.page !== view?.page || next.id !== view?.id) {
    $("main").replaceChildren(h("p.loading.muted", "Loading …"));
    scrollTo(0, 0);
  }
  view = next;
  const tab = view.page === job ? "/jobs/list" : view.page === runs ? "/jobs/runs" : view.page === webhooks ? "/webhooks" : location.pathname.replace(/\/$/, "");
  for (const link of $("views").children) if (link.getAttribute("href") === tab) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  poll(view, stop.signal);
}

async function poll(current, signal) {
  if (document.hidden) { say("paused", "Paused"); return; }
  let wait = pollMs;
  try {
    const began = performance.now();
    const data = await current.page.load(current, signal, part => { if (!signal.aborted) show(current, part); });
    if (signal.aborted) return;
    show(current, data);
    failures = 0;
    $("banner").hidden = true;
    say("live", "Live");
    wait = Math.min(longestWaitMs, Math.max(pollMs, (performance.now() - began - 300) * costFactor));
  } catch (error) {
    if (signal.aborted) return;
    wait = report(error);
  }
  if (wait !== null && !signal.aborted) timer = setTimeout(() => poll(current, signal), wait);
}

function show(current, data) {
  document.title = `${current.page.title(current)} · ${current.page === webhooks || current.page === models ? "" : "Jobs · "}Tandem`;
  const wanted = h("main");
  wanted.append(...current.page.render(data, current).flat(Infinity).filter(Boolean));
  update($("main"), wanted.childNodes);
  current.page.after?.($("main"), data, current);
}

/** Says what went wrong; answers how long to wait, or null when trying again is of no use. */
function report(error) {
  if (error instanceof SignedOut) {
    say("away", "Signed out");
    banner("The key is no longer accepted.", { href: location.pathname + location.search, text: "Sign in again" });
    return null;
  }
  failures++;
  say("away", error instanceof ServerAway || error instanceof NotFound ? "No connection" : "Refused");
  banner(error instanceof ServerAway ? `${error.message} Trying again …` : error.message || "Something went wrong.");
  return Math.max((error.retryAfterSeconds ?? 0) * 1000, Math.min(longestWaitMs, pollMs * 2 ** Math.min(failures - 1, 3)));
}

function banner(text, link = null) {
  $("banner").replaceChildren(text, ...(link ? [" ", h("a", { href: link.href, "data-reload": true }, link.text)] : []));
  $("banner").hidden = false;
}

function say(state, text) {
  $("live").dataset.state = state;
  if ($("live-text").textContent !== text) $("live-text").textContent = text;
}

let toastTimer = 0;

function toast(text, bad = false) {
  $("toast").textContent = text;
  $("toast").dataset.tone = bad ? "bad" : "";
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { $("toast").hidden = true; }, toastMs);
}

function confirm(title, text, yes) {
  $("confirm-title").textContent = title;
  $("confirm-text").textContent = text;
  $("confirm-yes").textContent = yes;
  $("confirm").returnValue = "no";
  $("confirm").showModal();
  return new Promise(done => $("confirm").addEventListener("close", () => done($("confirm").returnValue === "yes"), { once: true }));
}

async function act(button) {
  button.disabled = true;
  try {
    const said = await actions[button.dataset.action]({ ...button.dataset }, view, confirm);
    if (said === null) return;
    toast(said);
    restart();
  } catch (error) {
    if (error instanceof SignedOut) report(error);
    else toast(error instanceof Refused ? error.message : "The server does not answer. Try again.", true);
  } finally {
    button.disabled = false;
  }
}

function search(form, replace) {
  const words = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
  go(address("/jobs/list", words), replace);
}

document.addEventListener("click", event => {
  const button = event.target.closest("button[data-action]");
  if (button) { act(button); return; }
  const link = event.target.closest("a[href^='/jobs'], a[href^='/webhooks'], a[href^='/models'], [data-href]");
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || "reload" in link.dataset) return;
  event.preventDefault();
  go(link.dataset.href ?? link.getAttribute("href"));
});
document.addEventListener("keydown", event => {
  const step = event.target.closest?.("[data-href]");
  if (step && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); go(step.dataset.href); }
  // As elsewhere: a slash leads to the search.
  if (event.key === "/" && !event.target.closest("input, select, textarea") && $("text")) { event.preventDefault(); $("text").focus(); }
});
document.addEventListener("submit", event => {
  if (event.target.id !== "filters") return;
  event.preventDefault();
  search(event.target, false);
});
let typing = 0;
document.addEventListener("input", event => {
  const form = event.target.closest("#filters");
  if (!form) return;
  clearTimeout(typing);
  typing = setTimeout(() => search(form, true), typingMs);
});
window.addEventListener("popstate", restart);
window.addEventListener("online", restart);
document.addEventListener("visibilitychange", restart);

restart();
