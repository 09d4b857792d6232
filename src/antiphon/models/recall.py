"""Attention over the states a recurrent network passed through: it may look back, not only remember.

Each state asks the last N states, itself among them, what they have to say (Bahdanau et al. 2015, with the products of
Vaswani et al. 2017), and what they answer is added to it. How far back a state lies has a weight of its own in each
head. What was computed for a state is kept, so that a note costs one pass however long the music.

Shapes: B pieces, T notes, N states looked back to, D width, H heads of D / H numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

Cache = tuple[Tensor, Tensor, Tensor]
_HEAD = 64  # numbers of a head, where the width allows


class Recall(nn.Module):
    """Attends to the last ``reach`` states of ``width`` numbers."""

    def __init__(self, width: int, reach: int) -> None:
        super().__init__()
        self.width, self.reach = width, reach
        self.heads = width // _HEAD if width % _HEAD == 0 else 1
        self.project = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.distance = nn.Parameter(torch.zeros(self.heads, reach))  # a logit for each distance, 0 the state itself

    def start(self, batch: int) -> Cache:
        """Keys and values (B, N - 1, D) of the states before, the newest last, and how many there were, (B, 1)."""
        zeros = self.out.weight.new_zeros(batch, self.reach - 1, self.width)
        return zeros, zeros, torch.zeros(batch, 1, dtype=torch.long, device=zeros.device)

    def forward(self, states: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        """(B, T, D) states → the same with what they recall added, and the cache after them."""
        before, length = self.reach - 1, states.shape[1]
        query, key, value = self.project(states).chunk(3, -1)
        keys, values = torch.cat([cache[0], key], 1), torch.cat([cache[1], value], 1)
        place = torch.arange(before + length, device=states.device)
        back = place[before:, None] - place  # (T, N - 1 + T) how far behind each state another lies
        reached = (back >= 0) & (back <= before) & (place >= before - cache[2])[:, None]  # (B, T, N - 1 + T)
        logits = self._split(query) @ self._split(keys).transpose(-1, -2) * (self.width // self.heads) ** -0.5
        logits = logits + self.distance[:, back.clamp(0, before)]
        weights = torch.softmax(logits.masked_fill(~reached[:, None], -torch.inf), -1)
        recalled = (weights @ self._split(values)).transpose(1, 2).flatten(2)
        heard = (cache[2] + length).clamp(max=before)
        return states + self.out(recalled), (keys[:, length:], values[:, length:], heard)

    def _split(self, x: Tensor) -> Tensor:
        """(B, S, D) → (B, H, S, D / H)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
