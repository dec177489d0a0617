"""The segmentation card in a real Chromium: opened from disk, without a kernel, without a network."""

import itertools

import numpy as np
import pytest

from cnncourse import viz
from tests.viz.road import BUILDING, CAR, CLASSES, POLE, ROAD, road_scene

ROOT = ".cnncourse-segmentation"
IMAGE, TRUTH, PREDICTION = road_scene(3)

# The color of a mask pixel as it lies in a panel's canvas, or None where nothing was painted.
PAINTED = """([panel, y, x]) => {
  const canvas = document.querySelector(`.${panel} .fill`);
  const [r, g, b, a] = canvas.getContext('2d').getImageData(x, y, 1, 1).data;
  return a ? '#' + [r, g, b].map(v => v.toString(16).padStart(2, '0')).join('') : null;
}"""
DRAWN = """panel => {
  const canvas = document.querySelector(`.${panel} .lines`);
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, n) => n % 4 === 3 && value).length;
}"""


def opened(page, folder, *visuals, body="<body>"):
    file = folder / "page.html"
    parts = "\n".join(visual.html for visual in visuals)
    file.write_text(f"<!doctype html><meta charset=utf-8>{body}{parts}", encoding="utf-8")
    page.goto(file.as_uri())
    return page.locator(ROOT).first


@pytest.fixture(scope="module")
def visual():
    return viz.segmentation(IMAGE, TRUTH, PREDICTION, CLASSES)


def hover(card, panel, y, x):
    box = card.locator(f".{panel} .frame").bounding_box()
    at = {"x": (x + 0.5) * box["width"] / TRUTH.shape[1], "y": (y + 0.5) * box["height"] / TRUTH.shape[0]}
    card.locator(f".{panel} .frame").hover(position=at)


def somewhere(condition):
    """One pixel for which the condition holds."""
    return tuple(int(n) for n in np.argwhere(condition)[len(np.argwhere(condition)) // 2])


def test_every_pixel_of_both_masks_is_painted_in_its_color(page, tmp_path, visual):
    opened(page, tmp_path, visual)
    colors = [c["color"] for c in visual._data["scene"]["classes"]]
    rng = np.random.default_rng(0)
    for y, x in rng.integers(0, [96, 128], (25, 2)).tolist():
        expected = "#daddda" if TRUTH[y, x] == 255 else colors[TRUTH[y, x]]
        assert page.evaluate(PAINTED, ["truth", y, x]) == expected
        assert page.evaluate(PAINTED, ["prediction", y, x]) == colors[PREDICTION[y, x]]
        wrong = TRUTH[y, x] not in (255, PREDICTION[y, x])
        assert (page.evaluate(PAINTED, ["errors", y, x]) is None) == (not wrong and TRUTH[y, x] != 255)


def test_opacity_fades_the_overlay_and_says_how_much(page, tmp_path, visual):
    card = opened(page, tmp_path, visual)
    slider = card.get_by_label("overlay")
    opacity = "card => getComputedStyle(card.querySelector('.truth .fill')).opacity"
    assert card.evaluate(opacity) == "0.65"
    slider.fill("0")
    assert card.evaluate(opacity) == "0"
    assert card.locator("output").inner_text() == "0 %"
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert card.locator("output").inner_text() == "5 %"


@pytest.mark.parametrize("panel", ["image", "truth", "prediction", "errors"])
def test_hovering_names_the_classes_in_every_panel(page, tmp_path, visual, panel):
    card = opened(page, tmp_path, visual)
    y, x = somewhere((TRUTH == POLE) & (PREDICTION == BUILDING))
    hover(card, panel, y, x)
    text = " ".join(card.locator(".readout").inner_text().split())
    assert text == f"row {y}, column {x} truth {POLE} pole prediction {BUILDING} building ✗ wrong"
    assert card.locator(".cross:visible").count() == 4
    page.mouse.move(2, 2)
    assert "Point at a pixel" in card.locator(".readout").inner_text()


def test_an_ignored_pixel_is_called_ignored(page, tmp_path, visual):
    card = opened(page, tmp_path, visual)
    hover(card, "truth", 94, 40)
    text = " ".join(card.locator(".readout").inner_text().split())
    assert (
        text
        == f"row 94, column 40 truth ignored prediction {PREDICTION[94, 40]} {CLASSES[PREDICTION[94, 40]]}"
    )


def test_arrow_keys_move_over_the_pixels_only_with_focus(page, tmp_path, visual):
    card = opened(page, tmp_path, visual)
    page.keyboard.press("ArrowRight")
    assert "Point at a pixel" in card.locator(".readout").inner_text()
    card.locator(".stage").focus()
    for key in ("ArrowRight", "Shift+ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    assert card.locator(".readout").inner_text().startswith("row 57, column 65")
    for _ in range(9):
        page.keyboard.press("Shift+ArrowRight")
    assert "column 127" in card.locator(".readout").inner_text()


def test_a_class_switched_off_is_not_painted(page, tmp_path, visual):
    card = opened(page, tmp_path, visual)
    y, x = somewhere((TRUTH == ROAD) & (PREDICTION == ROAD))
    card.get_by_label("show road").uncheck()
    assert page.evaluate(PAINTED, ["truth", y, x]) is None
    assert page.evaluate(PAINTED, ["prediction", y, x]) is None
    every = card.get_by_label("all classes")
    assert every.evaluate("box => box.indeterminate")
    every.check()
    assert page.evaluate(PAINTED, ["truth", y, x]) is not None
    every.uncheck()
    assert card.locator("tbody input:checked").count() == 0


def test_one_class_alone_splits_its_errors_into_missed_and_false_alarms(page, tmp_path, visual):
    card = opened(page, tmp_path, visual)
    tones = visual._data["scene"]["tones"]
    missed = somewhere((TRUTH == CAR) & (PREDICTION != CAR))
    extra = somewhere((PREDICTION == CAR) & (TRUTH != CAR) & (TRUTH != 255))
    assert page.evaluate(PAINTED, ["errors", *missed]) == tones["both"].lower()
    name = card.get_by_role("button", name="car")
    name.click()
    assert name.get_attribute("aria-pressed") == "true"
    assert page.evaluate(PAINTED, ["errors", *missed]) == tones["missed"].lower()
    assert page.evaluate(PAINTED, ["errors", *extra]) == tones["extra"].lower()
    counted = TRUTH != 255
    misses = int(((TRUTH == CAR) & (PREDICTION != CAR) & counted).sum())
    alarms = int(((TRUTH != CAR) & (PREDICTION == CAR) & counted).sum())
    caption = card.locator(".errors figcaption").inner_text()
    assert " ".join(caption.split()) == f"errors {misses} missed, {alarms} false alarms"
    assert card.locator(".about").inner_text().startswith(f"car, {(TRUTH == CAR).sum()} pixels:")
    name.click()
    assert card.locator("tbody input:checked").count() == len(CLASSES)


def test_outlines_and_labels_can_be_switched_off(page, tmp_path, visual):
    card = opened(page, tmp_path, visual)
    drawn = [page.evaluate(DRAWN, "truth")]
    for name in ("outlines", "labels"):
        card.get_by_label(name, exact=True).uncheck()
        drawn.append(page.evaluate(DRAWN, "truth"))
    assert drawn[0] > drawn[1] > drawn[2] > 0, "dots on the ignored strip remain"


def test_the_table_and_the_summary_say_what_python_counted(page, tmp_path, visual):
    card = opened(page, tmp_path, visual)
    classes = visual._data["scene"]["classes"]
    for row, entry in zip(card.locator("tbody tr").all(), classes, strict=True):
        cells = [cell.inner_text() for cell in row.locator("td").all()]
        assert cells == [entry[key] for key in ("pixels", "iou", "precision", "recall")]
    assert card.locator("tbody tr").last.locator("td").all_inner_texts() == ["0", "–", "–", "–"]
    for sentence in visual._data["scene"]["summary"]:
        assert sentence in card.locator(".foot").inner_text()
    assert page.locator("img[alt^=Segmentation]").count() == 0, "the still picture makes way"


def test_truth_alone_has_two_panels_and_no_scores(page, tmp_path):
    card = opened(page, tmp_path, viz.segmentation(IMAGE, TRUTH, None, CLASSES))
    assert card.locator("figcaption").all_inner_texts() == ["image", "truth"]
    assert "IoU" not in card.inner_text()
    hover(card, "image", 10, 10)
    assert "prediction" not in card.locator(".readout").inner_text()


def test_a_large_noisy_mask_arrives_whole(page, tmp_path):
    mask = np.random.default_rng(1).integers(0, 11, (151, 203))
    opened(page, tmp_path, viz.segmentation(np.zeros(mask.shape), mask, None, CLASSES))
    colors = [
        c["color"]
        for c in viz.segmentation(np.zeros(mask.shape), mask, None, CLASSES)._data["scene"]["classes"]
    ]
    for y, x in [(0, 0), (150, 202), (77, 101)]:
        assert page.evaluate(PAINTED, ["truth", y, x]) == colors[mask[y, x]]


@pytest.mark.parametrize("width", [340, 620, 800, 1280])
def test_nothing_leaves_the_card_at_any_width(open_page, tmp_path, visual, width):
    page = open_page(viewport={"width": width, "height": 900})
    card = opened(page, tmp_path, visual)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert card.evaluate(
        """card => [...card.querySelectorAll('td, th, .frame, .check, .readout, figcaption b')].every(part =>
             part.getBoundingClientRect().right <= card.getBoundingClientRect().right)"""
    )


@pytest.mark.parametrize("width", [340, 700, 860, 1280])
def test_long_class_names_are_read_whole_and_do_not_touch_in_the_picture(open_page, tmp_path, width):
    page = open_page(viewport={"width": width, "height": 900})
    page.add_init_script(
        """const fill = CanvasRenderingContext2D.prototype.fillText;
           window.written = new Map();
           CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
             const half = this.measureText(text).width / 2, panel = this.canvas.closest('figure').className;
             written.set(panel + text, [panel, x - half, x + half, y]);
             fill.call(this, text, x, y); };"""
    )
    names = ["wall", "fence", "pole", "lane", "pedestrian crossing (marked)", "emergency service vehicle"]
    names += [f"{name} {k}" for k, name in enumerate(names)]
    stripes = np.arange(108)[None].repeat(40, 0) // 9
    card = opened(page, tmp_path, viz.segmentation(np.zeros((40, 108)), stripes, stripes[:, ::-1], names))
    assert card.locator(".name").all_inner_texts() == names
    cut = "all => all.filter(name => name.scrollWidth > name.clientWidth + 1).map(name => name.textContent)"
    assert card.locator(".name").evaluate_all(cut) == []
    written = page.evaluate("[...written.values()]")
    assert len(written) >= 20
    for a, b in itertools.combinations(written, 2):
        apart = a[0] != b[0] or a[2] <= b[1] or b[2] <= a[1] or abs(a[3] - b[3]) > 10
        assert apart, (a, b)


CONTRAST = """card => {
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = color => { pen.clearRect(0, 0, 1, 1); pen.fillStyle = color; pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3); };
  const light = c => c.map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = node => { const color = getComputedStyle(node).backgroundColor;
    return /rgba\\(.*, 0\\)|transparent/.test(color) ? behind(node.parentNode) : color; };
  return [...card.querySelectorAll('*')]
    .filter(node => [...node.childNodes].some(n => n.nodeType === 3 && n.data.trim())).map(node => {
      const [a, b] = [light(rgb(getComputedStyle(node).color)), light(rgb(behind(node)))];
      return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), node.className + ' ' + node.textContent]; })
    .sort((a, b) => a[0] - b[0])[0];
}"""


@pytest.mark.parametrize(
    ("scheme", "body", "dark"),
    [
        ("light", "<body>", False),
        ("dark", "<body>", True),
        ("light", '<body data-jp-theme-light="false">', True),
        ("dark", '<body data-jp-theme-light="true">', False),
    ],
)
def test_all_text_stands_out_in_light_and_dark(open_page, tmp_path, visual, scheme, body, dark):
    card = opened(open_page(color_scheme=scheme), tmp_path, visual, body=body)
    hover(card, "truth", 40, 40)
    ground = card.evaluate("card => getComputedStyle(card).backgroundColor")
    assert ground == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")
    ratio, where = card.evaluate(CONTRAST)
    assert ratio >= 4.5, where


def test_class_names_are_text_not_markup(page, tmp_path):
    names = ["<img src=x onerror=alert(1)>", "</script><b>", *CLASSES[2:]]
    card = opened(page, tmp_path, viz.segmentation(IMAGE, TRUTH, PREDICTION, names))
    assert card.locator(".name").first.inner_text() == names[0]
    assert card.locator("img").count() == 4


def test_without_scripts_the_picture_and_its_text_remain(open_page, tmp_path, visual):
    page = open_page(java_script_enabled=False)
    opened(page, tmp_path, visual)
    assert page.locator("img").get_attribute("alt") == visual.alt
    assert page.locator("img").bounding_box()["width"] > 700
