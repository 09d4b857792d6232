"""The section of measures: how far what was written is from real music, as a whole and measure by measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from antiphon.evaluate.measures import MEASURES
from antiphon.evaluate.report.sections import Results, Section


def measures(results: Results, pictures: Mapping[str, str], histograms: Sequence[str]) -> Section:
    """Histograms, the distributions of measures, and distances measure by measure."""
    names = [name for name, numbers in results["contestants"].items() if "measures" in numbers]
    notes = "".join(f"<figure>{picture}</figure>" for picture in histograms)
    drawn = "".join(f"<figure>{picture}</figure>" for picture in pictures.values())
    intro = (
        "Each sample counted in many ways; grey is real music. The first table has the Fréchet distance as a multiple "
        "of that between halves of the real music, and how well a classifier tells written from real. The last gives "
        "the overlapped area of the two densities of a measure and, smaller, that of real music with other real "
        "music; orange lies below all but 2.5 % of real draws."
    )
    table = _distance_table(results, names)
    return Section(
        "measures",
        "Measures",
        "Real against generated",
        intro,
        f'{_verdicts(results, names)}<h3>Note by note</h3><div class="grid small">{notes}</div>'
        f'<h3>Sample by sample</h3><div class="grid small">{drawn}</div>{table}',
    )


def _verdicts(results: Results, names: Sequence[str]) -> str:
    """Fréchet ratio and classifier, with intervals and what told; why there are none is said below the leaderboard."""
    heads = "".join(f'<th scope="col"><button type="button">{t}</button></th>' for t in ("contestant", *_VERDICTS))
    rows = ""
    for name in names:
        ratio, told = results["contestants"][name]["frechet"], results["contestants"][name]["two_sample"]
        telling = ", ".join(MEASURES[t["measure"]].title for t in told.get("telling", [])[:3])
        rows += (
            f'<tr><th scope="row" data-value="{escape(name)}">{escape(name)}</th>'
            f"{_estimated(ratio, 'ratio')}{_estimated(told, 'auc')}{_estimated(told.get('control', told), 'auc')}"
            f'<td data-value="{escape(telling)}">{escape(telling) or "–"}</td></tr>'
        )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Distances to real music">'
        f'<table class="sortable"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


_VERDICTS = ("Fréchet ratio", "told apart", "real from real", "mostly by")


def _estimated(numbers: Mapping[str, Any], key: str) -> str:
    """A number's cell with its interval; a dash, with the reason, where it was refused."""
    if key not in numbers:
        return f'<td class="none" data-value="" title="{escape(str(numbers["refused"]))}">–</td>'
    low, high = numbers[f"{key}_low"], numbers[f"{key}_high"]
    return f'<td data-value="{numbers[key]}">{numbers[key]:.2f}<small>{low:.2f}–{high:.2f}</small></td>'


def _distance_table(results: Results, names: Sequence[str]) -> str:
    heads = '<th scope="col"><button type="button">measure</button></th><th scope="col">real, median</th>' + "".join(
        f'<th scope="col">{escape(n)}, median</th>'
        '<th scope="col" data-better="1"><button type="button">overlap</button></th>'
        for n in names
    )
    rows = "".join(_distance_row(results, key, names) for key in MEASURES)
    return (
        '<h3>Measure by measure</h3><div class="scroll" tabindex="0" role="region" aria-label="Measures">'
        f'<table class="sortable"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _distance_row(results: Results, key: str, names: Sequence[str]) -> str:
    measure = MEASURES[key]
    unit = f" <small>{escape(measure.unit)}</small>" if measure.unit else ""
    cells = f'<th scope="row" data-value="{escape(measure.title)}">{escape(measure.title)}{unit}</th>'
    real = results["real"]["measures"][key]["median"]
    cells += f'<td data-value="{real}">{real:.4g}</td>'
    for name in names:
        numbers = results["contestants"][name]
        median, overlap = numbers["measures"][key]["median"], numbers["distances"][key]["overlapped_area"]
        cells += f'<td data-value="{median}">{median:.4g}</td>'
        if "refused" in overlap:
            cells += f'<td class="none" data-value="" title="{escape(overlap["refused"])}">–</td>'
            continue
        far = ' class="far"' if overlap["value"] < overlap["floor_low"] else ""
        cells += (
            f'<td{far} data-value="{overlap["value"]}">{overlap["value"]:.2f}'
            f"<small>{overlap['floor']:.2f} real</small></td>"
        )
    return f"<tr>{cells}</tr>"
