"""Curves grow in a real JupyterLab while a cell trains; their picture outlives the cell and the kernel."""

import os

import nbformat
import pytest

from cnncourse import viz
from tests.browser.lab import OUTPUTS, READY, SECONDS, Lab, Notebook

ROOT = ".cnncourse-curves"
SHOTS = os.environ.get("CNNCOURSE_SHOTS")

TRAIN = """\
import math, time
import numpy as np
from cnncourse import viz

spent = []
with viz.live_curves(("loss", "val_loss"), "val_accuracy", title="Training <b>U-Net</b>") as curves:
    curves.film(np.random.default_rng(0).integers(0, 4, (48, 64)))
    for epoch in range({epochs}):
        for step in range(100):
            time.sleep({pause})
            n = 100 * epoch + step
            loss = 2.2 * math.exp(-n / 150) + .1 + .05 * math.sin(n * n)
            before, start, busy = curves._view._ended, time.perf_counter(), time.thread_time()
            curves.step(loss=loss)
            took = time.perf_counter() - start, time.thread_time() - busy
            spent.append((curves._view._ended != before, *took))
        curves.epoch(val_loss=2 * math.exp(-epoch), val_accuracy=1 - .5 * math.exp(-epoch))
        mask = np.zeros((48, 64), int)
        mask[24:] = 1
        mask[10:24, 10 + 4 * epoch:30 + 4 * epoch] = 2
        curves.film(mask)
"""
COST = """\
import numpy as np
sent, wall, busy = np.transpose(spent)
for what, which in {"step that sends": sent == 1, "other step": sent == 0, "any step": sent >= 0}.items():
    for kind, seconds in {"elapsed": wall, "processor": busy}.items():
        median, p95 = 1e3 * np.quantile(seconds[which], [.5, .95])
        print(f"{what} ({which.sum()}), {kind} ms: median {median:.3f}, p95 {p95:.3f}")
"""
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
COUNT = """id => window.jupyterapp.shell.currentWidget.content.widgets
  .find(cell => cell.model.id === id).model.executionCount"""
START = "() => { window.jupyterapp.commands.execute('notebook:run-cell') }"


def opened(page, folder, *visuals, body="<body>"):
    file = folder / "page.html"
    parts = "\n".join(visual.html for visual in visuals)
    file.write_text(f"<!doctype html><meta charset=utf-8>{body}{parts}", encoding="utf-8")
    page.goto(file.as_uri())
    return page.locator(ROOT)


def run(notebook, cell):
    """Run a cell to its end, again where Lab dropped it, as happens soon after an interrupt."""
    for _ in range(SECONDS):
        active = notebook.select(cell)
        notebook.page.evaluate(
            "async () => { await window.jupyterapp.commands.execute('notebook:run-cell') }"
        )
        notebook.page.wait_for_function(READY)
        if notebook.page.evaluate(COUNT, cell):
            return active
        print(f"cell {cell} was not executed; once more")
        notebook.page.wait_for_timeout(1000)
    raise AssertionError(f"cell {cell} was never executed")


def shoot(target, name):
    if SHOTS:
        target.screenshot(path=f"{SHOTS}/curves-{name}.png")


@pytest.fixture
def curves():
    made = viz.live_curves(("loss", "val_loss"), ("val_accuracy", "mIoU"))
    for epoch in range(4):
        for step in range(30):
            made.step(loss=2.0 / (1 + 30 * epoch + step))
        made.epoch(val_loss=1.0 / (1 + epoch), val_accuracy=1 - 0.5 / (1 + epoch))
        made.film([[0, 1, 2], [epoch, 1, 1]])
    return made


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("curves")
    sources = {
        "long": TRAIN.format(epochs=600, pause=0.01),
        "short": TRAIN.format(epochs=3, pause=0.004),
        "cost": COST,
    }
    cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in sources.items()]
    cells.append(nbformat.v4.new_code_cell(sources["short"].replace("<b>", "again"), id="again"))
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    nbformat.write(notebook, folder / "curves.ipynb")
    lab = Lab(folder, folder)
    yield lab
    lab.stop()


def test_curves_grow_are_interrupted_saved_and_still_there_without_a_kernel(open_page, lab):
    page = open_page()
    notebook = Notebook(page, lab, "curves.ipynb")
    cell = notebook.select("long")
    page.evaluate(START)
    card = cell.locator(f"{ROOT}[data-state=running]")
    card.wait_for()
    grown = f"n => document.querySelector('{ROOT}[data-state=running]')?.dataset.last > n"
    line = f"n => document.querySelector('{ROOT}[data-state=running] .raw')?.getAttribute('d').length > n"
    figures = f"n => document.querySelectorAll('{ROOT}[data-state=running] figure').length > n"
    page.wait_for_function(grown, arg=40)
    for what, now in (
        (line, len(card.locator(".raw").first.get_attribute("d"))),
        (figures, card.locator("figure").count()),
    ):
        page.wait_for_function(what, arg=now)
    assert "training" in card.locator(".state").inner_text()
    assert card.locator(".title").inner_text() == "Training <b>U-Net</b>"
    card.get_by_role("button", name="Log scale").click()
    page.wait_for_function(grown, arg=400)
    assert card.locator(".log").get_attribute("aria-pressed") == "true"
    print("draw in the page, ms:", card.get_attribute("data-draw-ms"))
    shoot(card, "lab-running")

    page.evaluate("() => window.jupyterapp.commands.execute('kernelmenu:interrupt')")
    still = cell.locator(f"{ROOT}[data-state=interrupted]")
    still.wait_for()
    page.wait_for_function(READY)
    assert cell.locator(ROOT).count() == 1, "in place of the live one"
    assert "interrupted" in still.locator(".state").inner_text()
    last = int(still.get_attribute("data-last"))
    assert last > 400

    for name in ("short", "cost", "again"):
        run(notebook, name)
    outputs = page.evaluate(OUTPUTS, None)
    print("".join(o["text"] for o in outputs if o["cell"] == "cost"))
    pictures = {o["cell"]: o["data"] for o in outputs if o["output_type"] == "display_data"}
    assert set(pictures) == {"long", "short", "again"}
    for data in pictures.values():
        assert set(data) == {"text/html", "image/png", "text/plain"}
    assert "".join(pictures["long"]["text/plain"]).count(f"Interrupted after {last:,} steps") == 1
    print(
        "stored output, kB:", {cell: sum(map(len, data.values())) // 1000 for cell, data in pictures.items()}
    )

    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.close()
    page = open_page()
    page.goto(f"{lab.url}/lab/tree/curves.ipynb?reset", wait_until="domcontentloaded")
    page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.context?.isReady")
    cards = page.locator(ROOT)
    cards.first.wait_for()
    assert cards.first.get_attribute("data-last") == str(last)
    assert cards.first.locator("figure").count() > 3
    cards.first.focus()
    page.keyboard.press("End")
    assert f"at step {last:,}" in cards.first.locator(".entry").first.inner_text()
    shoot(cards.first, "lab-reopened")


def test_a_saved_notebook_may_be_trusted_and_rerun_in_the_dark(open_page, lab):
    page = open_page(color_scheme="dark", device_scale_factor=1.25)
    notebook = Notebook(page, lab, "curves.ipynb")
    page.evaluate(
        "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
    )
    for _ in range(2):
        cell = run(notebook, "short")
        cell.locator(f"{ROOT}[data-state=finished]").wait_for()
        assert cell.locator(ROOT).count() == 1
    assert (
        cell.locator(ROOT).evaluate("card => getComputedStyle(card).backgroundColor") != "rgb(255, 255, 255)"
    )
    shoot(cell.locator(ROOT), "lab-dark")


def test_values_are_read_by_keyboard_and_pointer(page, tmp_path, curves):
    card = opened(page, tmp_path, curves).first
    values = card.locator(".value")
    now = values.all_inner_texts()
    assert now == ["0.0167", "0.250", "0.875", "–"]
    card.focus()
    page.keyboard.press("Home")
    assert values.first.inner_text() == "2.00"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert card.locator(".entry small").first.inner_text().startswith("at step 2")
    assert values.first.inner_text() == "1.00"
    page.keyboard.press("Escape")
    assert values.all_inner_texts() == now
    box = card.locator(".stage svg").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 14, box["y"] + 90)
    assert card.locator(".entry small").first.inner_text().startswith("at step 120")
    page.mouse.move(1, 1)
    assert values.all_inner_texts() == now


def test_lines_are_told_apart_without_color(page, tmp_path, curves):
    card = opened(page, tmp_path, curves).first
    samples = card.locator(".entry svg")
    looks = samples.evaluate_all(
        """all => all.map(svg => [...svg.children].map(path =>
             path.getAttribute('d') + path.getAttribute('stroke-dasharray')).join())"""
    )
    assert len(set(looks)) == 4
    drawn = card.locator(".stage .line").evaluate_all(
        "all => all.map(p => p.getAttribute('stroke-dasharray'))"
    )
    assert len(set(drawn)) == len(drawn)


def test_log_scale_spreads_small_values_and_leaves_out_what_has_no_logarithm(page, tmp_path):
    curves = viz.live_curves()
    for loss in (1.0, 0.1, 0.0, 0.01):
        curves.epoch(loss=loss)
    card = opened(page, tmp_path, curves).first
    middles = "all => all.map(p => { const b = p.getBBox(); return b.y + b.height / 2; })"
    dots = card.locator(".stage .dot:not(.tip)")
    assert dots.count() == 4
    card.get_by_role("button", name="Log scale").focus()
    page.keyboard.press("Space")
    a, b, c = dots.evaluate_all(middles)
    assert b - a == pytest.approx(c - b, abs=0.2)
    assert "NaN" not in card.locator(".stage").inner_html()


@pytest.mark.parametrize("width", [1280, 700, 420])
@pytest.mark.parametrize("zoom", [1, 1.25])
def test_nothing_is_cut_off(open_page, tmp_path, curves, width, zoom):
    page = open_page(viewport={"width": int(width / zoom), "height": 900}, device_scale_factor=zoom)
    long = viz.live_curves(
        metrics="a_metric_with_a_name_that_goes_on_and_on_and_on_and_on_and_on_until_nobody_reads_it"
    )
    for n in range(70):
        long.step(loss=1e-7 * n if n != 66 else float("inf"))
    many = viz.live_curves()
    for _ in range(40):
        many.step(loss=1.0)
        many.epoch(val_loss=1.0)
    cards = opened(page, tmp_path, curves, long, many)
    page.wait_for_function(
        f"""() => document.documentElement.scrollWidth <= innerWidth
             && [...document.querySelectorAll('{ROOT} svg')]
               .every(svg => svg.clientWidth <= svg.parentNode.clientWidth)"""
    )
    for n in range(3):
        outside = cards.nth(n).evaluate(
            """card => { const inside = card.getBoundingClientRect();
                 return [...card.querySelectorAll('text, button, .entry > *, img')].filter(part => {
                   const box = part.getBoundingClientRect();
                   return box.width && (box.right > inside.right + .5 || box.left < inside.left - .5);
                 }).map(part => part.textContent); }"""
        )
        assert outside == []
        touching = cards.nth(n).evaluate(
            """card => [...card.querySelectorAll('.stage svg')].flatMap(svg => {
                 const texts = [...svg.querySelectorAll('text')].map(text =>
                   [text.textContent, text.getBoundingClientRect()]);
                 return texts.flatMap(([a, p], n) => texts.slice(n + 1).filter(([b, q]) => p.left < q.right
                   && q.left < p.right && p.top + 3 < q.bottom && q.top + 3 < p.bottom).map(([b]) => a + b));
               })"""
        )
        assert touching == []


def test_reduced_motion_moves_nothing_and_no_script_leaves_the_picture(open_page, tmp_path, curves):
    card = opened(open_page(reduced_motion="reduce"), tmp_path, curves).first
    assert card.locator(".pulse").evaluate("dot => getComputedStyle(dot).animationName") == "none"
    page = open_page(java_script_enabled=False)
    opened(page, tmp_path, curves)
    assert page.locator("img").get_attribute("alt") == curves.alt


def test_the_running_copy_without_its_kernel_says_so(page, tmp_path, curves):
    frozen = curves.frozen
    frozen._data = {"scene": {**curves.scene(), "state": "running"}, "film": [], "key": "gone"}
    card = opened(page, tmp_path, frozen).first
    assert "not connected" in card.locator(".state").inner_text()


def test_a_thousand_points_draw_within_a_frame(page, tmp_path):
    curves = viz.live_curves(("loss", "val_loss"), ("accuracy", "mIoU"))
    for n in range(5000):
        curves.step(loss=1 / (n + 1), val_loss=2 / (n + 2), accuracy=n / 5000, mIoU=n / 6000)
    card = opened(page, tmp_path, curves).first
    times = card.evaluate(
        """card => { const times = [], svg = card.querySelector('.stage svg');
             const { left, top } = svg.getBoundingClientRect();
             for (let n = 0; n < 100; n++) {
               const at = { clientX: left + 60 + 2 * n, clientY: top + 50, bubbles: true };
               svg.dispatchEvent(new PointerEvent('pointermove', at));
               times.push(+card.dataset.drawMs);
             }
             return times.sort((a, b) => a - b); }"""
    )
    print(f"drawing 4 curves of {5000} steps: median {times[50]} ms, p95 {times[95]} ms")
    assert len(times) == 100
