// Reads as the console does; writes carry the header that tells the server they come from a page of its own.

import { NotFound, SignedOut, get } from "../api.js";

export { get };
export { NotFound, ServerAway, SignedOut } from "../api.js";

/** The server understood and refused; `message` says why and what to do. */
export class Refused extends Error {}

/** Writes; the body is an object, or a form with files. */
export async function send(method, path, body) {
  const isForm = body instanceof FormData;
  const response = await fetch(path, {
    method,
    headers: { Accept: "application/json", "X-Tandem-Page": "1", ...(body && !isForm ? { "Content-Type": "application/json" } : {}) },
    body: body && (isForm ? body : JSON.stringify(body)),
  });
  if (response.ok) return response.status === 204 ? null : response.json();
  if (response.status === 401) throw new SignedOut();
  const problem = await response.json().catch(() => null);
  const cures = (problem?.errors ?? []).map(error => error.cure).filter(Boolean).join("; ");
  throw new Refused(`${problem?.title ?? `The server answered ${response.status}.`}${cures ? ` ${cures[0].toUpperCase()}${cures.slice(1)}.` : ""}`);
}

/** An answer, or null where this version of the server does not have the call, or the thing is not there. */
export async function tryGet(path, query, signal) {
  try {
    return await get(path, query, signal);
  } catch (error) {
    if (error instanceof NotFound) return null;
    throw error;
  }
}
