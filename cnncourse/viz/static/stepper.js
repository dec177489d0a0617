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
    make("span", "", text, cell);
    if (plane.shade) {
      cell.classList.add(signOf(text));
      cell.style.setProperty("--share", Math.abs(plane.shade[n]));
    }
    return cell;
  });
  const frame = make("div", "frame", undefined, grid);
  frame.hidden = true;
  return { ...plane, grid, cells, frame };
}

// The rectangle that the cells fill, or null when they leave gaps (dilation).
function rectangle(cells, columns) {
  const rows = cells.map((n) => Math.floor(n / columns));
  const across = cells.map((n) => n % columns);
  const [top, left] = [Math.min(...rows), Math.min(...across)];
  const [height, width] = [Math.max(...rows) - top + 1, Math.max(...across) - left + 1];
  return height * width === cells.length ? { top, left, height, width } : null;
}

function outline(plane, cells) {
  const box = rectangle(cells, plane.columns);
  plane.frame.hidden = !box;
  if (box) for (const side in box) plane.frame.style.setProperty(`--${side}`, box[side]);
  return box;
}

function render({ model, el }) {
  const scene = model.get("scene");
  const { steps } = scene;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let step = 0;
  let timer = null;
  let lit = [];

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
  for (const plane of outputs) {
    plane.grid.classList.add("output");
    plane.cells.forEach((cell, n) => {
      cell.title = `go to step ${n + 1}`;
      cell.addEventListener("click", () => jump(n));
    });
  }

  const terms = make("div", "terms", undefined, body);
  const chips = inputs.map((plane, c) => {
    const row = make("div", "row", undefined, terms);
    if (inputs.length > 1) make("span", "channel", scene.channels[c], row);
    const list = steps[0].cells[c].map((_, k) => {
      const chip = make("span", "chip", undefined, row);
      const parts = { chip, product: make("b", "", "", chip), factors: make("small", "", "", chip) };
      chip.addEventListener("pointerenter", () => point(c, k, true));
      chip.addEventListener("pointerleave", () => point(c, k, false));
      return parts;
    });
    return { list, sum: make("span", "sum", "", row) };
  });
  const equation = make("div", "equation", undefined, inputs.length > 1 ? terms : chips[0].sum.parentNode);
  const total = make("span", "", "", equation);
  const value = make("b", "", "", equation);
  const place = make("span", "place", "", equation);
  const sentence = make("div", "sentence", "", body);
  make("div", "note", scene.note, body);

  const code = make("div", "code", undefined, root);
  const lines = scene.code.map((text, n) => {
    const line = make("div", n === scene.code.length - 1 ? "line running" : "line", undefined, code);
    make("span", "number", n + 1, line);
    make("span", "source", text, line);
    return make("span", "value", "", line);
  });

  function point(channel, k, on) {
    inputs[channel].cells[steps[step].cells[channel][k]].classList.toggle("hot", on);
    if (kernels.length) kernels[channel].cells[k].classList.toggle("hot", on);
  }

  function light(plane, cells, channel, best) {
    const contiguous = outline(plane, cells);
    cells.forEach((n, k) => {
      const cell = plane.cells[n];
      cell.classList.add("on");
      if (!contiguous) cell.classList.add("apart");
      if (k === best) cell.classList.add("best");
      if (kernels.length) {
        cell.classList.add("weighed");
        make("small", "", `×${kernels[channel].text[k]}`, cell);
      }
      lit.push(cell);
    });
  }

  function drawChips(now, channel) {
    now.cells[channel].forEach((n, k) => {
      const { chip, product, factors } = chips[channel].list[k];
      const shown = now.products ? now.products[channel][k] : inputs[channel].text[n];
      product.textContent = shown;
      factors.textContent = kernels.length ? `${inputs[channel].text[n]}·${kernels[channel].text[k]}` : "";
      chip.className = `chip ${scene.signed ? signOf(shown) : "zero"}${k === now.best ? " best" : ""}`;
    });
    chips[channel].sum.textContent = now.sums ? now.sums[channel] : "";
  }

  function draw() {
    const started = performance.now();
    const now = steps[step];
    for (const cell of lit) {
      cell.classList.remove("on", "apart", "best", "hot", "weighed");
      cell.querySelector("small")?.remove();
    }
    lit = [];
    inputs.forEach((plane, channel) => {
      light(plane, now.cells[channel], channel, now.best);
      drawChips(now, channel);
    });
    for (const plane of outputs) {
      plane.cells.forEach((cell, n) => cell.classList.toggle("written", n <= step));
      outline(plane, [step]);
    }
    total.textContent = `${now.total} `;
    value.textContent = now.value;
    place.textContent = now.place ? ` ${now.place}` : "";
    sentence.textContent = now.sentence;
    where.textContent = `${now.at} · ${step + 1} of ${steps.length}`;
    lines.forEach((line, n) => {
      line.textContent = now.variables[n];
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
      ArrowDown: () => jump(step + outputs[0].columns),
      ArrowUp: () => jump(step - outputs[0].columns),
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
  const longest = (plane) => Math.max(...plane.text.map((text) => text.length));
  const noteLength = Math.max(1, ...kernels.map((plane) => longest(plane) + 1));
  const several = inputs.length > 1;
  const [gap, sign] = several ? [6, 14] : [14, 22];
  root.classList.toggle("several", several);
  const legible = Math.max(26, 5 + 5.6 * Math.max(...planes.map(longest)));

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
    const cell = Math.min(count < widths.length ? 38 : 42, largest(room, count));
    const small = Math.min(Math.max(8, 0.26 * cell), (cell - 3) / (0.68 * noteLength));
    root.style.setProperty("--cell", `${cell}px`);
    root.style.setProperty("--small", `${small.toFixed(1)}px`);
    root.classList.toggle("dense", small < 7.5);
    for (const plane of planes) {
      const text = Math.min(0.42 * cell, (cell - 5) / (0.63 * longest(plane)));
      plane.grid.style.setProperty("--text", `${text.toFixed(1)}px`);
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
