import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from cnncourse.viz.shapes import explain_shapes
from cnncourse.viz.shapes.skipping import Skipping


def simple_cnn():
    layers = nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(5408, 10)
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Three levels, joined without cropping, as most first U-Nets are."""

    def __init__(self):
        super().__init__()
        sizes = [4, 8, 16, 32]
        self.first, self.pool = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU()), nn.MaxPool2d(2)
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(n, 2 * n, 3, padding=1), nn.ReLU()) for n in sizes[:-1]
        )
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * n, n, 2, 2) for n in sizes[-2::-1])
        self.after = nn.ModuleList(nn.Conv2d(2 * n, n, 3, padding=1) for n in sizes[-2::-1])

    def forward(self, x):
        skips = [self.first(x)]
        for stage in self.down:
            skips.append(stage(self.pool(skips[-1])))
        x = skips.pop()
        for up, after in zip(self.up, self.after, strict=True):
            x = after(torch.cat([skips.pop(), up(x)], 1))
        return x


def runs(model, shape):
    with torch.no_grad():
        try:
            model(torch.zeros(shape))
        except (RuntimeError, ValueError):
            return False
    return True


def test_table_of_a_model_that_runs():
    table = explain_shapes(simple_cnn(), (2, 1, 28, 28))
    assert table.ok
    assert [(r.layer, r.kind, r.outputs[0], r.parameters) for r in table.rows] == [
        ("input", "input", (2, 1, 28, 28), 0),
        ("0", "Conv2d", (2, 32, 26, 26), 320),
        ("1", "ReLU", (2, 32, 26, 26), 0),
        ("2", "MaxPool2d", (2, 32, 13, 13), 0),
        ("3", "Flatten", (2, 5408), 0),
        ("4", "Linear", (2, 10), 54090),
    ]
    assert table.text.endswith("54,410 parameters, 498 k multiply–adds")
    assert "2×5408 → 2×10" in table.text


def test_linear_names_the_input_size_that_gives_its_features():
    model = simple_cnn()
    table = explain_shapes(model, (1, 1, 32, 32))
    assert table.cause == (
        "Linear (4) expects 5408 features and got 7200 = 32×15×15, because the input was 32×32."
    )
    assert table.sizes == ((28, 28), (29, 29))
    assert "28×28 to 29×29" in table.remedy
    assert "nn.Linear(7200, 10)" in table.remedy
    assert [runs(model, (1, 1, s, s)) for s in (27, 28, 29, 30)] == [False, True, True, False]
    assert table.failed.layer == "4"
    assert table.rows[-1].kind == "Flatten"


def test_linear_on_an_oblong_image_names_the_nearest_size():
    model = nn.Sequential(nn.MaxPool2d(4), nn.Flatten(), nn.Linear(3 * 6 * 8, 2))
    table = explain_shapes(model, (1, 3, 23, 32))
    assert all(runs(model, (1, 3, *size)) for size in table.sizes)
    assert (24, 32) in table.sizes


@pytest.mark.parametrize("size", [(37, 37), (37, 50), (66, 40)])
def test_skip_names_both_branches_and_sizes_that_work(size):
    model = UNet()
    table = explain_shapes(model, (1, 3, *size))
    assert not table.ok
    assert "concatenates branches of different sizes" in table.cause
    assert "ConvTranspose2d (up." in table.cause
    assert "ReLU (" in table.cause
    assert "is odd: MaxPool2d (pool" in table.cause
    assert len(table.sizes) == 2
    assert all(runs(model, (1, 3, *works)) for works in table.sizes)


def test_nearest_square_size_is_found_by_an_exhaustive_search_too():
    model = UNet()
    works = [s for s in range(36, 54) if runs(model, (1, 3, s, s))]
    below, above = max(s for s in works if s < 45), min(s for s in works if s > 45)
    assert explain_shapes(model, (1, 3, 45, 45)).sizes == ((below, below), (above, above))


def test_added_branches_of_different_sizes_are_named():
    class Adds(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 5)

        def forward(self, x):
            return self.a(x) + self.b(x)

    table = explain_shapes(Adds(), (1, 1, 9, 11))
    assert table.cause == (
        "Adds adds branches of different sizes: 2×7×9 from Conv2d (a) meets 2×5×7 from Conv2d (b)."
    )


@pytest.mark.parametrize(
    ("model", "given", "cause", "remedy"),
    [
        (nn.Conv2d(3, 4, 3), torch.zeros(2, 1, 7, 9), "grayscale image where RGB", "x.expand(-1, 3, -1, -1)"),
        (
            nn.Conv2d(1, 4, 3),
            torch.zeros(2, 3, 7, 9),
            "expects 1 channel and got 3 channels: an RGB image where grayscale",
            "x.mean(dim=1, keepdim=True)",
        ),
        (nn.Conv2d(3, 4, 3), torch.zeros(2, 7, 9, 3), "channels stand last", "x.permute(0, 3, 1, 2)"),
        (nn.Conv2d(3, 4, 3), torch.zeros(2, 4, 7, 9), "transparency", "x[:, :3]"),
        (simple_cnn(), torch.zeros(1, 28, 28), "batch dimension is missing", "x[None]"),
        (simple_cnn(), torch.zeros(28, 28), "batch and channel dimensions are missing", "x[None, None]"),
        (nn.Conv2d(3, 4, 3), torch.zeros(1, 3, 7, 9).byte(), "whole numbers (uint8)", "x.float() / 255"),
        (nn.Conv2d(3, 4, 3), np.zeros((1, 3, 7, 9)), "holds float64 numbers", "x.float()"),
        (nn.Conv2d(3, 4, 3).double(), torch.zeros(1, 3, 7, 9), "float32 numbers", "x.to(torch.float64)"),
        (
            nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(16, 4, 3)),
            (1, 3, 7, 9),
            "Conv2d (0) gives 8",
            "in_channels=8",
        ),
        (
            nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(4)),
            (1, 3, 7, 9),
            "got 8: Conv2d (0)",
            "BatchNorm2d(8)",
        ),
        (nn.BatchNorm2d(3), (1, 3, 1, 1), "training mode", "model.eval()"),
        (simple_cnn(), "picture.png", "called with str", "a shape such as (1, 3, 224, 224)"),
        (
            nn.Bilinear(3, 3, 2),
            (1, 3),
            "missing 1 required positional argument",
            "explain_shapes(model, (x1, x2))",
        ),
    ],
)
def test_usual_mistakes_are_named_with_their_remedy(model, given, cause, remedy):
    table = explain_shapes(model, given)
    assert not table.ok
    assert cause in table.cause
    assert remedy in table.remedy


def test_window_larger_than_its_maps_names_the_smallest_size_that_works():
    model = torchvision.models.vgg11(init_weights=False)
    table = explain_shapes(model, (1, 3, 20, 20))
    assert "slides a window of 2×2 over maps of 1×1" in table.cause
    assert table.sizes == ((32, 32),)
    assert [runs(model.features, (1, 3, s, s)) for s in (31, 32)] == [False, True]


class Views(nn.Module):
    def __init__(self, *shape, transpose=False):
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 8, 3), nn.Linear(1352, 3)
        self.shape, self.transpose = shape, transpose

    def forward(self, x):
        x = torch.max_pool2d(self.conv(x), 2)
        return self.head((x.transpose(2, 3) if self.transpose else x).view(*self.shape))


def test_view_that_does_not_divide_says_what_one_image_holds():
    table = explain_shapes(Views(-1, 1352), (2, 1, 30, 30))
    assert "cannot arrange 2×8×14×14 = 3136 numbers as (-1, 1352)" in table.cause
    assert "One image holds 1568." in table.cause
    assert "torch.flatten(x, 1)" in table.remedy
    # 54×54 would run too, by cutting each image into four
    assert table.sizes == ((29, 29),)


def test_view_of_a_transposed_tensor_advises_reshape():
    assert "x.reshape(...)" in explain_shapes(Views(1, 1352, transpose=True), (1, 1, 28, 28)).remedy


def test_view_that_cuts_images_apart_is_noted_though_it_runs():
    table = explain_shapes(Views(-1, 1352), (2, 1, 54, 54))
    assert table.ok
    assert "came out as 8" in table.notes[0]


def test_forgotten_flatten_is_named():
    table = explain_shapes(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(70, 3)), (1, 1, 7, 9))
    assert "nn.Flatten()" in table.remedy
    assert "2×5×7 = 70" in table.remedy


def test_error_of_the_models_own_code_is_passed_on_with_a_size_that_works():
    class Checks(nn.Module):
        def forward(self, x):
            if x.shape[-1] % 16:
                raise ValueError(f"got width {x.shape[-1]}; expected a multiple of 16")
            return x

    table = explain_shapes(Checks(), (1, 3, 30, 30))
    assert table.cause == "ValueError: got width 30; expected a multiple of 16"
    assert table.sizes == ((16, 16), (32, 32))


def test_model_that_reads_values_is_tried_on_real_zeros():
    class Reads(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(16, 2)

        def forward(self, x):
            if x.mean().item() > 2:
                return None
            return self.head(x.flatten(1))

    assert explain_shapes(Reads(), (1, 1, 5, 5)).sizes == ((4, 4),)


def test_failing_model_is_left_as_it_was():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(100, 2))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    generator = torch.random.get_rng_state()
    assert explain_shapes(model, (2, 1, 9, 9)).sizes == ((7, 7),)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert torch.equal(generator, torch.random.get_rng_state())
    assert all(p.device.type == "cpu" for p in model.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_lines_from_the_model_are_escaped():
    class Evil(nn.Module):
        def forward(self, x):
            raise ValueError("<script>alert(1)</script>")

    html = explain_shapes(Evil(), (1, 3, 4, 4)).html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_repr_is_stable_and_bundle_has_text():
    table = explain_shapes(simple_cnn(), (1, 1, 32, 32))
    assert repr(table) == "<ShapeTable Sequential: fails at 4, 5 rows>"
    assert table._repr_mimebundle_() == {"text/html": table.html, "text/plain": str(table)}


def test_long_table_is_shortened_in_text_only():
    table = explain_shapes(nn.Sequential(*(nn.ReLU() for _ in range(90))), (1, 3, 4, 4))
    assert "more" in table.text
    assert table.text.count("\n") < 70
    assert table.html.count("<tr>") == 92


@pytest.mark.parametrize("thing", [nn.Conv2d, 3, "resnet"])
def test_what_is_no_module_is_refused_with_a_remedy(thing):
    with pytest.raises(TypeError, match=r"got .*; expected an nn.Module: "):
        explain_shapes(thing, (1, 3, 4, 4))


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), groups=2, dilation=(1, 3)),
        nn.Conv2d(4, 6, 3, padding="same"),
        nn.ConvTranspose2d(4, 6, 3, stride=(2, 3), padding=1, output_padding=(1, 2), groups=2, dilation=2),
        nn.Sequential(nn.Conv2d(4, 8, 3), nn.ReLU(inplace=True), nn.MaxPool2d((2, 3), return_indices=True)),
        nn.Sequential(nn.Conv2d(4, 8, 3), nn.BatchNorm2d(8).eval(), nn.AdaptiveAvgPool2d((2, 5))),
        nn.Sequential(nn.Conv2d(4, 8, 3), nn.Flatten(2), nn.Conv1d(8, 3, 5, stride=2), nn.Linear(30, 2)),
        torchvision.models.mobilenet_v3_small().eval().features[0],
    ],
)
def test_shapes_without_the_products_equal_those_with_them(layer):
    image = torch.zeros(2, 3 if isinstance(layer, torchvision.ops.Conv2dNormActivation) else 4, 9, 11)
    with torch.no_grad():
        expected = layer(image)
        with Skipping():
            got = layer(image)
    pair = [value if isinstance(value, tuple) else (value,) for value in (got, expected)]
    assert [t.shape for t in pair[0]] == [t.shape for t in pair[1]]
