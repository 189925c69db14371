"""From rows to a page in Markdown."""

from dataclasses import dataclass, field

from benchmarks.rows import Row, in_digits, ratio_of

AHEAD, BEHIND, OPEN = "ahead", "**behind**", "undecided"


@dataclass
class Outcome:
    """What came of one benchmark.

    Parameters
    ----------
    name : str
        The benchmark's module.
    text : str
        Its docstring: a title, and what is measured and how.
    rows : list of Row
        All that it measured.
    seconds : float
        How long it ran.
    unfinished : str
        Why it was not done, or "".
    failed : bool
        Whether that was an error, and not the time limit.
    figure : str
        The path of its plot from the page, or "" for none.
    """

    name: str
    text: str
    rows: list[Row] = field(default_factory=list)
    seconds: float = 0.0
    unfinished: str = ""
    failed: bool = False
    figure: str = ""


def write_page(outcomes, *, when, machine, versions, recordings, load, short):
    """Return the page of a run.

    Parameters
    ----------
    outcomes : list of Outcome
        In the order in which they are to stand.
    when : str
        The date.
    machine, versions : dict of str
        What it was run on, and with.
    recordings : str
        Which recordings were used.
    load : str
        What else the machine did.
    short : bool
        Whether the figures are of a short run, and mean nothing.

    Returns
    -------
    page : str
        Markdown, as MyST and others read it.
    """
    parts = ["# Benchmarks", INTRODUCTION]
    if short:
        parts.append(SHORT_RUN)
    facts = {"date": when, "recordings": recordings} | machine | {"other work": load}
    parts.append("## Machine and versions")
    parts.append(_as_table([["", ""], *([key, value] for key, value in facts.items())]))
    parts.append(_as_table([["", "version"], *([key, value] for key, value in versions.items())]))
    parts += ["## In short", *_summary(outcomes)]
    for outcome in outcomes:
        parts += _section(outcome)
    return "\n\n".join(parts) + "\n"


INTRODUCTION = """\
skxent beside its peers, one benchmark after the other. A **ratio** is what the peer took divided
by what skxent took, in seconds, megabytes or errors: above 1 skxent is ahead, below 1 it is behind.
The spread is the lowest and the highest ratio that was seen; an aim is the least ratio that was
wanted. A number after ">" is a bound: that one was given up.

This page is written by a run of all of them, of an hour or so on a machine that does nothing else:

```sh
python -m pip install -e ".[bench]"
python -m benchmarks --output docs
```

`python -m benchmarks mfcc search` runs a selection, `--short` everything in about a minute,
on little data; without `--output`, the page and its plots go to `build/benchmarks`. Real recordings
are taken where the environment variable `SKXENT_DATA` names a folder that has them, or are
downloaded."""

SHORT_RUN = """\
```{warning}
These are the figures of a short run, on little data and in a single turn. They show that the
benchmarks run, and say nothing about which is faster: there are no aims for them.
```"""


def tables(rows):
    """Return rows by table, in order; those that explain others come last."""
    named = {}
    for row in sorted(rows, key=lambda row: row.detail):
        named.setdefault(row.table, []).append(row)
    return named


def verdict(row):
    """Say who is ahead, and whether the aim is met."""
    if row.theirs is None:
        return ""
    said = {True: AHEAD, False: BEHIND, None: OPEN}[row.ahead]
    if row.aim is not None:
        said += f", aim {row.aim:.3g} "
        said += {True: "met", False: "**missed**", None: OPEN}[row.aim_met]
    return said


def _summary(outcomes):
    """Return what the rows that are counted come to, and those that are behind."""
    compared = [row for o in outcomes for row in o.rows if row.theirs is not None]
    counted = [row for row in compared if not row.detail]
    n_ahead = sum(row.ahead is True for row in counted)
    n_behind = sum(row.ahead is False for row in counted)
    with_aim = [row for row in counted if row.aim is not None]
    n_met = sum(row.aim_met is True for row in with_aim)
    n_open = len(counted) - n_ahead - n_behind
    said = f"Of {len(counted)} comparisons skxent is ahead in {n_ahead} and behind in {n_behind}"
    said += f"; {n_open} undecided." if n_open else "."
    if with_aim:
        said += f" Of {len(with_aim)} aims {n_met} are met."
    parts = [said]
    failed = [o for o in outcomes if o.unfinished]
    parts += [f"**{o.name} was not finished: {o.unfinished}.**" for o in failed]
    short_of = [row for row in counted if row.ahead is False or row.aim_met is False]
    if short_of:
        parts.append("Behind, or short of an aim:")
        lines = [["", "skxent", "other", "ratio", "spread", "verdict"]]
        lines += [
            [
                f"{row.table}: {row.problem}",
                row.setting,
                row.tool,
                ratio_of(row),
                _spread(row),
                verdict(row),
            ]
            for row in short_of
        ]
        parts.append(_as_table(lines))
    return parts


def _section(outcome):
    title, _, text = outcome.text.partition("\n")
    parts = [f"## {title.rstrip('.')}", text.strip("\n")]
    if outcome.unfinished:
        parts.append(f"**Not finished: {outcome.unfinished}.** The rest is below.")
    if outcome.figure:
        words = f"Ratios of the benchmark {outcome.name}, as in the tables below"
        parts.append(f"![{words}]({outcome.figure})")
    for name, rows in tables(outcome.rows).items():
        parts += [f"### {name}", _as_table(_lines(rows))]
    parts.append(f"The run took {in_digits(outcome.seconds, 2)} s.")
    return [part for part in parts if part]


def _lines(rows):
    """Return the head and the cells of a table, without columns that are empty throughout."""
    unit = rows[0].unit
    columns = {
        "": [row.problem for row in rows],
        "skxent": [row.setting for row in rows],
        f"skxent, {unit}": [_bounded(row.ours, row.ours_at_least) for row in rows],
        "other": [row.tool for row in rows],
        f"other, {unit}": [_bounded(row.theirs, row.theirs_at_least) for row in rows],
        "ratio": [ratio_of(row) for row in rows],
        "spread": [_spread(row) for row in rows],
        "verdict": [verdict(row) for row in rows],
        "remarks": [row.note for row in rows],
    }
    filled = {head: cells for head, cells in columns.items() if any(cells)}
    return [list(filled), *map(list, zip(*filled.values(), strict=True))]


def _bounded(value, at_least):
    return "" if value is None else ("> " if at_least else "") + in_digits(value)


def _spread(row):
    return "" if row.spread is None else " to ".join(map(in_digits, row.spread))


def _as_table(lines):
    """Write the cells of a head and rows as a Markdown table."""
    head, *rows = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    rules = ["---"] * len(head)
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, rules, *rows])
