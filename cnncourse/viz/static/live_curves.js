// Draws what a training run has reported so far. Python computes every number and sentence.
// model.get("scene"): panels of curves with their points, where the epochs ended, state, summary; model.get("film"):
// small pictures; model.get("key"): by which a copy displayed as HTML finds the running kernel.

const DASHES = ["", "7 4", "2 3", "9 3 2 3"];
const MARKS = ["circle", "square", "triangle", "diamond"];
const MARGIN = { left: 50, right: 14, top: 20, bottom: 38 };
const HEIGHT = 236;
const SMALL = 40; // points; up to here each has its mark

function make(tag, className, text, parent) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
}

function draw(tag, attributes, parent, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const name in attributes) node.setAttribute(name, attributes[name]);
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
}

function unpack(text) {
  const bytes = Uint8Array.from(atob(text ?? ""), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

// Three digits, as Python writes them.
function write(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e6 || size < 1e-3 ? value.toExponential(1).replace(".0e", "e").replace("e+", "e")
    : size >= 999.5 ? value.toFixed(0) : value.toPrecision(3);
  return text.replaceAll("-", "−");
}

function tickText(value) {
  const text = Math.abs(value) >= 1e6 || (value !== 0 && Math.abs(value) < 1e-4)
    ? value.toExponential(1).replace(".0e", "e").replace("e+", "e")
    : Number.isInteger(value) && Math.abs(value) >= 10000 ? value.toLocaleString("en-US") : String(+value.toPrecision(6));
  return text.replaceAll("-", "−");
}

// Multiples of 1, 2 or 5 times a power of ten, about `count` of them, none outside.
function ticks(low, high, count, whole) {
  const rough = Math.max((high - low) / count, whole ? 1 : Number.MIN_VALUE);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((n) => n * power >= rough * 0.999);
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n++) found.push(n * step);
  return found;
}

function logTicks(low, high) {
  const found = [];
  const factors = high / low > 1000 ? [1] : high / low > 20 ? [1, 3] : [1, 2, 3, 5, 7];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
    for (const factor of factors) found.push(+`${factor}e${power}`);
  const inside = found.filter((value) => value >= low && value <= high);
  const skip = Math.ceil(inside.length / 7);
  return inside.filter((_, n) => n % skip === 0);
}

function scaleY(curves, log, fromZero) {
  let [low, high] = [Infinity, -Infinity];
  for (const { low: lows, high: highs } of curves) {
    for (const value of lows) if ((!log || value > 0) && value < low) low = value;
    for (const value of highs) if ((!log || value > 0) && value > high) high = value;
  }
  if (low > high) [low, high] = log ? [0.1, 1] : [0, 1];
  const [top, bottom] = [MARGIN.top, HEIGHT - MARGIN.bottom];
  if (log) {
    const room = Math.max(1.1, (high / low) ** 0.06);
    [low, high] = [low / room, high * room];
    const span = Math.log(high / low);
    return { to: (v) => bottom - (Math.log(v / low) / span) * (bottom - top), ticks: logTicks(low, high) };
  }
  const room = 0.06 * (high - low) || 0.1 * Math.abs(high) || 0.5;
  const capped = high <= 1 && high + room > 1 && low >= 0;
  low = low >= 0 && (fromZero || low - room < 0) ? 0 : low - room;
  high = capped ? 1 : high + room;
  return { to: (v) => bottom - ((v - low) / (high - low)) * (bottom - top), ticks: ticks(low, high, 5) };
}

function mark(kind, x, y, size, attributes, parent) {
  const s = size;
  const paths = {
    circle: `M${x - s} ${y}a${s} ${s} 0 1 0 ${2 * s} 0a${s} ${s} 0 1 0 ${-2 * s} 0z`,
    square: `M${x - s * 0.9} ${y - s * 0.9}h${s * 1.8}v${s * 1.8}h${-s * 1.8}z`,
    triangle: `M${x} ${y - s * 1.2}l${s * 1.15} ${s * 2.1}h${-s * 2.3}z`,
    diamond: `M${x} ${y - s * 1.3}l${s * 1.3} ${s * 1.3}l${-s * 1.3} ${s * 1.3}l${-s * 1.3} ${-s * 1.3}z`,
  };
  return draw("path", { d: paths[kind], ...attributes }, parent);
}

function path(xs, ys, log) {
  let text = "";
  let open = false;
  for (let n = 0; n < xs.length; n++) {
    if (log && !(ys[n].value > 0)) {
      open = false;
      continue;
    }
    text += `${open ? "L" : "M"}${xs[n].toFixed(1)} ${ys[n].at.toFixed(1)}`;
    open = true;
  }
  return text;
}

function styleOf(n) {
  return { color: `var(--c${n % 4})`, dash: DASHES[(n + Math.floor(n / 4)) % 4], kind: MARKS[n % 4] };
}

function drawPanel(parts, panel, scene, log, cursor) {
  const { svg } = parts;
  const width = Math.max(220, parts.stage.clientWidth);
  const curves = panel.curves;
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  svg.setAttribute("width", width);
  svg.setAttribute("height", HEIGHT);
  const from = scene.unit === "epoch" ? Math.min(1, scene.last) : 0;
  const to = Math.max(scene.last, from + 1);
  const [left, right, bottom] = [MARGIN.left, width - MARGIN.right, HEIGHT - MARGIN.bottom];
  const x = (value) => left + ((value - from) / (to - from)) * (right - left);
  const y = scaleY(curves, log, panel.title === "loss");
  parts.back = (pixel) => from + ((pixel - left) / (right - left)) * (to - from);

  const empty = !curves.some((curve) => curve.x.length || curve.odd.length);
  for (const value of empty ? [] : y.ticks) {
    const at = y.to(value).toFixed(1);
    draw("path", { class: "rule", d: `M${left} ${at}H${right}` }, svg);
    draw("text", { class: "tick", x: left - 7, y: +at + 4, "text-anchor": "end" }, svg, tickText(value));
  }
  const wide = Math.max(3, Math.floor((right - left) / 80));
  const across = ticks(from, to, wide, true);
  if (across.length > 1 && across[0] - from >= 0.5 * (across[1] - across[0])) across.unshift(from);
  for (const value of across) {
    draw("path", { class: "axis", d: `M${x(value).toFixed(1)} ${bottom}v4` }, svg);
    draw("text", { class: "tick", x: x(value), y: bottom + 17, "text-anchor": "middle" }, svg, tickText(value));
  }
  draw("text", { class: "name", x: (left + right) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, svg, scene.unit);
  draw("path", { class: "axis", d: `M${left} ${bottom}H${right}` }, svg);
  const every = Math.max(1, Math.ceil((scene.ends.length * 22) / (right - left)));
  scene.ends.forEach((end, n) => {
    draw("path", { class: "end", d: `M${x(end).toFixed(1)} ${MARGIN.top - 4}V${bottom}` }, svg);
    if ((n + 1) % every === 0) draw("text", { class: "tick", x: x(end) - 4, y: MARGIN.top - 7, "text-anchor": "end" }, svg, n + 1);
  });
  if (scene.ends.length) draw("text", { class: "tick", x: left - 7, y: MARGIN.top - 7, "text-anchor": "end" }, svg, "epoch");

  for (const curve of curves) {
    const { color, dash, kind } = curve.style;
    const xs = Array.from(curve.x, x);
    const placed = (values) => Array.from(values, (value) => ({ value, at: y.to(value) }));
    const means = placed(curve.mean);
    const group = draw("g", { style: `color: ${color}`, "data-label": curve.label }, svg);
    if (curve.smooth.length) {
      const both = xs.flatMap((at) => [at, at]);
      const jagged = Array.from(curve.low).flatMap((low, n) => [low, curve.high[n]]);
      draw("path", { class: "raw", d: path(both, placed(jagged), log) }, group);
      draw("path", { class: "line", d: path(xs, placed(curve.smooth), log), "stroke-dasharray": dash }, group);
    } else {
      draw("path", { class: "line", d: path(xs, means, log), "stroke-dasharray": dash }, group);
      if (xs.length <= SMALL)
        means.forEach(({ value, at }, n) => (!log || value > 0) && mark(kind, xs[n], at, 3, { class: "dot" }, group));
    }
    const end = xs.length - 1;
    const tip = curve.smooth.length ? curve.smooth[end] : curve.mean[end];
    if (end >= 0 && (!log || tip > 0)) mark(kind, xs[end], y.to(tip), 4.2, { class: "dot tip" }, group);
    let marked = -Infinity;
    curve.odd.forEach((at, n) => {
      const [cx, cy] = [x(at), MARGIN.top + 7];
      if (cx - marked < 11) return;
      marked = cx;
      draw("path", { class: "odd", d: `M${cx - 4} ${cy - 4}l8 8m0 -8l-8 8` }, group);
      if (n === 0) {
        const flip = cx > (left + right) / 2;
        draw("text", { class: "said", x: cx + (flip ? -8 : 8), y: cy + 18, "text-anchor": flip ? "end" : "start" }, group, curve.odd_told);
      }
    });
  }
  if (empty) {
    draw("text", { class: "name", x: (left + right) / 2, y: HEIGHT / 2, "text-anchor": "middle" }, svg, "no values yet");
  }
  if (cursor !== null) draw("path", { class: "cursor", d: `M${x(cursor).toFixed(1)} ${MARGIN.top}V${bottom}` }, svg);
}

// Where the values of a curve can be read: its point nearest to x.
function nearest(curve, x) {
  let best = -1;
  for (let n = 0; n < curve.x.length; n++)
    if (best < 0 || Math.abs(curve.x[n] - x) < Math.abs(curve.x[best] - x)) best = n;
  return best;
}

function read(scene) {
  let styles = 0;
  let last = 0;
  const panels = scene.panels.map((panel) => ({
    title: panel.title,
    curves: panel.curves.map((curve) => {
      const points = {};
      for (const name of ["x", "low", "high", "mean", "smooth"]) points[name] = unpack(curve.points[name]);
      return { ...curve, ...points, style: styleOf(styles++) };
    }),
  }));
  last = scene.unit === "step" ? scene.steps : scene.epochs;
  return { ...scene, panels, last };
}

function render({ model, el }) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let scene = read(model.get("scene"));
  let film = model.get("film");
  let log = false;
  let cursor = null;
  let source = null;
  let panels = [];

  const root = make("section", still ? "cnncourse-curves still" : "cnncourse-curves", undefined, el);
  root.tabIndex = 0;
  root.setAttribute("role", "group");
  const header = make("div", "header", undefined, root);
  make("div", "title", scene.title, header);
  const state = make("div", "state", undefined, header);
  const dot = make("span", "pulse", undefined, state);
  dot.setAttribute("aria-hidden", "true");
  const told = make("span", "", "", state);
  const controls = make("div", "controls", undefined, header);
  const scale = make("button", "log", "Log scale", controls);
  scale.type = "button";
  scale.addEventListener("click", () => {
    log = !log;
    update();
  });
  const body = make("div", "body", undefined, root);
  const strip = make("div", "strip", undefined, root);
  const summary = make("div", "summary", "", root);

  function build() {
    observer.disconnect();
    body.replaceChildren();
    panels = scene.panels.map((panel) => {
      const box = make("div", "panel", undefined, body);
      const legend = make("div", "legend", undefined, box);
      const entries = panel.curves.map((curve) => {
        const entry = make("div", "entry", undefined, legend);
        const sample = draw("svg", { width: 38, height: 14, "aria-hidden": "true", style: `color: ${curve.style.color}` }, entry);
        draw("path", { class: "line", d: "M1 7H37", "stroke-dasharray": curve.style.dash }, sample);
        mark(curve.style.kind, 19, 7, 3.6, { class: "dot" }, sample);
        make("span", "label", curve.label, entry);
        return { value: make("b", "value", "", entry), note: make("small", "", "", entry) };
      });
      const stage = make("div", "stage", undefined, box);
      const svg = draw("svg", { role: "img" }, stage);
      const parts = { stage, svg, entries };
      svg.addEventListener("pointermove", (event) => {
        point(parts.back(event.clientX - svg.getBoundingClientRect().left), false);
      });
      svg.addEventListener("pointerleave", () => point(null, false));
      observer.observe(stage);
      return parts;
    });
  }

  function showFilm() {
    strip.hidden = !film.length;
    strip.replaceChildren();
    if (!film.length) return;
    make("div", "caption", "prediction", strip);
    const row = make("div", "frames", undefined, strip);
    for (const frame of film) {
      const figure = make("figure", "", undefined, row);
      const picture = make("img", "", undefined, figure);
      const zoom = 92 / Math.max(frame.rows, frame.columns);
      Object.assign(picture, { src: frame.source, alt: `prediction, ${frame.caption}` });
      picture.width = Math.round(frame.columns * zoom);
      picture.height = Math.round(frame.rows * zoom);
      make("figcaption", "", frame.caption, figure);
    }
  }

  function update() {
    const started = performance.now();
    const names = (list) => list.map((panel) => panel.curves.map((curve) => curve.label).join("\n")).join("\n\n");
    if (root.dataset.names !== names(scene.panels) || !panels.length) build();
    root.dataset.names = names(scene.panels);
    scene.panels.forEach((panel, p) => {
      drawPanel(panels[p], panel, scene, log && panel.title === "loss", cursor);
      panels[p].svg.setAttribute("aria-label", `${panel.title}, by ${scene.unit}`);
      panel.curves.forEach((curve, c) => {
        const { value, note } = panels[p].entries[c];
        const at = cursor === null ? -1 : nearest(curve, cursor);
        value.textContent = at < 0 ? curve.now : write(curve.mean[at]);
        const where = at < 0 ? "" : `at ${scene.unit} ${Math.round(curve.x[at]).toLocaleString("en-US")}`;
        const average = at >= 0 && curve.smooth.length ? `, smooth ${write(curve.smooth[at])}` : "";
        note.textContent = at < 0 ? curve.best : where + average;
      });
    });
    const running = scene.state === "running";
    dot.hidden = !running || !source;
    const words = running ? (source ? "training" : model.get("key") ? "not connected" : "") : scene.state;
    told.textContent = [words, scene.where].filter(Boolean).join(" · ");
    scale.setAttribute("aria-pressed", log);
    scale.hidden = !scene.panels.some((panel) => panel.title === "loss");
    summary.hidden = running;
    summary.textContent = `${scene.summary[0].toUpperCase()}${scene.summary.slice(1)}.`;
    root.setAttribute("aria-label", `${scene.title}: ${scene.summary}. Arrow keys read the values.`);
    root.dataset.state = scene.state;
    root.dataset.last = scene.last;
    root.dataset.drawMs = (performance.now() - started).toFixed(3);
  }

  function point(x, spoken) {
    const from = scene.unit === "epoch" ? Math.min(1, scene.last) : 0;
    cursor = x === null ? null : Math.max(from, Math.min(scene.last, Math.round(x)));
    for (const { entries } of panels)
      for (const { value } of entries) value.parentNode.setAttribute("aria-live", spoken ? "polite" : "off");
    update();
  }

  // JupyterLab listens on the document while an event goes down, so these keys are taken one level above it,
  // and only while the focus is inside; all other shortcuts stay the notebook's.
  function onKey(event) {
    if (!root.contains(document.activeElement)) return leave(); // it was replaced while it had the focus
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const stride = scene.unit === "epoch" ? 1 : Math.max(1, Math.round(scene.last / 100));
    const actions = {
      ArrowRight: () => point(cursor === null ? 0 : cursor + stride, true),
      ArrowLeft: () => point(cursor === null ? scene.last : cursor - stride, true),
      Home: () => point(0, true),
      End: () => point(scene.last, true),
      Escape: cursor === null ? undefined : () => point(null, true),
    };
    if (!actions[event.key]) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    actions[event.key]();
  }
  const take = () => window.addEventListener("keydown", onKey, true);
  const leave = () => window.removeEventListener("keydown", onKey, true);
  root.addEventListener("focusin", take);
  root.addEventListener("focusout", leave);

  const observer = new ResizeObserver(() => update());

  function hear(message) {
    if (!message.scene) return;
    scene = read(message.scene);
    if (message.film) {
      film = message.film;
      showFilm();
    }
    update();
  }

  // A copy displayed as HTML hears through the widget that shares its key, a widget's view through its own model.
  function connect(live) {
    if (live === source) return;
    source?.off("msg:custom", hear);
    source = live;
    source?.on("msg:custom", hear);
    if (live || root.isConnected) update();
    else place?.listeners.delete(connect); // the picture stands in its place
  }
  const key = model.get("key");
  let place = null;
  if (key) {
    const places = (globalThis.cnncourse ??= new Map());
    place = places.get(key) ?? { listeners: new Set() };
    places.set(key, place);
    place.listeners.add(connect);
  }
  showFilm();
  update();
  if (place?.model) connect(place.model);
  return () => {
    observer.disconnect();
    place?.listeners.delete(connect);
    connect(null);
    leave();
  };
}

export default { render };
