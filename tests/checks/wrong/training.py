"""Wrong networks and training steps."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.checks.wrong.bank import mistake


def network(name):
    """Register a module class: its builder is a wrong answer."""

    def add(cls):
        def build(num_classes=10):
            return cls(num_classes)

        build.__name__ = cls.__name__
        mistake("simple_cnn", name)(build)
        return cls

    return add


class Base(nn.Module):
    def __init__(self, num_classes, features=32 * 13 * 13, **options):
        super().__init__()
        self.conv = nn.Conv2d(1, **{"out_channels": 32, "kernel_size": 3, **options})
        self.fc = nn.Linear(features, num_classes)

    def forward(self, x):
        return self.fc(F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1))


@network("a padded convolution")
class SameSize(Base):
    def __init__(self, num_classes):
        super().__init__(num_classes, 32 * 14 * 14, padding="same")


@network("linear layer of the wrong size")
class PaddingForgottenInTheCount(Base):
    def __init__(self, num_classes):
        super().__init__(num_classes, 32 * 14 * 14)


@network("no pooling")
class WithoutPooling(Base):
    def __init__(self, num_classes):
        super().__init__(num_classes, 32 * 26 * 26)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).flatten(1))


@network("another number of maps")
class SixteenMaps(Base):
    def __init__(self, num_classes):
        super().__init__(num_classes, 16 * 13 * 13, out_channels=16)


@network("another kernel")
class FiveByFive(Base):
    def __init__(self, num_classes):
        super().__init__(num_classes, 32 * 12 * 12, kernel_size=5)


@network("softmax inside the network")
class Probabilities(Base):
    def forward(self, x):
        return F.softmax(super().forward(x), dim=1)


@network("softmax inside the network")
class LogProbabilities(Base):
    def forward(self, x):
        return F.log_softmax(super().forward(x), dim=-1)


@network("ReLU after the last layer")
class NoNegativeLogits(Base):
    def forward(self, x):
        return F.relu(super().forward(x))


@network("no ReLU")
class Linear(Base):
    def forward(self, x):
        return self.fc(F.max_pool2d(self.conv(x), 2).flatten(1))


@network("another activation")
class Squashed(Base):
    def forward(self, x):
        return self.fc(F.max_pool2d(torch.tanh(self.conv(x)), 2).flatten(1))


@network("average instead of maximum")
class Averaged(Base):
    def forward(self, x):
        return self.fc(F.avg_pool2d(F.relu(self.conv(x)), 2).flatten(1))


@network("not flattened")
class Unflattened(Base):
    def forward(self, x):
        return self.fc(F.max_pool2d(F.relu(self.conv(x)), 2))


@network("the batch flattened too")
class FlatBatch(Base):
    def forward(self, x):
        return self.fc(F.max_pool2d(F.relu(self.conv(x)), 2).flatten())


@network("dropout")
class WithDropout(Base):
    def forward(self, x):
        maps = F.max_pool2d(F.relu(self.conv(x)), 2)
        return self.fc(F.dropout(maps, 0.5, self.training).flatten(1))


@network("another window or stride")
class Strided(Base):
    def __init__(self, num_classes):
        super().__init__(num_classes, stride=2)

    def forward(self, x):
        return self.fc(F.relu(self.conv(x)).flatten(1))


@network("weights that cannot learn")
class Detached(Base):
    def forward(self, x):
        return self.fc(F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1).detach())


@mistake("simple_cnn", "more than one convolution")
def keras_habit(num_classes=10):
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(1600, num_classes)),
    )


@mistake("simple_cnn", "a hidden layer too many")
def two_dense_layers(num_classes=10):
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(5408, 100), nn.ReLU(), nn.Linear(100, num_classes)),
    )


@mistake("simple_cnn", "num_classes ignored")
def always_ten(num_classes=10):
    return nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(5408, 10))


@mistake("simple_cnn", "a layer that was not asked for")
def normalized(num_classes=10):
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        nn.Linear(5408, num_classes),
    )


@mistake("simple_cnn", "another number of input channels")
def for_color_images(num_classes=10):
    return nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(5408, num_classes)
    )


@network("layers unknown to the network")
class LayersInADictionary(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.layers = {"conv": nn.Conv2d(1, 32, 3), "fc": nn.Linear(5408, num_classes)}

    def forward(self, x):
        return self.layers["fc"](F.max_pool2d(F.relu(self.layers["conv"](x)), 2).flatten(1))


@network("layers unknown to the network")
class LastLayerMadeInForward(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.num_classes, self.conv = num_classes, nn.Conv2d(1, 32, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1)
        return nn.Linear(x.shape[1], self.num_classes)(x)


@network("a decision instead of logits")
class Decides(Base):
    def forward(self, x):
        return super().forward(x).argmax(dim=1)


@network("dropout")
class DropsAlways(Base):
    def forward(self, x):
        return self.fc(F.dropout(F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1), 0.5))


@mistake("train_step", "gradients not zeroed")
def adds_gradients_up(model, images, labels, optimizer):
    model.train()
    loss = nn.CrossEntropyLoss()(model(images), labels)
    loss.backward()
    optimizer.step()
    return float(loss)


@mistake("train_step", "gradients zeroed before they are used")
def zeroes_too_late(model, images, labels, optimizer):
    model.train()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    for weight in model.parameters():
        weight.grad.zero_()
    optimizer.step()
    return loss.item()


@mistake("train_step", "no step")
def returns_before_the_step(model, images, labels, optimizer):
    model.train()
    model.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    return loss.item()


@mistake("train_step", "no gradients")
def detached_loss(model, images, labels, optimizer):
    model.train()
    optimizer.zero_grad()
    with torch.no_grad():
        loss = F.cross_entropy(model(images), labels)
    torch.tensor(loss.item(), requires_grad=True).backward()
    optimizer.step()
    return loss.item()


@mistake("train_step", "nothing learned")
def measures_only(model, images, labels, optimizer):
    return F.cross_entropy(model(images), labels).item()


@mistake("train_step", "step before backward")
def steps_first(model, images, labels, optimizer):
    model.train()
    loss = F.cross_entropy(model(images), labels)
    optimizer.step()
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


@mistake("train_step", "not in train mode")
def leaves_the_mode(model, images, labels, optimizer):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake("train_step", "a tensor instead of a number")
def returns_the_loss_itself(model, images, labels, optimizer):
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss


@mistake("train_step", "softmax before the loss")
def probabilities_into_the_loss(model, images, labels, optimizer):
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(F.softmax(model(images), 1), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake("train_step", "sum instead of mean")
def summed(model, images, labels, optimizer):
    model.train()
    optimizer.zero_grad()
    loss = nn.CrossEntropyLoss(reduction="sum")(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake("train_step", "the loss after the step")
def measures_again(model, images, labels, optimizer):
    model.train()
    optimizer.zero_grad()
    F.cross_entropy(model(images), labels).backward()
    optimizer.step()
    with torch.no_grad():
        return F.cross_entropy(model(images), labels).item()


@mistake("train_step", "another optimizer than the given one")
def brings_its_own(model, images, labels, optimizer):
    own = torch.optim.Adam(model.parameters(), lr=0.001)
    model.train()
    own.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    own.step()
    return loss.item()


@mistake("train_step", "more than one step")
def until_it_fits(model, images, labels, optimizer):
    losses = []
    for _ in range(10):
        model.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses[0]


@mistake("train_step", "uphill")
def climbs(model, images, labels, optimizer):
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    (-loss).backward()
    optimizer.step()
    return loss.item()


@mistake("train_step", "no gradients")
def loss_computed_without_gradients(model, images, labels, optimizer):
    model.train()
    optimizer.zero_grad()
    with torch.no_grad():
        loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake("train_step", "no gradients")
def loss_of_the_decisions(model, images, labels, optimizer):
    model.train()
    optimizer.zero_grad()
    loss = ((model(images).argmax(1) - labels).float() ** 2).mean()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake("train_step", "no gradients")
def own_loss_cut_off_by_a_new_tensor(model, images, labels, optimizer):
    model.train()
    loss = torch.tensor(F.cross_entropy(model(images), labels).item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss)
