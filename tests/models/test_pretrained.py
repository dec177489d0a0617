"""torchvision's weights in our VGG-16: the same outputs, and what is said without a file or network."""

import socket
import urllib.request

import pytest
import torch
from torch import nn
from torchvision import models as theirs

from cnncourse.models import load_torchvision_vgg16, vgg16
from cnncourse.models.pretrained import torchvision_names


@pytest.fixture(scope="module")
def random_start():
    """Return torchvision's VGG-16 with a random start that keeps its signal; its own dense layers lose it."""
    torch.manual_seed(0)
    model = theirs.vgg16(init_weights=False).eval()
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.weight.data.uniform_(-1, 1).mul_((6 / layer.weight[0].numel()) ** 0.5)
            layer.bias.data.uniform_(-0.5, 0.5)
    return model


def as_torchvision(model):
    """Return the state dict that torchvision would have for our model."""
    names = torchvision_names(model)
    parts = {key: key.rpartition(".") for key in model.state_dict()}
    return {f"{names[parts[key][0]]}.{parts[key][2]}": value for key, value in model.state_dict().items()}


def test_torchvision_weights_give_the_same_logits(random_start):
    with torch.device("meta"):
        ours = vgg16()
    ours = load_torchvision_vgg16(ours.to_empty(device="cpu"), random_start.state_dict()).eval()
    x = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        logits = random_start(x)
        assert logits.std() > 0.1
        torch.testing.assert_close(ours(x), logits)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_same_layers_stand_in_the_same_place(batch_norm):
    with torch.device("meta"):
        ours = vgg16(batch_norm=batch_norm)
        other = (theirs.vgg16_bn if batch_norm else theirs.vgg16)(init_weights=False)
    layers = {name: layer for name, layer in other.named_modules() if not any(layer.children())}
    del layers["avgpool"]
    names = torchvision_names(ours)
    assert list(names.values()) == list(layers)
    for name, their_name in names.items():
        assert type(ours.get_submodule(name)) is type(layers[their_name]), name


def test_batch_norm_weights_load_with_their_statistics(monkeypatch):
    with torch.device("meta"):
        ours, other = vgg16(batch_norm=True), theirs.vgg16_bn(init_weights=False)
    source = {
        key: torch.tensor(float(i)).expand(value.shape)
        for i, (key, value) in enumerate(other.state_dict().items())
    }
    loaded = {}
    monkeypatch.setattr(ours, "load_state_dict", loaded.update)
    load_torchvision_vgg16(ours, source)
    assert len(loaded) == len(source)
    assert torch.equal(loaded["stage1.bn1_2.running_var"], source["features.4.running_var"])
    assert torch.equal(loaded["fc8.bias"], source["classifier.6.bias"])


def test_a_file_is_read_and_only_weights_are(tmp_path):
    model, other = vgg16(width=1, size=32), vgg16(width=1, size=32)
    torch.save(as_torchvision(model), tmp_path / "weights.pth")
    load_torchvision_vgg16(other, tmp_path / "weights.pth")
    for key, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[key], value), key
    torch.save(model, tmp_path / "model.pth")
    with pytest.raises(ValueError, match=r"model\.pth holds no weights"):
        load_torchvision_vgg16(model, tmp_path / "model.pth")


def test_a_file_cut_short_or_missing_is_named(tmp_path):
    model, whole, cut = vgg16(width=1, size=32), tmp_path / "whole.pth", tmp_path / "cut.pth"
    torch.save({"features.0.weight": torch.rand(100, 100)}, whole)
    cut.write_bytes(whole.read_bytes()[:9000])
    with pytest.raises(ValueError, match=r"cut\.pth holds no weights.*9,000 bytes.*download it again"):
        load_torchvision_vgg16(model, cut)
    with pytest.raises(FileNotFoundError, match=r"missing\.pth"):
        load_torchvision_vgg16(model, str(tmp_path / "missing.pth"))
    torch.save([1, 2], whole)
    with pytest.raises(ValueError, match=r"whole\.pth holds a list"):
        load_torchvision_vgg16(model, whole)


@pytest.mark.parametrize(
    ("options", "layer"),
    [
        ({"num_classes": 11}, r"'classifier.6.weight' is 1000×4096, but 'fc8.weight' is 11×4096"),
        ({"width": 8}, "'features.0.weight' is 64×3×3×3, but 'stage1.conv1_1.weight' is 8×3×3×3"),
        ({"size": (96, 128)}, "'classifier.0.weight' is 4096×25088, but 'fc6.weight' is 4096×6144"),
    ],
)
def test_weights_of_other_shapes_are_refused_before_any_is_copied(options, layer, monkeypatch):
    with torch.device("meta"):
        other = theirs.vgg16(init_weights=False).state_dict()
        model = vgg16(**options)
    monkeypatch.setattr(model, "load_state_dict", lambda _: pytest.fail("weights were copied"))
    with pytest.raises(ValueError, match=f"{layer}.*1,000 classes, width 64 and size 224×224"):
        load_torchvision_vgg16(model, other)


def test_weights_of_another_network_are_refused():
    with torch.device("meta"):
        model, other = vgg16(batch_norm=True), theirs.vgg16(init_weights=False).state_dict()
    with pytest.raises(ValueError, match=r"'features\.1\.weight' for 'stage1\.bn1_1\.weight'.*vgg16_bn"):
        load_torchvision_vgg16(model, other)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_without_a_network_it_says_where_to_put_the_file(tmp_path, monkeypatch, batch_norm):
    with socket.socket() as listener:  # a port that was free, and where nobody listens any more
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    kind = "vgg16_bn" if batch_norm else "vgg16"
    open_url = urllib.request.urlopen

    def nowhere(request, *args, **kwargs):
        assert f"/{kind}-" in request.full_url
        return open_url(f"http://127.0.0.1:{port}/", timeout=5)

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", nowhere)
    with pytest.raises(ConnectionError, match=f"{kind}-.*refused.*random start.*{tmp_path}.*checkpoints"):
        load_torchvision_vgg16(vgg16(width=1, size=32, batch_norm=batch_norm))
    assert not list(tmp_path.rglob("*.pth"))


def test_a_file_put_at_that_place_is_used_without_a_network(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", lambda *_, **__: pytest.fail("the network was asked"))
    place = tmp_path / "hub" / "checkpoints" / theirs.VGG16_Weights.IMAGENET1K_V1.url.rpartition("/")[2]
    place.parent.mkdir(parents=True)
    model = vgg16(width=1, size=32)
    torch.save(as_torchvision(model), place)
    assert load_torchvision_vgg16(vgg16(width=1, size=32)).fc8.bias.equal(model.fc8.bias)
