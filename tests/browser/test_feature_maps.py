"""The feature-map browser in a real Chromium: frozen without a kernel, and live in JupyterLab."""

import statistics

import nbformat
import numpy as np
import pytest
import torch
from torch import nn

from cnncourse import viz
from tests.browser.lab import Lab, Notebook

ROOT = ".cnncourse-maps"
RNG = np.random.default_rng(3)
NASTY = "<img src=x onerror=alert(1)>"


class Net(nn.Module):
    """Named layers, a signed one, one after ReLU, a vector at the end."""

    def __init__(self):
        super().__init__()
        self.conv, self.relu, self.pool = (
            nn.Conv2d(1, 10, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        )
        self.deep, self.linear = nn.Conv2d(10, 70, 3), nn.Linear(70 * 4 * 7, 5)

    def forward(self, x):
        return self.linear(self.deep(self.pool(self.relu(self.conv(x)))).flatten(1))


@pytest.fixture(scope="module")
def seen():
    torch.manual_seed(0)
    return viz.feature_maps(Net(), RNG.random((13, 18)), layer="relu")


def opened(page, folder, *visuals, body=""):
    file = folder / "page.html"
    parts = "\n".join(visual.html for visual in visuals)
    file.write_text(f"<!doctype html><meta charset=utf-8><body>{body}{parts}", encoding="utf-8")
    page.goto(file.as_uri())
    ready(page, len(visuals))
    return page.locator(ROOT)


def ready(page, count=1):
    page.wait_for_function(f"() => document.querySelectorAll('{ROOT}[data-ready]').length >= {count}")


def lane(card, side=0):
    return card.locator(".lane").nth(side)


def said(card, side=0):
    return lane(card, side).evaluate("lane => ({...lane.dataset})")


def choose(card, layer):
    card.locator(".layer", has=card.page.get_by_text(layer, exact=True)).click()
    card.page.wait_for_function(f"() => document.querySelector('.lane').dataset.layer === '{layer}'")


def hover(card, row, column, shape):
    box = lane(card).locator(".stage canvas").bounding_box()
    card.page.mouse.move(
        box["x"] + (column + 0.5) * box["width"] / shape[1], box["y"] + (row + 0.5) * box["height"] / shape[0]
    )


def test_layers_stand_in_a_strip_with_their_shapes(page, tmp_path, seen):
    card = opened(page, tmp_path, seen).first
    chips = card.locator(".layer").all_inner_texts()
    assert [chip.split() for chip in chips] == [
        ["input", "1×13×18"],
        ["conv", "10×13×18"],
        ["relu", "10×13×18"],
        ["pool", "10×6×9"],
        ["deep", "70×4×7"],
        ["flatten", "1960"],
        ["linear", "5"],
    ]
    assert card.locator(".layer[aria-pressed=true]").inner_text().startswith("relu")
    assert card.locator(".tile").count() == 10
    assert lane(card).locator(".maps .caption > span").first.inner_text() == "relu: 10 maps of 13 × 18"


@pytest.mark.parametrize("layer", ["conv", "relu", "pool"])
def test_every_cell_reads_its_exact_value_and_its_field(page, tmp_path, seen, layer):
    card = opened(page, tmp_path, seen).first
    choose(card, layer)
    values = seen.values(layer)
    fields = {"conv": 1, "relu": 1, "pool": 0}
    for n in (0, 7):
        card.locator(".tile").nth(n).click()
        for row, column in ((0, 0), (2, 5), (values.shape[1] - 1, values.shape[2] - 1)):
            hover(card, row, column, values.shape[1:])
            now = said(card)
            assert (int(now["map"]), int(now["row"]), int(now["column"])) == (n, row, column)
            assert np.float32(now["value"]) == values[n, row, column]
            assert now["exact"] == "true"
            shown = float(lane(card).locator(".readout b").inner_text().replace("−", "-"))
            assert shown == pytest.approx(values[n, row, column], rel=1e-5, abs=1e-12)
            if layer == "pool":
                expected = [2 * row - 1, 2 * row + 2]
            else:
                expected = [row - fields[layer], row + fields[layer]]
            assert [int(now["top"]), int(now["bottom"])] == np.clip(expected, 0, 12).tolist()
    assert lane(card).locator(".photo .box").is_visible()


def test_pixels_of_a_map_have_the_color_of_its_values(page, tmp_path, seen):
    card = opened(page, tmp_path, seen).first
    card.locator(".tile").nth(4).click()
    found = (
        lane(card)
        .locator(".stage canvas")
        .evaluate(
            "c => [c.width, c.height, ...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
        )
    )
    assert found[:2] == [18, 13]
    from matplotlib import colormaps

    values = seen.values("relu")[4]
    share = (values - values.min()) / (values.max() - values.min())
    expected = 255 * colormaps["viridis"](np.rint(255 * share).astype(int))[..., :3]
    got = np.reshape(found[2:], (13, 18, 4))[..., :3]
    assert np.abs(got - expected).max() <= 3


def test_scale_all_makes_maps_comparable(page, tmp_path, seen):
    card = opened(page, tmp_path, seen).first
    ends = lane(card).locator(".ends span")
    weakest = int(seen.values("relu").max(axis=(1, 2)).argmin())
    card.locator(".tile").nth(weakest).click()
    each = ends.nth(1).inner_text()
    card.get_by_text("all", exact=True).click()
    assert float(ends.nth(1).inner_text()) == pytest.approx(seen.values("relu").max(), rel=5e-3)
    assert ends.nth(1).inner_text() != each
    assert card.locator(".choice [aria-pressed=true]").inner_text() == "all"


def test_keyboard_reaches_layers_maps_and_cells(page, tmp_path, seen):
    card = opened(page, tmp_path, seen).first
    grid, stage = lane(card).locator(".grid"), lane(card).locator(".stage")
    grid.focus()
    for key, n in [("Home", 0), ("ArrowRight", 1), ("End", 9), ("ArrowRight", 9), ("ArrowLeft", 8)]:
        page.keyboard.press(key)
        assert said(card)["map"] == str(n), key
    assert card.locator(".tile[aria-selected=true]").get_attribute("id") == grid.get_attribute(
        "aria-activedescendant"
    )
    stage.focus()
    for _ in range(20):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    for key, place in [("ArrowRight", ("0", "1")), ("ArrowDown", ("1", "1")), ("End", ("1", "17"))]:
        page.keyboard.press(key)
        assert (said(card)["row"], said(card)["column"]) == place, key
    page.keyboard.press(">")
    page.wait_for_function("() => document.querySelector('.lane').dataset.layer === 'pool'")
    page.keyboard.press("<")
    page.wait_for_function("() => document.querySelector('.lane').dataset.layer === 'relu'")


def test_many_maps_are_paged(page, tmp_path):
    torch.manual_seed(0)
    visual = viz.feature_maps(nn.Conv2d(1, 70, 3), RNG.random((5, 6))).freeze(layers=["Conv2d"])
    card = opened(page, tmp_path, visual).first
    assert card.locator(".tile").count() == 64
    assert lane(card).locator(".pager span").inner_text() == "0–63"
    assert lane(card).get_by_label("next maps").is_disabled(), "a saved copy holds one page"


def test_a_vector_is_bars_and_its_largest_are_listed(page, tmp_path, seen):
    card = opened(page, tmp_path, seen).first
    choose(card, "linear")
    units = seen.values("linear").ravel()
    order = np.argsort(-units)
    assert card.locator(".ranking li span").all_inner_texts() == [f"unit {n}" for n in order]
    lane(card).locator(".chart").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert np.float32(said(card)["value"]) == units[1]
    assert f"unit {order[0]} is the largest of 5" in card.locator(".sentence").inner_text().lower()
    assert "everything" in lane(card).locator(".input .says").inner_text()


def test_two_layers_are_compared_at_the_same_place(page, tmp_path, seen):
    card = opened(page, tmp_path, seen).first
    card.get_by_text("Compare", exact=True).click()
    lane(card, 1).locator(".tile").first.wait_for()
    lane(card, 1).get_by_label("layer of side B").select_option(label="pool · 10×6×9")
    page.wait_for_function("() => document.querySelectorAll('.lane')[1].dataset.layer === 'pool'")
    hover(card, 6, 11, (13, 18))
    assert (said(card, 1)["row"], said(card, 1)["column"]) == ("3", "5")
    assert np.float32(said(card, 1)["value"]) == seen.values("pool")[int(said(card, 1)["map"]), 3, 5]
    assert card.locator(".sentence div").count() == 2


def test_two_images_step_together(page, tmp_path):
    torch.manual_seed(0)
    both = viz.feature_maps(nn.Conv2d(1, 6, 3), {"a": RNG.random((9, 7)), NASTY: RNG.random((9, 7))})
    card = opened(page, tmp_path, both).first
    lane(card, 1).locator(".tile").first.wait_for()
    assert NASTY in lane(card, 1).get_by_label("image of side B").inner_text()
    lane(card).locator(".tile").nth(3).click()
    hover(card, 2, 4, (7, 5))
    for side in (0, 1):
        now = said(card, side)
        assert (now["map"], now["row"], now["column"]) == ("3", "2", "4")
        assert np.float32(now["value"]) == both.values("Conv2d", side)[3, 2, 4]


@pytest.mark.parametrize("width", [1280, 800, 560])
@pytest.mark.parametrize("zoom", [1, 1.25])
def test_nothing_is_cut_off(open_page, tmp_path, seen, width, zoom):
    page = open_page(viewport={"width": int(width / zoom), "height": 900}, device_scale_factor=zoom)
    card = opened(page, tmp_path, seen).first
    for layer in ("deep", "linear", "conv", "relu"):
        choose(card, layer)
        cut = "all => all.filter(text => text.scrollWidth > text.clientWidth).map(text => text.textContent)"
        assert card.locator(".tile small").evaluate_all(cut) == []
        for comparing in (False, True):
            outside = card.evaluate(
                """card => [...card.querySelectorAll('.lane :is(button, .tile, .says, .ends, select, .box)')]
                  .filter(part => part.getClientRects().length
                    && part.getBoundingClientRect().right > card.getBoundingClientRect().right + 1)
                  .map(part => part.className + part.textContent)"""
            )
            assert outside == [], (layer, comparing)
            card.get_by_text("Compare", exact=True).click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


CONTRAST = """card => {
  const draw = document.createElement('canvas').getContext('2d');
  const rgb = color => { draw.clearRect(0, 0, 1, 1); draw.fillStyle = color; draw.fillRect(0, 0, 1, 1);
    return [...draw.getImageData(0, 0, 1, 1).data].slice(0, 3); };
  const light = c => c.map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = node => { const color = getComputedStyle(node).backgroundColor;
    return /rgba\\(.*, 0\\)|transparent/.test(color) ? behind(node.parentNode) : color; };
  const text = 'button, b, small, span, .says, .sentence, .note, .title, .keys';
  return [...card.querySelectorAll(text)]
    .filter(node => node.textContent && node.getClientRects().length && !node.closest(':disabled'))
    .map(node => {
      const [a, b] = [light(rgb(getComputedStyle(node).color)), light(rgb(behind(node)))];
      return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), node.className + ' ' + node.textContent]; })
    .sort((a, b) => a[0] - b[0])[0];
}"""


@pytest.mark.parametrize(
    ("scheme", "body"),
    [("light", "<body>"), ("dark", "<body>"), ("light", '<body data-jp-theme-light="false">')],
)
def test_all_text_stands_out_in_light_and_dark(open_page, tmp_path, seen, scheme, body):
    card = opened(open_page(color_scheme=scheme), tmp_path, seen, body=body).first
    card.get_by_text("Compare", exact=True).click()
    ratio, where = card.evaluate(CONTRAST)
    assert ratio >= 4.5, where


def test_without_scripts_the_picture_and_its_text_remain(open_page, tmp_path, seen):
    page = open_page(java_script_enabled=False)
    (tmp_path / "page.html").write_text("<!doctype html><meta charset=utf-8>" + seen.html, encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    assert page.locator("img").get_attribute("alt") == seen.alt
    assert page.locator("img").bounding_box()["width"] > 300


def test_an_exported_notebook_steps_offline(open_page, tmp_path, seen):
    nbconvert = pytest.importorskip("nbconvert")
    output = nbformat.v4.new_output("display_data", data=seen._repr_mimebundle_())
    cell = nbformat.v4.new_code_cell("viz.feature_maps(model, image)", outputs=[output], id="maps")
    exporter = nbconvert.HTMLExporter(mathjax_url="", require_js_url="", jquery_url="", mermaid_js_url="")
    html, _ = exporter.from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    (tmp_path / "exported.html").write_text(html, encoding="utf-8")
    page = open_page()
    page.goto((tmp_path / "exported.html").as_uri())
    ready(page)
    card = page.locator(ROOT)
    choose(card, "pool")
    card.locator(".tile").nth(2).click()
    assert said(card)["map"] == "2"
    assert card.get_attribute("data-host") == "frozen"


WIDE = """\
import torch
from torch import nn
from cnncourse import viz

torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(1, 64, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(64, 512, 3, padding=1))
maps = viz.feature_maps(model, torch.rand(64, 64))
print(float(maps.values("2")[130, 3, 4]))
maps
"""
LATENCY = """async card => {
  const frame = () => new Promise(requestAnimationFrame);
  const canvas = card.querySelector('.stage canvas');
  const box = canvas.getBoundingClientRect();
  const times = { cell: [], map: [] };
  for (let n = 0; n < 120; n++) {
    const [x, y] = [(n * 37 % 100) / 100, (n * 61 % 100) / 100];
    const at = { bubbles: true, clientX: box.left + x * box.width, clientY: box.top + y * box.height };
    const started = performance.now();
    canvas.dispatchEvent(new PointerEvent('pointermove', at));
    card.offsetHeight;
    times.cell.push(performance.now() - started);
    await frame();
  }
  const tiles = [...card.querySelectorAll('.tile')];
  for (let n = 0; n < 60; n++) {
    const started = performance.now();
    tiles[n * 7 % tiles.length].click();
    card.offsetHeight;
    times.map.push(performance.now() - started);
    await frame();
  }
  return times;
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(WIDE, id="maps")], metadata={"kernelspec": kernel}
    )
    nbformat.write(notebook, folder / "wide.ipynb")
    lab = Lab(folder, folder)
    yield lab
    lab.stop()


def test_in_jupyterlab_layers_come_from_the_kernel_and_a_saved_copy_needs_none(page, lab, capsys):
    notebook = Notebook(page, lab, "wide.ipynb")
    notebook.run_all()
    assert notebook.errors() == []
    card = page.locator(ROOT)
    card.wait_for()
    page.wait_for_function(f"() => document.querySelector('{ROOT}').dataset.host === 'live'")
    page.wait_for_function("() => document.querySelectorAll('.tile').length === 64")
    paint = float(card.get_attribute("data-paint-ms"))
    times = card.evaluate(LATENCY)

    choose(card, "2")
    for _ in range(2):
        lane(card).get_by_label("next maps").click()
    page.wait_for_function("() => document.querySelector('.lane').dataset.page === '2'")
    assert lane(card).locator(".pager span").inner_text() == "128–191"
    card.locator(".tile").nth(2).click()
    hover(card, 3, 4, (32, 32))
    page.wait_for_function("() => document.querySelector('.lane').dataset.exact === 'true'")
    stream = page.locator(".jp-OutputArea-output pre").first.inner_text()
    assert np.float32(said(card)["value"]) == np.float32(stream)

    page.evaluate("() => { window.jupyterapp.commands.execute('docmanager:save') }")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown() }")
    page.reload(wait_until="domcontentloaded")
    page.wait_for_function("() => !!window.jupyterapp?.shell?.currentWidget")
    ready(page)
    card = page.locator(ROOT)
    assert card.get_attribute("data-host") == "frozen"
    assert card.locator(".tile").count() > 0
    assert page.get_by_text("model not found").count() == 0
    card.locator(".tile").nth(1).click()
    assert said(card)["map"] == "1"
    with capsys.disabled():
        for name, series in times.items():
            p95 = statistics.quantiles(series, n=20)[-1]
            print(f"\n  {name}: median {statistics.median(series):.2f} ms, p95 {p95:.2f} ms", end="")
        print(f"\n  64×64×64 first paint {paint:.0f} ms, {len(notebook.page.content()) / 1e3:.0f} kB page")
