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
  await run(new Uint8Array(size[0] * size[1] * 3));
  return { version: ort.env.versions.common };
}

async function run(pixels) {
  const image = new ort.Tensor("uint8", pixels, [1, ...size, 3]);
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
