// Browses the maps of every layer. Python computes all values, ranges, fields and sentences; this draws them.
// model.get("scene"): title, images, layers, start, colors, pages. A page that is not among them is asked of the
// kernel, once, where there is one: as a live widget, or as a frozen copy that finds its widget by model.get("key").

const GAP = 4;
const TALL = 372; // pixels for the grid
const KEPT = 24; // pages that stay in the browser

function make(tag, className, text, parent) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
}

function button(className, label, text, parent, action) {
  const node = make("button", className, text, parent);
  node.type = "button";
  if (label) node.setAttribute("aria-label", label);
  node.addEventListener("click", action);
  return node;
}

function shape(tag, attributes, parent) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const name in attributes) node.setAttribute(name, attributes[name]);
  if (parent) parent.append(node);
  return node;
}

// A number with so many digits that matter, a true minus sign and no empty decimals.
function format(value, digits = 3) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  let text;
  if (size && (size < 1e-3 || size >= 1e6)) {
    text = value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e");
  } else {
    const decimals = size ? Math.max(0, digits - 1 - Math.floor(Math.log10(size))) : 0;
    text = value.toFixed(decimals);
    if (decimals) text = text.replace(/\.?0+$/, "");
  }
  return text.replace("-", "−");
}

const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

// 256 colors as pixels; one color table in the page of the picture below it.
function pixels(text) {
  const parts = bytes(text);
  return Uint32Array.from({ length: 256 }, (_, n) => {
    return (0xff000000 | (parts[3 * n + 2] << 16) | (parts[3 * n + 1] << 8) | parts[3 * n]) >>> 0;
  });
}

const css = (pixel) => `rgb(${pixel & 255} ${(pixel >> 8) & 255} ${(pixel >> 16) & 255})`;

async function inflate(page) {
  const stream = new Blob([bytes(page.body)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const body = new Uint8Array(await new Response(stream).arrayBuffer());
  if (!page.exact) return body;
  const count = body.length / 4;
  const sorted = new Uint8Array(body.length);
  for (let n = 0; n < count; n++) for (let k = 0; k < 4; k++) sorted[4 * n + k] = body[k * count + n];
  return sorted;
}

// A page with its codes (uint8 over each map's own range), and its values where they came.
function prepare(header, body) {
  const page = { ...header, fine: new Map(), signed: header.range[0] < 0 };
  page.cells = header.count ? body.length / (header.exact ? 4 : 1) / header.count : 0;
  if (!header.exact) return { ...page, codes: body, values: null };
  const values = new Float32Array(body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength));
  const codes = new Uint8Array(values.length);
  header.ranges.forEach(([low, high], map) => {
    const scale = high > low ? 255 / (high - low) : 0;
    for (let n = map * page.cells; n < (map + 1) * page.cells; n++) codes[n] = (values[n] - low) * scale + 0.5;
  });
  return { ...page, codes, values };
}

// What the ends of the color bar mean: the map's own range, or the layer's; around zero where there are both signs.
function limits(page, map, all) {
  const [low, high] = all ? page.range : page.ranges[map];
  if (!page.signed) return [low, high];
  const size = Math.max(Math.abs(low), Math.abs(high));
  return [-size, size];
}

const largest = (ranges) => ranges.reduce((best, [, high], n) => (high > ranges[best][1] ? n : best), 0);

function paint(canvas, page, map, rows, columns, all, colors) {
  const [from, to] = page.ranges[map];
  const [low, high] = limits(page, map, all);
  const table = page.signed ? colors.signed : colors.up;
  const first = page.signed ? 1 : 0;
  const lookup = Uint32Array.from({ length: 256 }, (_, code) => {
    const value = from + (code * (to - from)) / 255;
    if (high <= low) return table[page.signed ? 128 : value ? 128 : 0];
    return table[first + Math.round(((255 - first) * (value - low)) / (high - low))];
  });
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  const out = new Uint32Array(image.data.buffer);
  const start = map * page.cells;
  for (let n = 0; n < out.length; n++) out[n] = lookup[page.codes[start + n]];
  if (!page.finite) {
    for (let n = 0; n < out.length; n++) if (!Number.isFinite(page.values[start + n])) out[n] = 0xff909090;
  }
  context.putImageData(image, 0, 0);
}

// The widest tile with which `count` of them fit into a width and the height of the grid.
function tiling(count, aspect, width) {
  for (let columns = 1; columns <= count; columns++) {
    const tile = Math.min(116, Math.floor((width - GAP * (columns - 1)) / columns));
    const label = tile >= 64 ? 17 : 0;
    if (Math.ceil(count / columns) * (tile * aspect + label + GAP) <= TALL + GAP) return { columns, tile };
    if (tile < 30) return { columns, tile };
  }
  return { columns: count, tile: 30 };
}

// Where pages come from: the copy's own, those seen before, or the kernel.
function library(scene, changed) {
  const seen = new Map();
  const waiting = new Map();
  let live = null;
  let number = 0;

  function receive(message, buffers) {
    const asked = waiting.get(message.id);
    if (!asked) return;
    waiting.delete(message.id);
    if (message.error) return asked.reject(new Error(message.error));
    const { buffer, byteOffset, byteLength } = buffers[0];
    asked.resolve([message, new Uint8Array(buffer ?? buffers[0], byteOffset ?? 0, byteLength)]);
  }

  function ask(wanted) {
    const id = (number += 1);
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      live.send({ ...wanted, id });
    });
  }

  async function open(image, layer, page) {
    const name = `${image}/${layer}/${page}`;
    const stored = scene.pages[name];
    if (!live && !stored) throw new Error("This saved copy does not hold this layer: run its cell to see it.");
    // A cut page is whole only in the kernel; a kernel that was restarted never answers.
    const whole = live && (!stored || stored.cut) ? ask({ image, layer, page }) : null;
    const patience = stored && whole ? new Promise((done) => setTimeout(done, 3000)) : null;
    const answer = await (patience ? Promise.race([whole, patience]) : whole);
    if (answer) return prepare(...answer);
    whole?.then((late) => {
      seen.set(name, prepare(...late));
      changed();
    }, () => {});
    return prepare(stored, await inflate(stored));
  }

  return {
    connect(model) {
      live?.off?.("msg:custom", receive);
      live = model;
      live?.on("msg:custom", receive);
      for (const { reject } of waiting.values()) reject(new Error("The kernel was stopped: run the cell again."));
      waiting.clear();
      for (const [name, page] of seen) if (live && (page.cut || !page)) seen.delete(name);
      changed();
    },
    get live() {
      return live !== null;
    },
    has: (image, layer, page = 0) => live !== null || `${image}/${layer}/${page}` in scene.pages,
    async page(image, layer, page) {
      const name = `${image}/${layer}/${page}`;
      const found = seen.get(name) ?? (await open(image, layer, page));
      seen.delete(name);
      seen.set(name, found);
      if (seen.size > KEPT) seen.delete(seen.keys().next().value);
      return found;
    },
    async fine(page, map) {
      const [, body] = await ask({ image: page.image, layer: page.layer, map: page.first + map });
      page.fine.set(map, new Float32Array(body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength)));
    },
  };
}

// One image, one layer: input, grid and enlarged map. `shared` is what both sides of a comparison have in common.
function makeLane(letter, shared, parent) {
  const { scene, pagesOf, colors } = shared;
  const root = make("div", "lane", undefined, parent);
  const lane = { letter, root, image: 0, layer: 0, page: null, turnTo: 0, map: 0, row: 0, column: 0 };

  const head = make("div", "head", undefined, root);
  make("b", "letter", letter, head);
  const layers = make("select", "", undefined, head);
  layers.setAttribute("aria-label", `layer of side ${letter}`);
  layers.addEventListener("change", () => shared.choose(lane, lane.image, +layers.value));
  const images = make("select", "", undefined, head);
  images.setAttribute("aria-label", `image of side ${letter}`);
  scene.images.forEach((image, n) => (make("option", "", image.name, images).value = n));
  images.addEventListener("change", () => shared.choose(lane, +images.value, lane.layer));
  images.hidden = scene.images.length < 2;

  const panels = make("div", "panels", undefined, root);
  const input = make("div", "panel input", undefined, panels);
  make("div", "caption", "input: what this cell can see", input);
  const photo = make("div", "photo", undefined, input);
  const picture = make("img", "", undefined, photo);
  const seen = make("div", "box", undefined, photo);
  const field = make("div", "says", undefined, input);

  const middle = make("div", "panel maps", undefined, panels);
  const bar = make("div", "caption", undefined, middle);
  const caption = make("span", "", undefined, bar);
  const pager = make("span", "pager", undefined, bar);
  const previous = button("", "previous maps", "‹", pager, () => shared.turn(lane, -1));
  const where = make("span", "", undefined, pager);
  const next = button("", "next maps", "›", pager, () => shared.turn(lane, 1));
  const grid = make("div", "grid", undefined, middle);
  grid.tabIndex = 0;
  grid.setAttribute("role", "listbox");
  const chart = make("div", "chart", undefined, middle);
  chart.tabIndex = 0;
  chart.setAttribute("role", "group");
  const notice = make("div", "notice", undefined, middle);
  notice.setAttribute("role", "status");
  const about = make("div", "says", undefined, middle);

  const one = make("div", "panel one", undefined, panels);
  const name = make("div", "caption", undefined, one);
  const stage = make("div", "stage", undefined, one);
  stage.tabIndex = 0;
  stage.setAttribute("role", "group");
  const canvas = make("canvas", "", undefined, stage);
  const cell = make("div", "box", undefined, stage);
  const ramp = make("div", "ramp", undefined, one);
  const tick = make("i", "", undefined, ramp);
  const ends = make("div", "ends", undefined, one);
  const low = make("span", "", undefined, ends);
  const high = make("span", "", undefined, ends);
  const readout = make("div", "says readout", undefined, one);
  readout.setAttribute("aria-live", "polite");
  const place = make("span", "", undefined, readout);
  const value = make("b", "", undefined, readout);
  const ranking = make("ol", "ranking", undefined, one);
  let tiles = [];
  let marker = null;

  // What is drawn: while another layer is on its way, still the old one.
  lane.described = () => scene.layers[scene.images[lane.page.image].layers][lane.page.layer];
  lane.parts = { grid, chart, stage };

  // The value of the chosen cell, and whether it is exact or read from its color.
  function read() {
    const { page } = lane;
    const at = lane.row * lane.described().columns + lane.column;
    if (page.values) return [page.values[lane.map * page.cells + at], true];
    if (page.fine.has(lane.map)) return [page.fine.get(lane.map)[at], true];
    const [from, to] = page.ranges[lane.map];
    return [from + (page.codes[lane.map * page.cells + at] * (to - from)) / 255, false];
  }

  function drawField() {
    const image = scene.images[lane.page.image];
    const known = lane.page.fields;
    seen.hidden = !known;
    if (!known) return void (field.textContent = "");
    const side = (lines, n) => lines[Math.min(n, lines.length - 1)];
    const [top, bottom] = side(known.rows, lane.described().vector ? 0 : lane.row);
    const [left, right] = side(known.columns, lane.described().vector ? 0 : lane.column);
    const [height, width] = [bottom - top + 1, right - left + 1];
    seen.hidden = height < 1 || width < 1;
    const percent = (n, all) => `${(100 * n) / all}%`;
    Object.assign(seen.style, {
      left: percent(left, image.columns), top: percent(top, image.rows),
      width: percent(width, image.columns), height: percent(height, image.rows),
    });
    field.replaceChildren();
    if (seen.hidden) return void field.append("sees padding only");
    field.append(known.exact ? "receptive field " : "receptive field at most ");
    const all = height === image.rows && width === image.columns;
    const [tall, wide] = [side(known.heights, lane.row), side(known.widths, lane.column)];
    make("b", "", all ? "everything" : `${tall} × ${wide}`, field);
    const clipped = tall > height || wide > width;
    const inside = clipped ? ` (${height} × ${width} inside)` : ` of ${image.rows} × ${image.columns}`;
    make("span", clipped ? "" : "of", all ? ` (${image.rows} × ${image.columns})` : inside, field);
    Object.assign(root.dataset, { top, bottom, left, right });
  }

  function drawCell() {
    const { rows, columns } = lane.described();
    const [shown, exact] = read();
    Object.assign(cell.style, {
      left: `${(100 * lane.column) / columns}%`, top: `${(100 * lane.row) / rows}%`,
      width: `${100 / columns}%`, height: `${100 / rows}%`,
    });
    const [from, to] = limits(lane.page, lane.map, shared.all);
    tick.style.left = `${to > from && Number.isFinite(shown) ? (100 * (shown - from)) / (to - from) : 0}%`;
    place.textContent = `row ${lane.row}, column ${lane.column}: `;
    value.textContent = `${exact ? "" : "≈ "}${format(shown, exact ? 6 : 3)}`;
    value.title = exact ? String(shown) : "read from the color; the exact value comes from the kernel";
    Object.assign(root.dataset, { row: lane.row, column: lane.column, value: shown, exact });
    drawField();
  }

  function drawMap() {
    const { page } = lane;
    const { rows, columns } = lane.described();
    paint(canvas, page, lane.map, rows, columns, shared.all, colors);
    const [from, to] = limits(page, lane.map, shared.all);
    name.textContent = `map ${page.first + lane.map}`;
    low.textContent = format(from);
    high.textContent = format(to);
    const table = page.signed ? colors.signed : colors.up;
    const stops = Array.from({ length: 17 }, (_, n) => css(table[Math.min(255, Math.max(page.signed ? 1 : 0, 16 * n))]));
    ramp.style.setProperty("--ramp", `linear-gradient(90deg, ${stops.join(", ")})`);
    const range = page.ranges[lane.map].map((end) => format(end)).join(" to ");
    stage.setAttribute("aria-label", `map ${page.first + lane.map}, ${range}: arrow keys choose a cell`);
    tiles.forEach((tile, n) => tile.setAttribute("aria-selected", n === lane.map));
    grid.setAttribute("aria-activedescendant", tiles[lane.map]?.id ?? "");
    tell(lane.map);
    root.dataset.map = page.first + lane.map;
    drawCell();
  }

  function tell(map) {
    const [from, to] = lane.page.ranges[map];
    about.textContent = `map ${lane.page.first + map}: from ${format(from)} to ${format(to)}`;
  }

  function drawTiles() {
    const { page } = lane;
    const { rows, columns } = lane.described();
    while (tiles.length < page.count) {
      const n = tiles.length;
      const tile = make("div", "tile", undefined, grid);
      tile.id = `${shared.id}-${letter}-${n}`;
      tile.setAttribute("role", "option");
      make("canvas", "", undefined, tile);
      const label = make("small", "", undefined, tile);
      make("b", "", undefined, label);
      make("span", "", undefined, label);
      tile.addEventListener("click", () => shared.pick(lane, n));
      tile.addEventListener("pointerenter", () => tell(n));
      tiles.push(tile);
    }
    for (const tile of tiles.splice(page.count)) tile.remove();
    tiles.forEach((tile, n) => {
      const [from, to] = page.ranges[n].map((end) => format(end, 2));
      paint(tile.firstChild, page, n, rows, columns, shared.all, colors);
      tile.lastChild.firstChild.textContent = page.first + n;
      tile.lastChild.lastChild.textContent = `: ${from} … ${to}`;
      tile.setAttribute("aria-label", `map ${page.first + n}, ${from} to ${to}`);
    });
  }

  function drawChart() {
    const { page } = lane;
    const { count } = page;
    const [low, high] = [Math.min(0, page.range[0]), Math.max(0, page.range[1])];
    const height = (v) => (100 * (high - v)) / (high - low || 1);
    const thick = count > 64 ? 1 : 0.78;
    const path = (keep) => Array.from({ length: count }, (_, n) => [n, unit(n)]).filter(([, v]) => keep(v))
      .map(([n, v]) => `M${n + (1 - thick) / 2} ${height(0)}h${thick}V${height(v)}h${-thick}z`).join("");
    const svg = shape("svg", { viewBox: `0 0 ${count} 100`, preserveAspectRatio: "none", "aria-hidden": "true" });
    shape("path", { class: "plus", d: path((v) => v > 0 && v < Infinity) }, svg);
    shape("path", { class: "minus", d: path((v) => v < 0 && v > -Infinity) }, svg);
    shape("path", { class: "zero", d: `M0 ${height(0)}h${count}`, "vector-effect": "non-scaling-stroke" }, svg);
    marker = make("div", "marker");
    chart.replaceChildren(svg, marker);
    if (count <= 20) {
      const labels = make("div", "labels", undefined, chart);
      for (let n = 0; n < count; n++) make("span", "", page.first + n, labels);
    }
    const best = Array.from({ length: count }, (_, n) => n).sort((a, b) => unit(b) - unit(a)).slice(0, 6);
    ranking.replaceChildren(...best.map((n) => {
      const item = make("li");
      const choice = button("", "", undefined, item, () => shared.pick(lane, n));
      make("span", "", `unit ${page.first + n}`, choice);
      const share = make("i", "", undefined, choice);
      share.style.setProperty("--share", Math.max(0, unit(n) / (high || 1)) || 0);
      make("b", "", format(unit(n), 4), choice);
      item.dataset.unit = n;
      return item;
    }));
    name.textContent = page.pages > 1 ? "largest on this page" : "largest";
  }

  function unit(n) {
    const [from, to] = lane.page.ranges[n];
    return lane.page.values ? lane.page.values[n] : from + (lane.page.codes[n] * (to - from)) / 255;
  }

  function drawUnit() {
    const n = lane.map;
    marker.style.left = `${(100 * n) / lane.page.count}%`;
    marker.style.width = `${100 / lane.page.count}%`;
    about.replaceChildren(`unit ${lane.page.first + n}: `);
    make("b", "", format(unit(n), 6), about);
    chart.setAttribute("aria-label", `unit ${lane.page.first + n}: ${format(unit(n), 6)}. Arrow keys choose a unit`);
    for (const item of ranking.children) item.classList.toggle("chosen", +item.dataset.unit === n);
    Object.assign(root.dataset, { map: lane.page.first + n, value: unit(n), exact: true });
    drawField();
  }

  chart.addEventListener("pointermove", (event) => {
    if (!lane.page) return;
    const box = chart.firstChild.getBoundingClientRect();
    const n = Math.floor(((event.clientX - box.left) / box.width) * lane.page.count);
    if (n >= 0 && n < lane.page.count && n !== lane.map) shared.pick(lane, n);
  });

  function toCell(event) {
    if (!lane.page) return;
    const { rows, columns } = lane.described();
    const box = canvas.getBoundingClientRect();
    const at = (part, size) => Math.max(0, Math.min(size - 1, Math.floor(part * size)));
    const [down, across] = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width];
    shared.cell(lane, at(down, rows), at(across, columns));
  }
  stage.addEventListener("pointermove", toCell);
  stage.addEventListener("pointerdown", toCell);

  return Object.assign(lane, {
    drawMap() {
      if (lane.described().vector) drawUnit();
      else drawMap();
    },
    drawCell,
    tell,
    drawPage() {
      const { described, page } = { described: lane.described(), page: lane.page };
      const { vector } = described;
      root.classList.toggle("vector", vector);
      root.classList.remove("waiting");
      notice.textContent = "";
      const what = vector ? "unit" : "map";
      const size = vector ? "" : ` of ${described.rows} × ${described.columns}`;
      caption.textContent = `${described.name}: ${described.count} ${what}${described.count === 1 ? "" : "s"}${size}`;
      pager.hidden = page.pages < 2 && page.count === described.count;
      where.textContent = `${page.first}–${page.first + page.count - 1}`;
      previous.disabled = page.page === 0 || !shared.pages.has(lane.image, lane.layer, page.page - 1);
      next.disabled = page.page === page.pages - 1 || !shared.pages.has(lane.image, lane.layer, page.page + 1);
      grid.setAttribute("aria-label", `${caption.textContent}: arrow keys choose, page keys turn`);
      canvas.style.aspectRatio = `${described.columns} / ${described.rows}`;
      stage.style.setProperty("--aspect", described.columns / described.rows);
      if (vector) drawChart();
      else drawTiles();
      Object.assign(root.dataset, { layer: described.name, page: page.page, image: lane.image });
      lane.fit();
      lane.drawMap();
    },
    drawInput() {
      const image = scene.images[lane.image];
      if (picture.src !== image.source) picture.src = image.source;
      picture.alt = `the input, ${image.name}, ${image.rows} × ${image.columns}`;
      photo.style.setProperty("--aspect", image.columns / image.rows);
      photo.classList.toggle("small", Math.max(image.rows, image.columns) <= 128);
      layers.replaceChildren(...scene.layers[image.layers].map((layer, n) => {
        const option = make("option", "", `${layer.name} · ${layer.shape}`);
        option.value = n;
        option.disabled = !shared.pages.has(lane.image, n);
        return option;
      }));
      layers.value = lane.layer;
      images.value = lane.image;
    },
    fit() {
      if (!lane.page || lane.described().vector) return;
      const { rows, columns } = lane.described();
      const aspect = Math.min(3, Math.max(0.12, rows / columns));
      const { columns: across, tile } = tiling(lane.page.count, aspect, middle.clientWidth);
      lane.across = across;
      grid.classList.toggle("labelled", tile >= 64);
      grid.style.setProperty("--across", across);
      grid.style.setProperty("--tile", `${tile}px`);
      grid.style.setProperty("--high", `${Math.max(4, Math.round(tile * aspect))}px`);
      grid.classList.remove("brief");
      const long = ({ lastChild: { firstChild: number, lastChild: range, offsetWidth: room } }) =>
        number.offsetWidth + range.offsetWidth > 0.92 * room; // the chosen one is in bold
      grid.classList.toggle("brief", tiles.some(long));
    },
    wait(text) {
      root.classList.add("waiting");
      notice.textContent = text;
    },
    read,
  });
}

function render({ model, el }) {
  const started = performance.now();
  const scene = model.get("scene");
  const root = make("section", "cnncourse-maps", undefined, el);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", scene.title);
  const header = make("div", "header", undefined, root);
  make("div", "title", scene.title, header);
  const controls = make("div", "controls", undefined, header);
  const keys = make("div", "keys", "< > layer · arrows map, cell · page keys", controls);
  keys.setAttribute("aria-hidden", "true");
  const scale = make("div", "choice", undefined, controls);
  scale.setAttribute("role", "group");
  scale.setAttribute("aria-label", "color scale");
  make("span", "", "scale", scale);
  const scales = [["each map", false], ["all", true]].map(([text, all]) => {
    return button("", "", text, scale, () => setScale(all));
  });
  const compare = button("compare", "", "Compare", controls, () => setCompare(!comparing));
  const strip = make("div", "strip", undefined, root);
  strip.setAttribute("role", "group");
  strip.setAttribute("aria-label", "layers");
  const sides = make("div", "lanes", undefined, root);
  const footer = make("div", "footer", undefined, root);
  const sentence = make("div", "sentence", undefined, footer);
  const note = make("div", "note", undefined, footer);

  let comparing = false;
  let active;
  const pages = library(scene, refresh);
  const shared = {
    scene, pages, all: false, id: `cnncourse-maps-${Math.random().toString(36).slice(2)}`, // ids within this page only
    colors: { up: pixels(scene.colors.up), signed: pixels(scene.colors.signed) },
    choose, turn, pick, cell: toCell,
  };
  const lanes = ["A", "B"].map((letter) => makeLane(letter, shared, sides));
  const other = (lane) => lanes[1 - lanes.indexOf(lane)];
  active = lanes[0];
  lanes.forEach((lane) => lane.root.addEventListener("focusin", () => activate(lane)));
  lanes.forEach((lane) => lane.root.addEventListener("pointerdown", () => activate(lane)));

  function activate(lane) {
    if (active === lane) return;
    active = lane;
    drawStrip();
  }

  let chips = [];
  let listed = null;
  function drawStrip() {
    const { layers } = scene.images[active.image];
    if (listed !== layers) {
      listed = layers;
      chips = scene.layers[layers].map((layer, n) => {
        const chip = button("layer", "", undefined, undefined, () => choose(active, active.image, n));
        make("b", "", layer.name, chip);
        make("small", "", layer.shape, chip);
        chip.title = layer.kind;
        return chip;
      });
      strip.replaceChildren(...chips);
    }
    chips.forEach((chip, n) => {
      chip.disabled = !pages.has(active.image, n);
      const on = lanes.filter((lane) => lane.layer === n && (comparing || lane === lanes[0]));
      chip.setAttribute("aria-pressed", active.layer === n);
      chip.dataset.sides = comparing ? on.map((lane) => lane.letter).join("") : "";
    });
    reveal();
  }

  function reveal() {
    const chip = chips[active.layer];
    if (chip.offsetLeft < strip.scrollLeft || chip.offsetLeft + chip.offsetWidth > strip.scrollLeft + strip.clientWidth) {
      strip.scrollLeft = chip.offsetLeft - strip.clientWidth / 2;
    }
  }

  // Show a layer; the last call counts, whichever answer comes first.
  async function choose(lane, image, layer, page = 0, map = null) {
    const count = scene.layers[scene.images[image].layers].length;
    layer = Math.max(0, Math.min(count - 1, layer));
    const kept = lane.page && lane.page.layer === layer && lane.page.page === page;
    Object.assign(lane, { image, layer, turnTo: page });
    const asked = (lane.asked = {});
    drawStrip();
    lane.drawInput();
    const patience = "Waiting for the kernel. It is busy, or was restarted: then run the cell again.";
    const late = setTimeout(() => lane.asked === asked && lane.wait(patience), 400);
    try {
      const found = await pages.page(image, layer, page);
      if (lane.asked !== asked) return;
      lane.page = found;
    } catch (error) {
      if (lane.asked === asked) lane.wait(error.message);
      return;
    } finally {
      clearTimeout(late);
    }
    if (map !== null) lane.map = map < 0 ? lane.page.count - 1 : map;
    else if (!kept) lane.map = lane.described().vector ? largest(lane.page.ranges) : lane.page.best;
    lane.map = Math.min(lane.map, lane.page.count - 1);
    if (!kept) [lane.row, lane.column] = lane.page.strongest[lane.map] ?? [0, 0];
    lane.drawPage();
    finish(lane);
  }

  function finish(lane) {
    say();
    sharpen(lane);
    if (!root.dataset.paintMs) root.dataset.paintMs = (performance.now() - started).toFixed(1);
    root.dataset.ready = "";
  }

  function turn(lane, by, map = null) {
    const { count, size } = scene.layers[scene.images[lane.image].layers][lane.layer];
    const to = lane.turnTo + by; // two quick turns are two pages, also before the first has come
    if (to < 0 || to >= Math.ceil(count / size) || !pages.has(lane.image, lane.layer, to)) return;
    choose(lane, lane.image, lane.layer, to, map);
  }

  // The exact values of a large map come behind its colors.
  function sharpen(lane) {
    const { page, map } = lane;
    if (page.values || page.fine.has(map) || !pages.live) return;
    clearTimeout(lane.sharper);
    lane.sharper = setTimeout(async () => {
      await pages.fine(page, map).catch(() => {});
      if (lane.page === page && lane.map === map && page.fine.has(map)) lane.drawCell();
    }, 60);
  }

  function pick(lane, map) {
    const from = performance.now();
    const both = comparing && other(lane).page?.layer === lane.page.layer ? [lane, other(lane)] : [lane];
    for (const side of both) {
      side.map = Math.max(0, Math.min(side.page.count - 1, map));
      side.drawMap();
      sharpen(side);
    }
    say();
    root.dataset.stepMs = (performance.now() - from).toFixed(3);
  }

  function toCell(lane, row, column) {
    const from = performance.now();
    const { rows, columns } = lane.described();
    [lane.row, lane.column] = [Math.max(0, Math.min(rows - 1, row)), Math.max(0, Math.min(columns - 1, column))];
    lane.drawCell();
    const twin = other(lane);
    if (comparing && twin.page && !twin.described().vector) {
      const size = twin.described(); // the same place in the image
      twin.row = Math.floor(((lane.row + 0.5) / rows) * size.rows);
      twin.column = Math.floor(((lane.column + 0.5) / columns) * size.columns);
      twin.drawCell();
    }
    root.dataset.stepMs = (performance.now() - from).toFixed(3);
  }

  function say() {
    const about = lanes.filter((lane) => lane.page && (comparing || lane === lanes[0])).map((lane) => {
      return `${comparing ? `${lane.letter}: ` : ""}${lane.page.sentences[lane.described().vector ? 0 : lane.map]}`;
    });
    sentence.replaceChildren(...about.map((text) => make("div", "", text)));
    const missing = !pages.live && chips.some((chip) => chip.disabled);
    const cut = !pages.live && active.page && active.page.cut;
    const rough = !pages.live && active.page && !active.page.values;
    const parts = [missing && "the layers in gray", cut && "the maps left out", rough && "exact values"].filter(Boolean);
    const list = parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
    note.textContent = list ? `A saved copy. Run its cell to see ${list}.` : "";
  }

  function setScale(all) {
    shared.all = all;
    scales.forEach((node, n) => node.setAttribute("aria-pressed", all === (n === 1)));
    for (const lane of lanes) if (lane.page) lane.drawPage();
  }

  function setCompare(on) {
    comparing = on;
    compare.setAttribute("aria-pressed", on);
    root.classList.toggle("comparing", on);
    if (!on) active = lanes[0];
    if (on && !lanes[1].page) {
      const image = scene.images.length > 1 ? (lanes[0].image + 1) % scene.images.length : lanes[0].image;
      const follows = [...chips.keys()].filter((n) => n > lanes[0].layer && pages.has(image, n))[0];
      choose(lanes[1], image, scene.images.length > 1 ? lanes[0].layer : (follows ?? lanes[0].layer));
    }
    drawStrip();
    fit();
    say();
  }

  function refresh() {
    root.dataset.host = pages.live ? "live" : "frozen";
    if (!chips.length) return;
    drawStrip();
    for (const lane of lanes) {
      if (!lane.page) continue;
      if (pages.live && lane.page.cut) choose(lane, lane.image, lane.layer, lane.page.page);
      else {
        lane.drawInput();
        lane.drawPage();
        sharpen(lane);
      }
    }
    say();
  }

  // JupyterLab listens on the document while an event goes down, so these keys are taken one level above it,
  // and only while the focus is inside; all other shortcuts stay the notebook's.
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
    const action = keyed(event.key, event.target);
    if (!action) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    action();
  }

  function keyed(key, target) {
    const layer = { "<": -1, ">": 1 }[key] ?? (strip.contains(target) ? { ArrowLeft: -1, ArrowRight: 1 }[key] : undefined);
    if (layer) return () => nextLayer(layer, strip.contains(target));
    const lane = lanes.find((side) => side.root.contains(target));
    if (!lane?.page) return null;
    const by = { PageUp: -1, PageDown: 1 }[key];
    if (by) return () => turn(lane, by);
    const { grid, chart, stage } = lane.parts;
    const go = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key];
    if (target === stage) {
      if (key === "Home") return () => toCell(lane, lane.row, 0);
      if (key === "End") return () => toCell(lane, lane.row, Infinity);
      return go && (() => toCell(lane, lane.row + go[0], lane.column + go[1]));
    }
    if (target !== grid && target !== chart) return null;
    if (key === "Home") return () => pick(lane, 0);
    if (key === "End") return () => pick(lane, Infinity);
    const across = target === chart ? 1 : lane.across;
    return go && (() => step(lane, go[0] * across + go[1]));
  }

  function step(lane, by) {
    const to = lane.map + by;
    if (Math.abs(by) === 1 && to < 0) return turn(lane, -1, -1);
    if (Math.abs(by) === 1 && to >= lane.page.count) return turn(lane, 1, 0);
    if (to >= 0 && to < lane.page.count) pick(lane, to);
  }

  function nextLayer(by, focus) {
    let to = active.layer + by;
    while (chips[to]?.disabled) to += by;
    if (!chips[to]) return;
    choose(active, active.image, to);
    if (focus) chips[to].focus();
  }

  function fit() {
    for (const lane of lanes) lane.fit();
    reveal();
  }

  root.addEventListener("focusin", () => window.addEventListener("keydown", onKey, true));
  root.addEventListener("focusout", () => window.removeEventListener("keydown", onKey, true));
  const observer = new ResizeObserver(fit);
  observer.observe(sides);

  const key = model.get("key");
  const places = (globalThis.cnncourse ??= new Map());
  const place = places.get(key) ?? { listeners: new Set() };
  places.set(key, place);
  if (model.send) pages.connect(model);
  else {
    place.listeners.add(pages.connect);
    pages.connect(place.model ?? null);
  }
  setScale(false);
  choose(lanes[0], 0, scene.start);
  if (scene.images.length > 1) setCompare(true);

  return () => {
    observer.disconnect();
    place.listeners.delete(pages.connect);
    window.removeEventListener("keydown", onKey, true);
  };
}

export default { render };
