// Steps through an operation, one output cell at a time. Python computes everything that is shown; this draws it.
// model.get("scene"): planes (grids of cells), layout (columns of planes and operators), steps, code, labels.

const ICONS = {
  previous: "M10 3 4 8l6 5z",
  next: "M6 3l6 5-6 5z",
  play: "M4 2.5 13 8l-9 5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
};

function make(tag, className, text, parent) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

function button(className, label, parent, action) {
  const node = make("button", className, undefined, parent);
  node.type = "button";
  node.setAttribute("aria-label", label);
  node.addEventListener("click", action);
  return node;
}

// The sign as a class, read from the text itself: a number that is shown as 0 is colored as 0.
function signOf(text) {
  return /^[0.]*$/.test(text.replace("−", "")) ? "zero" : text.startsWith("−") ? "minus" : "plus";
}

function drawPlane(plane, parent) {
  const figure = make("div", "plane", undefined, parent);
  make("div", "caption", plane.caption, figure);
  const grid = make("div", "grid", undefined, figure);
  grid.style.setProperty("--columns", plane.columns);
  grid.setAttribute("role", "img");
  grid.setAttribute("aria-label", plane.caption);
  make("span", "", "", grid);
  for (let c = 0; c < plane.columns; c++) make("span", "index", c, grid);
  const [top, left] = plane.padding ?? [0, 0];
  const cells = plane.text.map((text, n) => {
    const [row, column] = [Math.floor(n / plane.columns), n % plane.columns];
    if (column === 0) make("span", "index", row, grid);
    const inside = row >= top && row < plane.rows - top && column >= left && column < plane.columns - left;
    const cell = make("div", inside ? "cell" : "cell pad", undefined, grid);
    return { cell, number: make("span", "", "", cell), sign: "", lit: false };
  });
  return { ...plane, grid, cells, longest: Math.max(...plane.text.map((text) => text.length)) };
}

// Write a number into a cell and tint it by its sign; `share` is how strongly, undefined for no tint.
function fill(cell, text, share) {
  cell.number.textContent = text;
  const sign = share === undefined ? "" : signOf(text);
  if (sign !== cell.sign) {
    if (cell.sign) cell.cell.classList.remove(cell.sign);
    if (sign) cell.cell.classList.add(sign);
    cell.sign = sign;
  }
  if (sign) cell.cell.style.setProperty("--share", Math.abs(share));
}

// The outline of the cells that a step touches, with a small label in each. It has one shape in all steps, so
// that a step only moves it; with gaps between the cells (dilation) it is loose: labels without a border.
function drawFrame(plane, cells, labels) {
  const place = (n) => [Math.floor(n / plane.columns), n % plane.columns];
  const [top, left] = place(cells[0]);
  const offsets = cells.map(place).map(([row, column]) => [row - top, column - left]);
  const [height, width] = offsets[offsets.length - 1].map((last) => last + 1);
  const loose = height * width !== cells.length;
  const frame = make("div", loose ? "frame loose" : "frame", undefined, plane.grid);
  frame.style.setProperty("--height", height);
  frame.style.setProperty("--width", width);
  plane.grid.classList.toggle("scattered", loose);
  plane.frame = frame;
  plane.labels = labels.map((text, k) => {
    const label = make("small", "", text, frame);
    label.style.setProperty("--row", offsets[k][0] + 1);
    label.style.setProperty("--column", offsets[k][1] + 1);
    return label;
  });
  plane.grid.classList.toggle("labeled", labels.length > 0);
  plane.note = Math.max(...labels.map((text) => text.length));
}

function move(plane, n) {
  plane.frame.style.setProperty("--top", Math.floor(n / plane.columns));
  plane.frame.style.setProperty("--left", n % plane.columns);
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function join(before, addend, space = "") {
  const minus = addend.startsWith("−");
  return [before, minus ? "−" : "+", addend.slice(minus)].join(space);
}

function render({ model, el }) {
  const scene = model.get("scene");
  const { steps } = scene;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let step = 0;
  let timer = null;
  let hot = [];

  const root = make("section", still ? "cnncourse-stepper still" : "cnncourse-stepper", undefined, el);
  root.tabIndex = 0;
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `${scene.title}. Arrow keys step, space plays.`);

  const header = make("div", "header", undefined, root);
  make("div", "title", scene.title, header);
  const controls = make("div", "controls", undefined, header);
  const previous = button("previous", "previous step", controls, () => jump(step - 1));
  previous.append(icon("previous"));
  const play = button("play", "play", controls, toggle);
  const next = button("next", "next step", controls, () => jump(step + 1));
  next.append(icon("next"));
  const slider = make("input", "slider", undefined, controls);
  Object.assign(slider, { type: "range", min: 0, max: steps.length - 1, value: 0 });
  slider.setAttribute("aria-label", "step");
  slider.addEventListener("input", () => jump(+slider.value));
  const where = make("div", "where", undefined, controls);

  const body = make("div", "body", undefined, root);
  const stage = make("div", "stage", undefined, body);
  const planes = [];
  let group = make("div", "group", undefined, stage); // an operator stays with what follows it when a row breaks
  for (const column of scene.layout) {
    if (typeof column === "string") {
      group = make("div", "group", undefined, stage);
      make("div", "operator", column, group);
      continue;
    }
    const stack = make("div", "stack", undefined, group);
    for (const item of column) {
      if (typeof item === "string") make("div", "operator", item, stack);
      else planes[item] = drawPlane(scene.planes[item], stack);
    }
  }
  const inputs = scene.inputs.map((n) => planes[n]);
  const kernels = scene.kernels.map((n) => planes[n]);
  const outputs = scene.outputs.map((n) => planes[n]);
  planes.forEach((plane, n) => {
    if (!scene.outputs.includes(n)) plane.text.forEach((text, k) => fill(plane.cells[k], text, plane.shade?.[k]));
  });
  inputs.forEach((plane, channel) => {
    const kernel = scene.steps[0].writes ? undefined : kernels[channel];
    drawFrame(plane, steps[0].cells[channel], kernel ? kernel.text.map((text) => `×${text}`) : []);
  });
  for (const plane of outputs) {
    plane.grid.classList.add("output");
    plane.writes = steps.map((now, n) => now.writes ?? [[n, plane.text[n], plane.shade?.[n]]]);
    plane.state = []; // what stands in each cell: the write that put it there
    plane.done = -1; // the last step that is in it
    plane.cells.forEach((cell) => fill(cell, plane.start ?? ""));
    const first = plane.writes[0].map(([n]) => n);
    drawFrame(plane, first, first.length > 1 ? first.map(() => "") : []);
    plane.longest = plane.writes.flat().reduce((most, [, text]) => Math.max(most, text.length), 1);
    plane.note = 1 + 2 * plane.longest; // what stood there, a sign, what is added
  }
  const order = (scene.order ?? scene.outputs).map((n) => planes[n]); // cell n of these belongs to step n
  for (const plane of order) {
    plane.grid.classList.add("order");
    plane.cells.forEach(({ cell }, n) => {
      cell.title = `go to step ${n + 1}`;
      cell.addEventListener("click", () => jump(n));
    });
  }

  const terms = make("div", "terms", undefined, body);
  const chips = (steps[0].products ?? steps[0].cells).map((row, c) => {
    const line = make("div", "row", undefined, terms);
    if (inputs.length > 1) make("span", "channel", scene.channels[c], line);
    const list = row.map((_, k) => {
      const chip = make("span", "chip", undefined, line);
      const parts = { chip, product: make("b", "", "", chip), factors: make("small", "", "", chip) };
      chip.addEventListener("pointerenter", () => point(c, k));
      chip.addEventListener("pointerleave", cool);
      return parts;
    });
    return { list, sum: make("span", "sum", "", line) };
  });
  const equation = make("div", "equation", undefined, chips.length === 1 ? chips[0].sum.parentNode : terms);
  const total = make("span", "", "", equation);
  const value = make("b", "", "", equation);
  const place = make("span", "place", "", equation);
  const sentence = make("div", "sentence", "", body);
  make("div", "note", scene.note, body);

  const running = scene.running ?? scene.code.length - 1;
  const code = scene.code.length ? make("div", "code", undefined, root) : null;
  const lines = scene.code.map((text, n) => {
    const line = make("div", n === running ? "line running" : "line", undefined, code);
    make("span", "number", n + 1, line);
    make("span", "source", text, line);
    return make("span", "value", "", line);
  });

  function point(channel, k) {
    const now = steps[step];
    const seen = now.cells[channel][k] ?? now.cells[channel][0];
    const touched = [inputs[channel].cells[seen], kernels[channel]?.cells[k]];
    if (now.writes) touched.push(outputs[0].cells[now.writes[k][0]]);
    hot = touched.filter(Boolean);
    for (const { cell } of hot) cell.classList.add("hot");
  }

  function cool() {
    for (const { cell } of hot) cell.classList.remove("hot");
    hot = [];
  }

  // Only the cells that enter or leave the window change their class.
  function light(plane, cells, best) {
    const now = new Set(cells);
    for (const n of plane.lit ?? []) if (!now.has(n)) plane.cells[n].cell.classList.remove("on");
    for (const n of now) if (!plane.lit?.has(n)) plane.cells[n].cell.classList.add("on");
    plane.lit = now;
    if (plane.best !== cells[best]) {
      plane.cells[plane.best]?.cell.classList.remove("best");
      plane.cells[cells[best]]?.cell.classList.add("best");
      plane.best = cells[best];
    }
    move(plane, cells[0]);
  }

  // Bring an output to what it holds after this step, and return what its cells held before the step.
  function advance(plane) {
    const state = step < plane.done ? [] : plane.state.slice();
    for (let n = step < plane.done ? 0 : plane.done + 1; n < step; n++) {
      for (const entry of plane.writes[n]) state[entry[0]] = entry;
    }
    const now = plane.writes[step];
    const before = now.map(([n]) => state[n]?.[1]);
    for (const entry of now) state[entry[0]] = entry;
    plane.cells.forEach((cell, n) => {
      if (state[n] === plane.state[n]) return;
      cell.cell.classList.toggle("written", n in state);
      if (n in state) fill(cell, state[n][1], state[n][2]);
      else fill(cell, plane.start ?? "");
    });
    Object.assign(plane, { state, done: step });
    move(plane, now[0][0]);
    return before;
  }

  function drawChips(now, channel, before) {
    chips[channel].list.forEach(({ chip, product, factors }, k) => {
      const n = now.cells[channel][k] ?? now.cells[channel][0];
      const shown = now.products ? now.products[channel][k] : inputs[channel].text[n];
      const sum = () => `${join(before[k], shown, " ")} ${now.sign} ${now.writes[k][1]}`;
      write(product, before?.[k] ? sum() : shown);
      write(factors, kernels.length ? `${inputs[channel].text[n]}·${kernels[channel].text[k]}` : "");
      const look = `chip ${scene.signed ? signOf(shown) : "zero"}${k === now.best ? " best" : ""}`;
      if (chip.className !== look) chip.className = look;
    });
    write(chips[channel].sum, now.sums ? now.sums[channel] : "");
  }

  function draw() {
    if (outputs[0].done === step) return;
    const started = performance.now();
    const now = steps[step];
    cool();
    inputs.forEach((plane, channel) => light(plane, now.cells[channel], channel ? undefined : now.best));
    const [before] = outputs.map(advance);
    outputs[0].labels.forEach((label, k) => write(label, before[k] ? join(before[k], now.products[0][k]) : ""));
    chips.forEach((_, channel) => drawChips(now, channel, now.writes && before));
    write(total, `${now.total} `);
    write(value, now.value);
    write(place, now.place ? ` ${now.place}` : "");
    write(sentence, now.sentence);
    write(where, `${now.at} · ${step + 1} of ${steps.length}`);
    lines.forEach((line, n) => {
      write(line, now.variables[n]);
      line.classList.toggle("changed", step > 0 && steps[step - 1].variables[n] !== now.variables[n]);
    });
    slider.value = step;
    slider.setAttribute("aria-valuetext", `${now.at}, step ${step + 1} of ${steps.length}`);
    previous.disabled = step === 0;
    next.disabled = step === steps.length - 1;
    root.dataset.step = step;
    root.dataset.drawMs = (performance.now() - started).toFixed(3);
  }

  function go(n) {
    step = Math.max(0, Math.min(steps.length - 1, n));
    draw();
  }

  function jump(n) {
    stop();
    go(n);
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.replaceChildren(icon("play"), "Play");
    play.setAttribute("aria-label", "play");
    sentence.setAttribute("aria-live", "polite");
  }

  function toggle() {
    if (timer) return stop();
    if (step === steps.length - 1) go(0);
    timer = setInterval(() => {
      go(step + 1);
      if (step === steps.length - 1 || !root.isConnected) stop();
    }, 900);
    play.replaceChildren(icon("pause"), "Pause");
    play.setAttribute("aria-label", "pause");
    sentence.setAttribute("aria-live", "off"); // a reader cannot follow a sentence a second
  }

  // JupyterLab listens on the document while an event goes down, so these keys are taken one level above it,
  // and only while the focus is inside; all other shortcuts stay the notebook's.
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const actions = {
      ArrowRight: () => jump(step + 1),
      ArrowLeft: () => jump(step - 1),
      ArrowDown: () => jump(step + order[0].columns),
      ArrowUp: () => jump(step - order[0].columns),
      Home: () => jump(0),
      End: () => jump(steps.length - 1),
      " ": event.target.tagName === "BUTTON" ? undefined : toggle,
    };
    if (!actions[event.key]) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    actions[event.key]();
  }
  root.addEventListener("focusin", () => window.addEventListener("keydown", onKey, true));
  root.addEventListener("focusout", () => window.removeEventListener("keydown", onKey, true));

  const columns = scene.layout.filter((column) => typeof column !== "string");
  const widths = columns.map((column) => {
    return Math.max(...column.filter((n) => typeof n !== "string").map((n) => planes[n].columns));
  });
  const several = kernels.length > 1;
  const [gap, sign] = several ? [6, 14] : [14, 22];
  root.classList.toggle("several", several);
  const legible = Math.max(26, 5 + 5.6 * Math.max(...planes.map((plane) => plane.longest)));

  // The largest cell with which the first `count` planes stand in one row of the stage.
  function largest(room, count) {
    const cells = widths.slice(0, count).reduce((a, b) => a + b);
    return Math.floor((room - 16 * count - (sign + 2 * gap) * (count - 1)) / cells);
  }

  // Everything in one row while its numbers can be read, else the output, then more, below the input.
  function fit() {
    const room = stage.clientWidth - 2;
    let count = widths.length;
    while (count > 1 && largest(room, count) < legible) count -= 1;
    const alone = (room - 16 - sign - gap) / Math.max(0, ...widths.slice(count)); // a plane in a row of its own
    const cell = Math.floor(Math.min(count < widths.length ? 38 : 42, largest(room, count), alone));
    root.style.setProperty("--cell", `${cell}px`);
    for (const plane of planes) {
      const text = Math.min(0.42 * cell, (cell - 5) / (0.63 * plane.longest));
      plane.grid.style.setProperty("--text", `${text.toFixed(1)}px`);
      if (!plane.labels?.length) continue;
      const small = Math.min(Math.max(8, 0.26 * cell), (cell - 3) / (0.68 * plane.note));
      plane.grid.style.setProperty("--small", `${small.toFixed(1)}px`);
      plane.grid.classList.toggle("dense", small < 7.5);
    }
  }
  const observer = new ResizeObserver(fit);
  observer.observe(stage);
  stop();
  fit();
  draw();
  return () => {
    stop();
    observer.disconnect();
    window.removeEventListener("keydown", onKey, true);
  };
}

export default { render };
