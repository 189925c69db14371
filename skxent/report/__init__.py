"""A page to listen to: how a classifier of clips fares, in one HTML file.

:func:`report` goes through four steps, each in files of its own:

1. **Numbers** (``_accuracy.py``, ``_calibration.py``, ``_suspects.py``): pure functions of
   labels, probabilities and speakers. ``_results.py`` checks what was given, and holds them.
2. **Choice** (``_choice.py``): which clips matter, and in which order, until `max_size` is used up.
3. **Media** (``_media.py``, ``_png.py``): a clip as a sound file, its spectrogram as PNG, and what
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
- Short clips are WAV files of 16 bits, longer ones MP3 at a quarter of the size or less. Every
  browser plays both. Ogg Opus plays in Safari since 2025 only, and takes three to seven times as
  long to encode as MP3. FLAC would be the natural choice, but Chromium fails to play a file of a
  few frames a second time ("demuxer seek failed").
- Colours come from variables at the top of ``page/style.css``, for light and dark. Nothing is told
  by colour alone: cells have counts, errors a frame, marks a pattern or a word.
"""

from skxent.report._report import Report, report

__all__ = ["Report", "report"]
