"""A critic of note rows: how real the end of a passage is, given how it began; and a model's own ends of passages.

For fine-tuning a model that goes from note to note against a critic. What it draws is discrete; a gradient passes
straight through the draw (Jang et al. 2017, Maddison et al. 2017): forward a code is drawn, with the Gumbel trick, and
backward it counts as the softmax of the same disturbed logits. The gradient goes to each draw and, through the states,
to what came before it, but not through the codes that were fed back.

Shapes: B passages, P rows of a beginning, N rows of an end, A attributes, V codes of an attribute.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from antiphon.models.base import RowCodec, Stepper

Codes = list[Tensor]  # of each attribute (B, T, V): weights of its codes, for a known row 1 at one of them
_SLOPE = 0.2  # of the rectifiers below 0


class RowCritic(nn.Module):
    """Convolutions over embedded rows, halving their number twice; no recurrence, whose second gradient is dear."""

    def __init__(self, codec: RowCodec, size: int) -> None:
        super().__init__()
        self.tables = nn.ModuleList([nn.Linear(a.size, size, bias=False) for a in codec.attributes])
        self.new = nn.Parameter(torch.zeros(size))  # marks the rows of the end
        self.first = nn.Conv1d(size, size, 3, padding=1)
        self.halves = nn.ModuleList([nn.Conv1d(size, size, 4, stride=2, padding=1) for _ in range(2)])
        self.score = nn.Linear(2 * size, 1)
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.5)

    def embed(self, codes: Codes) -> Tensor:
        """(B, T, D) rows as vectors, where the critic's gradient is held small.

        Not at the codes: of hundreds, most play no part in a row, and their gradients would outweigh those that do.
        """
        return torch.stack([table(one) for table, one in zip(self.tables, codes, strict=True)]).sum(0)

    def forward(self, beginning: Tensor, end: Tensor) -> Tensor:
        """(B,) of embedded rows, the higher the more real the end is after this beginning."""
        x = self.first(torch.cat([beginning, end + self.new], 1).transpose(1, 2))
        for half in self.halves:
            x = half(F.leaky_relu(x, _SLOPE))
        x = F.leaky_relu(x, _SLOPE)
        return self.score(torch.cat([x.mean(-1), x[..., -1]], -1))[:, 0]


def known(codec: RowCodec, rows: Tensor) -> Codes:
    """Known rows (B, T, A) as weights; a row before the first has none."""
    return [
        F.one_hot(rows[..., i], attribute.size + 1)[..., : attribute.size].float()
        for i, attribute in enumerate(codec.attributes)
    ]


@torch.no_grad()
def continued(model: Stepper, inputs: Tensor, count: int) -> tuple[Tensor, list[Tensor]]:
    """(B, count, A) rows that a model draws after (B, P, A) inputs, and the Gumbel noise of each attribute's draws.

    The first input is the row before the first, as in training.
    """
    features, state = model.parallel(inputs, model.start(len(inputs)))
    now, rows = features[:, -1], []
    noise: list[list[Tensor]] = [[] for _ in model.codec.attributes]
    for step in range(count):
        row = torch.zeros_like(inputs[:, 0])
        for i in range(len(noise)):
            logits = model.heads.logits(i, now, row).float()
            noise[i].append(-torch.empty_like(logits).exponential_().log())
            row[:, i] = (logits + noise[i][-1]).argmax(-1)
        rows.append(row)
        if step + 1 < count:
            now, state = model.step(row, state)
    return torch.stack(rows, 1), [torch.stack(of_one, 1) for of_one in noise]


def straight_through(model: Stepper, inputs: Tensor, rows: Tensor, noise: list[Tensor], temperature: float) -> Codes:
    """What :func:`continued` drew as weights with a gradient to the model; ``temperature`` is the softmax's."""
    whole = torch.cat([inputs, rows[:, :-1]], 1)
    features = model.parallel(whole, model.start(len(whole)))[0][:, inputs.shape[1] - 1 :]
    found = []
    for i, gumbel in enumerate(noise):
        soft = ((model.heads.logits(i, features, rows).float() + gumbel) / temperature).softmax(-1)
        hard = F.one_hot(rows[..., i], soft.shape[-1]).to(soft.dtype)
        found.append(hard + (soft - soft.detach()))
    return found
