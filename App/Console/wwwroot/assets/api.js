// Calls to the server that this page came from; the cookie signs them.

/** The server cannot be reached, is overloaded or its database is away: worth another try. */
export class ServerAway extends Error {
  constructor(message, retryAfterSeconds = 0) {
    super(message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The key was revoked or the cookie has ended. */
export class SignedOut extends Error {}

/** There is no such building. */
export class NotFound extends Error {}

const patienceMs = 20_000;
const mostPages = 20;

async function request(path, query, signal) {
  const address = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) if (value !== null && value !== undefined) address.searchParams.set(name, value);
  try {
    return await fetch(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]), headers: { Accept: "application/json" } });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ServerAway("The server does not answer.");
  }
}

/** One JSON answer. */
export async function get(path, query, signal) {
  const response = await request(path, query, signal);
  if (response.ok) return response.json();
  if (response.status === 401 || response.status === 403) throw new SignedOut();
  if (response.status === 404) throw new NotFound(path);
  const problem = await response.json().catch(() => null);
  const message = problem?.title ?? `The server answered ${response.status} to ${path}.`;
  if (response.status === 429 || response.status >= 500) throw new ServerAway(message, Number(response.headers.get("Retry-After")) || 0);
  throw new Error(message);
}

/** Health answers JSON with 503 as well, which is an answer and no failure. */
export async function getHealth(signal) {
  const response = await request("/health", {}, signal);
  return response.json().catch(() => { throw new ServerAway("The server does not answer."); });
}

/** Hands every page of a list to `take`, following `next`. */
export async function eachPage(path, query, field, take, signal) {
  let cursor = null;
  for (let page = 0; page < mostPages; page++) {
    const answer = await get(path, { ...query, cursor }, signal);
    take(answer[field]);
    cursor = answer.next;
    if (!cursor) return;
  }
}
