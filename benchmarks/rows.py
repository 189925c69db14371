"""Results of benchmarks as data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """A figure of skxent, alone or with that of a peer. In all units, less is better.

    Parameters
    ----------
    table : str
        Name of the table. All rows of a table have the same unit.
    problem : str
        Description of the task.
    ours : float
        Figure of skxent.
    setting : str
        Setting of skxent, if there are several.
    tool : str
        Name of the peer, or "" for none.
    theirs : float or None
        Figure of the peer.
    unit : str
        Unit of the figures: seconds, megabytes, or errors in per cent.
    spread : pair of float or None
        Lowest and highest ratio of the turns. None for a single turn.
    aim : float or None
        Lowest wanted ratio.
    note : str
        Remarks.
    detail : bool
        Whether the row explains another one. Such rows are neither drawn nor counted.
    ours_at_least, theirs_at_least : bool
        Whether the run was stopped, so that the figure is a lower bound.
    """

    table: str
    problem: str
    ours: float
    setting: str = ""
    tool: str = ""
    theirs: float | None = None
    unit: str = "s"
    spread: tuple[float, float] | None = None
    aim: float | None = None
    note: str = ""
    detail: bool = False
    ours_at_least: bool = False
    theirs_at_least: bool = False

    @property
    def ratio(self) -> float | None:
        """Figure of the peer over that of skxent: above 1, skxent is ahead.

        None without a peer, if both were stopped, or if the figure of skxent is zero.
        """
        if self.theirs is None or self.ours == 0 or (self.ours_at_least and self.theirs_at_least):
            return None
        return self.theirs / self.ours

    @property
    def ahead(self) -> bool | None:
        """Whether the figure of skxent is at most that of the peer; None if that is unknown."""
        return self.reaches(1.0)

    @property
    def aim_met(self) -> bool | None:
        """Whether the ratio is at least the aim; None without an aim, or if that is unknown."""
        return None if self.aim is None else self.reaches(self.aim)

    def reaches(self, least: float) -> bool | None:
        """Return whether the ratio is at least `least`; None if a bound leaves that open."""
        if self.ratio is None:
            return None
        reached = bool(self.ratio >= least)
        decided = not (self.ours_at_least if reached else self.theirs_at_least)
        return reached if decided else None


def compare(ours: Sequence[float], theirs: Sequence[float], in_turn: bool = True) -> dict:
    """Return `ours`, `theirs` and `spread` of a row, from the fastest turn of each.

    The spread is that of the ratios within each turn or, with ``in_turn=False``, of the ratios of
    any two turns.
    """
    if in_turn:
        ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    else:
        ratios = [min(theirs) / max(ours), max(theirs) / min(ours)]
    single = len(ours) == len(theirs) == 1
    spread = None if single else (min(ratios), max(ratios))
    return {"ours": min(ours), "theirs": min(theirs), "spread": spread}


def in_digits(value: float, digits: int = 3) -> str:
    """Return a number with the given significant digits, without an exponent."""
    if not math.isfinite(value) or value == 0.0:
        return f"{value:g}"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{value:,.{max(decimals, 0)}f}"


def ratio_of(row: Row) -> str:
    """Return the ratio of a row as text, as a bound if one of the two was stopped."""
    if row.ratio is None:
        return ""
    bound = "> " if row.theirs_at_least else "< " if row.ours_at_least else ""
    return bound + in_digits(row.ratio)


def show(rows):
    """Print rows as they come, under the names of their tables."""
    table = None
    for row in rows:
        if row.table != table:
            table = row.table
            print(f"\n{table}")
        ours = f"{'> ' if row.ours_at_least else ''}{in_digits(row.ours)} {row.unit}"
        print(f"  {row.problem:<42} {row.setting or 'skxent':<36} {ours:>10}", end="")
        if row.theirs is not None:
            theirs = f"{'> ' if row.theirs_at_least else ''}{in_digits(row.theirs)} {row.unit}"
            print(f"   {row.tool:<38} {theirs:>10}   ratio {ratio_of(row)}", end="")
        print(f"   {row.note}" if row.note else "", flush=True)
