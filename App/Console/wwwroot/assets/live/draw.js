// The hand on its canvas: bones, joints, and the camera's picture under them where there is one.

const bones = [
  [0, 1, 2, 3, 4], [0, 5, 6, 7, 8], [5, 9, 10, 11, 12], [9, 13, 14, 15, 16], [13, 17, 18, 19, 20], [0, 17],
];

/** Draws a frame. @param mirrored as a mirror shows it, which is how people expect to see themselves. */
export function draw(canvas, landmarks, picture = null, mirrored = false) {
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  const style = getComputedStyle(document.documentElement);
  context.save();
  context.clearRect(0, 0, width, height);
  if (mirrored) {
    context.translate(width, 0);
    context.scale(-1, 1);
  }
  if (picture) context.drawImage(picture, 0, 0, width, height);
  if (landmarks) {
    const at = i => [landmarks[i][0] * width, landmarks[i][1] * height];
    context.strokeStyle = style.getPropertyValue("--bone").trim();
    context.lineWidth = 7;
    context.lineCap = context.lineJoin = "round";
    for (const chain of bones) {
      context.beginPath();
      for (const i of chain) context.lineTo(...at(i));
      context.stroke();
    }
    context.fillStyle = style.getPropertyValue("--joint").trim();
    for (let i = 0; i < landmarks.length; i++) {
      context.beginPath();
      context.arc(...at(i), i === 0 ? 9 : 6, 0, 2 * Math.PI);
      context.fill();
    }
  }
  context.restore();
}
