// The curve: the appliances stacked, measured power as a line over them, and a crosshair for pointer and keys.

import * as format from "./format.js";

/* global uPlot */

const colours = () => {
  const style = getComputedStyle(document.documentElement);
  return name => style.getPropertyValue(`--${name}`).trim() || style.getPropertyValue("--extra").trim();
};

export class Chart {
  #plot = null;
  #shape = "";
  #frame = null;

  /** `onCursor` gets the index under the crosshair, or null when it left. */
  constructor(host, onCursor) {
    this.host = host;
    this.onCursor = onCursor;
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(host);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#rebuild());
    host.addEventListener("keydown", event => this.#onKey(event));
    host.addEventListener("blur", () => this.#plot?.setCursor({ left: -10, top: -10 }));
  }

  show(frame) {
    this.#frame = frame;
    const shape = `${frame.appliances.join()} ${this.#isDense()}`;
    if (!this.#plot || shape !== this.#shape) {
      this.#shape = shape;
      this.#rebuild();
    } else this.#plot.setData(columns(frame));
  }

  // Where a minute is a pixel wide, a thick line would hide the colour of short peaks.
  #isDense() { return this.#frame.end - this.#frame.start > 6 * 3600; }

  // On a phone several points share a pixel: there the line lets the stack shine through.
  #line(colour) { return this.#frame.x.length > 2 * this.host.clientWidth ? `color-mix(in srgb, ${colour} 55%, transparent)` : colour; }

  #size() { return { width: this.host.clientWidth, height: this.host.clientHeight }; }

  #rebuild() {
    if (!this.#frame) return;
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#options(colours()), columns(this.#frame), this.host);
  }

  #options(colour) {
    const stepped = uPlot.paths.stepped({ align: 1 });
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: colour("muted"), font, ticks: { show: false }, grid: { stroke: colour("grid"), width: 1 } };
    const layers = [...this.#frame.appliances].reverse();
    return {
      ...this.#size(),
      legend: { show: false },
      padding: [12, 26, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { range: () => [this.#frame.start, this.#frame.end] }, y: { range: (_, low, high) => rangeOf(low, high) } },
      axes: [
        { ...axis, size: 42, space: 74, values: (_, splits) => splits.map(timeLabel) },
        { ...axis, size: 58, space: 44, values: (_, splits) => splits.map(at => Math.max(...splits.map(Math.abs)) >= 2000 ? format.kilowatts(at) : format.watts(at)) },
      ],
      series: [
        {},
        ...layers.map(name => ({ paths: stepped, fill: colour(name), stroke: "transparent", width: 0, points: { show: false } })),
        { paths: stepped, fill: colour("feed"), stroke: "transparent", width: 0, points: { show: false } },
        { paths: stepped, stroke: this.#line(colour("measured")), width: this.#isDense() ? 1 : 1.5, points: { show: false } },
      ],
      hooks: {
        drawSeries: [(plot, index) => { if (index === layers.length) this.#hatchProvisional(plot, colour); }],
        draw: [plot => this.#markFeeding(plot, colour, font)],
        setCursor: [plot => this.onCursor(plot.cursor.left < 0 ? null : plot.cursor.idx)],
      },
    };
  }

  // Painted over the stack and under the line: paler, and striped, so that it does not rest on colour alone.
  #hatchProvisional(plot, colour) {
    const { ctx, bbox } = plot;
    for (const [from, to] of this.#frame.provisional) {
      const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, "x", true));
      if (right <= left) continue;
      ctx.save();
      ctx.globalAlpha = 0.45;
      ctx.fillStyle = colour("panel");
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      ctx.globalAlpha = 0.55;
      ctx.fillStyle = stripes(ctx, colour("panel"));
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      ctx.restore();
    }
  }

  #markFeeding(plot, colour, font) {
    if (plot.scales.y.min >= 0) return;
    const { ctx, bbox } = plot;
    const zero = Math.round(plot.valToPos(0, "y", true)) + 0.5;
    ctx.save();
    ctx.strokeStyle = colour("muted");
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, zero);
    ctx.lineTo(bbox.left + bbox.width, zero);
    ctx.stroke();
    ctx.fillStyle = colour("good");
    ctx.font = font.replace("12px", `600 ${12 * devicePixelRatio}px`);
    ctx.textBaseline = "bottom";
    ctx.textAlign = "left";
    ctx.fillText("feeding into the grid", bbox.left + 8 * devicePixelRatio, bbox.top + bbox.height - 4 * devicePixelRatio);
    ctx.restore();
  }

  #onKey(event) {
    const plot = this.#plot;
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30, Home: -Infinity, End: Infinity };
    if (!plot || !(event.key in moves)) {
      if (event.key === "Escape") plot?.setCursor({ left: -10, top: -10 });
      return;
    }
    event.preventDefault();
    const x = plot.data[0];
    const from = plot.cursor.left < 0 || plot.cursor.idx === null ? x.length - 1 : plot.cursor.idx;
    const to = Math.min(x.length - 1, Math.max(0, from + moves[event.key]));
    // The first bucket may start a little before the left edge.
    plot.setCursor({ left: Math.max(0, plot.valToPos(x[to], "x")), top: 10 });
    this.onCursor(to, true);
  }
}

/** x, the stack from its top to its bottom (each drawn over the one above it), power below zero, measured power. */
function columns({ x, parts, feeding, measured }) {
  const stack = [];
  let below = null;
  for (const part of parts) {
    const top = part.map((watts, i) => watts === null ? null : watts + (below?.[i] ?? 0));
    stack.unshift(top);
    below = top;
  }
  return [x, ...stack, feeding, measured];
}

function rangeOf(low, high) {
  const top = Math.max(high ?? 0, 100) * 1.08;
  return [low < 0 ? Math.min(low * 1.15, -top * 0.12) : 0, top];
}

function timeLabel(at, index) {
  if (format.midnight(at) === at) return format.dayOf(at);
  return index === 0 ? `${format.time(at)}\n${format.dayOf(at)}` : format.time(at);
}

function stripes(ctx, colour) {
  const size = Math.round(7 * devicePixelRatio);
  const tile = new OffscreenCanvas(size, size);
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = 2.2 * devicePixelRatio;
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 1, size + 1);
    pen.lineTo(shift + size + 1, -1);
  }
  pen.stroke();
  return ctx.createPattern(tile, "repeat");
}
