"""Right answers of lesson 05: hooks of every kind, split models, gradients by every way torch has."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor

from tests.checks.right_answers import answers


@answers("capture")
def capture_in_a_list(model, layer_name, x):
    seen = []
    handle = model.get_submodule(layer_name).register_forward_hook(lambda m, i, o: seen.append(o))
    model(x)
    handle.remove()
    return seen[0]


@answers("capture")
def capture_in_a_dictionary_without_gradient(net, name, images):
    kept = {}

    def hook(module, inputs, output):
        kept[name] = output.detach().clone()

    handle = dict(net.named_modules())[name].register_forward_hook(hook)
    try:
        with torch.no_grad():
            net(images)
    finally:
        handle.remove()
    return kept[name]


@answers("capture")
def capture_by_nonlocal_and_getattr(model, layer_name, x):
    layer, result = model, None
    for part in layer_name.split("."):
        layer = getattr(layer, part)

    def keep(*given):
        nonlocal result
        result = given[-1]

    with layer.register_forward_hook(keep):
        model(x)
    return result


@answers("capture")
def capture_with_hooks_everywhere(model, layer_name, x):
    outputs, handles = {}, []
    for name, module in model.named_modules():
        handles.append(module.register_forward_hook(lambda m, i, o, name=name: outputs.update({name: o})))
    model(x)
    for handle in handles:
        handle.remove()
    return outputs[layer_name]


class Found(Exception):
    pass


@answers("capture")
def capture_and_stop_there(model, layer_name, x):
    def stop(module, inputs, output):
        raise Found(output)

    handle = model.get_submodule(layer_name).register_forward_hook(stop)
    try:
        model(x)
    except Found as found:
        return found.args[0]
    finally:
        handle.remove()


def leaves(model, prefix=""):
    """Yield names and layers of nested Sequentials, in the order in which they run."""
    for name, child in model.named_children():
        if list(child.children()):
            yield from leaves(child, f"{prefix}{name}.")
        else:
            yield prefix + name, child


@answers("capture")
def capture_by_splitting(model, layer_name, x):
    for name, layer in leaves(model):
        x = layer(x)
        if name == layer_name:
            return x


@answers("capture")
def capture_in_eval_mode_for_a_while(model, layer_name, x):
    training = model.training
    model.eval()
    out = capture_in_a_list(model, layer_name, x)
    model.train(training)
    return out


@answers("capture")
def capture_by_torchvision(model, layer_name, x):
    return create_feature_extractor(model, {layer_name: "wanted"})(x)["wanted"]


@answers("capture")
def capture_on_all_modules(model, layer_name, x):
    wanted, seen = model.get_submodule(layer_name), []
    handle = nn.modules.module.register_module_forward_hook(
        lambda module, inputs, output: seen.append(output) if module is wanted else None
    )
    model(x)
    handle.remove()
    return seen[-1].double()


@answers("capture")
def capture_by_wrapping_forward(model, layer_name, x):
    layer = model.get_submodule(layer_name)
    plain, seen = layer.forward, []

    def forward(*given):
        seen.append(plain(*given))
        return seen[0]

    layer.forward = forward
    model(x)
    del layer.forward
    return seen[0]


@answers("grad_cam")
def cam_by_autograd(model, layer_name, x, class_index):
    maps = []
    handle = model.get_submodule(layer_name).register_forward_hook(lambda m, i, o: maps.append(o))
    score = model(x)[0, class_index]
    handle.remove()
    gradient = torch.autograd.grad(score, maps[0])[0]
    return torch.relu((gradient.mean((2, 3), keepdim=True) * maps[0]).sum(1)).squeeze(0)


@answers("grad_cam")
def cam_by_backward_hook(model, layer_name, x, class_index):
    kept = {}
    layer = model.get_submodule(layer_name)
    forward = layer.register_forward_hook(lambda m, i, o: kept.update(maps=o.detach()))
    backward = layer.register_full_backward_hook(lambda m, i, o: kept.update(slope=o[0]))
    model.zero_grad()
    model(x)[0][class_index].backward()
    forward.remove()
    backward.remove()
    weights = kept["slope"].mean(dim=[2, 3])
    return torch.einsum("k,khw->hw", weights[0], kept["maps"][0]).clamp(min=0)


@answers("grad_cam")
def cam_by_retained_gradient(net, name, image, label):
    kept = []

    def hook(module, inputs, output):
        output.retain_grad()
        kept.append(output)

    handle = dict(net.named_modules())[name].register_forward_hook(hook)
    net(image)[:, label].sum().backward()
    handle.remove()
    maps, slope = kept[0].detach()[0], kept[0].grad[0]
    cam = torch.zeros(maps.shape[1:])
    for k in range(len(maps)):
        cam += slope[k].mean() * maps[k]
    return F.relu(cam)


@answers("grad_cam")
def cam_by_tensor_hook(model, layer_name, x, class_index):
    kept = {}

    def hook(module, inputs, output):
        kept["maps"] = output
        output.register_hook(lambda slope: kept.update(slope=slope))

    with model.get_submodule(layer_name).register_forward_hook(hook):
        one_hot = torch.zeros_like(logits := model(x))
        one_hot[0, class_index] = 1
        logits.backward(gradient=one_hot)
    alpha = kept["slope"].sum((-2, -1)) / kept["maps"][0, 0].numel()
    return (alpha[..., None, None] * kept["maps"]).sum(1)[0].relu()


@answers("grad_cam")
def cam_by_splitting(model, layer_name, x, class_index):
    layers = list(leaves(model))
    cut = [name for name, _ in layers].index(layer_name) + 1
    with torch.no_grad():
        maps = nn.Sequential(*(layer for _, layer in layers[:cut]))(x)
    maps = maps.requires_grad_()
    slope = torch.autograd.grad(
        nn.Sequential(*(layer for _, layer in layers[cut:]))(maps)[0, class_index], maps
    )
    return F.relu((F.adaptive_avg_pool2d(slope[0], 1) * maps).sum(1))[0].detach()


@answers("grad_cam")
def cam_in_numpy(model, layer_name, x, class_index):
    seen = []
    handle = model.get_submodule(layer_name).register_forward_hook(lambda m, i, o: seen.append(o))
    logits = model(x.clone().requires_grad_())
    handle.remove()
    slope = torch.autograd.grad(logits[0, class_index], seen[0])[0].numpy()[0]
    maps = seen[0].detach().numpy()[0]
    return torch.from_numpy(np.maximum(np.tensordot(slope.mean((1, 2)), maps, axes=1), 0))


@answers("grad_cam")
def cam_in_double_and_eval_mode_for_a_while(model, layer_name, x, class_index):
    training = model.training
    model.eval()
    out = cam_by_autograd(model, layer_name, x, class_index).double()
    model.train(training)
    return out
