"""The README's snippet runs, and its promise holds."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_snippet_runs_and_beats_chance_on_unheard_voices(capsys):
    (snippet,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(snippet, README.name, "exec"), {})
    assert float(capsys.readouterr().out) > 0.9
