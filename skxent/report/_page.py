"""The page: templates filled in, and the clips as JSON."""

import base64
import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any

import numpy as np

from skxent.report._choice import by_importance, fit_in
from skxent.report._media import Media, Trimming, make_media
from skxent.report._results import Results

# Classes whose probabilities a clip shows.
_N_ODDS = 4

_NEEDS_JINJA = 'skxent.report needs Jinja2, which `pip install "skxent[report]"` installs'


def render(
    context: dict[str, Any],
    results: Results,
    sample_rate: float,
    trimming: Trimming | None,
    *,
    clips_per_class: int,
    max_size: int,
) -> tuple[str, int]:
    """Return the page as HTML, of at most `max_size` bytes, and how many clips it holds."""
    head = {
        "classes": [str(label) for label in results.classes],
        "speakers": [str(speaker) for speaker in results.speakers],
        "counts": {
            "suspected": context["n_suspected"],
            "wrong": context["n_wrong"],
            "right": context["n_clips"] - context["n_wrong"],
        },
        "wrong": _count_wrong(results),
    }
    begin = to_json(head)[:-1] + ',"clips":['
    page = _fill(context | {"sample_rate": sample_rate}, begin + "]}")
    room = max_size - len(page.encode())
    if room < 0:
        raise ValueError(
            f"max_size={max_size} is too small: without any clips, the page has "
            f"{max_size - room} bytes"
        )
    numbers = by_importance(
        results.order, results.targets, results.is_right, results.suspected, clips_per_class
    )
    rows = fit_in(_describe_clips(results, numbers, sample_rate, trimming), room)
    return page.replace(begin + "]}", begin + ",".join(rows) + "]}"), len(rows)


def to_json(value: Any) -> str:
    """Return JSON in ASCII that can't end a script, nor begin a comment or an entity."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _fill(context: dict[str, Any], data: str) -> str:
    """Return the page with its style, script and data."""
    try:
        import jinja2
        from markupsafe import Markup
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(_NEEDS_JINJA, name=error.name) from error
    folder = resources.files(__package__) / "page"
    texts = {
        name: (folder / name).read_text(encoding="utf-8")
        for name in ("page.html", "charts.html", "style.css", "script.js")
    }
    environment = jinja2.Environment(
        autoescape=True,
        loader=jinja2.DictLoader(texts),
        undefined=jinja2.StrictUndefined,
    )
    digest = base64.b64encode(hashlib.sha256(texts["script.js"].encode()).digest()).decode()
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; media-src data:; "
        f"style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )
    # These three are our own, or escaped already.
    own = {
        "style": Markup(texts["style.css"]),
        "script": Markup(texts["script.js"]),
        "data": Markup(data),
    }
    page = environment.get_template("page.html").render(context, policy=policy, **own)
    # Bytes of a file's name that are no text can't be written to a page.
    return page.encode(errors="backslashreplace").decode()


def _describe_clips(
    results: Results, numbers: Sequence[int], sample_rate: float, trimming: Trimming | None
) -> Iterator[str]:
    """Yield what the page knows of each clip, as JSON."""
    n_odds = min(_N_ODDS, len(results.classes))
    media = make_media(results.clips, numbers, sample_rate, trimming)
    for number, parts in zip(numbers, media, strict=True):
        probabilities = results.probabilities[number]
        shown = np.argsort(-probabilities, kind="stable")[:n_odds]
        target = int(results.targets[number])
        if target not in shown:
            shown[-1] = target
        yield to_json(_describe_clip(results, number, shown, parts))


def _describe_clip(results: Results, number: int, shown: Any, parts: Media) -> dict[str, Any]:
    loss = float(results.losses[number])
    speaker = None if results.groups is None else int(results.groups[number])
    is_known = speaker is not None and speaker < len(results.speakers)
    return {
        "name": results.names[number],
        "target": int(results.targets[number]),
        "predicted": int(results.predicted[number]),
        "suspected": bool(results.suspected[number]),
        "speaker": speaker if is_known else None,
        "loss": round(loss, 4) if math.isfinite(loss) else None,
        "odds": [[int(k), round(float(results.probabilities[number, k]), 4)] for k in shown],
        "duration": round(parts.duration, 4),
        "kept": None if parts.kept is None else [round(time, 4) for time in parts.kept],
        "sound": _as_uri(*parts.sound),
        "picture": _as_uri("image/png", parts.picture),
    }


def _as_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _count_wrong(results: Results) -> list[int]:
    """Return how many clips of each speaker are wrong."""
    if results.groups is None:
        return []
    counts = np.bincount(results.groups, ~results.is_right, minlength=max(1, len(results.speakers)))
    return [int(count) for count in counts[: len(results.speakers)]]
