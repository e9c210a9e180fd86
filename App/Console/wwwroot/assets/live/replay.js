// A hand that the server has made up, frame by frame, for those without a camera.

export class Replay {
  #timer = 0;

  /** Hands each frame to `show`, again and again; null where no hand is in view. */
  async start(show) {
    const response = await fetch("/live/replay.json", { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`The replay cannot be had: the server answered ${response.status}.`);
    const { fps, text, frames } = await response.json();
    let next = 0;
    this.stop();
    this.#timer = setInterval(() => {
      show(frames[next]);
      next = (next + 1) % frames.length;
    }, 1000 / fps);
    return text;
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }
}
