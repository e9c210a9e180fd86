// The peer's own kind of client (Node, ws), for both servers: closed loop, one frame in flight on each connection.
// node live-load.mjs <folder of the peers> --url ws://… --conns 8 --frames 8000 --format binary|json --seq true|false --key …
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const peers = process.argv[2];
const WebSocket = createRequire(path.join(peers, 'ws/load.mjs'))('ws');
const { args, now, stats, round, print } = await import(pathToFileURL(path.join(peers, 'lib/common.mjs')));
const a = args({ url: '', conns: 8, frames: 8000, format: 'binary', seq: false, key: '' });
const headers = a.key ? { authorization: `Bearer ${a.key}` } : {};
const sockets = await Promise.all(Array.from({ length: a.conns }, () => new Promise((resolve, reject) => {
  const socket = new WebSocket(a.url, { perMessageDeflate: false, headers });
  socket.once('open', () => { socket._socket.setNoDelay(true); resolve(socket); });
  socket.once('error', reject);
})));
const x = Float32Array.from({ length: 63 }, () => Math.random());
let seq = 0;
function message() {
  x[(Math.random() * 63) | 0] = Math.random();
  if (a.format === 'json') {
    const points = Array.from({ length: 21 }, (_, i) => [x[3 * i], x[3 * i + 1], x[3 * i + 2]]);
    return a.seq ? JSON.stringify({ seq: seq++, landmarks: points }) : JSON.stringify({ landmarks: [[points]] });
  }
  if (!a.seq) return Buffer.from(x.buffer.slice(0));
  const frame = Buffer.allocUnsafe(256);
  frame.writeUInt32LE(seq++ >>> 0, 0);
  frame.set(new Uint8Array(x.buffer), 4);
  return frame;
}
const latencies = [];
const each = Math.ceil(a.frames / a.conns);
const began = now();
await Promise.all(sockets.map(socket => new Promise((resolve, reject) => {
  let got = 0, at = now();
  socket.on('message', () => {
    latencies.push(now() - at);
    if (++got === each) { socket.close(); resolve(); return; }
    at = now();
    socket.send(message());
  });
  socket.on('error', reject);
  socket.send(message());
})));
const seconds = (now() - began) / 1e3;
print({ frames: latencies.length, frames_per_s: round(latencies.length / seconds, 0), frame_ms: stats(latencies, 3) });
process.exit(0);
