"""Steppers in a real Chromium: opened from disk, without a kernel, without a network."""

import nbformat
import numpy as np
import pytest

from cnncourse import viz

GRID = np.array(
    [[9, 6, 6, 8, 5, 7], [8, 2, 0, 3, 2, 8], [9, 0, 4, 8, 1, 7], [1, 4, 8, 3, 3, 2], [7, 2, 9, 4, 4, 5]]
)
SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
ROOT = ".cnncourse-stepper"


def opened(page, folder, *visuals, body="", head=""):
    file = folder / "page.html"
    parts = "\n".join(visual.html for visual in visuals)
    file.write_text(f"<!doctype html><meta charset=utf-8>{head}<body>{body}{parts}", encoding="utf-8")
    page.goto(file.as_uri())
    return page.locator(ROOT)


@pytest.fixture
def stepper():
    return viz.step_conv(GRID, SOBEL, stride=2, padding=1)


def test_buttons_show_window_arithmetic_and_result(page, tmp_path, stepper):
    card = opened(page, tmp_path, stepper).first
    assert card.locator(".where").inner_text() == "output (0, 0) · 1 of 9"
    assert card.get_by_label("previous step").is_disabled()
    for _ in range(5):
        card.get_by_label("next step").click()
    assert card.locator(".where").inner_text() == "output (1, 2) · 6 of 9"
    assert card.locator(".cell.on > span").all_inner_texts() == ["3", "2", "8", "8", "1", "7", "3", "3", "2"]
    assert card.locator(".frame > small").all_inner_texts()[3] == "×−2"
    assert card.locator(".chip b").all_inner_texts() == ["−3", "0", "8", "−16", "0", "14", "−3", "0", "2"]
    assert card.locator(".equation b").inner_text() == "2"
    assert card.locator(".sentence").inner_text().endswith("9 products add up to 2.")
    assert card.locator(".output .written").count() == 6
    assert card.locator(".line.running .source").inner_text().strip() == "out[i, j] = (window * kernel).sum()"
    assert card.locator(".line .value").nth(1).inner_text() == "j = 2"
    assert page.locator("img").count() == 0, "the still picture makes way"


def test_keyboard_steps_only_the_one_in_focus(page, tmp_path, stepper):
    cards = opened(page, tmp_path, stepper, viz.step_pool(GRID, 2))
    second = cards.nth(1)
    second.focus()
    for key, step in [
        ("ArrowRight", 1),
        ("ArrowDown", 4),
        ("ArrowUp", 1),
        ("End", 5),
        ("ArrowRight", 5),
        ("Home", 0),
    ]:
        page.keyboard.press(key)
        assert second.get_attribute("data-step") == str(step), key
    assert cards.nth(0).get_attribute("data-step") == "0"
    page.keyboard.press("Control+ArrowRight")
    assert second.get_attribute("data-step") == "0", "shortcuts with a modifier belong to the page"


def test_space_plays_and_pauses_and_nothing_plays_by_itself(page, tmp_path, stepper):
    page.clock.install()
    card = opened(page, tmp_path, stepper).first
    page.clock.run_for(5000)
    assert card.get_attribute("data-step") == "0"
    card.focus()
    page.keyboard.press("Space")
    assert card.locator(".play").inner_text() == "Pause"
    page.clock.run_for(2000)
    stopped = card.get_attribute("data-step")
    assert stopped == "2"
    page.keyboard.press("Space")
    page.clock.run_for(5000)
    assert card.get_attribute("data-step") == stopped


def test_clicking_an_output_cell_goes_to_its_step(page, tmp_path):
    card = opened(page, tmp_path, viz.step_pool(GRID, 2)).first
    card.locator(".output .cell").nth(4).click()
    assert card.locator(".where").inner_text() == "output (1, 1) · 5 of 6"
    assert card.locator(".cell.best").inner_text() == "8"
    assert card.locator(".place").inner_text().strip() == "row 2, column 3: flat index 2·6 + 3 = 15"


def test_slider_goes_to_a_step_and_says_which(page, tmp_path, stepper):
    card = opened(page, tmp_path, stepper).first
    slider = card.get_by_label("step", exact=True)
    slider.fill("8")
    assert card.get_attribute("data-step") == "8"
    assert slider.get_attribute("aria-valuetext") == "output (2, 2), step 9 of 9"


def test_three_channels_are_summed_one_by_one(page, tmp_path):
    stepper = viz.step_conv(
        np.stack([GRID, GRID[::-1], GRID]), np.stack([SOBEL, 0 * SOBEL, SOBEL.T]), bias=0.5
    )
    card = opened(page, tmp_path, stepper).first
    assert card.locator(".frame:visible").count() == 4
    sums = [text.removeprefix("= ") for text in card.locator(".sum").all_inner_texts()]
    total = card.locator(".equation").inner_text()
    window = GRID[:3, :3]
    expected = [(window * SOBEL).sum(), 0, (window * SOBEL.T).sum()]
    assert [int(s.replace("−", "-")) for s in sums] == expected
    assert total.endswith(f"+ 0.5 (bias) = {sum(expected) + 0.5:g}".replace("-", "−"))


def test_a_dilated_window_outlines_only_the_cells_it_touches(page, tmp_path):
    card = opened(page, tmp_path, viz.step_conv(GRID, [[1, 1], [1, 1]], dilation=2)).first
    assert card.locator(".scattered .cell.on").count() == 4
    assert card.locator(".frame:not(.loose)").count() == 1, "the output's"
    marks = card.locator(".scattered .cell.on").evaluate_all(
        "cells => cells.map(cell => getComputedStyle(cell).boxShadow)"
    )
    assert "none" not in marks


STAMPED = np.array([[3, 1, 2], [0, 2, 4]])
KERNEL = np.array([[1, -2, 1], [2, 4, 2], [0, 2, 1]])


def shown(card):
    """The numbers that stand in the output."""
    texts = card.locator(".output .cell > span").all_inner_texts()
    return [int(text.replace("−", "-")) for text in texts]


def test_a_stamp_adds_to_what_stands_there_and_says_so(page, tmp_path):
    card = opened(page, tmp_path, viz.step_conv_transpose(STAMPED, KERNEL, stride=2, padding=1)).first
    assert card.locator(".where").inner_text() == "input (0, 0) · 1 of 6"
    assert card.locator(".output .written").count() == 9
    assert set(card.locator(".frame > small").all_inner_texts()) == {""}, "nothing stood there before"
    card.get_by_label("next step").click()
    assert card.locator(".cell.on").inner_text() == "1"
    labels = card.locator(".output .frame > small").all_inner_texts()
    assert labels == ["3+1", "", "", "6+2", "", "", "3+0", "", ""]
    chips = card.locator(".chip b").all_inner_texts()
    assert chips[:4] == ["3 + 1 = 4", "−2", "1", "6 + 2 = 8"]
    assert card.locator(".chip small").all_inner_texts()[1] == "1·−2"
    assert card.locator(".equation").inner_text() == "added to out[0:3, 2:5]"
    assert "3 of 9 cells held a value already" in card.locator(".sentence").inner_text()
    assert card.locator(".line.running .source").inner_text().strip() == (
        "out[i*2 : i*2+3, j*2 : j*2+3] += x[i, j] * kernel"
    )
    card.locator(".chip").nth(5).hover()
    assert card.locator(".cell.hot").all_inner_texts() == ["1", "2", "2"], "input, weight, output"


def test_stamps_come_and_go_in_any_order(page, tmp_path):
    card = opened(page, tmp_path, viz.step_conv_transpose(STAMPED, KERNEL, stride=2)).first
    canvas, expected = np.zeros((5, 7), int), []
    for i, j in np.ndindex(STAMPED.shape):
        canvas[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += STAMPED[i, j] * KERNEL
        expected.append(canvas.ravel().tolist())
    card.focus()
    for key, step in [
        ("End", 5),
        ("ArrowLeft", 4),
        ("ArrowUp", 1),
        ("Home", 0),
        ("ArrowDown", 3),
        ("End", 5),
    ]:
        page.keyboard.press(key)
        assert card.get_attribute("data-step") == str(step), key
        assert shown(card) == expected[step], key
    card.locator(".order .cell").nth(2).click()
    assert shown(card) == expected[2], "a click on an input cell goes to its stamp"
    assert card.locator(".output .written").count() == 21


def test_cropped_cells_are_hatched(page, tmp_path):
    card = opened(page, tmp_path, viz.step_conv_transpose(STAMPED, KERNEL, padding=(1, 0))).first
    hatched = card.locator(".output .cell.pad")
    assert hatched.count() == 2 * 5
    assert "gradient" in hatched.first.evaluate("cell => getComputedStyle(cell).backgroundImage")
    assert card.locator(".line").last.inner_text().split()[1:4] == ["out", "=", "out[1:-1,"]


def test_unpooling_carries_each_value_to_its_index(page, tmp_path):
    card = opened(page, tmp_path, viz.step_unpool(GRID, 2)).first
    assert [n for n in shown(card) if n] == [9]
    card.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert card.locator(".where").inner_text() == "value (1, 1) · 5 of 6"
    assert card.locator(".cell.best").inner_text() == "8"
    assert card.locator(".cell.on").all_inner_texts() == ["4", "8", "8", "3", "8", "15"]
    assert card.locator(".equation").inner_text() == "index 15 = 2·6 + 3 → row 2, column 3: 8"
    assert card.locator(".chip").count() == 0
    page.keyboard.press("End")
    values = dict.fromkeys(range(30), 0) | {0: 9, 3: 8, 11: 8, 12: 9, 15: 8, 16 + 1: 7}
    assert shown(card) == list(values.values())


@pytest.mark.parametrize(
    "stepper",
    [
        viz.step_conv(GRID, SOBEL, code=False),
        viz.step_pool(GRID, 2, code=False),
        viz.step_conv_transpose(STAMPED, KERNEL, code=False),
        viz.step_unpool(GRID, 2, code=False),
    ],
)
def test_without_code_it_steps_and_gives_no_loop_away(page, tmp_path, stepper):
    card = opened(page, tmp_path, stepper).first
    card.focus()
    page.keyboard.press("ArrowRight")
    assert card.get_attribute("data-step") == "1"
    assert card.locator(".code").count() == 0
    for telling in ("for i in", "divmod", "kernel).sum"):
        assert telling not in card.inner_text()


def test_the_same_stepper_works_twice_in_a_page(page, tmp_path, stepper):
    cards = opened(page, tmp_path, stepper, stepper)
    assert cards.count() == 2
    cards.nth(1).get_by_label("next step").click()
    assert [cards.nth(n).get_attribute("data-step") for n in (0, 1)] == ["0", "1"]


@pytest.mark.parametrize("width", [1280, 800, 640])
@pytest.mark.parametrize("zoom", [1, 1.25])
def test_nothing_is_cut_off(open_page, tmp_path, stepper, width, zoom):
    page = open_page(viewport={"width": int(width / zoom), "height": 900}, device_scale_factor=zoom)
    wide = viz.step_conv(np.stack([GRID] * 3), np.stack([SOBEL] * 3))
    cards = opened(
        page,
        tmp_path,
        stepper,
        wide,
        viz.step_pool(GRID / 7, 2),
        viz.step_conv_transpose(GRID / 7, SOBEL, stride=2),
        viz.step_conv_transpose(GRID[:2, :3], SOBEL[:2], stride=2, padding=1),
        viz.step_unpool(GRID / 7, 2),
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for n in range(cards.count()):
        inside = cards.nth(n).evaluate(
            """card => [...card.querySelectorAll('.cell, .chip, button, .where')].every(part =>
                 part.getBoundingClientRect().right <= card.getBoundingClientRect().right)"""
        )
        assert inside
        captions = cards.nth(n).evaluate(
            """card => [...card.querySelectorAll('.caption')].filter(part => part.getBoundingClientRect().left
                 + part.scrollWidth > card.getBoundingClientRect().right).map(part => part.textContent)"""
        )
        assert captions == []
        overfull = cards.nth(n).evaluate(
            "card => [...card.querySelectorAll('.cell')].filter(c => c.scrollWidth > c.clientWidth + 1)"
            ".length"
        )
        assert overfull == 0


CONTRAST = """card => {
  const draw = document.createElement('canvas').getContext('2d');
  const rgb = color => { draw.clearRect(0, 0, 1, 1); draw.fillStyle = color; draw.fillRect(0, 0, 1, 1);
    return [...draw.getImageData(0, 0, 1, 1).data].slice(0, 3); };
  const light = c => c.map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = node => { const color = getComputedStyle(node).backgroundColor;
    return /rgba\\(.*, 0\\)|transparent/.test(color) ? behind(node.parentNode) : color; };
  const text = '.cell > span, .frame > small, .chip b, .chip small, .equation, .sentence, .note, .number, '
    + '.source, .value, .caption, .channel, .where, .play, .title';
  return [...card.querySelectorAll(text)]
    .filter(node => node.textContent && getComputedStyle(node).visibility === 'visible').map(node => {
      const [a, b] = [light(rgb(getComputedStyle(node).color)), light(rgb(behind(node)))];
      return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), node.className + ' ' + node.textContent]; })
    .sort((a, b) => a[0] - b[0])[0];
}"""


@pytest.mark.parametrize(
    ("scheme", "body"),
    [("light", "<body>"), ("dark", "<body>"), ("light", '<body data-jp-theme-light="false">')],
)
def test_all_text_stands_out_in_light_and_dark(open_page, tmp_path, scheme, body):
    page = open_page(color_scheme=scheme)
    cards = opened(
        page,
        tmp_path,
        viz.step_conv(GRID - 4, SOBEL, padding=1),
        viz.step_pool(GRID, 2),
        viz.step_conv_transpose(GRID - 4, SOBEL, stride=2, padding=1),
        viz.step_unpool(GRID, (2, 3)),
        body=body,
    )
    for n in range(cards.count()):
        cards.nth(n).focus()
        page.keyboard.press("End")
        ratio, where = cards.nth(n).evaluate(CONTRAST)
        assert ratio >= 4.5, where


def test_a_light_notebook_stays_light_on_a_dark_system(open_page, tmp_path, stepper):
    page = open_page(color_scheme="dark")
    card = opened(page, tmp_path, stepper, body='<body data-jp-theme-light="true">').first
    assert card.evaluate("card => getComputedStyle(card).backgroundColor") == "rgb(255, 255, 255)"


def test_reduced_motion_moves_nothing(open_page, tmp_path, stepper):
    still = opened(open_page(reduced_motion="reduce"), tmp_path, stepper).first
    moving = opened(open_page(), tmp_path, stepper).first
    duration = "card => getComputedStyle(card.querySelector('.frame')).transitionDuration"
    assert still.evaluate(duration) == "0s"
    assert moving.evaluate(duration) != "0s"


def test_without_scripts_the_picture_and_its_text_remain(open_page, tmp_path, stepper):
    page = open_page(java_script_enabled=False)
    opened(page, tmp_path, stepper)
    picture = page.locator("img")
    assert picture.get_attribute("alt") == stepper.alt
    assert picture.bounding_box()["width"] > 300


def test_a_sandboxed_frame_is_enough(page, tmp_path, stepper):
    (tmp_path / "inner.html").write_text(
        "<!doctype html><meta charset=utf-8>" + stepper.html, encoding="utf-8"
    )
    frame = '<iframe sandbox="allow-scripts" src="inner.html" width="900" height="800"></iframe>'
    opened(page, tmp_path, body=frame)
    card = page.frame_locator("iframe").locator(ROOT)
    card.get_by_label("next step").click()
    assert card.get_attribute("data-step") == "1"


def test_an_exported_notebook_steps_offline(open_page, tmp_path, stepper):
    nbconvert = pytest.importorskip("nbconvert")
    output = nbformat.v4.new_output("display_data", data=stepper._repr_mimebundle_())
    cell = nbformat.v4.new_code_cell("viz.step_conv(x, sobel)", outputs=[output], id="stepper")
    exporter = nbconvert.HTMLExporter(mathjax_url="", require_js_url="", jquery_url="", mermaid_js_url="")
    html, _ = exporter.from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    (tmp_path / "exported.html").write_text(html, encoding="utf-8")
    page = open_page()
    page.goto((tmp_path / "exported.html").as_uri())
    card = page.locator(ROOT)
    card.focus()
    page.keyboard.press("End")
    assert card.locator(".where").inner_text() == "output (2, 2) · 9 of 9"
