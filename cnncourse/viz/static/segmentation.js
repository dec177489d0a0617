// Image, truth, prediction and errors of a segmentation. Python counts everything that is written; this draws it.
// model.get("scene"): size, drawn, step, image, masks, labels, classes, tones, summary, errors, note.

const VOID = 255;
const ORDER = ["image", "truth", "prediction", "errors"];
const HINT = "Point at a pixel, or focus the pictures and use the arrow keys.";

function make(tag, className, text, parent) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
}

function unpack({ form, data }, length) {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  if (form === "bytes") return bytes;
  const mask = new Uint8Array(length);
  for (let n = 0, at = 0; n < bytes.length; ) {
    const label = bytes[n++];
    let [run, digit] = [0, 1];
    for (; bytes[n] >= 128; digit *= 128) run += (bytes[n++] - 128) * digit;
    run += bytes[n++] * digit;
    mask.fill(label, at, (at += run));
  }
  return mask;
}

// "#rrggbb" as four opaque bytes of a canvas.
function word(color) {
  const [red, green, blue] = [1, 3, 5].map((n) => parseInt(color.slice(n, n + 2), 16));
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function blank(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

function checkbox(label, parent, action) {
  const holder = make("label", "check", undefined, parent);
  const input = make("input", "", undefined, holder);
  input.type = "checkbox";
  input.checked = true;
  make("span", "", label, holder);
  input.addEventListener("change", () => action(input.checked));
  return input;
}

// One tile of a hatch: "missed" rises, "extra" falls, "void" is dotted.
function tile(kind, ratio) {
  const side = Math.round((kind === "void" ? 5 : 6) * ratio);
  const canvas = blank(side, side);
  const pen = canvas.getContext("2d");
  if (kind === "void") {
    pen.fillStyle = "#59636e";
    pen.fillRect(0, 0, 1.5 * ratio, 1.5 * ratio);
    return canvas;
  }
  pen.strokeStyle = "rgba(255,255,255,.9)";
  pen.lineWidth = ratio;
  for (const shift of [-side, 0, side]) {
    pen.moveTo(shift, kind === "missed" ? side : 0);
    pen.lineTo(shift + side, kind === "missed" ? 0 : side);
  }
  pen.stroke();
  return canvas;
}

function render({ model, el }) {
  const scene = model.get("scene");
  const { classes, tones } = scene;
  const [rows, columns] = scene.drawn;
  const masks = {};
  for (const name in scene.masks) masks[name] = unpack(scene.masks[name], rows * columns);
  const { truth, prediction } = masks;
  const both = truth && prediction;
  const visible = classes.map(() => true);
  const colors = { classes: new Uint32Array(257), errors: new Uint32Array(257) };
  classes.forEach((entry, k) => (colors.classes[k + 1] = word(entry.color)));
  colors.classes[VOID + 1] = word(scene.ignore);
  [tones.missed, tones.extra, tones.both, scene.ignore].forEach((tone, n) => (colors.errors[n + 2] = word(tone)));
  const shown = { outlines: true, labels: true };
  let alone = null;
  let pixel = null;
  let dots = null;

  const root = make("section", "cnncourse-segmentation", undefined, el);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `Segmentation. ${scene.summary.join(" ")}`);
  const header = make("div", "header", undefined, root);
  const title = make("div", "title", "Segmentation", header);
  make("small", "", ` ${scene.size[0]} × ${scene.size[1]}`, title);
  const controls = make("div", "controls", undefined, header);
  const opacity = make("label", "opacity", "overlay", controls);
  const slider = Object.assign(make("input", "", undefined, opacity), { type: "range", min: 0, max: 100, step: 5 });
  slider.value = 65;
  const amount = make("output", "", "", opacity);
  slider.addEventListener("input", setOpacity);
  for (const name of ["outlines", "labels"]) {
    checkbox(name, controls, (on) => {
      shown[name] = on;
      draw();
    });
  }

  const body = make("div", "body", undefined, root);
  const main = make("div", "main", undefined, body);
  const stage = make("div", "stage", undefined, main);
  stage.tabIndex = 0;
  stage.setAttribute("role", "group");
  stage.setAttribute("aria-label", "Pictures. Arrow keys move over the pixels, with shift by ten.");
  const panels = ORDER.filter((name) => name === "image" || masks[name] || (name === "errors" && both)).map(addPanel);
  stage.classList.add(`of${panels.length}`);
  const readout = make("div", "readout", HINT, main);

  const side = make("div", "side", undefined, body);
  const boxes = [];
  const names = [];
  const all = addTable();
  const about = make("div", "about", "", side);

  const foot = make("div", "foot", undefined, root);
  for (const sentence of scene.summary) make("span", "sentence", `${sentence} `, foot);
  if (scene.note) make("div", "note", scene.note, foot);

  function addPanel(name) {
    const figure = make("figure", `panel ${name}`, undefined, stage);
    const caption = make("figcaption", "", undefined, figure);
    make("b", "", name, caption);
    const detail = make("span", "", "", caption);
    const frame = make("div", "frame", undefined, figure);
    frame.style.aspectRatio = `${columns} / ${rows}`;
    frame.style.maxWidth = `${Math.max(60, Math.round((400 * columns) / rows))}px`;
    const image = make("img", "", undefined, frame);
    image.alt = "";
    image.src = scene.image;
    const fill = Object.assign(make("canvas", "fill", undefined, frame), { width: columns, height: rows });
    const lines = make("canvas", "lines", undefined, frame);
    const cross = make("i", "cross", undefined, frame);
    if (name === "errors") {
      const ignored = truth.includes(VOID) ? [["void", "ignored"]] : [];
      const key = make("div", "key", undefined, figure);
      for (const [kind, text] of [["missed", "missed"], ["extra", "false alarm"], ["both", "both"], ...ignored]) {
        const item = make("span", "", undefined, key);
        if (kind === "both") item.title = "one class missed, and a false alarm of another";
        make("i", kind, undefined, item).style.backgroundColor = tones[kind] ?? scene.ignore;
        make("span", "", text, item);
      }
    }
    const point = (event) => {
      const box = frame.getBoundingClientRect();
      const x = Math.floor(((event.clientX - box.left) / box.width) * columns);
      const y = Math.floor(((event.clientY - box.top) / box.height) * rows);
      if (x >= 0 && y >= 0 && x < columns && y < rows) setPixel({ x, y });
    };
    frame.addEventListener("pointermove", point);
    frame.addEventListener("pointerdown", point);
    frame.addEventListener("pointerleave", () => setPixel(null));
    return { name, detail, frame, fill, lines, cross };
  }

  function addTable() {
    const holder = make("div", "scroll", undefined, side);
    const table = make("table", "", undefined, holder);
    const head = make("tr", "", undefined, make("thead", "", undefined, table));
    const first = make("th", "", undefined, head);
    first.scope = "col";
    const box = checkbox("class", first, (on) => {
      visible.fill(on);
      alone = null;
      draw();
    });
    box.setAttribute("aria-label", "all classes");
    const keys = both ? ["pixels", "iou", "precision", "recall"] : ["pixels", "part"];
    const words = { iou: "IoU", precision: "prec.", part: "share" };
    for (const key of keys) {
      const cell = make("th", "", words[key] ?? key, head);
      cell.scope = "col";
      if (key === "precision") cell.title = "precision: how much of what was given this class has it";
      if (key === "recall") cell.title = "recall: how much of the class was found";
    }
    const list = make("tbody", "", undefined, table);
    classes.forEach((entry, k) => {
      const row = make("tr", entry[keys[1]] === "–" ? "absent" : "", undefined, list);
      const cell = make("th", "", undefined, row);
      cell.scope = "row";
      const line = make("div", "class", undefined, cell);
      const input = Object.assign(make("input", "", undefined, line), { type: "checkbox", checked: true });
      input.setAttribute("aria-label", `show ${entry.name}`);
      input.addEventListener("change", () => {
        visible[k] = input.checked;
        alone = null;
        draw();
      });
      boxes.push(input);
      const swatch = make("i", "swatch", k, line);
      swatch.style.background = entry.color;
      swatch.style.color = entry.ink;
      const name = make("button", "name", entry.name, line);
      name.type = "button";
      name.title = `show ${entry.name} alone`;
      name.addEventListener("click", () => isolate(alone === k ? null : k));
      names.push(name);
      for (const key of keys) {
        const value = make("td", key, entry[key], row);
        if (key === keys[1]) value.style.setProperty("--share", entry.share);
      }
    });
    if (both) {
      const row = make("tr", "", undefined, make("tfoot", "", undefined, table));
      make("th", "", "mean of those that occur", row).colSpan = 2;
      make("td", "", scene.mean, row);
      make("td", "", "", row).colSpan = 2;
    }
    return box;
  }

  function isolate(k) {
    alone = k;
    visible.forEach((_, n) => (visible[n] = k === null || n === k));
    draw();
  }

  function setOpacity() {
    root.style.setProperty("--opacity", slider.value / 100);
    amount.textContent = `${slider.value} %`;
    slider.setAttribute("aria-valuetext", `${slider.value} percent`);
  }

  // What each pixel shows, -1 for nothing: its class, or in the errors 1 missed, 2 false alarm, 3 both, 4 ignored.
  function regions(name) {
    const kinds = new Int16Array(rows * columns);
    if (name !== "errors") {
      const kept = Int16Array.from({ length: VOID + 1 }, (_, k) => (k === VOID || visible[k] ? k : -1));
      for (let n = 0; n < kinds.length; n++) kinds[n] = kept[masks[name][n]];
      return kinds;
    }
    for (let n = 0; n < kinds.length; n++) {
      const real = truth[n];
      const said = prediction[n];
      kinds[n] = -1;
      if (real === VOID) kinds[n] = 4;
      else if (real !== said && (visible[real] || visible[said])) kinds[n] = (visible[real] ? 1 : 0) + (visible[said] ? 2 : 0);
    }
    return kinds;
  }

  // One pixel for each mask pixel; colors[kind + 1] is what a kind looks like, as the bytes of a canvas.
  function paint(canvas, kinds, colors) {
    const pixels = new ImageData(columns, rows);
    const words = new Uint32Array(pixels.data.buffer);
    for (let n = 0; n < words.length; n++) words[n] = colors[kinds[n] + 1];
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    return canvas;
  }

  function hatched(width, height, kinds, wanted, kind, ratio) {
    const colors = new Uint32Array(257);
    for (const value of wanted) colors[value + 1] = 0xff000000;
    const pen = blank(width, height).getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(paint(blank(columns, rows), kinds, colors), 0, 0, width, height);
    pen.globalCompositeOperation = "source-in";
    pen.fillStyle = pen.createPattern(tile(kind, ratio), "repeat");
    pen.fillRect(0, 0, width, height);
    return pen.canvas;
  }

  // Along every line between two rows (then columns): one stroke for each stretch of unequal neighbors.
  function outline(pen, kinds, ratio, halo) {
    const [sx, sy] = [pen.canvas.width / columns, pen.canvas.height / rows];
    const path = new Path2D();
    const along = (lines, length, back, next, point) => {
      for (let line = 1; line < lines; line++) {
        let from = -1;
        for (let n = 0, at = line * back; n <= length; n++, at += next) {
          const on = n < length && kinds[at] !== kinds[at - back];
          if (on && from < 0) from = n;
          if (on || from < 0) continue;
          path.moveTo(...point(line, from));
          path.lineTo(...point(line, n));
          from = -1;
        }
      }
    };
    along(rows, columns, columns, 1, (y, x) => [x * sx, y * sy]);
    along(columns, rows, 1, columns, (x, y) => [x * sx, y * sy]);
    pen.lineCap = "square";
    for (const [width, style] of [[halo, "rgba(255,255,255,.75)"], [1, "#14171b"]]) {
      pen.lineWidth = width * ratio;
      pen.strokeStyle = style;
      if (width) pen.stroke(path);
    }
  }

  // The name where it fits into the largest part of a class, else its number.
  function label(pen, name, ratio) {
    const scale = pen.canvas.width / columns;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    for (const [k, y, x, radius] of scene.labels[name]) {
      if (!visible[k] || radius * scale < 5.5 * ratio) continue;
      pen.font = `600 ${11.5 * ratio}px system-ui, "DejaVu Sans", sans-serif`;
      const fits = pen.measureText(classes[k].name).width < (2 * radius - 1) * scale && radius * scale > 7 * ratio;
      const text = fits ? classes[k].name : String(k);
      const half = pen.measureText(text).width / 2 + 3 * ratio;
      const at = Math.min(Math.max((x + 0.5) * scale, half), pen.canvas.width - half);
      pen.strokeStyle = "rgba(255,255,255,.92)";
      pen.lineWidth = 3.4 * ratio;
      pen.strokeText(text, at, (y + 0.5) * scale);
      pen.fillStyle = "#14171b";
      pen.fillText(text, at, (y + 0.5) * scale);
    }
  }

  function drawPanel({ name, frame, fill, lines, detail }) {
    if (name === "image") return;
    const kinds = regions(name);
    paint(fill, kinds, colors[name === "errors" ? "errors" : "classes"]);
    if (name === "errors") detail.textContent = alone === null ? scene.errors : classes[alone].errors;
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(frame.clientWidth * ratio);
    const height = Math.round(frame.clientHeight * ratio);
    if (!width || !height) return;
    Object.assign(lines, { width, height });
    const pen = lines.getContext("2d");
    if (name === "errors") {
      pen.drawImage(hatched(width, height, kinds, [1, 3], "missed", ratio), 0, 0);
      pen.drawImage(hatched(width, height, kinds, [2, 3], "extra", ratio), 0, 0);
    }
    // What does not count is dotted in every panel, and the same for all choices.
    if (dots?.width !== width) dots = hatched(width, height, truth ?? prediction, [VOID], "void", ratio);
    pen.drawImage(dots, 0, 0);
    if (shown.outlines) outline(pen, kinds, ratio, name === "errors" ? 0 : 2.6);
    if (shown.labels && scene.labels[name]) label(pen, name, ratio);
  }

  function draw() {
    const started = performance.now();
    panels.forEach(drawPanel);
    boxes.forEach((box, k) => (box.checked = visible[k]));
    names.forEach((name, k) => name.setAttribute("aria-pressed", alone === k));
    all.checked = visible.every(Boolean);
    all.indeterminate = !all.checked && visible.some(Boolean);
    about.textContent = alone === null ? "Press a name to see that class alone." : classes[alone].sentence;
    root.dataset.drawMs = (performance.now() - started).toFixed(3);
  }

  function told(n, name) {
    const value = masks[name][n];
    const part = make("span", "told", undefined);
    make("span", "", `${name} `, part);
    if (value === VOID) {
      make("b", "", "ignored", part);
      return part;
    }
    const swatch = make("i", "swatch", value, part);
    swatch.style.background = classes[value].color;
    swatch.style.color = classes[value].ink;
    make("b", "", ` ${classes[value].name}`, part);
    return part;
  }

  function setPixel(next) {
    pixel = next;
    for (const { cross } of panels) {
      cross.hidden = !pixel;
      if (!pixel) continue;
      cross.style.left = `${((pixel.x + 0.5) / columns) * 100}%`;
      cross.style.top = `${((pixel.y + 0.5) / rows) * 100}%`;
    }
    if (!pixel) return void (readout.textContent = HINT);
    const n = pixel.y * columns + pixel.x;
    const where = make("span", "", `row ${pixel.y * scene.step}, column ${pixel.x * scene.step}`);
    readout.replaceChildren(where, ...Object.keys(masks).sort().reverse().map((name) => told(n, name)));
    if (both && truth[n] !== VOID) make("span", "verdict", truth[n] === prediction[n] ? "✓ right" : "✗ wrong", readout);
  }

  // Taken above the document, where JupyterLab listens, and only while the pictures have the focus.
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const far = event.shiftKey ? 10 : 1;
    const from = pixel ?? { x: columns >> 1, y: rows >> 1 };
    const clamp = (value, end) => Math.max(0, Math.min(end - 1, value));
    setPixel({ x: clamp(from.x + far * move[0], columns), y: clamp(from.y + far * move[1], rows) });
  }
  stage.addEventListener("focus", () => {
    readout.setAttribute("aria-live", "polite");
    window.addEventListener("keydown", onKey, true);
  });
  stage.addEventListener("blur", () => {
    readout.removeAttribute("aria-live");
    window.removeEventListener("keydown", onKey, true);
  });

  setPixel(null);
  setOpacity();
  draw();
  const observer = new ResizeObserver(draw);
  observer.observe(stage);
  return () => {
    observer.disconnect();
    window.removeEventListener("keydown", onKey, true);
  };
}

export default { render };
