import re
from xml.etree import ElementTree

import pytest
import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnncourse.viz.architectures import architecture

SVG = "{http://www.w3.org/2000/svg}"


def simple_cnn():
    return nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(5408, 10))


def double(inputs, outputs, padding):
    layers = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=padding), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    def __init__(self, width=8, depth=3, padding=1):
        super().__init__()
        sizes = [width * 2**i for i in range(depth + 1)]
        self.first, self.pool = double(3, width, padding), nn.MaxPool2d(2)
        self.down = nn.ModuleList(double(a, 2 * a, padding) for a in sizes[:-1])
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * a, a, 2, 2) for a in sizes[-2::-1])
        self.after = nn.ModuleList(double(2 * a, a, padding) for a in sizes[-2::-1])
        self.head = nn.Conv2d(width, 5, 1)

    def forward(self, x):
        skips = [self.first(x)]
        for stage in self.down:
            skips.append(stage(self.pool(skips[-1])))
        x = skips.pop()
        for up, after in zip(self.up, self.after, strict=True):
            x, skip = up(x), skips.pop()
            top, left = ((skip.shape[d] - x.shape[d]) // 2 for d in (2, 3))
            skip = skip[:, :, top : top + x.shape[2], left : left + x.shape[3]]
            x = after(torch.cat([skip, x], 1))
        return self.head(x)


class Segmenter(nn.Module):
    """Max-unpooling with the indices of the pooling."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d = (nn.Conv2d(n, 4, 3, padding=1) for n in (3, 4, 4, 4))
        self.pool, self.unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)

    def forward(self, x):
        x, first = self.pool(self.a(x))
        x, second = self.pool(self.b(x))
        x = self.c(self.unpool(x, second))
        return self.d(self.unpool(x, first))


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.block = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        x = self.stem(x)
        y = self.block(torch.relu(self.block(x)))
        return {"out": self.head((x + y).mean((2, 3))), "<features>": y}


MODELS = {
    "simple": (simple_cnn, (1, 1, 28, 28)),
    "one layer": (lambda: nn.Conv2d(3, 8, 3), (2, 3, 11, 7)),
    "unet": (UNet, (1, 3, 40, 56)),
    "segmenter": (Segmenter, (1, 3, 20, 28)),
    "shared": (Shared, (2, 3, 9, 13)),
    "resnet18": (torchvision.models.resnet18, (1, 3, 97, 65)),
    "mobilenet": (lambda: torchvision.models.mobilenet_v3_small().eval(), (1, 3, 65, 97)),
    "googlenet": (lambda: torchvision.models.googlenet(init_weights=False).eval(), (1, 3, 64, 96)),
}


@pytest.fixture(scope="module")
def drawn():
    made = {}
    for name, (build, shape) in MODELS.items():
        torch.manual_seed(0)
        model = build()
        made[name] = model, shape, architecture(model, shape)
    return made


def labels(picture):
    return [(b.times, b.label) for b in picture.diagram.blocks]


@pytest.mark.parametrize("name", MODELS)
def test_totals_equal_independent_counts_and_blocks_share_them_out(drawn, name):
    model, shape, picture = drawn[name]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(shape))
    assert picture.totals.parameters == sum(p.numel() for p in model.parameters())
    assert picture.totals.multiply_adds == counter.get_total_flops() / 2
    used = picture.totals.parameters - picture.trace.unused_parameters
    assert sum(b.parameters for b in picture.diagram.blocks) == used
    assert sum(b.multiply_adds for b in picture.diagram.blocks) == picture.totals.multiply_adds


@pytest.mark.parametrize("name", MODELS)
def test_nothing_overlaps_and_all_lies_within_the_card(drawn, name):
    placed = drawn[name][2].layout
    boxes = [(b.left, b.top, b.right, b.top + b.height) for b in placed.boxes]
    assert min(min(b[:2]) for b in boxes) >= 0
    assert max(b[2] for b in boxes) <= placed.width + 0.1
    assert max(b[3] for b in boxes) <= placed.height + 0.1
    assert placed.width <= 1000
    texts = []
    for text in placed.texts:
        # 0.55 of the font size is less than any of the fonts takes, so only true overlaps are found
        width = 0.55 * (11.5 if text.role == "label" else 10.5) * len(text.words)
        left = text.x - {"start": 0, "middle": width / 2, "end": width}[text.anchor]
        texts.append((left, text.y - 7, left + width, text.y))
    for i, a in enumerate(boxes + texts):
        for b in (boxes + texts)[i + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (a, b)


@pytest.mark.parametrize("name", MODELS)
def test_svg_is_valid_without_script_with_a_tooltip_for_each_block(drawn, name):
    picture = drawn[name][2]
    root = ElementTree.fromstring(picture.svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == picture.alt
    tags = {element.tag for element in root.iter()}
    assert SVG + "script" not in tags
    assert not [k for e in root.iter() for k in e.attrib if k.startswith("on") or k.endswith("href")]
    assert len(root.findall(f".//{SVG}title")) >= len(picture.diagram.blocks)
    assert picture.html.count("title=") == len(picture.layout.boxes)


def test_shapes_stand_on_the_edges_of_a_simple_cnn(drawn):
    root = ElementTree.fromstring(drawn["simple"][2].svg)
    shapes = [t.text for t in root.iter(SVG + "text") if t.get("class") == "shape"]
    assert shapes == ["1×28×28", "32×26×26", "5408", "10"]


def test_blocks_are_to_scale(drawn):
    blocks = drawn["resnet18"][2].diagram.blocks
    boxes = {blocks[b.block].label: b for b in drawn["resnet18"][2].layout.boxes}
    # 97×65 becomes 49×33 after the first convolution: the side halves, its root shrinks by 1.41
    assert boxes["input"].height / boxes["Conv 7×7"].height == pytest.approx((97 * 65 / (49 * 33)) ** 0.25)


def test_repeated_stages_are_grouped():
    picture = architecture(torchvision.models.vgg16(), (1, 3, 32, 32))
    stages = [pair for pair in labels(picture) if pair[1] == "Conv 3×3"]
    assert stages == [(2, "Conv 3×3"), (2, "Conv 3×3"), (3, "Conv 3×3"), (3, "Conv 3×3"), (3, "Conv 3×3")]
    assert sum(times == 1 and label == "Linear" for times, label in labels(picture)) == 3


def test_residual_blocks_are_drawn_as_blocks(drawn):
    picture = drawn["resnet18"][2]
    assert [pair for pair in labels(picture) if "Block" in pair[1]] == [(2, "BasicBlock")] * 4
    assert all(b.residual for b in picture.diagram.blocks if b.label == "BasicBlock")


def test_unet_is_a_u_with_skips_on_their_levels(drawn):
    picture = drawn["unet"][2]
    blocks, placed = picture.diagram.blocks, picture.layout
    axis = {b.block: b.top + b.height / 2 for b in placed.boxes}
    skips = [e for e in picture.diagram.edges if e.target != e.source + 1]
    assert [(blocks[e.source].label, blocks[e.target].label) for e in skips] == [("Conv 3×3", "concat")] * 3
    assert all(axis[e.source] == pytest.approx(axis[e.target]) for e in skips)
    lowest = max(axis, key=axis.get)
    assert blocks[lowest].shape == (64, 5, 7)
    assert sum(w.role == "skip" for w in placed.wires) == 3
    # every pool and up-conv is the line between two levels
    assert (
        sorted(blocks[w.block].role for w in placed.wires if w.block is not None) == ["pool"] * 3 + ["up"] * 3
    )


def test_skips_of_an_unpadded_unet_are_marked_as_cropped():
    picture = architecture(UNet(padding=0), (1, 3, 108, 140))
    words = [t.words for t in picture.layout.texts if "cropped" in t.words]
    assert words == ["8×104×136, cropped", "16×48×64, cropped", "32×20×28, cropped"]


def test_indices_of_a_pooling_are_an_edge_of_their_own(drawn):
    picture = drawn["segmenter"][2]
    across = [e for e in picture.diagram.edges if e.indices and e.target != e.source + 1]
    assert [picture.diagram.blocks[e.target].label for e in across] == ["Max-unpool"]
    assert any(w.role == "indices" for w in picture.layout.wires)


def test_reused_layers_and_several_outputs_are_shown_and_escaped(drawn):
    picture = drawn["shared"][2]
    assert "same weights" in {b.detail for b in picture.diagram.blocks}
    assert [b.label for b in picture.diagram.blocks if b.role == "output"] == [
        "output out",
        "output <features>",
    ]
    assert "<features>" not in picture.svg + picture.html
    assert "batch of 2" in picture.svg


def test_names_from_the_model_are_escaped():
    evil = type("<b>&Net", (simple_cnn().__class__,), {})(*simple_cnn())
    picture = architecture(evil, (1, 1, 28, 28))
    assert "<b>" not in picture.svg + picture.html
    assert "&lt;b&gt;&amp;Net" in picture.svg


def test_same_model_gives_the_same_bytes_and_no_address(drawn):
    build, shape = MODELS["resnet18"]
    again, first = architecture(build(), shape), drawn["resnet18"][2]
    assert (again.svg, again.html, repr(again)) == (first.svg, first.html, repr(first))
    assert not re.search(r"0x[0-9a-f]{6}", first.svg + repr(first))


def test_alt_text_tells_blocks_skips_and_totals(drawn):
    assert drawn["simple"][2].alt == (
        "Sequential: input 1×28×28; Conv 3×3 (ReLU) to 32×26×26; Max pool 2×2 (flatten) to 5408; "
        "Linear to 10. Returns 1×10. 54,410 parameters, 248,768 multiply–adds."
    )
    assert "Skip connections from Conv 3×3 8×40×56, Conv 3×3 16×20×28" in drawn["unet"][2].alt


def test_picture_shows_itself_in_a_notebook(drawn):
    bundle = drawn["simple"][2]._repr_mimebundle_()
    assert list(bundle) == ["text/html", "image/svg+xml", "text/plain"]
    assert drawn["simple"][2]._repr_svg_() == bundle["image/svg+xml"]
    assert max(len(p.html) for _, _, p in drawn.values()) < 60_000


def test_segmentation_model_with_a_dict_of_outputs_is_drawn():
    build = torchvision.models.segmentation.fcn_resnet50
    model = build(weights=None, weights_backbone=None, aux_loss=True).eval()
    picture = architecture(model, (1, 3, 65, 97))
    assert [b.label for b in picture.diagram.blocks if b.role == "output"] == ["output out", "output aux"]
    assert [t for t, label in labels(picture) if label == "Bottleneck"] == [3, 4, 6, 3]
    assert picture.totals.parameters == sum(p.numel() for p in model.parameters())


def test_a_transposed_convolution_is_named_so_whatever_its_class_is_called():
    class Linearly(nn.ConvTranspose2d):
        pass

    assert "Up-conv 4×4 to 2×8×10" in architecture(Linearly(2, 2, 4, 2, 1), (1, 2, 4, 5)).alt


class Dropping(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(4, 4, 3, padding=1) for _ in range(2))
        self.drop, self.p = nn.Dropout2d(p), p

    def forward(self, x):
        a, b = self.convs
        return nn.functional.dropout(b(self.drop(a(x))), self.p, self.training)


@pytest.mark.parametrize(("p", "detail"), [(0.25, "dropout"), (0.0, "")])
def test_a_dropout_that_drops_nothing_is_not_named(p, detail):
    _, convs, _ = architecture(Dropping(p), (1, 4, 7, 9)).diagram.blocks
    assert (convs.times, convs.detail) == (2, detail)
