"""What a benchmark measured, as data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement of skxent, by itself or beside a peer's; less is better in every unit.

    Parameters
    ----------
    table : str
        The table that it belongs to; all rows of a table have one unit.
    problem : str
        What was done.
    ours : float
        What skxent took.
    setting : str
        Which of skxent's ways it was, where there are several.
    tool : str
        The peer, or "" for none.
    theirs : float or None
        What the peer took.
    unit : str
        Seconds, megabytes, an error in per cent.
    spread : pair of float or None
        The lowest and the highest ratio of the turns; None for a single turn.
    aim : float or None
        The least ratio that was wanted.
    note : str
        What else there is to say.
    detail : bool
        Whether the row explains another one: it is neither drawn nor counted.
    ours_at_least, theirs_at_least : bool
        Whether that one was given up, and took more than its number says.
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
        """What the peer took over what skxent took: above 1, skxent is ahead.

        None without a peer, where both were given up, and where skxent took nothing at all.
        """
        if self.theirs is None or self.ours == 0 or (self.ours_at_least and self.theirs_at_least):
            return None
        return self.theirs / self.ours

    @property
    def ahead(self) -> bool | None:
        """Whether skxent took no more than the peer; None where that is not known."""
        return self.reaches(1.0)

    @property
    def aim_met(self) -> bool | None:
        """Whether the ratio is the aim or more; None where there is none, or that is not known."""
        return None if self.aim is None else self.reaches(self.aim)

    def reaches(self, least: float) -> bool | None:
        """Say whether the ratio is `least` or more; None where a bound leaves it open."""
        if self.ratio is None:
            return None
        reached = bool(self.ratio >= least)
        decided = not (self.ours_at_least if reached else self.theirs_at_least)
        return reached if decided else None


def compare(ours: Sequence[float], theirs: Sequence[float], in_turn: bool = True) -> dict:
    """Return `ours`, `theirs` and `spread` of a row, by the fastest turns of both.

    The ratios of the spread are those of the same turn; or, where the turns of one had nothing to
    do with the other's, the extremes of any two.
    """
    if in_turn:
        ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    else:
        ratios = [min(theirs) / max(ours), max(theirs) / min(ours)]
    single = len(ours) == len(theirs) == 1
    spread = None if single else (min(ratios), max(ratios))
    return {"ours": min(ours), "theirs": min(theirs), "spread": spread}


def in_digits(value: float, digits: int = 3) -> str:
    """Write a number with so many significant digits, and without an exponent."""
    if not math.isfinite(value) or value == 0.0:
        return f"{value:g}"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{value:,.{max(decimals, 0)}f}"


def ratio_of(row: Row) -> str:
    """Write the ratio of a row, as a bound where one of the two was given up."""
    if row.ratio is None:
        return ""
    bound = "> " if row.theirs_at_least else "< " if row.ours_at_least else ""
    return bound + in_digits(row.ratio)


def show(rows):
    """Print each row as it comes, under the name of its table."""
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
