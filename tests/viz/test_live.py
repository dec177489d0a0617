"""The live host runs the frozen module, answers the page, and keeps what it holds within bounds."""

import numpy as np
import pytest
from torch import nn

from cnncourse.viz import live
from cnncourse.viz.live import Live
from cnncourse.viz.map_browser import feature_maps

anywidget = pytest.importorskip("anywidget")


@pytest.fixture
def browser():
    browser = feature_maps(
        nn.Sequential(nn.Conv2d(1, 70, 3), nn.ReLU()), np.random.default_rng(0).random((7, 9))
    )
    yield browser
    if "widget" in browser.__dict__:
        browser.widget.close()


@pytest.fixture
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(Live, "send", lambda self, content, buffers=None: messages.append((content, buffers)))
    return messages


def test_the_live_module_is_the_frozen_one_with_a_way_to_connect(browser):
    body = browser.widget._esm.partition("function initialize")[0]
    assert body.strip() in browser.html
    assert browser.widget._esm.rstrip().endswith("export default { initialize, render };")
    assert browser.widget._css in browser.html
    assert browser.widget.key == browser.key
    assert browser.widget.scene["pages"] == {}


def test_a_page_is_asked_for_and_comes_with_the_same_number(browser, sent):
    browser.widget._reply({"image": 0, "layer": 2, "page": 1, "id": 7})
    [(message, [body])] = sent
    assert (message["id"], message["first"], message["count"]) == (7, 64, 6)
    np.testing.assert_array_equal(np.frombuffer(body, "<f4").reshape(6, 5, 7), browser.values("1")[64:])


@pytest.mark.parametrize(
    "wanted", [{"image": 0, "layer": 99, "page": 0}, {"image": 0, "layer": 1, "page": 9}, {}]
)
def test_what_cannot_be_answered_comes_back_as_an_error(browser, sent, wanted):
    browser.widget._reply({**wanted, "id": 3})
    [(message, buffers)] = sent
    assert message["id"] == 3
    assert "Error" in message["error"]
    assert buffers == []


def test_repr_holds_no_address(browser):
    assert repr(browser.widget) == "<feature_maps, live>"


def test_the_oldest_is_closed_when_all_together_hold_too_much(monkeypatch, sent):
    monkeypatch.setattr(live, "LIMIT", 100)
    monkeypatch.setattr(live, "_open", [])
    made = [Live("feature_maps", {"key": str(n)}, lambda wanted: ({}, []), size=60) for n in range(3)]
    made[0]._reply({"id": 1})
    made[2]._reply({"id": 2})
    assert "run its cell again" in sent[0][0]["error"]
    assert sent[1] == ({"id": 2}, [])
    assert live._open == made[2:] or all(one.comm is None for one in made), (
        "outside a kernel there is no comm"
    )


def test_outside_a_notebook_no_front_end_listens():
    assert not live.has_front_end()
    assert not live.needs_view()
