"""One recipe for all networks, and a table that can be written, read and summed up."""

import math
from dataclasses import replace
from statistics import mean, stdev

import pytest
import torch
from torch import nn

from cnncourse import comparison
from cnncourse.__main__ import main
from cnncourse.comparison import ABLATIONS, FULL_SIZE, NETWORKS
from cnncourse.comparison.trials import THIN, scenes
from cnncourse.datasets import road_scenes
from cnncourse.models.fcn import BilinearUpsampling

RUN = comparison.Run("FCN-8s", 0, 1234, 0.5, 0.25, 0.125, 0.75, 3.5, 900.0)


def test_a_table_comes_back_as_it_was_written(tmp_path):
    runs = [RUN, replace(RUN, network="FCN-32s", seed=7, mean_iou=0.0625, thin_iou=float("nan"))]
    comparison.write(runs, tmp_path / "table.csv")
    back = comparison.read(tmp_path / "table.csv")
    assert back[0] == runs[0]
    assert back[1].seed == 7
    assert math.isnan(back[1].thin_iou)


@pytest.mark.parametrize("text", ["network,seed\nFCN-8s,0\n", "a,b\n1,2\n"])
def test_another_file_is_refused_by_name(tmp_path, text):
    (tmp_path / "other.csv").write_text(text)
    with pytest.raises(ValueError, match=r"other\.csv is no table with the columns network, seed"):
        comparison.read(tmp_path / "other.csv")


def test_a_summary_has_mean_and_standard_deviation_of_each_network():
    values = [0.5, 0.6, 0.52]
    runs = [replace(RUN, seed=seed, mean_iou=value) for seed, value in enumerate(values)]
    assert f"{mean(values):.3f} ± {stdev(values):.3f}" in comparison.summary(runs)
    assert comparison.scores(runs, "mean_iou") == {"FCN-8s": values}


def test_scenes_of_two_seeds_and_of_training_and_test_differ():
    small = [road_scenes(1, 32, seed, split).images for seed in (0, 1) for split in ("train", "test")]
    assert all(not torch.equal(a, b) for i, a in enumerate(small) for b in small[:i])
    with pytest.raises(ValueError, match="got data='mnist', expected 'road_scenes' or 'camvid'"):
        scenes("mnist", 0)


@pytest.mark.parametrize("name", NETWORKS | ABLATIONS)
def test_every_network_gives_a_score_for_each_pixel(name):
    model = (NETWORKS | ABLATIONS)[name](11).eval()
    assert model(torch.rand(1, 3, 50, 71)).shape == (1, 11, 50, 71)


@pytest.mark.parametrize("name", ["FCN-32s", "FCN-16s", "FCN-8s"])
def test_the_fcns_keep_their_bilinear_kernels(name):
    enlarging = [m for m in NETWORKS[name](11).modules() if isinstance(m, BilinearUpsampling)]
    assert enlarging
    assert not any(parameter.requires_grad for module in enlarging for parameter in module.parameters())


def test_all_compared_networks_train_as_many_weights_within_three_percent():
    counts = [
        sum(p.numel() for p in build(11).parameters() if p.requires_grad) for build in NETWORKS.values()
    ]
    assert max(counts) < 1.03 * min(counts)


def test_the_full_size_networks_are_those_of_the_papers():
    with torch.device("meta"):
        counts = {name: sum(p.numel() for p in build(11).parameters()) for name, build in FULL_SIZE.items()}
    # two more channels, nine more classes, and batch norm after 18 convolutions
    norms = 2 * 2 * (2 * (64 + 128 + 256 + 512) + 1024)
    assert counts == {
        "SegNet, full size": 29_449_355,
        "U-Net, full size": 31_030_658 + 2 * 9 * 64 + 9 * 65 + norms,
    }


class Colors(nn.Module):
    """A class for each pixel from its color alone."""

    def __init__(self, classes):
        super().__init__()
        self.score = nn.Conv2d(3, classes, 1)

    def forward(self, x):
        return self.score(x)


def test_one_training_is_scored_on_the_test_scenes_and_repeats():
    sets = road_scenes(6, 32), road_scenes(3, (33, 47), split="test")
    first, model = comparison.train_once("colors", Colors, sets, seed=3, epochs=2)
    second, _ = comparison.train_once("colors", Colors, sets, seed=3, epochs=2)
    scores = {
        name: getattr(first, name) for name in ("mean_iou", "boundary_iou", "thin_iou", "pixel_accuracy")
    }
    assert scores == {name: getattr(second, name) for name in scores}
    with torch.no_grad():
        said = torch.stack([model(image[None])[0].argmax(0) for image, _ in sets[1]])
    truth = sets[1].targets
    counted = truth != 255
    right = float(((said == truth) & counted).sum() / counted.sum())
    assert first.pixel_accuracy == pytest.approx(right, abs=0.02)
    ious = []
    for k in map(sets[1].classes.index, THIN):
        both, either = (said == k) & (truth == k), ((said == k) | (truth == k)) & counted
        ious.append(float(both.sum() / either.sum()))
    assert first.thin_iou == pytest.approx(mean(ious), abs=0.02)
    assert first.parameters == 3 * 11 + 11


def test_the_measured_table_has_three_seeds_of_every_network():
    for values in comparison.scores(comparison.load(), "mean_iou").values():
        assert len(values) == 3
    assert list(comparison.scores(comparison.load(), "seed")) == list(NETWORKS)
    for values in comparison.scores(comparison.load("ablations"), "mean_iou").values():
        assert len(values) == 3
    assert list(comparison.scores(comparison.load("ablations"), "seed")) == list(ABLATIONS)


@pytest.mark.parametrize("arguments", [["--networks", "U-Nit"], ["--seeds", "0"]])
def test_the_command_says_what_it_can_compare(arguments, tmp_path):
    with pytest.raises(SystemExit, match=r"expected networks of FCN-32s; FCN-16s; FCN-8s"):
        main(["compare", "--out", str(tmp_path / "x.csv"), *arguments])
