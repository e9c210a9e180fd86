// How times, figures and states read.

import { h } from "./dom.js";
import { count, span } from "../format.js";

export { count, span };

const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** "3 min ago" or "in 2 h", with the exact time on hover. */
export function when(text) {
  if (!text) return "–";
  const at = new Date(text);
  const seconds = (Date.now() - at) / 1000;
  const words = Math.abs(seconds) < 1 ? "now" : seconds > 0 ? `${span(seconds)} ago` : `in ${span(-seconds)}`;
  return h("time", { datetime: at.toISOString(), title: exact.format(at) }, words);
}

/** From one time to another, or until now. */
export const took = (from, to) => from ? duration((new Date(to ?? Date.now()) - new Date(from)) / 1000) : "–";

export const duration = seconds => seconds < 0.0995 ? `${Math.max(0, seconds * 1000).toFixed(seconds < 0.0095 ? 1 : 0)}\u00a0ms` : seconds < 10 ? `${seconds.toFixed(2)}\u00a0s` : span(seconds);

export const state = value => h("span.badge", { "data-state": value }, value);

export const number = (value, link) => value ? h("a", { href: link }, count(value)) : h("span.none", "0");

/** An address of the dashboard; what is null or empty is left out. */
export function address(path, query = {}) {
  const words = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== ""));
  return words.size ? `${path}?${words}` : path;
}

export const job = (id, text = `#${id}`) => h("a", { href: `/jobs/${id}` }, text);

export const owner = organization => organization === "" ? "the product" : organization;

export const json = value => typeof value === "string" ? value : JSON.stringify(value, null, 2);
