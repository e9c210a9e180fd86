// The camera and MediaPipe Hands, which finds 21 points in a picture. Both stay in the browser; the files are ours.

const folder = "/live/mediapipe/";
let finder = null;

function load(file) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = folder + file;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${file} cannot be loaded.`));
    document.head.append(script);
  });
}

async function hands() {
  if (finder) return finder;
  await load("hands.js");
  const made = new window.Hands({ locateFile: file => folder + file });
  made.setOptions({ maxNumHands: 1, modelComplexity: 1, minDetectionConfidence: 0.5, minTrackingConfidence: 0.5 });
  await made.initialize();
  finder = made;
  return made;
}

export class Camera {
  #video;
  #stream = null;

  constructor(video) {
    this.#video = video;
  }

  /** Hands each picture with its hand to `show(landmarks or null, handedness, picture)`. */
  async start(show) {
    if (!navigator.mediaDevices?.getUserMedia) throw new Error("This browser gives no camera to pages that are not served over https.");
    const stream = this.#stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, facingMode: "user" }, audio: false });
    this.#video.srcObject = stream;
    await this.#video.play();
    const found = await hands();
    found.onResults(result => {
      if (this.#stream !== stream) return;
      const points = result.multiHandLandmarks?.[0]?.map(({ x, y, z }) => [x, y, z]) ?? null;
      show(points, result.multiHandedness?.[0]?.label ?? null, result.image);
    });
    this.#look(found, stream);
  }

  stop() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = this.#video.srcObject = null;
  }

  // One picture at a time: a slow machine reads fewer of them.
  async #look(found, stream) {
    while (this.#stream === stream) {
      if (this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) await found.send({ image: this.#video });
      await new Promise(done => requestAnimationFrame(done));
    }
  }
}
