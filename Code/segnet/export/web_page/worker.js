// Runs the network beside the page, so that the page never freezes.
import * as ort from "./onnxruntime/ort.wasm.bundle.min.js";

// One thread: several need headers (COOP, COEP) that plain static servers do not send.
ort.env.wasm.numThreads = 1;

let session, size;

async function fetched(name) {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name} is missing from the server (${response.status})`);
  return response.arrayBuffer();
}

async function load(given) {
  size = given;
  const [program, network] = await Promise.all([
    fetched("onnxruntime/ort-wasm-simd-threaded.wasm"), fetched("model.onnx")]);
  // Passed by hand, so that the server need not know the type of .wasm files.
  ort.env.wasm.wasmBinary = program;
  session = await ort.InferenceSession.create(network, {
    executionProviders: ["wasm"], logSeverityLevel: 3 });  // Errors alone.
  // The browser compiles a fast program only once a slow one has run.
  const data = new Uint8ClampedArray(size[0] * size[1] * 4);
  await run({ data, size: [size[1], size[0]] });
  return { version: ort.env.versions.common };
}

// How many neighbours each new position mixes, and how much of each: a triangle as wide
// as Pillow's, or the plain average where the size divides. Browsers differ here.
function mixtures(count, made, average) {
  const scale = count / made;
  const reach = average ? scale / 2 : Math.max(1, scale);
  return Array.from({ length: made }, (_, position) => {
    const centre = (position + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const last = Math.min(count, Math.floor(centre + reach + 0.5));
    const parts = Array.from({ length: last - first }, (_, step) =>
      average ? 1 : Math.max(0, 1 - Math.abs(first + step + 0.5 - centre) / reach));
    const sum = parts.reduce((a, b) => a + b, 0);
    return { first, parts: parts.map(part => part / sum) };
  });
}

// RGBA of any size -> RGB at the size of the network, across and then down.
function resized(data, [width, height]) {
  const [rows, columns] = size;
  const average = width % columns === 0 && height % rows === 0;
  const across = mixtures(width, columns, average);
  const narrow = new Uint8ClampedArray(height * columns * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (const { first, parts } of across) {
      let red = 0, green = 0, blue = 0, from = 4 * (y * width + first);
      for (const part of parts) {
        red += part * data[from];
        green += part * data[from + 1];
        blue += part * data[from + 2];
        from += 4;
      }
      narrow[to++] = red;
      narrow[to++] = green;
      narrow[to++] = blue;
    }
  }
  const pixels = new Uint8ClampedArray(rows * columns * 3), step = columns * 3;
  mixtures(height, rows, average).forEach(({ first, parts }, row) => {
    for (let column = 0; column < step; column++) {
      let value = 0, from = first * step + column;
      for (const part of parts) {
        value += part * narrow[from];
        from += step;
      }
      pixels[row * step + column] = value;
    }
  });
  return new Uint8Array(pixels.buffer);
}

async function run({ data, size: from }) {
  const image = new ort.Tensor("uint8", resized(data, from), [1, ...size, 3]);
  const begun = performance.now();
  const outputs = await session.run({ [session.inputNames[0]]: image });
  const milliseconds = performance.now() - begun;
  return { classes: outputs.classes.data, confidence: outputs.confidence.data,
    milliseconds };
}

const work = { load, run };

onmessage = async ({ data: { number, what, given } }) => {
  try {
    const answer = await work[what](given);
    const moved = ["classes", "confidence"].flatMap(name => answer[name]?.buffer ?? []);
    postMessage({ number, answer }, moved);
  } catch (error) {
    postMessage({ number, problem: String(error?.message ?? error) });
  }
};
