// Attempts over time: succeeded as columns, failed over them.

/* global uPlot */

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const plots = new WeakMap();

/** Draws or redraws; `spans` are `{ at, succeeded, failed }`, the oldest first. */
export function draw(host, spans) {
  const data = [spans.map(one => Date.parse(one.at) / 1000), spans.map(one => one.succeeded + one.failed), spans.map(one => one.failed)];
  const known = plots.get(host);
  if (known && known.spans === spans.length) { known.plot.setData(data); return; }
  known?.plot.destroy();
  if (!known) {
    new ResizeObserver(() => plots.get(host)?.plot.setSize(size(host))).observe(host);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      const { plot } = plots.get(host);
      plots.delete(host);
      plot.destroy();
      if (host.isConnected) plots.set(host, { plot: new uPlot(options(host), plot.data, host), spans: plot.data[0].length });
    });
  }
  plots.set(host, { plot: new uPlot(options(host), data, host), spans: spans.length });
}

const size = host => ({ width: host.clientWidth, height: host.clientHeight });

function options(host) {
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { stroke: colour("muted"), font, ticks: { show: false }, grid: { stroke: colour("grid"), width: 1 } };
  const bars = uPlot.paths.bars({ size: [0.8, 40], radius: 0.15 });
  return {
    ...size(host),
    legend: { show: false },
    padding: [10, 18, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    // Half a column beyond the first and the last, so that none is cut.
    scales: { x: { range: (plot, low, high) => { const half = (plot.data[0][1] - plot.data[0][0]) / 2 || 30; return [low - half, high + half]; } }, y: { range: (_, low, high) => [0, Math.max(high ?? 0, 4) * 1.05] } },
    axes: [{ ...axis, size: 26, grid: { show: false }, values: (_, ticks) => ticks.map(at => new Date(at * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })) }, { ...axis, size: 56, values: (_, ticks) => ticks.map(short) }],
    series: [{}, series("good-line", bars), series("bad-line", bars)],
  };
}

const series = (name, paths) => ({ fill: colour(name), stroke: colour(name), width: 0, paths, points: { show: false } });

const short = value => value >= 1e6 ? `${value / 1e6}M` : value >= 1000 ? `${value / 1000}k` : `${value}`;
