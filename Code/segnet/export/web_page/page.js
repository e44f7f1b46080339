"use strict";
// From a picture to colours on a canvas. Nothing here sends anything anywhere.

const $ = id => document.getElementById(id);
const facts = JSON.parse($("facts").textContent);
const [HEIGHT, WIDTH] = facts.size;
const VOID = facts.class_map.void;
const CLASSES = facts.class_map.classes;
// The colour of each value, as one number of four bytes; void is transparent.
const PALETTE = table(CLASSES.map(({ id, colour }) => [id, ...colour]));
const GREYS = table(Array.from({ length: 256 }, (_, grey) => [grey, grey, grey, grey]));
// Larger canvases take memory and show nothing more.
const MOST_SIDE = 4096;
const MOST_BYTES = 512 * 2 ** 20;

const canvas = $("picture");
const screen = canvas.getContext("2d");
const colours = surface(WIDTH, HEIGHT);
const HINT = $("pixel").textContent;
let photograph = null;  // The picture that is shown.
let seen = null;      // { classes, confidence, milliseconds } of the picture
let cursor = null;    // [x, y] of the pixel that is read, of the whole picture
let camera = null;    // MediaStream while it runs
let turn = 0;         // Counts the pictures: an answer for an older one is dropped.

function table(rows) {
  const bytes = new Uint8Array(256 * 4);
  for (const [value, ...colour] of rows) bytes.set([...colour, 255], 4 * value);
  return new Uint32Array(bytes.buffer);
}

function surface(width, height) {
  const made = document.createElement("canvas");
  [made.width, made.height] = [width, height];
  return made.getContext("2d", { willReadFrequently: true });
}

function say(text, problem = false) {
  $("message").textContent = text;
  $("message").className = problem ? "problem" : "";
}

// The worker.

const waiting = new Map();
let worker, calls = 0;

function ask(what, given, moved = []) {
  return new Promise((resolve, reject) => {
    waiting.set(++calls, { resolve, reject });
    worker.postMessage({ number: calls, what, given }, moved);
  });
}

function startWorker() {
  worker = new Worker("worker.js", { type: "module" });
  worker.onmessage = ({ data: { number, answer, problem } }) => {
    const { resolve, reject } = waiting.get(number);
    waiting.delete(number);
    problem === undefined ? resolve(answer) : reject(new Error(problem));
  };
  worker.onerror = event => {
    event.preventDefault();
    const error = new Error(event.message ?? "worker.js cannot be loaded");
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
}

// Pictures in.

async function show(source, width, height) {
  const shrunk = Math.min(1, MOST_SIDE / Math.max(width, height));
  const size = [width, height].map(side => Math.max(1, Math.round(side * shrunk)));
  const mine = ++turn;
  const next = surface(...size);
  next.imageSmoothingQuality = "high";
  next.drawImage(source, 0, 0, ...size);
  source.close?.();
  const { data } = next.getImageData(0, 0, ...size);
  const answer = await ask("run", { data, size }, [data.buffer]);
  if (mine !== turn) return;
  photograph = next.canvas;
  [canvas.width, canvas.height] = size;
  seen = answer;
  reveal();
  draw();
  fill();
  if (cursor) read();
}

async function open(file, name = file.name) {
  stopCamera();
  forget();
  const mine = ++turn;
  say(`Reading ${name} ...`);
  if (file.size > MOST_BYTES) {
    return say(`${name} has more than ${MOST_BYTES / 2 ** 20} MB; save it smaller first.`, true);
  }
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return say(`${name} is damaged, or no picture that this browser can read; JPEG, ` +
      "PNG and WebP work in every browser.", true);
  }
  if (mine !== turn) return bitmap.close();
  const { width, height } = bitmap;
  try {
    await show(bitmap, width, height);
    say(`${name}, ${width}x${height}`);
  } catch (error) {
    say(`${name}: the network could not run: ${error.message}`, true);
  }
}

function openFirst(files) {
  const [file] = files;
  if (file) open(file);
  else say("No file was dropped; save the picture to your disk first, and drop the file.", true);
}

async function openExample() {
  const response = await fetch("example.jpg");
  if (!response.ok) return say("example.jpg is missing from the server.", true);
  open(await response.blob(), "Example street");
}

async function startCamera() {
  if (!navigator.mediaDevices?.getUserMedia) {
    return say("A browser gives its camera to pages from localhost or https alone.", true);
  }
  const video = document.createElement("video");
  video.muted = video.playsInline = true;
  try {
    const wanted = { facingMode: "environment", width: { ideal: 1280 } };
    camera = await navigator.mediaDevices.getUserMedia({ video: wanted });
    video.srcObject = camera;
    await video.play();
  } catch (error) {
    stopCamera();
    return say(`The camera cannot be used: ${error.message || error.name}.`, true);
  }
  forget();
  const mine = camera;
  $("camera").textContent = "Stop the camera";
  mine.getVideoTracks()[0].onended = stopCamera;
  say("Camera");
  while (camera === mine) {
    try {
      await show(video, video.videoWidth, video.videoHeight);
    } catch (error) {
      stopCamera();
      return say(`The camera's picture could not be read: ${error.message}`, true);
    }
    await new Promise(requestAnimationFrame);
  }
}

function stopCamera() {
  camera?.getTracks().forEach(track => track.stop());
  camera = null;
  $("camera").textContent = "Use the camera";
}

// Colours out.

function reveal() {
  $("hint").hidden = true;
  canvas.hidden = $("pixel").hidden = false;
  $("drop").classList.add("full");
  $("save").disabled = false;
}

const view = () => document.querySelector("input[name=view]:checked").value;

function draw() {
  if (!seen) return;
  const chosen = view();
  const image = colours.createImageData(WIDTH, HEIGHT);
  const [values, table] = chosen === "confidence" ?
    [seen.confidence, GREYS] : [seen.classes, PALETTE];
  const words = new Uint32Array(image.data.buffer);
  for (let pixel = 0; pixel < words.length; pixel++) words[pixel] = table[values[pixel]];
  colours.putImageData(image, 0, 0);
  const { width, height } = canvas;
  screen.globalAlpha = 1;
  screen.drawImage(photograph, 0, 0);
  screen.globalAlpha = { overlay: $("strength").value / 100, photograph: 0 }[chosen] ?? 1;
  // Classes have no values between them; confidence has.
  screen.imageSmoothingEnabled = chosen === "confidence";
  screen.drawImage(colours.canvas, 0, 0, width, height);
  screen.globalAlpha = 1;
  if (cursor) drawCursor();
  $("strength").disabled = chosen !== "overlay";
}

function drawCursor() {
  const [x, y] = cursor, arm = Math.max(6, canvas.width / 60);
  const { width } = canvas.getBoundingClientRect();
  for (const [colour, thickness] of [["#000", 3], ["#fff", 1]]) {
    screen.strokeStyle = colour;
    screen.lineWidth = thickness * canvas.width / width;
    screen.beginPath();
    screen.moveTo(x - arm, y); screen.lineTo(x + arm, y);
    screen.moveTo(x, y - arm); screen.lineTo(x, y + arm);
    screen.stroke();
  }
}

function percent(share) {
  return share > 0 && share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
}

function fill() {
  const { classes, confidence, milliseconds } = seen;
  const counts = new Uint32Array(256), sums = new Float64Array(256);
  for (let pixel = 0; pixel < classes.length; pixel++) {
    counts[classes[pixel]]++;
    sums[classes[pixel]] += confidence[pixel];
  }
  for (const { id } of CLASSES) {
    const row = $(`class-${id}`), share = counts[id] / classes.length;
    const [, first, second] = row.children;
    row.className = counts[id] ? "" : "absent";
    first.textContent = percent(share);
    row.style.setProperty("--part", `${100 * share}%`);
    second.textContent = counts[id] ? percent(sums[id] / counts[id] / 255) : "";
  }
  const most = [...CLASSES].sort((a, b) => counts[b.id] - counts[a.id]).slice(0, 3)
    .filter(({ id }) => counts[id])
    .map(({ id, name }) => `${name} ${percent(counts[id] / classes.length)}`);
  canvas.setAttribute("aria-label", `Seen: ${most.join(", ")}`);
  $("speed").textContent = `${milliseconds.toFixed(0)} ms for ${WIDTH}x${HEIGHT} pixels, ` +
    `ONNX Runtime Web ${facts.runtime}, one thread`;
}

function forget() {
  cursor = null;
  $("pixel").firstElementChild.textContent = HINT;
}

function read() {
  const output = $("pixel").firstElementChild;
  const x = Math.floor(cursor[0] / canvas.width * WIDTH);
  const y = Math.floor(cursor[1] / canvas.height * HEIGHT);
  const id = seen.classes[y * WIDTH + x];
  const sure = percent(seen.confidence[y * WIDTH + x] / 255);
  const name = CLASSES.find(one => one.id === id)?.name ?? (id === VOID ? "void" : id);
  output.textContent = `${name}, ${sure} sure, at ${cursor[0]}, ${cursor[1]}`;
}

function point(x, y) {
  if (!seen) return;
  const inside = (value, count) => Math.min(count - 1, Math.max(0, Math.floor(value)));
  cursor = [inside(x, canvas.width), inside(y, canvas.height)];
  read();
  draw();
}

function save() {
  cursor = null;
  draw();
  canvas.toBlob(blob => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${view()}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}

// The page.

function swatch([red, green, blue]) {
  const name = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(name, "svg");
  picture.setAttribute("class", "swatch");
  picture.setAttribute("aria-hidden", "true");
  const square = document.createElementNS(name, "rect");
  square.setAttribute("width", "100%");
  square.setAttribute("height", "100%");
  square.setAttribute("fill", `rgb(${red} ${green} ${blue})`);
  picture.append(square);
  return picture;
}

function listClasses() {
  for (const { id, name, colour } of CLASSES) {
    const row = $("classes").insertRow();
    row.id = `class-${id}`;
    row.className = "absent";
    const head = document.createElement("th");
    head.scope = "row";
    head.append(swatch(colour), name);
    row.append(head);
    for (const _ of ["share", "confidence"]) row.insertCell().className = "number";
  }
}

function listen() {
  $("choose").onclick = () => $("file").click();
  $("file").onchange = ({ target }) => {
    if (target.files.length) openFirst(target.files);
    target.value = "";  // So that the same file can be chosen again.
  };
  $("camera").onclick = () => camera ? (stopCamera(), say("")) : startCamera();
  $("example").onclick = openExample;
  $("save").onclick = save;
  $("strength").oninput = draw;
  document.querySelectorAll("input[name=view]").forEach(one => { one.onchange = draw; });
  canvas.onpointermove = canvas.onpointerdown = event => {
    const { width, height } = canvas.getBoundingClientRect();
    const scale = Math.max(canvas.width / width, canvas.height / height);
    // object-fit: contain centres the picture.
    const left = (width - canvas.width / scale) / 2, top = (height - canvas.height / scale) / 2;
    point((event.offsetX - left) * scale, (event.offsetY - top) * scale);
  };
  canvas.onkeydown = event => {
    const step = Math.max(1, Math.round(canvas.width / 60));
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0],
      ArrowUp: [0, -step], ArrowDown: [0, step] };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const [x, y] = cursor ?? [canvas.width / 2, canvas.height / 2];
    point(x + move[0], y + move[1]);
  };
  document.ondragover = event => { event.preventDefault(); $("drop").classList.add("over"); };
  document.ondragleave = () => $("drop").classList.remove("over");
  document.ondrop = event => {
    event.preventDefault();
    $("drop").classList.remove("over");
    if (!$("choose").disabled) openFirst(event.dataTransfer.files);
  };
  document.onpaste = ({ clipboardData: { files } }) => { if (files.length) openFirst(files); };
}

async function start() {
  listClasses();
  if (location.protocol === "file:") {
    return say("A browser runs this page from a server alone; in its folder: " +
      "python -m http.server", true);
  }
  startWorker();
  try {
    facts.runtime = (await ask("load", facts.size)).version;
  } catch (error) {
    return say(`The network cannot be loaded: ${error.message}`, true);
  }
  listen();
  for (const id of ["choose", "camera", "example"]) $(id).disabled = false;
  say("Ready. Choose or drop a picture of a street.");
}

start();
