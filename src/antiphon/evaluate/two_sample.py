"""Can a classifier tell what was written from real music by their measures? (Lopez-Paz and Oquab, ICLR 2017.)

Gradient boosting over all measures, five folds, no piece in two folds. An area under the curve of 0.5 is chance. The
control is the same with real music against other real music: what chance and the number of samples alone give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np

from antiphon.errors import missing_extra
from antiphon.evaluate.bootstrap import quantiles

FOLDS = 5
FEWEST = 40  # samples a side: eight a fold
ROUNDS = 500
TREES = 100


def check_installed() -> None:
    """Raise MissingExtraError without scikit-learn, which the base install has not."""
    if find_spec("sklearn") is None:
        raise missing_extra("scikit-learn", "lab", "the classifier two-sample test")


def two_sample(
    written: Mapping[str, np.ndarray],
    real: Mapping[str, np.ndarray],
    groups: np.ndarray,
    seed: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> dict[str, Any]:
    """Area under the curve and accuracy with 95 % intervals, the same of the control, and what gave it away.

    Equally many samples a side, at most half of the real ones; the control's two sides share no piece. "refused" with a
    reason for fewer than FEWEST. Raises MissingExtraError without scikit-learn.
    """
    names = list(real)
    fake, true = (np.column_stack([values[name] for name in names]) for values in (written, real))
    rng = np.random.default_rng(seed)
    order = rng.permutation(np.unique(groups))
    other = np.isin(groups, order[::2])  # every second piece: the control's other side
    size = min(len(fake), int(other.sum()), int((~other).sum()))
    if size < FEWEST:
        return {"refused": f"too few samples: {size} a side, {FEWEST} are needed"}
    chosen = [rng.choice(np.flatnonzero(side), size, replace=False) for side in (~other, other)]
    reference, control = true[chosen[0]], true[chosen[1]]
    some = rng.choice(len(fake), size, replace=False)
    found = _told_apart(fake[some], reference, some, groups[chosen[0]], seed, lambda share: progress(share / 2))
    floor = _told_apart(
        control, reference, groups[chosen[1]], groups[chosen[0]], seed, lambda share: progress((1 + share) / 2)
    )
    weight = found.pop("importance")
    floor.pop("importance")
    telling = sorted(zip(weight, names, strict=True), reverse=True)[:5]
    return {
        **found,
        "samples": size,
        "control": floor,
        "telling": [{"measure": name, "importance": float(share)} for share, name in telling],
    }


def _told_apart(
    fake: np.ndarray,
    true: np.ndarray,
    fake_groups: np.ndarray,
    true_groups: np.ndarray,
    seed: int,
    progress: Callable[[float], None],
) -> dict[str, Any]:
    """Out-of-fold area under the curve and accuracy, with intervals over samples, and the measures' importance."""
    ensemble, selection, metrics = _sklearn()
    features, label = np.concatenate([fake, true]), np.repeat([1, 0], [len(fake), len(true)])
    group = np.concatenate([fake_groups, true_groups + fake_groups.max() + 1])  # written and real never share one
    folds = selection.StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    said, importance = np.zeros(len(label)), np.zeros(features.shape[1])
    for i, (train, test) in enumerate(folds.split(features, label, group)):
        model = ensemble.GradientBoostingClassifier(n_estimators=TREES, max_depth=3, subsample=0.8, random_state=seed)
        model.fit(features[train], label[train])
        said[test] = model.predict_proba(features[test])[:, 1]
        importance += model.feature_importances_ / FOLDS
        progress((i + 1) / FOLDS)
    rng = np.random.default_rng(seed)
    places = [_resampled(label, rng) for _ in range(ROUNDS)]
    area = quantiles(np.array([metrics.roc_auc_score(label[p], said[p]) for p in places]))
    right = (said > 0.5) == label
    accuracy = quantiles(np.array([right[p].mean() for p in places]))
    return {
        "auc": float(metrics.roc_auc_score(label, said)), "auc_low": area[0], "auc_high": area[1],
        "accuracy": float(right.mean()), "accuracy_low": accuracy[0], "accuracy_high": accuracy[1],
        "importance": importance,
    }  # fmt: skip


def _resampled(label: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Places drawn anew within each side."""
    sides = [np.flatnonzero(label == side) for side in (0, 1)]
    return np.concatenate([rng.choice(side, len(side)) for side in sides])


def _sklearn() -> tuple[Any, Any, Any]:
    """The parts of scikit-learn that are needed, imported here: it takes a second."""
    check_installed()
    from sklearn import ensemble, metrics, model_selection

    return ensemble, model_selection, metrics
