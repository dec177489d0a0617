"""When training stops, against a definition that looks at the whole sequence at once."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncourse.training import EarlyStopping
from cnncourse.training.early_stopping import BestWeights

from .tiny import classifier, copy_of, same

LOSSES = st.lists(
    st.one_of(st.integers(0, 4).map(float), st.just(math.nan), st.just(math.inf)), min_size=1, max_size=14
)


def should_stop(losses, patience):
    """Whether none of the last ``patience`` losses is lower than all that came before it."""
    new_lowest = [
        value < math.inf and all(not value >= earlier for earlier in losses[:k])
        for k, value in enumerate(losses)
    ]
    return len(losses) >= patience and not any(new_lowest[-patience:])


@given(LOSSES, st.integers(1, 5))
def test_it_stops_when_no_new_lowest_came_for_as_long_as_patience_lasts(losses, patience):
    stopping = EarlyStopping(patience)
    for k, loss in enumerate(losses, 1):
        assert stopping.step(loss) == should_stop(losses[:k], patience), losses[:k]


@pytest.mark.parametrize("patience", [0, -1])
def test_patience_is_at_least_one_epoch(patience):
    with pytest.raises(ValueError, match=f"got patience={patience}, expected at least 1"):
        EarlyStopping(patience)


@given(LOSSES)
def test_the_weights_of_the_lowest_loss_come_back_the_first_of_equals(losses):
    model = classifier()
    keeper, offered = BestWeights(model), []
    for k, loss in enumerate(losses):
        model[0].bias.data.fill_(k)
        offered.append(copy_of(model))
        keeper.offer(loss)
    model[0].bias.data.fill_(-1)
    last = copy_of(model)
    keeper.restore()
    finite = [loss for loss in losses if math.isfinite(loss)]
    assert same(copy_of(model), offered[losses.index(min(finite))] if finite else last)
