// The page: where hands come from, what is read from them.

import { Camera } from "./camera.js";
import { draw } from "./draw.js";
import { Line } from "./line.js";
import { Replay } from "./replay.js";

const $ = id => document.getElementById(id);
const canvas = $("hand");
const latencies = [];
const kept = 120;
const answeredAt = [];

const line = new Line(tell, show);
const camera = new Camera($("video"));
const replay = new Replay();
const sources = { camera, replay };
let running = null;
let lastHandAt = 0;

function say(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

function tell(state, text) {
  $("live").dataset.state = state;
  say("live-text", text);
  if (state === "signed-out") warn(`${text} Open the console and sign in again.`);
}

function warn(text) {
  $("banner").hidden = !text;
  say("banner", text ?? "");
}

function show(answer, milliseconds) {
  if (answer.error) {
    // Without a model the page stays, and says so.
    warn(answer.error.message);
    return;
  }
  warn(null);
  if (answer.spelled) {
    say("word", answer.spelled.text);
    $("progress").value = answer.spelled.progress;
  }
  if (!answer.smoothed) return;
  const { letter, confidence } = answer.smoothed;
  say("letter", letter ?? "–");
  $("letter").dataset.empty = String(letter === null);
  $("confidence").value = letter === null ? 0 : confidence;
  say("confidence-text", letter === null ? "no letter is likely enough" : `${Math.round(100 * confidence)} % sure`);
  say("model", answer.model);
  say("inference", `${answer.inferenceMs.toFixed(3)} ms`);
  answeredAt.push(performance.now());
  if (milliseconds !== null) latencies.push(milliseconds);
  if (latencies.length > kept) latencies.shift();
}

function figures() {
  const now = performance.now();
  while (answeredAt.length && now - answeredAt[0] > 2000) answeredAt.shift();
  say("rate", answeredAt.length ? `${Math.round(answeredAt.length / 2)} a second` : "–");
  if (latencies.length) say("latency", `${[...latencies].sort((a, b) => a - b)[latencies.length >> 1].toFixed(1)} ms`);
  if (now - lastHandAt > 1000 && $("letter").dataset.empty === "false") {
    say("letter", "–");
    $("letter").dataset.empty = "true";
    $("confidence").value = $("progress").value = 0;
    say("confidence-text", "no hand in view");
  }
}

function frame(landmarks, handedness = null, picture = null, mirrored = false) {
  draw(canvas, landmarks, picture, mirrored);
  if (!landmarks) return;
  lastHandAt = performance.now();
  line.send(landmarks, handedness);
}

async function start(name) {
  stop();
  running = name;
  buttons();
  say("source", name === "camera" ? "Asking for the camera" : "Fetching the hand");
  try {
    if (name === "camera") {
      await camera.start((landmarks, handedness, picture) => {
        say("source", landmarks ? `Camera: ${handedness?.toLowerCase() ?? "one"} hand` : "Camera: no hand in view");
        frame(landmarks, handedness, picture, true);
      });
    } else say("source", `Replay: ${await replay.start(landmarks => frame(landmarks))}`);
  } catch (error) {
    if (running !== name) return;
    stop();
    warn(name === "camera" ? `${cause(error)} The replay shows what it would do.` : error.message);
  }
}

function cause(error) {
  switch (error.name) {
    case "NotAllowedError": return "The browser was not allowed to use the camera.";
    case "NotFoundError": return "No camera was found.";
    case "NotReadableError": return "Another program uses the camera.";
    default: return error.message;
  }
}

function stop() {
  running = null;
  for (const source of Object.values(sources)) source.stop();
  draw(canvas, null);
  say("source", "Nothing is shown yet");
  buttons();
}

function buttons() {
  for (const name of Object.keys(sources)) $(name).setAttribute("aria-pressed", String(running === name));
  $("stop").hidden = running === null;
}

for (const name of Object.keys(sources)) $(name).addEventListener("click", () => start(name));
$("stop").addEventListener("click", stop);
for (const button of document.querySelectorAll("[data-command]")) button.addEventListener("click", () => line.command(button.dataset.command));
setInterval(figures, 250);
line.connect();
// Who asked for less motion begins it by hand.
if (!matchMedia("(prefers-reduced-motion: reduce)").matches) start("replay");
