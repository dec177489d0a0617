"""The browser's pages hold the maps, their exact values or close ones, and sentences that are true."""

import base64
import json
import re
import zlib

import numpy as np
import pytest
import torch
from torch import nn

from cnncourse import viz
from cnncourse.viz.map_browser import feature_maps, pages
from cnncourse.viz.map_browser.pages import about_map, make_page, quantize

RNG = np.random.default_rng(5)
NASTY = "</script><b>&\"'"


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(6 * 5 * 4, 3)
    )


@pytest.fixture
def browser():
    return feature_maps(network(), RNG.random((12, 11)))


def scene(visual):
    data = re.search(r"^const data = (.*);$", visual.html, re.M)[1]
    return json.loads(data)["scene"]


def unpacked(page, rows, columns):
    body = zlib.decompress(base64.b64decode(page["body"]))
    if not page["exact"]:
        return np.frombuffer(body, np.uint8).reshape(page["count"], rows, columns)
    bytes_ = np.frombuffer(body, np.uint8).reshape(4, -1).T
    return np.ascontiguousarray(bytes_).view("<f4").reshape(page["count"], rows, columns)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 3e4])
def test_a_code_is_at_most_half_a_step_off(scale):
    maps = (RNG.normal(size=(5, 7, 9)) * scale).astype(np.float32)
    codes, ranges = quantize(maps)
    assert codes.dtype == np.uint8
    low, high = ranges.T[:, :, None, None]
    error = np.abs(low + codes * (high - low) / 255 - maps)
    assert np.all(error <= (high - low) / 510 * 1.0001)
    assert np.all(codes.min(axis=(1, 2)) == 0)
    assert np.all(codes.max(axis=(1, 2)) == 255)


def test_a_constant_map_and_numbers_that_are_not_finite_have_codes_too():
    codes, ranges = quantize(np.float32([[[3, 3]], [[np.nan, np.inf]], [[np.nan, -2]]]))
    assert codes[:2].tolist() == [[[0, 0]], [[0, 255]]]
    assert ranges.tolist() == [[3, 3], [0, 0], [-2, -2]]


def test_pages_are_64_maps_and_together_the_layer():
    maps = RNG.normal(size=(150, 3, 5)).astype(np.float32)
    found = [make_page(maps, n) for n in range(3)]
    assert [(p.header["first"], p.header["count"]) for p in found] == [(0, 64), (64, 64), (128, 22)]
    together = np.concatenate([np.frombuffer(p.body, "<f4") for p in found])
    np.testing.assert_array_equal(together, maps.ravel())
    with pytest.raises(ValueError, match="got page 3; expected 0 to 2"):
        make_page(maps, 3)


def test_large_maps_travel_as_uint8_and_one_of_them_exactly():
    maps = RNG.normal(size=(9, 257, 255)).astype(np.float32)
    page = make_page(maps, 0)
    assert not page.header["exact"]
    assert len(page.body) == maps.size
    model = nn.Conv2d(1, 9, 3)
    browser = feature_maps(model, RNG.random((259, 257)))
    _, [body] = browser.answer({"image": 0, "layer": 1, "map": 4})
    np.testing.assert_array_equal(np.frombuffer(body, "<f4").reshape(257, 255), browser.values("Conv2d")[4])


def test_numbers_that_are_not_finite_are_never_rounded_to_codes():
    maps = np.ones((9, 257, 255), np.float32)
    maps[3, 5, 7] = np.nan
    header = make_page(maps, 0).header
    assert header["exact"]
    assert not header["finite"]
    assert "1 of its cells hold no finite number" in header["sentences"][3]
    json.dumps(header, allow_nan=False)


@pytest.mark.parametrize("seed", range(5))
def test_the_sentence_names_the_strongest_cell_and_the_share_of_zeros(seed):
    values = np.random.default_rng(seed).normal(size=(7, 11)).astype(np.float32)
    values[values < (seed - 2) / 3] = 0
    said = about_map(values, 4, "ReLU")
    row, column = map(int, re.search(r"row (\d+), column (\d+)", said).groups())
    assert abs(values[row, column]) == np.abs(values).max()
    assert f"{100 * np.mean(values == 0):.0f} % of its cells are 0 after ReLU" in said
    negative = 100 * np.mean(values < 0)
    assert (f"{negative:.0f} % negative" in said) == (negative > 0)


def test_a_silent_and_a_constant_map_are_called_so():
    assert about_map(np.zeros((2, 3)), 5) == "Map 5 is 0 everywhere: nothing in this image answers to it."
    assert about_map(np.full((2, 3), -1.5), 5) == "Map 5 is −1.5 everywhere."


def test_the_frozen_copy_holds_the_maps_exactly(browser):
    held = scene(browser.freeze())["pages"]
    layers = scene(browser.freeze())["layers"][0]
    assert list(held) == ["0/0/0", "0/1/0", "0/2/0", "0/3/0", "0/4/0", "0/5/0"]
    for name, page in held.items():
        index = int(name.split("/")[1])
        shape = layers[index]["rows"], layers[index]["columns"]
        np.testing.assert_array_equal(unpacked(page, *shape), browser.values(browser.layers[index]))


def test_the_frozen_copy_keeps_to_its_limit_and_says_what_it_left_out():
    browser = feature_maps(nn.Sequential(nn.Conv2d(1, 64, 3, padding=1), nn.ReLU()), RNG.random((64, 64)))
    for limit in (400_000, 30_000, 100):
        held = scene(browser.freeze(limit=limit))["pages"].values()
        assert sum(len(json.dumps(page)) for page in held) <= limit
    held = scene(browser.freeze(limit=30_000))["pages"]["0/1/0"]
    assert held["cut"]
    assert held["count"] < 64
    assert unpacked(held, 64, 64).shape == (held["count"], 64, 64)
    assert len(browser.html) < 700_000


def test_chosen_layers_and_page_are_frozen():
    browser = feature_maps(nn.Sequential(nn.Conv2d(1, 70, 3), nn.ReLU()), RNG.random((7, 9)))
    found = scene(browser.freeze(layers=["1", "0"], page=1))
    assert list(found["pages"]) == ["0/1/1", "0/2/1"]
    assert found["start"] == 2
    assert found["pages"]["0/2/1"]["count"] == 6


def test_repr_html_and_ids_are_the_same_in_every_run_and_hold_no_address():
    first, second = (feature_maps(network(), torch.ones(12, 11)) for _ in range(2))
    assert repr(first) == "<feature_maps: Sequential, 6 layers, 1 image>"
    assert first.html == second.html
    assert first.key == second.key
    other = network()
    with torch.no_grad():
        other[4].bias[0] += 1e-3
    assert feature_maps(other, torch.ones(12, 11)).key != first.key
    assert not re.search(r"\b0x[0-9a-f]{9,}|object at", first.html)


def test_every_kind_of_viewer_gets_something_and_no_widget_is_made(browser):
    bundle = browser._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/png", "text/plain"}
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert bundle["text/plain"] == browser.alt
    assert browser.alt.startswith(
        "Feature maps of Sequential, 6 layers. Layer 0 (Conv2d) gives 6 maps of 10 × 9. Map"
    )
    assert "widget" not in browser.__dict__


def test_names_from_data_cannot_leave_their_place():
    class Odd(nn.Module):
        def forward(self, x):
            return self._modules[NASTY](x)

    model = Odd()
    model._modules[NASTY] = nn.Conv2d(1, 2, 3)
    html = feature_maps(model, {NASTY: RNG.random((7, 5))}).html
    assert html.count("</script>") == 1
    assert NASTY not in html


def test_two_images_are_kept_apart_and_may_differ_in_size():
    images = {"tall": RNG.random((9, 5)), "wide": RNG.random((5, 12))}
    browser = feature_maps(nn.Conv2d(1, 2, 3), images)
    assert repr(browser) == "<feature_maps: Conv2d, 2 layers, 2 images>"
    assert browser.values("Conv2d", 0).shape == (2, 7, 3)
    assert browser.values("Conv2d", 1).shape == (2, 3, 10)
    found = scene(browser.freeze())
    assert [image["name"] for image in found["images"]] == ["tall", "wide"]
    assert found["pages"]["1/1/0"]["fields"]["columns"][9] == [9, 11]


def test_a_layer_that_is_not_there_is_refused(browser):
    with pytest.raises(ValueError, match="got layer 'conv'; expected one of input, 0, 1, 2, 3, 4"):
        browser.values("conv")
    with pytest.raises(ValueError, match="got 1 titles for 2 images"):
        feature_maps(network(), [np.ones((12, 11))] * 2, titles="one")


def test_color_tables_are_those_of_the_course():
    tables = {
        name: np.frombuffer(base64.b64decode(text), np.uint8) for name, text in pages.color_tables().items()
    }
    up, signed = (tables[name].reshape(256, 3) for name in ("up", "signed"))
    assert signed[128].tolist() == [255, 255, 255], "zero is white"
    from matplotlib import colormaps

    np.testing.assert_allclose(up, 255 * colormaps["viridis"](np.arange(256))[:, :3], atol=0.51)
    assert signed[255].tolist() == [round(255 * part) for part in viz.style.signed_map()(1.0)[:3]]
    assert signed[1].tolist() == [round(255 * part) for part in viz.style.signed_map()(0.0)[:3]]
