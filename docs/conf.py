"""Configuration of the documentation; `python -m sphinx -W docs docs/_build/html` builds it."""

import logging
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from sphinx_gallery.sorting import ExplicitOrder

import skxent

project = "skxent"
author = "The skxent developers"
project_copyright = author
version = release = skxent.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "**/GALLERY_HEADER.rst"]
templates_path = ["_templates"]
nitpicky = True

html_theme = "pydata_sphinx_theme"
html_title = "skxent"
# Formulas show without a network: MathJax is served with the pages, from the files of a package.
# Its SVG output is a single file that carries its glyphs, so it works from a disk, too.
MATHJAX = find_spec("sphinx-mathjax-offline").submodule_search_locations[0]
mathjax_path = "mathjax/tex-svg.js"
html_static_path = ["_static", f"{MATHJAX}/static"]
html_css_files = ["skxent.css"]
html_show_sourcelink = False
html_theme_options = {
    "header_links_before_dropdown": 5,
    "navigation_with_keys": False,
    "secondary_sidebar_items": {"**": ["page-toc"], "benchmarks": []},  # its tables are wide
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
# Pages whose neighbours are in the bar at the top have nothing to show at their left.
html_sidebars = {
    page: [] for page in ("index", "quick_start", "coming_from", "elsewhere", "changelog")
}

# Markdown, as GitHub reads it too.
myst_enable_extensions = ["dollarmath", "fieldlist"]
myst_heading_anchors = 3

# Code is copied without prompts and output.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

autosummary_generate = True
# Names that differ in case alone would share a file on some systems.
autosummary_filename_map = {"skxent.report.Report": "skxent.report.Report-class"}
autodoc_default_options = {"members": True}
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"  # numpydoc's sections say it
# The templates under _templates/ list the members.
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# PyTorch is needed by few pages, and is larger than all else together. Without it, its names are
# mocked in the API reference, and the examples that need it are shown, but not run.
HAS_TORCH = find_spec("torch") is not None
autodoc_mock_imports = [] if HAS_TORCH else ["torch"]
NOT_RUN = [
    path.stem
    for path in sorted(Path(__file__).parents[1].glob("examples/plot_*.py"))
    if not HAS_TORCH and "from skxent.neural" in path.read_text(encoding="utf-8")
]

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    # Examples that answer a question; spoken_digits.py is a program of its own.
    "ignore_pattern": r"(^|[/\\])(?!plot_)[^/\\]+\.py$",
    "filename_pattern": rf"[/\\](?!({'|'.join(NOT_RUN) or '$'})\.py)plot_",
    # From one's own folder to what few need; others come at the end.
    "within_subsection_order": ExplicitOrder(
        [
            "plot_own_folder.py",
            "plot_spoken_digits.py",
            "plot_speaker_folds.py",
            "plot_report.py",
            "plot_pooling.py",
            "plot_pauses.py",
            "plot_conventions.py",
            "plot_noise.py",
            "plot_learning_rates.py",
            "plot_preconditioning.py",
            "plot_early_stopping.py",
            "plot_label_smoothing.py",
            "plot_frames.py",
            "plot_rnn.py",
            "plot_unheard_word.py",
            "plot_alignment.py",
            "*",
        ]
    ),
    "backreferences_dir": "generated/backreferences",
    "doc_module": "skxent",
    "reference_url": {"skxent": None},
    "abort_on_example_error": False,  # fail at the end, and name all broken examples
    "show_memory": False,
    "write_computation_times": False,  # a page that needs a network
    "show_signature": False,
    "remove_config_comments": True,
}

intersphinx_mapping = {
    "python": ("https://docs.python.org/3", None),
    "numpy": ("https://numpy.org/doc/stable", None),
    "scipy": ("https://docs.scipy.org/doc/scipy", None),
    "sklearn": ("https://scikit-learn.org/stable", None),
    "matplotlib": ("https://matplotlib.org/stable", None),
    "joblib": ("https://joblib.readthedocs.io/en/stable", None),
    "torch": ("https://docs.pytorch.org/docs/stable", None),
}
intersphinx_timeout = 10
# References within skxent are all checked. Those to other projects become links where their
# inventories can be fetched, and plain text without a network.
nitpick_ignore_regex = [
    ("py:.*", rf"({'|'.join([*intersphinx_mapping, *sys.stdlib_module_names])})(\..*)?"),
    ("py:meth", "set_callbacks"),  # scikit-learn's, which skip_members leaves to it
]


class UnreachableInventories(logging.Filter):
    """Let a build without a network pass: that an inventory can't be fetched is no warning.

    The message has no type that `suppress_warnings` could name.
    """

    def filter(self, record):
        """Make the failure to fetch an inventory a piece of information."""
        if "failed to reach any of the inventories" in str(record.msg):
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def setup(app):
    """Register what is above."""
    logging.getLogger("sphinx.sphinx.ext.intersphinx").addFilter(UnreachableInventories())
    app.connect("source-read", close_examples)
    app.connect("source-read", say_what_was_not_run)
    app.connect("autodoc-skip-member", skip_members)
    app.connect("autodoc-process-docstring", protect_types, priority=400)  # before numpydoc


def close_examples(app, docname, source):
    """Take out the empty line that tells doctest where output ends, before the closing fence.

    Fences that open have a language beside them.
    """
    source[0] = re.sub(r"\n\n```$", "\n```", source[0], flags=re.MULTILINE)


def say_what_was_not_run(app, docname, source):
    """Say on the page of an example that was not run why it has no figures."""
    if docname.removeprefix("auto_examples/") in NOT_RUN:
        note = ".. note:: PyTorch was not installed when this page was built: the code was not run."
        source[0] = re.sub(r"(\n=+\n)", rf"\1\n{note}\n", source[0], count=1)


def protect_types(app, what, name, obj, options, lines):
    """Make types of parameters safe for reStructuredText.

    A type may continue in the next line after a backslash, which numpydoc does not know, and hold
    a name that ends in an underscore, which would be a link.
    """
    joined = re.sub(r" \\\n\s+", " ", "\n".join(lines))
    is_type = re.compile(r"^[\w*]+ : .*$", re.MULTILINE)
    joined = is_type.sub(lambda match: re.sub(r"_(?=\W)", r"\\_", match[0]), joined)
    lines[:] = joined.split("\n")


def skip_members(app, what, name, obj, skip, options):
    """Leave out what scikit-learn defines, and fields, which Parameters describe."""
    is_field = type(obj).__name__ == "_tuplegetter"
    is_foreign = (getattr(obj, "__module__", None) or "skxent").partition(".")[0] != "skxent"
    return skip or is_field or is_foreign or None
