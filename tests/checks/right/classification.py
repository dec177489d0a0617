"""Right answers of lesson 03: torch's own, by hand, in loops; networks and training steps of any style."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.checks.right_answers import answers


@answers("softmax")
def softmax_of_torch(logits):
    return torch.softmax(logits, dim=1)


@answers("softmax")
def softmax_by_hand(scores):
    exps = (scores - scores.max(dim=1, keepdim=True).values).exp()
    return exps / exps.sum(dim=1, keepdim=True)


@answers("softmax")
def softmax_row_by_row(logits):
    out = torch.zeros_like(logits)
    for i in range(logits.shape[0]):
        largest = max(logits[i].tolist())
        exps = [math.exp(z - largest) for z in logits[i].tolist()]
        out[i] = torch.tensor([e / sum(exps) for e in exps])
    return out


@answers("softmax")
def softmax_through_logsumexp(logits):
    return torch.exp(logits - torch.logsumexp(logits, 1, keepdim=True))


@answers("softmax")
def softmax_in_double_with_einsum(logits):
    shifted = logits.double() - logits.double().amax(-1)[:, None]
    exps = torch.exp(shifted)
    return torch.einsum("nk,n->nk", exps, 1 / exps.sum(-1))


@answers("softmax")
def softmax_with_gradient(logits):
    return nn.Softmax(dim=-1)(logits.clone().requires_grad_())


@answers("softmax")
def softmax_by_differences(logits):
    return 1 / torch.exp(logits[:, None, :] - logits[:, :, None]).sum(-1)


@answers("softmax")
def softmax_through_numpy(logits):
    z = logits.numpy()
    exps = np.exp(z - z.max(1, keepdims=True))
    return torch.from_numpy(exps / exps.sum(1, keepdims=True))


answers("softmax")(nn.Softmax(dim=1).forward)


@answers("cross_entropy")
def cross_entropy_of_torch(logits, labels):
    return F.cross_entropy(logits, labels)


@answers("cross_entropy")
def cross_entropy_by_logsumexp(scores, classes):
    return (torch.logsumexp(scores, dim=1) - scores.gather(1, classes[:, None]).squeeze(1)).mean()


@answers("cross_entropy")
def cross_entropy_by_hand(logits, labels):
    shifted = logits - logits.max(dim=1, keepdim=True)[0]
    log_p = shifted - shifted.exp().sum(dim=1, keepdim=True).log()
    return -log_p[torch.arange(len(labels)), labels].mean()


@answers("cross_entropy")
def cross_entropy_in_a_loop(logits, labels):
    total = 0
    for row, label in zip(logits, labels, strict=True):
        m = row.max()
        total = total + m + torch.log(torch.exp(row - m).sum()) - row[label]
    return total / len(labels)


@answers("cross_entropy")
def cross_entropy_with_one_hot(logits, labels):
    one_hot = torch.eye(logits.shape[1])[labels]
    return -(one_hot * torch.log_softmax(logits, 1)).sum() / len(logits)


@answers("cross_entropy")
def cross_entropy_by_nll_in_double(logits, labels):
    return F.nll_loss(F.log_softmax(logits.double(), dim=-1), labels)


@answers("cross_entropy")
def cross_entropy_with_probabilities_as_targets(logits, labels):
    return nn.CrossEntropyLoss()(logits.requires_grad_(), F.one_hot(labels, logits.shape[1]).float())


@answers("cross_entropy")
def cross_entropy_of_python_numbers(logits, labels):
    losses = []
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        m = max(row)
        losses.append(m + math.log(sum(math.exp(z - m) for z in row)) - row[label])
    return torch.tensor(np.mean(losses))


@answers("simple_cnn")
def network_in_a_row(num_classes=10):
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(5408, num_classes)
    )


class Network(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.head = nn.Linear(32 * 13 * 13, num_classes)  # before the convolution, on purpose
        self.features = nn.Conv2d(1, 32, kernel_size=(3, 3))

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.features(x)), 2)
        return self.head(x.view(x.size(0), -1))


answers("simple_cnn")(Network)


@answers("simple_cnn")
def network_with_sizes_found_later(classes=10):
    return nn.Sequential(
        nn.LazyConv2d(32, 3), nn.MaxPool2d(2, 2), nn.ReLU(inplace=True), nn.Flatten(), nn.LazyLinear(classes)
    )


@answers("simple_cnn")
def network_by_name(*, num_classes=10):
    net = nn.Sequential()
    net.add_module("conv", nn.Conv2d(1, 32, 3, stride=1, padding=0, bias=True))
    net.add_module("act", nn.Threshold(0, 0))
    net.add_module("pool", nn.AdaptiveMaxPool2d(13))
    net.add_module("flat", nn.Flatten(start_dim=1))
    net.add_module("fc", nn.Linear(in_features=32 * 13**2, out_features=num_classes))
    return net.eval()


class OwnWeights(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.out_bias = nn.Parameter(torch.zeros(num_classes))
        self.matrix = nn.Parameter(torch.randn(32 * 13 * 13, num_classes) * 0.01)
        self.kernels = nn.Parameter(torch.randn(32, 1, 3, 3))
        self.bias = nn.Parameter(torch.zeros(32))

    def forward(self, images):
        maps = torch.clamp(F.conv2d(images, self.kernels, self.bias), min=0)
        strongest = maps.unfold(2, 2, 2).unfold(3, 2, 2).amax((-1, -2))
        return strongest.flatten(1) @ self.matrix + self.out_bias


@answers("simple_cnn")
def network_of_own_weights(num_classes=10):
    torch.manual_seed(1)
    return OwnWeights(num_classes)


class Parts(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(5408, num_classes))

    def forward(self, x):
        return self.head(self.body(x))


@answers("simple_cnn")
def network_of_parts(num_classes=10):
    model = Parts(num_classes)
    for weight in model.parameters():
        if weight.dim() > 1:
            nn.init.kaiming_normal_(weight)
    return model


@answers("simple_cnn")
def network_in_double_precision(num_classes=10):
    return network_in_a_row(num_classes).double()


@answers("train_step")
def step_as_everyone_writes_it(model, images, labels, optimizer):
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


@answers("train_step")
def step_with_zeros_kept(net, x, y, opt):
    criterion = nn.CrossEntropyLoss()
    net.train(True)
    logits = net(x)
    opt.zero_grad(set_to_none=False)
    loss = criterion(logits, y)
    loss.backward()
    opt.step()
    return float(loss)


@answers("train_step")
def step_with_zeros_through_the_model(model, images, labels, optimizer):
    was_training = model.training
    model.train()
    loss = F.nll_loss(F.log_softmax(model(images), dim=1), labels)
    model.zero_grad()
    loss.backward()
    optimizer.step()
    model.train(was_training)
    return loss.detach().cpu().tolist()


@answers("train_step")
def step_with_closure(model, images, labels, optimizer):
    model.train()

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        return loss

    return optimizer.step(closure).item()


@answers("train_step")
def step_with_own_loss(model, images, labels, optimizer):
    model.train()
    for group in optimizer.param_groups:
        for weight in group["params"]:
            weight.grad = None
    logits = model(images)
    picked = logits[torch.arange(len(labels)), labels]
    loss = (torch.logsumexp(logits, 1) - picked).mean()
    loss.backward()
    optimizer.step()
    return np.float32(loss.item())


@answers("train_step")
def step_with_explicit_gradients(model, images, labels, optimizer):
    model.train()
    loss = F.cross_entropy(model(images), labels)
    weights = [w for group in optimizer.param_groups for w in group["params"]]
    for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
        weight.grad = gradient
    optimizer.step()
    return loss.item()


@answers("train_step")
def step_that_zeros_at_the_end(model, images, labels, optimizer):
    with torch.enable_grad():
        loss = F.cross_entropy(model.train()(images), labels)
        loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


@answers("accuracy")
def accuracy_of_tensors(logits, labels):
    return (logits.argmax(dim=1) == labels).float().mean().item()


@answers("accuracy")
def accuracy_counted(scores, classes):
    right = 0
    for row, label in zip(scores.tolist(), classes.tolist(), strict=True):
        right += row.index(max(row)) == label
    return right / len(classes)


@answers("accuracy")
def accuracy_with_numpy(logits, labels):
    return np.mean(logits.numpy().argmax(1) == labels.numpy())


@answers("accuracy")
def accuracy_through_max(logits, labels):
    _, predicted = torch.max(torch.softmax(logits, 1), 1)
    return float(predicted.eq(labels).sum()) / labels.size(0)


@answers("accuracy")
def accuracy_through_topk(logits, labels):
    return logits.topk(1).indices.squeeze(1).eq(labels).double().mean().item()


@answers("accuracy")
def accuracy_from_errors(logits, labels):
    return 1 - torch.count_nonzero(logits.argmax(-1) - labels).item() / logits.shape[0]
