"""Write rows as a page in Markdown."""

from dataclasses import dataclass, field

from benchmarks.rows import Row, in_digits, ratio_of

AHEAD, BEHIND, OPEN = "ahead", "**behind**", "undecided"


@dataclass
class Outcome:
    """The result of one benchmark.

    Parameters
    ----------
    name : str
        Name of the benchmark's module.
    text : str
        Docstring of the module: a title, and what is measured and how.
    rows : list of Row
        Measurements.
    seconds : float
        Duration of the run.
    unfinished : str
        Reason why the run did not finish, or "".
    failed : bool
        Whether that reason is an error, not the time limit.
    figure : str
        Path of the plot relative to the page, or "" for none.
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
        Results in the order of the page.
    when : str
        Date of the run.
    machine, versions : dict of str
        Facts about the machine, and versions of the software.
    recordings : str
        Description of the recordings.
    load : str
        Description of the load of the machine.
    short : bool
        Whether the run was a short one, whose figures are meaningless.

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
Benchmarks of skxent against its peers. A **ratio** is the peer's figure divided by that of skxent,
in seconds, megabytes or errors: above 1 skxent is ahead, below 1 it is behind. The spread is the
lowest and the highest ratio that was measured; an aim is the lowest ratio that was wanted. A
number after ">" is a lower bound, from a run that was stopped.

This page is written by a run of all benchmarks, which takes about an hour on an idle machine:

```sh
python -m pip install -e ".[bench]"
python -m benchmarks --output docs
```

`python -m benchmarks mfcc search` runs a selection, `--short` runs all of them on little data in
about a minute. Without `--output`, the page and its plots are written to `build/benchmarks`. Real
recordings are read from the folder that the environment variable `SKXENT_DATA` names, or
downloaded."""

SHORT_RUN = """\
```{warning}
These figures are from a short run, on little data and with a single turn. They show that the
benchmarks run, but not which tool is faster, so there are no aims.
```"""


def tables(rows):
    """Return rows by table, in order; details come last."""
    named = {}
    for row in sorted(rows, key=lambda row: row.detail):
        named.setdefault(row.table, []).append(row)
    return named


def verdict(row):
    """Return the text of who is ahead, and whether the aim is met."""
    if row.theirs is None:
        return ""
    said = {True: AHEAD, False: BEHIND, None: OPEN}[row.ahead]
    if row.aim is not None:
        said += f", aim {row.aim:.3g} "
        said += {True: "met", False: "**missed**", None: OPEN}[row.aim_met]
    return said


def _summary(outcomes):
    """Return a summary of the counted rows, and a table of those that are behind."""
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
        parts.append("Behind, or below an aim:")
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
        parts.append(f"**Not finished: {outcome.unfinished}.** The results so far are below.")
    if outcome.figure:
        words = f"Ratios of the benchmark {outcome.name}, from the tables below"
        parts.append(f"![{words}]({outcome.figure})")
    for name, rows in tables(outcome.rows).items():
        parts += [f"### {name}", _as_table(_lines(rows))]
    parts.append(f"The run took {in_digits(outcome.seconds, 2)} s.")
    return [part for part in parts if part]


def _lines(rows):
    """Return the header and the cells of a table, without empty columns."""
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
    """Return a header and rows of cells as a Markdown table."""
    head, *rows = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    rules = ["---"] * len(head)
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, rules, *rows])
