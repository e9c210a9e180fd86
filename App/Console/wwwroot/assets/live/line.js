// The connection to the server: a ticket, a WebSocket, frames out, answers in. It comes back by itself.

const longestWaitMs = 10_000;
const shortestWaitMs = 250;
// More unanswered frames than these, and the next is left out: late letters are of no use.
const mostUnanswered = 4;
const goingAway = 1001;

/** The key was revoked or the cookie has ended. */
class SignedOut extends Error {}

async function ticket() {
  const response = await fetch("/api/live/tickets", { method: "POST", headers: { Accept: "application/json", "X-Tandem-Page": "1" } });
  if (response.status === 401 || response.status === 403) throw new SignedOut("The key is no longer accepted.");
  if (!response.ok) throw new Error((await response.json().catch(() => null))?.title ?? `The server answered ${response.status}.`);
  return (await response.json()).ticket;
}

export class Line {
  #socket = null;
  #seq = 0;
  #sentAt = new Map();
  #failures = 0;
  #tell;
  #answer;

  /** @param tell called with a state (connecting, connected, away, signed-out) and a sentence; @param answer with each answer and its milliseconds. */
  constructor(tell, answer) {
    this.#tell = tell;
    this.#answer = answer;
  }

  async connect() {
    this.#tell("connecting", "Connecting");
    try {
      const address = new URL("/ws/landmarks", location.href);
      address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
      address.search = new URLSearchParams({ ticket: await ticket(), spell: "true" });
      this.#open(new WebSocket(address));
    } catch (error) {
      if (error instanceof SignedOut) this.#tell("signed-out", error.message);
      else this.#again("No connection");
    }
  }

  /** Sends 21 points; answers whether it did. */
  send(landmarks, handedness) {
    if (this.#sentAt.size >= mostUnanswered) return false;
    return this.#write({ landmarks, ...(handedness ? { handedness } : {}) });
  }

  /** Changes the word: space, delete, clear. */
  command(command) {
    return this.#write({ command });
  }

  #write(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    const seq = this.#seq++;
    this.#sentAt.set(seq, performance.now());
    this.#socket.send(JSON.stringify({ seq, ...frame }));
    return true;
  }

  #open(socket) {
    this.#socket = socket;
    socket.onopen = () => {
      this.#failures = 0;
      this.#tell("connected", "Connected");
    };
    socket.onmessage = event => {
      const answer = JSON.parse(event.data);
      const sent = this.#sentAt.get(answer.seq);
      this.#sentAt.delete(answer.seq);
      this.#answer(answer, sent === undefined ? null : performance.now() - sent);
    };
    socket.onclose = event => {
      this.#sentAt.clear();
      // A server that is being replaced has another beside it: no need to wait.
      this.#again(event.code === goingAway ? "Moving to another server" : "No connection", event.code === goingAway);
    };
  }

  #again(text, soon = false) {
    this.#tell("away", text);
    const wait = Math.min(longestWaitMs, shortestWaitMs * 2 ** this.#failures++);
    setTimeout(() => this.connect(), (soon ? shortestWaitMs : wait) * (0.75 + Math.random() / 2));
  }
}
