"""A Sphinx directive that draws which module imports which, read from the code.

``import-graph`` takes no arguments. It puts a picture and a table on the page, both made
from the sources of the package with :mod:`ast` each time the documentation is built.
"""

import ast
from itertools import pairwise
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Curve
from sphinx.util.docutils import SphinxDirective

import skxent

PACKAGE = Path(skxent.__file__).parent
PICTURE = "generated/import_graph.svg"
LINE = "#5b6b7b"
SWEEPS = 60  # over the columns, until the order in them settles


def read_imports(package):
    """Read what each module of a package imports of the others.

    A folder counts as one module, and an import within it as none.

    Parameters
    ----------
    package : pathlib.Path
        The folder of the package.

    Returns
    -------
    imports : dict of str to set of str
        For each module those that it imports when it runs, anywhere in it.
    summaries : dict of str to str
        For each module the first line of its docstring.
    """
    imports, summaries = {}, {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found = imports.setdefault(parts[0], set())
        found |= {name for name in _imported(tree, package.name) if name != parts[0]}
        if len(parts) == 1 or parts[1] == "__init__":
            summaries[parts[0]] = ast.get_docstring(tree).splitlines()[0]
    return imports, summaries


def _walk(tree):
    """Yield the nodes of a tree, without what is there for type checkers alone."""
    yield tree
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield from _walk(node)


def _imported(tree, package):
    for node in _walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == package:
            names = [f"{package}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]  # the package has no relative imports
        else:
            continue
        for name in names:
            if name.startswith(f"{package}."):
                yield name.split(".")[1]


def reduce_arrows(imports):
    """Leave out the arrows that others imply: a to c, where a leads to b and b to c.

    Parameters
    ----------
    imports : dict of str to set of str
        As :func:`read_imports` returns them, without a cycle.

    Returns
    -------
    arrows : dict of str to set of str
        The rest.
    """
    reached = {}

    def reach(module):
        if module not in reached:
            reached[module] = imports[module].union(*map(reach, imports[module]))
        return reached[module]

    return {
        module: {
            name
            for name in found
            if not any(name in reach(other) for other in found if other != name)
        }
        for module, found in imports.items()
    }


def arrange(arrows):
    """Place modules in columns, each to the right of all that it imports.

    Parameters
    ----------
    arrows : dict of str to set of str
        As :func:`reduce_arrows` returns them.

    Returns
    -------
    places : dict of str to tuple of float
        Column and height of each module.
    ways : list of list of tuple of float
        The points that each arrow goes through, from the importing module on.
    """
    depths = {}

    def depth(module):
        if module not in depths:
            depths[module] = 1 + max(map(depth, arrows[module]), default=-1)
        return depths[module]

    columns = [[] for _ in range(1 + max(map(depth, arrows)))]
    for module in sorted(arrows):
        columns[depth(module)].append(module)
    # An arrow over several columns goes through a place of its own in each of them.
    chains = []
    for module in sorted(arrows):
        for name in sorted(arrows[module]):
            between = [(module, name, i) for i in range(depth(module) - 1, depth(name), -1)]
            for place in between:
                columns[place[2]].append(place)
            chains.append([module, *between, name])
    neighbours = {place: [] for column in columns for place in column}
    for chain in chains:
        for right, left in pairwise(chain):
            neighbours[right].append(left)
            neighbours[left].append(right)
    heights = {place: i - len(column) / 2 for column in columns for i, place in enumerate(column)}
    for _ in range(SWEEPS):
        for column in [*columns, *reversed(columns)]:
            wanted = {
                place: sum(heights[other] for other in neighbours[place])
                / max(1, len(neighbours[place]))
                for place in column
            }
            column.sort(key=wanted.__getitem__)
            heights.update(_spread(column, wanted))
    numbers = {place: i for i, column in enumerate(columns) for place in column}
    points = {place: (numbers[place], heights[place]) for place in heights}
    places = {module: points[module] for module in arrows}
    return places, [[points[place] for place in chain] for chain in chains]


def _spread(column, wanted):
    """Keep the order of a column and a distance between its places, near where they want to be."""
    gaps = [0.0]
    for above, below in pairwise(column):
        gaps.append(gaps[-1] + (1.0 if isinstance(above, str) or isinstance(below, str) else 0.5))
    # Least squares in the order given: neighbours that would overlap move as one.
    blocks = []
    for place, gap in zip(column, gaps, strict=True):
        blocks.append([wanted[place] - gap, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (mean, count), (above, n_above) = blocks.pop(), blocks.pop()
            total = count + n_above
            blocks.append([(mean * count + above * n_above) / total, total])
    shifts = [mean for mean, count in blocks for _ in range(count)]
    return {place: shift + gap for place, shift, gap in zip(column, shifts, gaps, strict=True)}


def draw(arrows, path):
    """Draw modules and arrows into a file.

    Parameters
    ----------
    arrows : dict of str to set of str
        As :func:`reduce_arrows` returns them.
    path : pathlib.Path
        Where to.
    """
    places, ways = arrange(arrows)
    heights = [height for _, height in places.values()]
    n_columns = 1 + max(column for column, _ in places.values())
    figure = Figure(figsize=(1.6 * n_columns, 0.42 * (max(heights) - min(heights) + 2)))
    ax = figure.add_axes((0, 0, 1, 1))
    half = 0.37  # of a box's width
    for way in ways:
        (start, first), *between, (end, last) = way
        stops = [(start - half, first), *between, (end + half, last)]
        points, codes = [stops[0]], [Curve.MOVETO]
        for (x, y), (u, v) in pairwise(stops):
            middle = (x + u) / 2
            points += [(middle, y), (middle, v), (u, v)]
            codes += [Curve.CURVE4] * 3
        curve = Curve(points, codes)
        ax.add_patch(PathPatch(curve, facecolor="none", edgecolor=LINE, linewidth=1))
        ax.plot(end + half + 0.012, last, marker="<", color=LINE, markersize=5)
    for module, (x, y) in places.items():
        name = "skxent" if module == "__init__" else module
        ax.text(x, y, name, ha="center", va="center", fontsize=10, zorder=3)
        box = FancyBboxPatch(
            (x - half, y - 0.3),
            2 * half,
            0.6,
            boxstyle="round,pad=0,rounding_size=0.08",
            mutation_aspect=4,
            facecolor="#e8f0f8",
            edgecolor="#2c5f8a",
            zorder=2,
        )
        ax.add_patch(box)
    ax.set(xlim=(-0.45, n_columns - 0.55), ylim=(max(heights) + 0.6, min(heights) - 0.6))
    ax.set_axis_off()
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, facecolor="white")


class ImportGraph(SphinxDirective):
    """The picture, and a table of all modules."""

    def run(self):
        """Return the image and the table."""
        imports, summaries = read_imports(PACKAGE)
        for path in PACKAGE.rglob("*.py"):
            self.env.note_dependency(str(path))
        image = nodes.image(
            uri=f"/{PICTURE}", alt="Modules as boxes, imports as arrows; the table below says it."
        )
        container = nodes.container()
        rows = ["| module | what it is | imports |", "| --- | --- | --- |"]
        for module in sorted(imports):
            found = ", ".join(f"`{name}`" for name in sorted(imports[module]))
            summary = summaries[module].replace("|", r"\|")
            rows.append(f"| `{module}` | {summary} | {found} |")
        self.state.nested_parse(StringList(rows, source=__file__), 0, container)
        return [image, *container.children]


def _draw(app):
    imports, _ = read_imports(PACKAGE)
    draw(reduce_arrows(imports), Path(app.srcdir) / PICTURE)


def setup(app):
    """Draw before the pages are read, which refer to the picture."""
    app.connect("builder-inited", _draw)
    app.add_directive("import-graph", ImportGraph)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
