"""Wrong captures and Grad-CAMs."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.checks.wrong.bank import mistake


def run(model, layer_name, x):
    """A learner's capture with the logits, right by itself."""
    kept = {}
    handle = model.get_submodule(layer_name).register_forward_hook(lambda m, i, o: kept.update(maps=o))
    logits = model(x)
    handle.remove()
    return kept["maps"], logits


def slope_of(score, maps):
    return torch.autograd.grad(score, maps)[0]


@mistake("capture", "hook left behind")
def handle_forgotten(model, layer_name, x):
    kept = {}

    def hook(module, inputs, output):
        kept["out"] = output.detach()

    dict(model.named_modules())[layer_name].register_forward_hook(hook)
    with torch.no_grad():
        model(x)
    return kept["out"]


@mistake("capture", "hook left behind")
def one_of_many_removed(model, layer_name, x):
    kept = {}
    for name, module in model.named_modules():
        handle = module.register_forward_hook(lambda m, i, o, name=name: kept.update({name: o}))
    model(x)
    handle.remove()
    return kept[layer_name]


@mistake("capture", "the layer's input")
def pre_hook(model, layer_name, x):
    kept = []
    handle = model.get_submodule(layer_name).register_forward_pre_hook(lambda m, i: kept.append(i[0]))
    model(x)
    handle.remove()
    return kept[0]


@mistake("capture", "the layer's input")
def split_one_too_early(model, layer_name, x):
    for name, layer in model.named_modules():
        if list(layer.children()):
            continue
        if name == layer_name:
            return x
        x = layer(x)


@mistake("capture", "a list instead of the tensor")
def the_whole_list(model, layer_name, x):
    return [run(model, layer_name, x)[0]]


@mistake("capture", "a list instead of the tensor")
def both(model, layer_name, x):
    return run(model, layer_name, x)


@mistake("capture", "the model's output")
def the_answer(model, layer_name, x):
    return run(model, layer_name, x)[1]


@mistake("capture", "the layer alone")
def layer_on_the_picture(model, layer_name, x):
    with torch.no_grad():
        return dict(model.named_modules())[layer_name](x)


@mistake("capture", "left in eval mode")
def eval_and_never_back(model, layer_name, x):
    model.eval()
    with torch.no_grad():
        return run(model, layer_name, x)[0]


@mistake("capture", "left in train mode")
def back_to_train_always(model, layer_name, x):
    model.eval()
    out = run(model, layer_name, x)[0]
    model.train()
    return out


@mistake("capture", "a layer of the same kind")
def last_of_the_name(model, layer_name, x):
    ending = layer_name.split(".")[-1]
    names = [name for name, _ in model.named_modules() if name.endswith(ending)]
    return run(model, names[0], x)[0]


@mistake("capture", "names with dots")
def by_getattr(model, layer_name, x):
    kept = []
    handle = getattr(model, layer_name).register_forward_hook(lambda m, i, o: kept.append(o))
    model(x)
    handle.remove()
    return kept[0]


@mistake("capture", "not as the layer gave it")
def without_batch(model, layer_name, x):
    return run(model, layer_name, x)[0].squeeze()


KEPT = []


@mistake("capture", "an old result")
def global_list(model, layer_name, x):
    handle = model.get_submodule(layer_name).register_forward_hook(lambda m, i, o: KEPT.append(o))
    model(x)
    handle.remove()
    return KEPT[0]


@mistake("capture", "a name that only contains it")
def looks_for_the_name_in_names(model, layer_name, x):
    seen = {}
    hooks = []
    for name, module in model.named_modules():
        if layer_name in name:
            hooks.append(
                module.register_forward_hook(lambda m, given, output: seen.__setitem__("output", output))
            )
    model(x)
    for hook in hooks:
        hook.remove()
    return seen["output"]


@mistake("capture", "a hook of somebody else removed")
def removes_all_hooks_of_the_layer(model, layer_name, x):
    seen = []
    layer = model.get_submodule(layer_name)
    layer.register_forward_hook(lambda m, given, output: seen.append(output))
    model(x)
    layer._forward_hooks.clear()
    return seen[0]


@mistake("capture", "read before the hook ran")
def forgets_to_run_the_model(model, layer_name, x):
    seen = []
    hook = model.get_submodule(layer_name).register_forward_hook(lambda m, given, output: seen.append(output))
    hook.remove()
    return seen[-1]


@mistake("grad_cam", "gradient of the predicted class")
def best_class(model, layer_name, x, class_index):
    maps, logits = run(model, layer_name, x)
    weights = slope_of(logits[0, logits.argmax()], maps).mean((2, 3), keepdim=True)
    return F.relu((weights * maps).sum(1))[0]


@mistake("grad_cam", "gradient of all classes")
def summed_logits(model, layer_name, x, class_index):
    maps, logits = run(model, layer_name, x)
    weights = slope_of(logits.sum(), maps).mean((2, 3), keepdim=True)
    return F.relu((weights * maps).sum(1))[0]


@mistake("grad_cam", "gradient of the probability")
def through_softmax(model, layer_name, x, class_index):
    maps, logits = run(model, layer_name, x)
    weights = slope_of(F.softmax(logits, dim=-1)[0, class_index], maps).mean(dim=(2, 3))[0]
    return sum(w * m for w, m in zip(weights, maps[0], strict=True)).clamp(min=0)


@mistake("grad_cam", "ReLU forgotten")
def no_relu(model, layer_name, x, class_index):
    maps, logits = run(model, layer_name, x)
    weights = slope_of(logits[0, class_index], maps).mean((2, 3))
    return torch.einsum("nk,nkhw->hw", weights, maps)


@mistake("grad_cam", "ReLU too early")
def relu_on_the_weights(model, layer_name, x, class_index):
    maps, logits = run(model, layer_name, x)
    weights = torch.relu(slope_of(logits[0, class_index], maps).mean((2, 3)))
    return torch.einsum("nk,nkhw->hw", weights, maps).relu()


@mistake("grad_cam", "maps not weighted")
def mean_map(model, layer_name, x, class_index):
    return run(model, layer_name, x)[0].mean(1).relu()[0]


@mistake("grad_cam", "mean over the maps")
def divided_by_the_number_of_maps(model, layer_name, x, class_index):
    maps, logits = run(model, layer_name, x)
    weights = slope_of(logits[0, class_index], maps).mean((2, 3), keepdim=True)
    return (weights * maps).mean(1).squeeze(0).relu()


@mistake("grad_cam", "sum of the gradients")
def sum_for_mean(model, layer_name, x, class_index):
    maps, logits = run(model, layer_name, x)
    weights = slope_of(logits[0, class_index], maps).sum(3).sum(2)
    return torch.einsum("nk,nkhw->hw", weights, maps).relu()


@mistake("grad_cam", "rescaled")
def divided_by_its_largest(model, layer_name, x, class_index):
    maps, logits = run(model, layer_name, x)
    weights = slope_of(logits[0, class_index], maps).mean((2, 3))
    cam = torch.einsum("nk,nkhw->hw", weights, maps).relu()
    return cam / (cam.max() + 1e-8)


@mistake("grad_cam", "a weight for each cell")
def gradient_times_map(model, layer_name, x, class_index):
    maps, logits = run(model, layer_name, x)
    return (slope_of(logits[0, class_index], maps) * maps).sum(dim=1).relu()[0]


@mistake("grad_cam", "only the gradient")
def gradient_map(model, layer_name, x, class_index):
    maps, logits = run(model, layer_name, x)
    return slope_of(logits[0, class_index], maps).sum(1).relu()[0]


@mistake("grad_cam", "absolute value instead of ReLU")
def strength(model, layer_name, x, class_index):
    maps, logits = run(model, layer_name, x)
    weights = slope_of(logits[0, class_index], maps).mean((2, 3), keepdim=True)
    return torch.abs((weights * maps).sum(1))[0]


@mistake("grad_cam", "enlarged")
def enlarged(model, layer_name, x, class_index):
    maps, logits = run(model, layer_name, x)
    weights = slope_of(logits[0, class_index], maps).mean((2, 3), keepdim=True)
    cam = (weights * maps).sum(1, keepdim=True).relu()
    return nn.Upsample(size=x.shape[-2:], mode="bilinear")(cam)[0, 0]


@mistake("grad_cam", "axes left over")
def with_batch(model, layer_name, x, class_index):
    maps, logits = run(model, layer_name, x)
    weights = slope_of(logits[0, class_index], maps).mean((2, 3), keepdim=True)
    return (weights * maps).sum(1).relu()


@mistake("grad_cam", "hook left behind")
def backward_hook_forgotten(model, layer_name, x, class_index):
    kept = {}
    layer = model.get_submodule(layer_name)
    handle = layer.register_forward_hook(lambda m, i, o: kept.update(maps=o.detach()))
    layer.register_full_backward_hook(lambda m, i, o: kept.update(slope=o[0]))
    model(x)[0, class_index].backward()
    handle.remove()
    return torch.relu((kept["slope"].mean((2, 3), keepdim=True) * kept["maps"]).sum(1))[0]


@mistake("grad_cam", "mode changed")
def eval_first(model, layer_name, x, class_index):
    model.eval()
    maps, logits = run(model, layer_name, x)
    weights = slope_of(logits[0, class_index], maps).mean((2, 3), keepdim=True)
    return (weights * maps).sum(1).relu()[0]


@mistake("grad_cam", "another layer")
def last_convolution(model, layer_name, x, class_index):
    last = [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d)][-1]
    maps, logits = run(model, last, x)
    weights = slope_of(logits[0, class_index], maps).mean((2, 3), keepdim=True)
    return (weights * maps).sum(1).relu()[0]


@mistake("grad_cam", "the maps cut off from the graph")
def detaches_in_the_hook(model, layer_name, x, class_index):
    kept = {}
    with model.get_submodule(layer_name).register_forward_hook(
        lambda m, given, output: kept.update(maps=output.detach())
    ):
        score = model(x)[0, class_index]
    weights = slope_of(score, kept["maps"]).mean((2, 3), keepdim=True)
    return (weights * kept["maps"]).sum(1).relu()[0]


@mistake("grad_cam", "the maps cut off from the graph")
def computes_without_gradients(model, layer_name, x, class_index):
    with torch.no_grad():
        maps, logits = run(model, layer_name, x)
    weights = slope_of(logits[0, class_index], maps).mean((2, 3), keepdim=True)
    return (weights * maps).sum(1).relu()[0]


@mistake("grad_cam", "maps and logits of two passes")
def runs_once_more_for_the_logits(model, layer_name, x, class_index):
    maps, _ = run(model, layer_name, x)
    weights = slope_of(model(x)[:, class_index].sum(), maps).mean((2, 3))
    return torch.einsum("k,khw->hw", weights[0], maps[0]).clamp(min=0)


@mistake("grad_cam", "no gradient kept on the maps")
def backward_without_retain_grad(model, layer_name, x, class_index):
    maps, logits = run(model, layer_name, x)
    logits[0, class_index].backward()
    return F.relu((maps.grad.mean((2, 3), keepdim=True) * maps).sum(1))[0].detach()


@mistake("grad_cam", "enlarged")
def as_a_picture(model, layer_name, x, class_index):
    maps, logits = run(model, layer_name, x)
    weights = slope_of(logits[0, class_index], maps).mean((2, 3), keepdim=True)
    cam = F.relu((weights * maps).sum(1, keepdim=True))
    cam = cam / (cam.max() + 1e-8)
    return F.interpolate(cam, size=x.shape[-2:], mode="bilinear", align_corners=False)[0, 0].detach()
