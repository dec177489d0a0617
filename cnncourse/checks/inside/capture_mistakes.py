"""How people get a captured layer wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from ..exercise import Misconception

Capture = Callable[[nn.Module, str, Tensor], Any]
Pick = Callable[[nn.Module, str], nn.Module]


def _named(model: nn.Module, layer_name: str) -> nn.Module:
    return model.get_submodule(layer_name)


def _leaves(model: nn.Module) -> list[nn.Module]:
    return [module for module in model.modules() if not list(module.children())]


def _neighbor(step: int) -> Pick:
    """Return a choice of the layer that stands ``step`` behind the named one."""

    def pick(model: nn.Module, layer_name: str) -> nn.Module:
        leaves = _leaves(model)
        return leaves[min(leaves.index(_named(model, layer_name)) + step, len(leaves) - 1)]

    return pick


def _of_kind(index: int) -> Pick:
    """Return a choice of the first or last layer of the same kind as the named one."""

    def pick(model: nn.Module, layer_name: str) -> nn.Module:
        kind = type(_named(model, layer_name))
        return [module for module in model.modules() if type(module) is kind][index]

    return pick


def _convolution(index: int) -> Pick:
    return lambda model, _: [m for m in model.modules() if isinstance(m, nn.Conv2d)][index]


def _leaf(index: int) -> Pick:
    return lambda model, _: _leaves(model)[index]


def _by_last_part(model: nn.Module, layer_name: str) -> nn.Module:
    last = layer_name.rpartition(".")[2]
    return next(m for name, m in model.named_modules() if name.rpartition(".")[2] == last)


def _by_first_part(model: nn.Module, layer_name: str) -> nn.Module:
    return model.get_submodule(layer_name.partition(".")[0])


def _matching(fits: Callable[[str, str], bool], index: int) -> Pick:
    """Return a choice of the first or last layer whose name fits in some way."""
    return lambda model, layer_name: [m for name, m in model.named_modules() if fits(name, layer_name)][index]


def _run(
    pick: Pick = _named,
    *,
    remove: bool = True,
    before: Any = None,
    after: Any = None,
    inputs_too: bool = False,
) -> Any:
    """Return a function that gives (inputs, outputs) of the picked layer, one entry for each time it ran."""

    def run(model: nn.Module, layer_name: str, x: Tensor) -> Any:
        inputs, outputs = [], []

        def keep(module: nn.Module, given: Any, output: Any) -> None:
            inputs.append(given)
            outputs.append(output)

        handle = pick(model, layer_name).register_forward_hook(keep)
        if before:
            before(model)
        model(x)
        if remove:
            handle.remove()
        if after:
            after(model)
        return (inputs, outputs) if inputs_too else outputs

    return run


def _without_hooks(model: nn.Module) -> None:
    for module in model.modules():
        module._forward_hooks.clear()


def _hook_removed_too_early(model: nn.Module, layer_name: str, x: Tensor) -> Tensor:
    outputs: list[Tensor] = []
    _named(model, layer_name).register_forward_hook(lambda *given: outputs.append(given[2])).remove()
    model(x)
    return outputs[0]


def _not_run(model: nn.Module, layer_name: str, x: Tensor) -> Tensor:
    outputs: list[Tensor] = []
    _named(model, layer_name).register_forward_hook(lambda *given: outputs.append(given[2]))
    return outputs[0]


def _then(change: Callable[[Tensor], Any], run: Any = None) -> Capture:
    """Return a capture whose result is changed."""
    run = run or _run()
    return lambda model, layer_name, x: change(run(model, layer_name, x)[0])


def _picking(pick: Pick) -> Capture:
    return _then(lambda output: output, _run(pick))


def _same(output: Tensor) -> Tensor:
    return output


def _input(change: Callable[[tuple], Any]) -> Capture:
    return lambda *arguments: change(_run(inputs_too=True)(*arguments)[0][0])


def _in_one_list_per_model(model: nn.Module, layer_name: str, x: Tensor) -> Tensor:
    outputs = _SEEN.setdefault(model, [])
    outputs += _run()(model, layer_name, x)
    return outputs[0]


def _in_one_list() -> Capture:
    """Return a capture with a single list for all its calls, as a default argument makes it."""
    outputs: list[Tensor] = []

    def capture(model: nn.Module, layer_name: str, x: Tensor) -> Tensor:
        outputs.extend(_run()(model, layer_name, x))
        return outputs[0]

    return capture


_SEEN: WeakKeyDictionary[nn.Module, list[Tensor]] = WeakKeyDictionary()


def _weights(model: nn.Module, layer_name: str, x: Tensor) -> Any:
    return getattr(_named(model, layer_name), "weight", None)


MISTAKES = (
    Misconception(
        "hook left behind",
        "Your hook stays on the model and runs at every later pass. Keep the handle that "
        "register_forward_hook returns, and call handle.remove() before you return.",
        (_then(_same, _run(remove=False)),),
    ),
    Misconception(
        "left in eval mode",
        "Your function leaves the model in eval mode, though it came in train mode. Which mode is right is "
        "the caller's business: leave it as it was.",
        (_then(_same, _run(before=nn.Module.eval)),),
    ),
    Misconception(
        "left in train mode",
        "Your function leaves the model in train mode, though it came in eval mode; dropout then changes "
        "what the layers give. Leave the mode as it was.",
        (
            _then(_same, _run(before=nn.Module.train)),
            _then(_same, _run(before=lambda model: model.train(not model.training))),
            _then(_same, _run(before=nn.Module.eval, after=nn.Module.train)),
            _then(_same, _run(after=nn.Module.train)),
        ),
    ),
    Misconception(
        "a hook of somebody else removed",
        "Remove your own hook only, by the handle that register_forward_hook returned: the model may have "
        "others.",
        (_then(_same, _run(remove=False, after=_without_hooks)),),
    ),
    Misconception(
        "read before the hook ran",
        "The list is empty when you read it. The order is: register the hook, run model(x), remove the hook, "
        "return what it saw.",
        (_hook_removed_too_early, _not_run),
    ),
    Misconception(
        "the layer's input",
        "You return what goes into the layer. A forward hook gets (module, inputs, output): the third is "
        "wanted.",
        (_input(lambda given: given[0]),),
    ),
    Misconception(
        "a list instead of the tensor",
        "Return the tensor itself. A list that the hook fills holds it as its only entry, and a hook's "
        "inputs are a tuple.",
        (
            lambda *arguments: _run()(*arguments),
            lambda *arguments: tuple(_run()(*arguments)),
            _input(lambda given: given),
            lambda model, layer_name, x: {layer_name: _run()(model, layer_name, x)[0]},
        ),
    ),
    Misconception(
        "the model's output",
        "You return what comes out of the whole model. The hook must keep the layer's output somewhere, "
        "and that is what you return.",
        (lambda model, layer_name, x: model(x),),
    ),
    Misconception(
        "the layer alone",
        "You call the layer on x itself. But in the model it gets what the layers before it made of x: run "
        "the whole model, and let a hook look on.",
        (lambda model, layer_name, x: _named(model, layer_name)(x),),
    ),
    Misconception(
        "a layer of the same kind",
        "You look at a layer of the right kind, but not at the one with this name. Find it by "
        "model.get_submodule(layer_name).",
        (*(_picking(_of_kind(index)) for index in (0, -1)), _picking(_by_last_part)),
    ),
    Misconception(
        "a name that only contains it",
        "The name must be the same, not contain layer_name, begin or end with it: compare by ==, or let "
        "model.get_submodule(layer_name) find the layer.",
        tuple(
            _picking(_matching(fits, index))
            for fits in (str.__contains__, str.startswith, str.endswith)
            for index in (0, -1)
            if (fits, index) not in ((str.startswith, 0), (str.endswith, -1))  # these find it by luck
        ),
    ),
    Misconception(
        "always the same layer",
        "You look at the same layer whatever the name says. Find the layer by "
        "model.get_submodule(layer_name).",
        (
            *(_picking(_convolution(index)) for index in (0, -1)),
            *(_picking(_leaf(index)) for index in (0, -2)),
        ),
    ),
    Misconception(
        "the layer behind",
        "You return the output of the layer behind the named one.",
        (_picking(_neighbor(1)),),
    ),
    Misconception(
        "only the first part of the name",
        'A name such as "block2.conv" leads to a layer within a block. Yours stops at the block: '
        "model.get_submodule(layer_name) follows the dots.",
        (
            _picking(_by_first_part),
            _picking(lambda model, name: dict(model.named_children())[name.partition(".")[0]]),
        ),
    ),
    Misconception(
        "names with dots",
        'A name such as "block2.conv" leads to a layer within a block, which getattr and named_children '
        "cannot find: model.get_submodule(layer_name) follows the dots.",
        (
            _picking(getattr),
            _picking(lambda model, name: dict(model.named_children())[name]),
        ),
    ),
    Misconception(
        "the weights",
        "You return the layer's weights. They are the same for every picture; wanted is what the layer "
        "makes of this one.",
        (_weights,),
    ),
    Misconception(
        "only the first picture",
        "The batch may hold several pictures. Return the output for all of them, with its batch axis.",
        (_then(lambda output: output[0]), _then(lambda output: output[:1])),
    ),
    Misconception(
        "not as the layer gave it",
        "You change the output before you return it. Wanted is the tensor as the layer gave it: no ReLU, no "
        "mean, no other shape.",
        (
            _then(torch.relu),
            _then(torch.abs),
            _then(lambda output: output.flatten(1)),
            _then(lambda output: output.mean(1)),
            _then(lambda output: output.mean(0)),
            _then(lambda output: output.squeeze()),
            _then(lambda output: output[None]),
        ),
    ),
    Misconception(
        "an old result",
        "The second call returns what the first one saw. Make a new list in each call: one outside the "
        "function, or as a default argument, keeps what was appended before.",
        (_in_one_list_per_model, _in_one_list()),
    ),
)
