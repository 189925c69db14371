"""A page to listen to: how a classifier of clips fares, in one HTML file.

:func:`report` goes through four steps, each in files of its own:

1. **Numbers** (``_accuracy.py``, ``_calibration.py``, ``_suspects.py``): pure functions of
   labels, probabilities and speakers. ``_results.py`` checks what was given, and holds them.
2. **Choice** (``_choice.py``): which clips matter, and in which order, until `max_size` is used up.
3. **Media** (``_media.py``, ``_png.py``): a clip as FLAC, its spectrogram as PNG, and what
   trimming keeps. All are base64, in JSON.
4. **Page** (``_page.py``, ``_context.py``, ``_charts.py``, and the templates in ``page/``): Jinja2
   with autoescape draws all that needs no script. ``page/script.js`` reads the JSON, and lists
   clips.

Rules that keep a page safe, and readable in ten years:

- It loads nothing: its Content-Security-Policy forbids all but data URIs and the one script, which
  it names by its hash.
- What comes from data (labels, names of files and speakers, parameters) is text. In templates,
  autoescape sees to that; in JSON, ``<``, ``>`` and ``&`` are escaped; the script sets
  `textContent`, never `innerHTML`.
- Clips are FLAC. All browsers play it (Safari since 2017, Ogg Opus since 2025), nothing is lost
  of what the classifier heard, and it takes a twentieth of the time to encode that Opus takes. For
  half a second of telephone speech, it is less than twice as large.
- Colours come from variables at the top of ``page/style.css``, for light and dark. Nothing is told
  by colour alone: cells have counts, errors a frame, marks a pattern or a word.
"""

from skxent.report._report import Report, report

__all__ = ["Report", "report"]
