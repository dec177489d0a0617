"""What the segmentation card counts and says, against scikit-learn and masks small enough to count."""

import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import distance_transform_edt
from sklearn import metrics

from cnncourse import viz
from cnncourse.viz.picture import Picture
from cnncourse.viz.segmentations import masks
from cnncourse.viz.segmentations.scenes import pack, segmentation_scene
from tests.viz.road import CLASSES, road_scene

NAMES = ["road", "pole", "sky"]
IMAGE = np.linspace(0, 1, 12).reshape(3, 4)
TRUTH = np.array([[0, 0, 1, 1], [0, 0, 1, 255], [0, 0, 0, 0]])
PREDICTION = np.array([[0, 0, 0, 1], [0, 0, 0, 1], [0, 1, 0, 0]])


def scene_of(truth, prediction, classes=NAMES, image=None, **options):
    image = np.zeros(np.shape(truth if truth is not None else prediction)) if image is None else image
    given = {"palette": None, "ignore_index": 255} | options
    return segmentation_scene(image, truth, prediction, classes, **given)[0]


def unpack(packed, shape):
    """Read a packed mask as its format is described, independently of the page."""
    data = list(base64.b64decode(packed["data"]))
    if packed["form"] == "bytes":
        return np.array(data).reshape(shape)
    labels = []
    while data:
        label, length, weight = data.pop(0), 0, 1
        while True:
            digit = data.pop(0)
            length += digit % 128 * weight
            weight *= 128
            if digit < 128:
                break
        labels += [label] * length
    return np.array(labels).reshape(shape)


@pytest.mark.parametrize("seed", range(4))
def test_counts_and_scores_equal_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    truth, prediction = rng.integers(0, 5, (2, 13, 17))  # class 5 is in neither
    prediction[prediction == 3] = 4  # class 3 is never predicted
    truth[rng.random(truth.shape) < 0.2] = 9
    read = [masks.read_mask(m, "mask", "abcdef", 9) for m in (truth, prediction)]
    matrix = masks.count_pairs(*read, 6)
    counted = truth != 9
    pair = truth[counted], prediction[counted]
    np.testing.assert_array_equal(matrix, metrics.confusion_matrix(*pair, labels=range(6)))
    options = {"labels": range(6), "average": None, "zero_division": np.nan}
    scores = masks.class_scores(matrix)
    np.testing.assert_allclose(scores["precision"], metrics.precision_score(*pair, **options))
    np.testing.assert_allclose(scores["recall"], metrics.recall_score(*pair, **options))
    jaccard = metrics.jaccard_score(*pair, labels=range(5), average=None)
    np.testing.assert_allclose(scores["iou"][:5], jaccard)
    assert np.isnan(scores["iou"][5]), "a class that does not occur has no IoU"


def test_summary_and_table_say_what_can_be_counted_by_hand():
    scene = scene_of(TRUTH, PREDICTION)
    # 11 pixels count; road 7 of 10, pole 1 of 4.
    assert scene["summary"] == [
        "Mean IoU 0.47 over the 2 of 3 classes that occur; "
        "73 % of 11 pixels are right (8.3 % of the image is ignored).",
        "Largest confusion: pole is taken for road in 67 % of its pixels (2 of 3).",
    ]
    road, pole, sky = scene["classes"]
    assert [road[key] for key in ("pixels", "iou", "precision", "recall")] == ["8", "0.70", "0.78", "0.88"]
    assert [pole[key] for key in ("pixels", "iou", "precision", "recall")] == ["3", "0.25", "0.50", "0.33"]
    assert [sky[key] for key in ("pixels", "iou", "precision", "recall")] == ["0", "–", "–", "–"]
    assert pole["errors"] == "2 missed, 1 false alarm"
    assert (
        pole["sentence"]
        == "pole, 3 pixels: 33 % found, 67 % taken for road. Of 2 called pole, 50 % are road."
    )
    assert sky["sentence"] == "sky occurs neither in the truth nor in the prediction."


def test_a_class_only_predicted_scores_zero_and_one_never_predicted_has_no_precision():
    scene = scene_of([[0, 0, 1]], [[0, 2, 0]])
    _, pole, sky = scene["classes"]
    assert (sky["iou"], sky["precision"], sky["recall"]) == ("0.00", "0.00", "–")
    assert (pole["iou"], pole["precision"], pole["recall"]) == ("0.00", "–", "0.00")


def test_almost_right_is_never_called_perfect():
    truth = np.zeros((300, 301), int)
    prediction = truth.copy()
    prediction[5, 7] = 1
    scene = scene_of(truth, prediction)
    assert scene["classes"][0]["iou"] == "0.99"
    assert "> 99.9 % of 90,300 pixels are right" in scene["summary"][0]
    assert scene_of(truth, truth)["summary"][1] == "No class is taken for another."


def test_everything_ignored_is_said():
    scene = scene_of(np.full((2, 3), 255), np.zeros((2, 3), int))
    assert (scene["mean"], scene["summary"]) == ("–", ["No pixel counts: the truth is ignored everywhere."])


def test_pixels_ignored_in_the_truth_may_be_ignored_in_the_prediction_too():
    assert scene_of(TRUTH, TRUTH)["mean"] == "1.00"


@pytest.mark.parametrize("seed", range(3))
def test_masks_survive_packing(seed):
    rng = np.random.default_rng(seed)
    noisy = rng.integers(0, 200, (19, 23)).astype(np.uint8)
    smooth = np.repeat(rng.integers(0, 256, 6), 7 * 300).reshape(63, 200).astype(np.uint8)
    assert [pack(noisy)["form"], pack(smooth)["form"]] == ["bytes", "runs"]
    for mask in (noisy, smooth):
        np.testing.assert_array_equal(unpack(pack(mask), mask.shape), mask)


def test_the_page_gets_the_masks_with_ignored_pixels_as_255():
    scene = scene_of(np.where(TRUTH == 255, -100, TRUTH), PREDICTION, ignore_index=-100)
    np.testing.assert_array_equal(unpack(scene["masks"]["truth"], TRUTH.shape), TRUTH)
    np.testing.assert_array_equal(unpack(scene["masks"]["prediction"], TRUTH.shape), PREDICTION)


def test_labels_stand_inside_their_class_as_far_from_its_border_as_possible():
    _, truth, _ = road_scene(5, 61, 83)
    for k, y, x, radius in masks.largest_regions(truth, len(CLASSES)):
        assert truth[y, x] == k
        inside = np.zeros((63, 85), bool)
        inside[1:-1, 1:-1] = truth == k
        assert radius == pytest.approx(distance_transform_edt(inside).max(), abs=0.06)


@pytest.mark.parametrize("shape", ["HWC", "CHW", "HW", "uint8", "torch"])
def test_the_picture_arrives_whichever_way_it_is_given(shape):
    image = road_scene(1, 15, 22)[0]
    gray = image[..., 0]
    given = {
        "HWC": image,
        "CHW": image.transpose(2, 0, 1),
        "HW": gray,
        "uint8": np.round(image * 255).astype(np.uint8),
        "torch": torch.from_numpy(image).permute(2, 0, 1).requires_grad_(),
    }[shape]
    url = scene_of(np.zeros((15, 22), int), None, image=given)["image"]
    assert url.startswith("data:image/png;base64,")
    seen = np.array(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))
    np.testing.assert_array_equal(seen, np.round((gray if shape == "HW" else image) * 255))


def test_truth_or_prediction_alone_is_counted_not_scored():
    scene = scene_of(TRUTH, None)
    assert scene["summary"] == [
        "2 of 3 classes occur in 11 pixels; the largest is road with 73 %; 8.3 % of the image is ignored."
    ]
    assert [c["part"] for c in scene["classes"]] == ["73 %", "27 %", "–"]
    assert "iou" not in scene["classes"][0]
    assert list(scene_of(None, PREDICTION)["masks"]) == ["prediction"]


def test_a_large_image_is_thinned_for_the_page_but_counted_whole():
    truth = np.zeros((700, 901), int)
    truth[1::2] = 1  # every second row would vanish
    scene = scene_of(truth, truth, classes=["even", "odd"])
    assert scene["drawn"] == [350, 451]
    assert scene["classes"][1]["pixels"] == "315,350"
    assert scene["note"] == "Drawn from every 2nd pixel; all numbers are counted on all 630,700."


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        (
            np.where(TRUTH == 1, 37, TRUTH),
            PREDICTION,
            r"truth holds 37 at row 0, column 2 \(and 2 more.*0\.\.2",
        ),
        (TRUTH, PREDICTION[:, :3], "truth is 3 × 4, prediction 3 × 3"),
        (TRUTH, np.zeros((3, 4, 3), int), "prediction has shape .* color picture"),
        (TRUTH, np.zeros((3, 3, 5)), r"argmax\(0\)"),
        (TRUTH, PREDICTION.astype(float), "prediction has type float64; expected integers"),
        (TRUTH, np.where(PREDICTION == 1, 255, 0), "prediction holds 255.*row 0, column 3.*truth is pole"),
        (TRUTH, PREDICTION - 1, "prediction holds -1 at row 0, column 0"),
        (TRUTH[None], None, r"mask\[0\]"),
        (None, None, "neither truth nor prediction"),
    ],
)
def test_what_is_no_mask_is_named_with_its_place_and_a_remedy(truth, prediction, message):
    with pytest.raises(ValueError, match=message):
        viz.segmentation(IMAGE, truth, prediction, NAMES)


@pytest.mark.parametrize(
    ("image", "options", "message"),
    [
        (IMAGE[:2], {}, "image is 2 × 4, truth 3 × 4"),
        (IMAGE * 3 - 1, {}, "from -1 to 2.*undo the normalization"),
        (np.zeros((3, 4, 2)), {}, r"image has shape \(3, 4, 2\)"),
        (np.full((3, 4), np.nan), {}, "expected 0..1"),
        (IMAGE, {"palette": ["#ff0000"]}, "1 colors for 3 classes"),
        (IMAGE, {"palette": np.ones((3, 4))}, "palette has shape"),
    ],
)
def test_a_wrong_image_or_palette_is_named(image, options, message):
    with pytest.raises(ValueError, match=message):
        viz.segmentation(image, TRUTH, PREDICTION, NAMES, **options)


def test_more_classes_than_colors_still_get_different_ones():
    names = [f"class {k}" for k in range(30)]
    colors = [c["color"] for c in scene_of(TRUTH, None, names)["classes"]]
    assert len(set(colors)) == 30
    given = [[255, 0, 0], [0, 128, 0], [9, 9, 9]]
    assert [c["color"] for c in scene_of(TRUTH, None, palette=given)["classes"]] == [
        "#ff0000",
        "#008000",
        "#090909",
    ]


def test_numbers_on_the_swatches_stand_out():
    for entry in scene_of(TRUTH, None, [str(k) for k in range(33)])["classes"]:
        rgb = np.array([int(entry["color"][n : n + 2], 16) for n in (1, 3, 5)]) / 255
        light = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [
            0.2126,
            0.7152,
            0.0722,
        ]
        contrast = 1.05 / (light + 0.05) if entry["ink"] == "#ffffff" else (light + 0.05) / 0.05
        assert contrast >= 4.5, entry


@pytest.fixture(scope="module")
def card():
    return viz.segmentation(*road_scene(3), CLASSES)


def test_a_card_of_a_road_scene_is_small_and_the_same_every_time(card):
    assert len(card.html.encode()) < 120_000
    assert re.fullmatch(r"<segmentation: 96 × 128, 11 classes, mean IoU 0\.\d\d>", repr(card))
    assert viz.segmentation(*road_scene(3), CLASSES).html == card.html


def test_alt_text_gives_the_summary_and_only_scores_that_exist(card):
    assert card.alt.startswith(
        "Segmentation of a 96 × 128 image: truth and prediction with errors. Mean IoU 0."
    )
    assert re.search(r"Largest confusion: \w+ is taken for \w+ in \d+ % of its pixels", card.alt)
    assert "sky 0." in card.alt
    assert "bicyclist" not in card.alt, "it occurs nowhere"


@pytest.mark.parametrize("which", ["both", "truth", "tall"])
def test_the_still_picture_shows_the_panels(which):
    image, truth, prediction = road_scene(3, 40, 31) if which == "tall" else road_scene(3, 33, 47)
    visual = viz.segmentation(image, truth, None if which == "truth" else prediction, CLASSES)
    picture = Image.open(io.BytesIO(visual.png)).convert("RGB")
    assert picture.width == 800
    assert len(picture.getcolors(1 << 24)) > 20


@pytest.mark.parametrize(
    "name", ["k", "a class with a long name", "nobody reads a name like this one to its end"]
)
def test_the_legend_of_the_still_picture_keeps_its_entries_apart(monkeypatch, name):
    drawn = []
    png = Picture.png
    monkeypatch.setattr(Picture, "png", lambda figure: drawn.append(figure) or png(figure))
    _ = viz.segmentation(IMAGE, TRUTH, PREDICTION, [f"{name} {k}" for k in range(12)]).png
    (figure,) = drawn
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in figure.texts]
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n])


def test_class_names_cannot_become_markup():
    visual = viz.segmentation(IMAGE, TRUTH, PREDICTION, ["<b>road</b>", "</script><script>alert(1)", "s&y"])
    assert visual.html.lower().count("</script") == 1
    assert "<b>road" not in visual.html
