"""Delayed recall: classify a symbol that is shown once and followed by n steps of noise.

The task shows how long a cell can learn to remember (Hochreiter & Schmidhuber 1997, section 5; Bengio, Simard &
Frasconi 1994, section 3).  It has a small training loop of its own.

With the settings below a simple RNN recalls every symbol after 10 steps but not after 20, GRU and LSTM after 100.  This
depends on the learning rate, which is the best one for the simple RNN (of 0.001, 0.003, 0.01, 0.03), on the
initialisation of the gates (`chrono_initialise`), without which an LSTM does not learn 100 steps in this time, and on
the noise: if it is weaker, or replaced by other symbols, the simple RNN recalls 20 steps or more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nmt.config import Cell
from nmt.errors import UserError
from nmt.lab.settings import CELLS, at_least, check_cells
from nmt.network.recurrent import RecurrentLayer

SOLVED = 0.95  # the accuracy from which a delay counts as solved
FAULTLESS_BATCHES = 15  # consecutive batches without an error, after which a training ends early
TEST_EXAMPLES = 1000


@dataclass(frozen=True)
class RecallConfig:
    """The same task and budget for every cell."""

    cells: tuple[Cell, ...] = CELLS
    delays: tuple[int, ...] = (1, 2, 5, 10, 20, 50, 100)  # steps of noise between symbol and answer
    seeds: int = 3  # trainings of each cell and delay
    symbols: int = 4  # classes
    noise: float = 1.0  # standard deviation of the noise, which is on the same inputs as the symbol
    hidden: int = 32
    batch: int = 32
    steps: int = 600  # optimiser steps at most
    lr: float = 1e-2
    clip: float = 1.0
    open_gates: bool = True  # whether to call `chrono_initialise`

    def __post_init__(self) -> None:
        at_least("recall", seeds=self.seeds, hidden=self.hidden, batch=self.batch, steps=self.steps)
        if self.symbols < 2:
            raise UserError(f"recall: {self.symbols} symbol(s): at least 2 are needed to tell apart")
        if not self.cells or not self.delays or min(self.delays) < 0:
            raise UserError("recall: at least one cell and one delay of 0 or more steps are needed")
        check_cells("recall", self.cells)


# Takes seconds, and is enough to rank the cells.
QUICK = RecallConfig(delays=(3, 40), seeds=1, steps=450)


@dataclass(frozen=True)
class Outcome:
    """The accuracy of one cell at one delay."""

    cell: Cell
    delay: int
    accuracies: list[float]  # of each seed, on new examples
    steps: list[int]  # optimiser steps of each seed

    @property
    def mean(self) -> float:
        return sum(self.accuracies) / len(self.accuracies)

    @property
    def worst(self) -> float:
        return min(self.accuracies)


@dataclass(frozen=True)
class Recall:
    """All outcomes, and the seconds that they took."""

    config: RecallConfig
    outcomes: list[Outcome]
    seconds: float

    def longest(self, cell: Cell) -> int | None:
        """The longest delay up to which all seeds of the cell solve all delays; None if there is none."""
        longest = None
        for outcome in sorted((o for o in self.outcomes if o.cell == cell), key=lambda o: o.delay):
            if outcome.worst < SOLVED:
                break
            longest = outcome.delay
        return longest

    def as_dict(self) -> dict[str, Any]:
        outcomes = [asdict(o) | {"mean": o.mean, "worst": o.worst} for o in self.outcomes]
        longest = {cell: self.longest(cell) for cell in self.config.cells}
        config = asdict(self.config)
        return {"config": config, "outcomes": outcomes, "longest_delay": longest, "seconds": self.seconds}


class Classifier(nn.Module):
    """One recurrent layer, and a linear layer that classifies its last state."""

    def __init__(self, cell: Cell, config: RecallConfig) -> None:
        super().__init__()
        self.layer = RecurrentLayer(cell, config.symbols + 1, config.hidden)
        self.output = nn.Linear(config.hidden, config.symbols)

    def forward(self, inputs: Tensor) -> Tensor:
        """inputs [batch, len, symbols + 1] -> logits [batch, symbols]"""
        _, last = self.layer(inputs)
        return self.output(last[0][0])


def run(config: RecallConfig, say: Callable[[str], None] = lambda line: None) -> Recall:
    """Train every cell at every delay; `say` is called with a line for each outcome."""
    start, outcomes = time.monotonic(), []
    for cell in config.cells:
        for delay in config.delays:
            trained = [train(cell, delay, seed, config) for seed in range(config.seeds)]
            outcome = Outcome(cell, delay, [accuracy for accuracy, _ in trained], [n for _, n in trained])
            outcomes.append(outcome)
            say(f"{cell:<5} {delay:>4} steps: accuracy {outcome.mean:.2f}")
    return Recall(config, outcomes, time.monotonic() - start)


def train(cell: Cell, delay: int, seed: int, config: RecallConfig) -> tuple[float, int]:
    """One training; returns the accuracy on new examples and the optimiser steps taken."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Classifier(cell, config)
        if config.open_gates:
            chrono_initialise(model.layer.rnn, cell, max(2, delay))
        optimizer = torch.optim.Adam(model.parameters(), lr=config.lr)
        faultless = 0
        for step in range(1, config.steps + 1):  # noqa: B007  # it is returned
            inputs, symbols = examples(config, delay, config.batch)
            logits = model(inputs)
            functional.cross_entropy(logits, symbols).backward()
            nn.utils.clip_grad_norm_(model.parameters(), config.clip)
            optimizer.step()
            optimizer.zero_grad()
            faultless = faultless + 1 if bool((logits.argmax(dim=1) == symbols).all()) else 0
            if faultless == FAULTLESS_BATCHES:
                break
        with torch.inference_mode():
            inputs, symbols = examples(config, delay, TEST_EXAMPLES)
            return float((model(inputs).argmax(dim=1) == symbols).float().mean()), step


def examples(config: RecallConfig, delay: int, count: int) -> tuple[Tensor, Tensor]:
    """Inputs float32 [count, 1 + delay, symbols + 1], and the symbols int64 [count] at their first steps.

    A symbol is a one-hot vector.  The noise is on the same inputs and of the same size, so that it disturbs the memory
    of the symbol unless the cell can ignore it.  The last input is a mark, 1 with the symbol and 0 afterwards."""
    symbols = torch.randint(config.symbols, (count,))
    inputs = config.noise * torch.randn(count, 1 + delay, config.symbols + 1)
    inputs[:, :, -1] = 0.0
    inputs[:, 0] = functional.one_hot(symbols, config.symbols + 1).float()
    inputs[:, 0, -1] = 1.0
    return inputs, symbols


@torch.no_grad()
def chrono_initialise(rnn: nn.RNNBase, cell: Cell, horizon: int) -> None:
    """Initialise the biases of the gates so that the units remember for 2 to `horizon` steps, uniformly distributed
    ("chrono initialisation": Tallec & Ollivier 2018, arXiv:1804.11188, section 2).

    A simple RNN has no gates and does not change."""
    units = rnn.hidden_size
    bias: Tensor = rnn.bias_ih_l0  # type: ignore[assignment]  # torch's modules forget the type
    keep = torch.empty(units).uniform_(1.0, max(1.0, horizon - 1.0)).log()
    if cell == "lstm":  # torch's order: input, forget, candidate, output
        bias[units : 2 * units] = keep
        bias[:units] = -keep
    elif cell == "gru":  # reset, update, candidate; the update gate at 1 keeps
        bias[units : 2 * units] = keep
