import random
import weakref
from collections import namedtuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn
from torch.nn.utils.parametrizations import weight_norm
from torch.utils.flop_counter import FlopCounterMode

from cnncourse.viz.tracing import TraceFailed, trace


def by_name(result):
    return {node.name: node for node in result.nodes}


def sources(result, name):
    return [result.nodes[s.node].name if s else None for s in by_name(result)[name].sources]


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)
        self.act, self.same = nn.ReLU(inplace=True), nn.Identity()

    def forward(self, x):
        return torch.cat([self.same(x) + self.b(self.act(self.a(x))), x], dim=1)


def test_skips_and_functions_are_edges_between_the_right_nodes():
    result = trace(Residual(), (2, 3, 5, 7))
    assert sources(result, "a") == ["input"]
    assert sources(result, "b") == ["act"]
    assert sources(result, "add") == ["same", "b"]
    assert sources(result, "cat") == ["add", "input"]
    assert by_name(result)["cat"].out_shapes == ((2, 6, 5, 7),)
    assert result.nodes[result.outputs[0].source.node].name == "cat"


class Reused(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.act = nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(self.conv(self.act(self.conv(x))))


def test_reused_module_is_two_nodes_and_counts_its_parameters_once():
    result = trace(Reused(), (1, 4, 5, 3))
    assert [n.name for n in result.nodes] == ["input", "conv", "act", "conv #2", "act #2"]
    assert [n.parameters for n in result.nodes] == [0, 148, 0, 0, 0]
    assert result.parameters == 148
    assert result.multiply_adds == 2 * 15 * 4 * 4 * 9
    assert sources(result, "conv #2") == ["act"]


class Unpooled(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool, self.unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)

    def forward(self, x):
        values, indices = self.pool(x)
        return self.unpool(values, indices, output_size=x.shape[-2:])


def test_tuple_outputs_keep_their_slots():
    result = trace(Unpooled(), (1, 2, 5, 7))
    assert [tuple(s) for s in by_name(result)["unpool"].sources] == [(1, 0), (1, 1)]
    assert by_name(result)["pool"].out_shapes == ((1, 2, 2, 3), (1, 2, 2, 3))


def test_nested_outputs_are_labelled():
    Pair = namedtuple("Pair", "low high")

    class Nested(nn.Module):
        def forward(self, x, scale, flag=True):
            return {"out": x * scale, "both": Pair(x + 1, [x - 1]), "count": 3, "flag": flag}

    result = trace(Nested(), torch.ones(1, 2, 3), 2.0, False)
    assert [o.label for o in result.outputs] == ["out", "both.low", "both.high.0"]
    assert [n.kind for n in result.nodes] == ["input", "mul", "add", "sub"]


def test_functions_written_differently_get_one_name():
    class Adds(nn.Module):
        def forward(self, x):
            x = x + x
            x += 1
            x = torch.add(x, 2)
            return 3 + x.add_(1)

    assert [n.kind for n in trace(Adds(), (2, 3)).nodes[1:]] == ["add"] * 5


def test_writing_into_a_tensor_is_an_edge():
    class Writes(nn.Module):
        def forward(self, x):
            y = torch.zeros_like(x)
            y[:, :1] = x[:, :1]
            return y

    result = trace(Writes(), (1, 2, 3, 3))
    assert result.nodes[result.outputs[0].source.node].kind == "setitem"


def reference_multiply_adds(model, *inputs):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(*inputs)
    return counter.get_total_flops() / 2


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), groups=2, dilation=2),
        nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2, output_padding=1),
        nn.Sequential(nn.Flatten(), nn.Linear(4 * 9 * 11, 5)),
        nn.Sequential(nn.Conv2d(4, 3, 3, padding="same", padding_mode="circular"), nn.Linear(11, 2)),
        weight_norm(nn.Conv2d(4, 6, 3)),
    ],
)
def test_multiply_adds_equal_an_independent_count(layer):
    assert trace(layer, (3, 4, 9, 11)).multiply_adds == reference_multiply_adds(
        layer, torch.zeros(3, 4, 9, 11)
    )


def test_layers_in_one_dimension_and_products_of_matrices_are_counted():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(3, 6, 5)

        def forward(self, x):
            x = self.conv(x)
            return (x @ x.transpose(1, 2)).softmax(-1).bmm(x)

    model = Attention()
    assert trace(model, (2, 3, 17)).multiply_adds == reference_multiply_adds(model, torch.zeros(2, 3, 17))


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (torchvision.models.resnet18, (2, 3, 65, 97)),
        (torchvision.models.mobilenet_v3_small, (1, 3, 65, 97)),
        (torchvision.models.squeezenet1_1, (1, 3, 65, 97)),
        (torchvision.models.shufflenet_v2_x0_5, (1, 3, 64, 96)),
    ],
)
def test_totals_of_torchvision_models_equal_independent_counts(build, shape):
    model = build().eval()
    result = trace(model, shape)
    assert result.parameters == sum(p.numel() for p in model.parameters())
    assert sum(n.parameters for n in result.nodes) == result.parameters
    assert result.multiply_adds == reference_multiply_adds(model, torch.zeros(shape))


def test_parameters_used_outside_layers_count_where_they_are_used_and_unused_ones_are_told():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale, self.token = nn.Parameter(torch.ones(3, 1, 1)), nn.Parameter(torch.ones(1, 1, 1, 1))
            self.idle = nn.Linear(5, 2)

        def forward(self, x):
            return torch.cat([x * self.scale, self.token.expand(1, 1, 4, 4)], 1)

    result = trace(Scaled(), (1, 3, 4, 4))
    assert (by_name(result)["mul"].parameters, by_name(result)["cat"].parameters) == (3, 1)
    assert result.unused_parameters == 12


def state(model):
    tensors = {k: v.clone() for k, v in model.state_dict().items()}
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    return tensors, hooks, [m.training for m in model.modules()], [p.grad for p in model.parameters()]


@pytest.mark.parametrize("fails", [False, True])
def test_model_is_left_as_it_was(fails):
    layers = [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Dropout(0.5)]
    model = nn.Sequential(*layers, nn.Conv2d(9 if fails else 4, 2, 1))
    model[3].eval()
    image = torch.rand(2, 3, 6, 8).neg().requires_grad_()
    kept = image.detach().clone()
    before = state(model)
    torch.manual_seed(4)
    random.seed(4)
    np.random.seed(4)  # noqa: NPY002
    states = torch.random.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    if fails:
        with pytest.raises(TraceFailed):
            trace(model, image)
    else:
        trace(model, image)
    after = state(model)
    assert all(torch.equal(before[0][k], after[0][k]) for k in before[0])
    assert before[1:] == after[1:]
    assert torch.equal(states[0], torch.random.get_rng_state())
    assert states[1] == random.getstate()
    assert states[2] == np.random.get_state()[1].tolist()  # noqa: NPY002
    assert torch.equal(kept, image)
    assert image.grad is None


def test_buffers_that_forward_replaces_are_put_back():
    class Counts(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("seen", torch.zeros(1))

        def forward(self, x):
            self.seen = self.seen + 1
            return x

    model = Counts()
    buffer = model.seen
    trace(model, (2, 2))
    assert model.seen is buffer
    assert model.seen.item() == 0


def test_input_of_an_in_place_model_is_not_written_to():
    image = torch.full((1, 2, 3, 3), -1.0)
    trace(nn.Sequential(nn.ReLU(inplace=True)), image)
    assert (image == -1).all()


def test_inputs_go_to_the_dtype_of_the_model():
    model = nn.Conv2d(1, 2, 3).to(torch.bfloat16)
    assert trace(model, torch.zeros(1, 1, 5, 5)).outputs[0].shape == (1, 2, 3, 3)
    assert trace(model, (1, 1, 5, 6)).outputs[0].shape == (1, 2, 3, 4)


def test_lazy_layers_stay_lazy():
    model = nn.Sequential(nn.LazyConv2d(4, 3))
    assert trace(model, (1, 3, 5, 5)).parameters == 4 * 3 * 9 + 4
    assert model[0].has_uninitialized_params()


def test_failure_carries_the_partial_trace_and_the_original_error():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(9, 2))
    with pytest.raises(TraceFailed, match="Linear 2, which got 1×60") as caught:
        trace(model, (1, 1, 5, 7))
    assert [n.name for n in caught.value.trace.nodes] == ["input", "0", "1"]
    assert caught.value.failure.module is model[2]
    assert caught.value.failure.in_shapes == ((1, 60),)
    assert caught.value.__cause__ is caught.value.failure.error


def test_failing_operation_names_both_of_its_sources():
    class Bad(Residual):
        def forward(self, x):
            return F.relu(self.a(x)) + self.b(x)[..., 1:]

    with pytest.raises(TraceFailed) as caught:
        trace(Bad(), (1, 3, 4, 6))
    failure, nodes = caught.value.failure, caught.value.trace.nodes
    assert failure.kind == "add"
    assert [nodes[s.node].kind for s in failure.sources] == ["relu", "getitem"]


def test_exception_that_the_model_catches_is_no_failure():
    class Tries(nn.Module):
        def __init__(self):
            super().__init__()
            self.wrong, self.right = nn.Conv2d(5, 1, 1), nn.Conv2d(3, 1, 1)

        def forward(self, x):
            try:
                return self.wrong(x)
            except RuntimeError:
                return self.right(x)

    assert [n.name for n in trace(Tries(), (1, 3, 2, 2)).nodes] == ["input", "right"]


@pytest.mark.parametrize("thing", [nn.Conv2d, lambda x: x, 3])
def test_what_is_no_module_is_refused_with_a_remedy(thing):
    with pytest.raises(TypeError, match=r"got .*; expected an nn.Module: "):
        trace(thing, (1, 3, 4, 4))


def test_large_activations_are_not_held():
    alive = []

    class Watch(nn.Module):
        def forward(self, x):
            alive.append(sum(ref() is not None for ref in refs))
            out = x + 1
            refs.append(weakref.ref(out))
            return out

    refs: list = []
    trace(nn.Sequential(*(Watch() for _ in range(5))), (1, 1, 8, 8))
    assert max(alive) <= 1
