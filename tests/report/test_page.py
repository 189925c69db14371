import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import MFCCTransformer, SoftmaxClassifier, SoftmaxClassifierCV
from skxent.datasets import load_spoken_digits
from skxent.report import report
from skxent.report._page import to_json
from tests.report.strategies import RATE, tones

EVIL = "<script>alert(1)</script>"
P = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.1, 0.9]])


class Page(HTMLParser):
    """The elements of a page: tags with attributes, and texts with the tag that they are in."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def text(self):
        return " ".join(
            " ".join(t for tag, t in self.texts if tag not in ("script", "style")).split()
        )

    def data(self):
        (text,) = [t for tag, t in self.texts if tag == "script" and t.startswith("{")]
        return json.loads(text)


def make(probabilities=P, y=("no", "yes", "yes", "yes"), groups=None, clips=None, **settings):
    settings = {"classes": ["no", "yes"]} | settings
    clips = tones(len(probabilities)) if clips is None else clips
    return report(probabilities, clips, list(y), groups, **settings)


@pytest.fixture(scope="module")
def digits():
    """A report of spoken digits with everything in it."""
    bunch = load_spoken_digits()
    files, words = np.array(bunch.filenames), np.array(bunch.target_names)[bunch.target]
    is_new = np.isin(bunch.speaker, ["caf1", "gbm1", "usm2"])
    pipeline = make_pipeline(
        MFCCTransformer(sample_rate=RATE, trim=35),
        StandardScaler(),
        SoftmaxClassifierCV(learning_rates=[0.01, 0.1], cv=3, tol=1e-2),
    ).fit(files[~is_new][::3], words[~is_new][::3])
    made = report(
        pipeline, files[is_new], words[is_new], bunch.speaker[is_new], train=files[40:200]
    )
    return made, pipeline, files[is_new], words[is_new]


def test_numbers_are_those_of_the_classifier(digits):
    made, pipeline, files, words = digits
    assert made.accuracy == pytest.approx(pipeline.score(files, words))
    assert made.accuracy_interval[0] < made.accuracy < made.accuracy_interval[1]
    table, order = made.clips, made.clips["index"]
    assert table["label"].tolist() == words[order].tolist()
    assert table["predicted"].tolist() == pipeline.predict(files)[order].tolist()
    assert sorted(order) == list(range(60))
    losses = table["loss"][~table["is_suspected"]]
    assert (np.diff(losses) <= 0).all()
    page = Page(made.html)
    assert f"{100 * made.accuracy:.1f} %" in page.text().replace("\xa0", " ")
    cells = [attrs for tag, attrs in page.tags if "cell" in attrs.get("class", "")]
    counts = [int(text) for _, text in page.texts if re.fullmatch(r"\d+", text)]
    assert len(cells) == len({(c["data-target"], c["data-predicted"]) for c in cells})
    labels = "".join(c["aria-label"] for c in cells)
    assert sum(map(int, re.findall(r"(\d+) clips?", labels))) == 60 <= sum(counts)


def test_sections_are_there_for_what_is_known(digits):
    made, *_ = digits
    page = Page(made.html)
    sections = [attrs["id"] for tag, attrs in page.tags if tag == "section"]
    assert sections == [
        *("listen", "classes", "speakers", "calibration", "comparison", "training", "settings")
    ]
    assert "Accuracy against the learning rate" in made.html
    assert "Loss against the iteration" in made.html
    few = Page(make().html)
    sections = [attrs["id"] for tag, attrs in few.tags if tag == "section"]
    assert sections == ["listen", "classes", "calibration", "settings"]
    for tags in (page.tags, few.tags):
        ids = {attrs["id"] for _, attrs in tags if "id" in attrs}
        links = [attrs["href"] for tag, attrs in tags if tag == "a"]
        assert links
        assert {link.removeprefix("#") for link in links} <= ids


def test_files_that_were_trained_on_are_counted(digits):
    made, _, files, _ = digits
    bunch = load_spoken_digits()
    n_overlapping = len(set(bunch.filenames[40:200]) & set(files.tolist()))
    assert n_overlapping > 1
    assert f"{n_overlapping} clips are also among those of the training" in Page(made.html).text()


def test_page_loads_nothing_and_runs_only_its_script(digits):
    made, *_ = digits
    page = Page(made.html)
    names = {"src", "srcset", "href", "action", "data", "poster", "xlink:href"}
    links = [attrs[name] for _, attrs in page.tags for name in names & set(attrs)]
    assert all(link.startswith("#") for link in links)
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert not re.search(r"https?:|@import|url\(", made.html)
    (policy,) = [
        attrs["content"]
        for tag, attrs in page.tags
        if "Security-Policy" in str(attrs.get("http-equiv"))
    ]
    scripts = [text for tag, text in page.texts if tag == "script" and not text.startswith("{")]
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    assert re.findall(r"'sha256-([^']*)'", policy) == digests
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy.replace("style-src 'unsafe-inline'", "")
    assert "innerHTML" not in scripts[0]


def test_what_comes_from_the_data_is_text_everywhere(tmp_path):
    class Transformer(MFCCTransformer):
        pass

    Transformer.__name__ = f"T{EVIL}"
    (tmp_path / "<img src=x onerror=alert(1)>").mkdir()
    paths = [tmp_path / "<img src=x onerror=alert(1)>" / f"<b>{i}&lt;.wav" for i in range(4)]
    for path, (rate, clip) in zip(paths, tones(4), strict=True):
        soundfile.write(path, clip, rate, format="WAV")
    labels = [EVIL, f"\"'>{EVIL}", f"\"'>{EVIL}", f"\"'>{EVIL}"]
    pipeline = make_pipeline(Transformer(sample_rate=RATE), SoftmaxClassifier(max_iter=5, tol=1))
    pipeline.fit(paths, labels)
    pipeline.steps[0] = (EVIL, pipeline.steps[0][1])
    made = report(
        pipeline,
        paths,
        labels,
        [EVIL, "</title>", "&amp;", EVIL],
        train=[*paths, *paths],
        title=f"</title>{EVIL}<!--",
    )
    page = Page(made.html)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("script") == 2
    assert not {"img", "onerror"} & {name for tag, attrs in page.tags for name in (tag, *attrs)}
    # The numbers of the three filters are all that is bold.
    assert tags.count("b") == 3
    assert EVIL not in made.html
    data = page.data()
    assert data["classes"] == sorted(set(labels))
    assert data["speakers"] == ["&amp;", "</title>", EVIL]
    assert {clip["name"] for clip in data["clips"]} == {path.name for path in paths}
    text = page.text()
    for shown in (EVIL, f"</title>{EVIL}<!--", "&amp;", f"T{EVIL}"):
        assert shown in text


@pytest.mark.parametrize("value", [EVIL, "</SCRIPT ", "<!--", "]]>", "&amp;", "\u2028", "é"])
def test_json_is_safe_in_a_script(value):
    text = to_json({value: [value]})
    assert json.loads(text) == {value: [value]}
    assert text.isascii()
    assert not set(text) & set("<>&")


def test_clips_that_matter_come_first_within_the_size():
    rng = np.random.default_rng(0)
    n = 120
    probabilities = rng.dirichlet([1, 1, 1], n)
    labels = rng.integers(0, 3, n)
    full = make(probabilities, labels, clips=tones(n), classes=[0, 1, 2], clips_per_class=n)
    assert full.n_included == n
    page_size = len(full.html) - len(json.dumps(Page(full.html).data()["clips"]))
    small = make(
        probabilities, labels, clips=tones(n), classes=[0, 1, 2], max_size=page_size + 100_000
    )
    assert len(small.html.encode()) <= page_size + 100_000
    assert 5 < small.n_included < n / 3
    names = [clip["name"] for clip in Page(small.html).data()["clips"]]
    matters = small.clips["is_suspected"] | ~small.clips["is_right"]
    expected = small.clips["name"][matters][: len(names)].tolist()
    assert names == expected
    with pytest.raises(ValueError, match=r"max_size=1000 is too small: .* the page has \d+ bytes"):
        make(max_size=1000)


@pytest.mark.parametrize("clips_per_class", [-1, 1.5, "all"])
def test_number_of_right_clips_is_checked(clips_per_class):
    with pytest.raises(ValueError, match=r"clips_per_class=.* must be a whole number, at least 0"):
        make(clips_per_class=clips_per_class)


@pytest.mark.parametrize("max_size", [None, "20 MB", 2e7])
def test_size_is_checked(max_size):
    with pytest.raises(ValueError, match=r"max_size=.* must be a whole number: it is in bytes"):
        make(max_size=max_size)


def test_names_that_are_no_text_can_be_written(tmp_path):
    # As Python has the byte 0xFF of a file's name.
    odd = "\udcff"
    labels, speakers = [odd, "yes", "yes", "yes"], [odd, "a", "b", odd]
    made = make(y=labels, groups=speakers, classes=[odd, "yes"], title=odd)
    made.save(tmp_path / "page.html")
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.data()["classes"] == [odd, "yes"]
    assert r"\udcff" in page.text()


def test_labels_that_are_numbers_stay_numbers():
    made = make(y=[0, 1, 1, 7], classes=[0, 1])
    assert made.clips["label"].tolist() == [7, 1, 1, 0]
    assert Page(made.html).data()["classes"] == ["0", "1", "7"]
    assert Page(made.html).data()["clips"][0]["loss"] is None
    assert "infinite" in Page(made.html).text()
    mixed = make(y=[0, 1, 1, "other"], classes=[0, 1])
    assert mixed.clips["label"].tolist() == ["other", 1, 1, 0]


def test_of_many_classes_those_with_confusions_are_shown():
    n = 70
    probabilities = 0.5 * np.eye(n) + 0.5 / n
    labels = np.arange(n)
    labels[65] = 66
    made = make(probabilities, labels, clips=tones(n), classes=range(n), clips_per_class=0)
    page = Page(made.html)
    assert "60 of 70 classes with the most confusions" in page.text()
    cells = [attrs for tag, attrs in page.tags if "cell" in attrs.get("class", "")]
    wrong = [(c["data-target"], c["data-predicted"]) for c in cells if "wrong" in c["class"]]
    assert wrong == [("66", "65")]
    assert made.n_included == 1


def test_speakers_that_are_not_known_are_counted_as_such():
    text = Page(make(groups=["a", None, "b", "a"]).html).text()
    assert "1 clip without a speaker counts as a speaker of its own" in text
    assert Page(make(groups=["a", None, "b", "a"]).html).data()["clips"][0]["speaker"] == 1


def test_report_is_saved_whole_or_not_at_all(tmp_path):
    made = make(title="Größe")
    path = tmp_path / "page.html"
    made.save(path)
    assert path.read_text(encoding="utf-8") == made.html
    made.save(str(path))  # replaces it
    assert [*tmp_path.iterdir()] == [path]
    with pytest.raises(OSError, match="none"):
        made.save(tmp_path / "none" / "page.html")
    with pytest.raises(FileExistsError, match="not a regular file"):
        made.save(tmp_path)


def test_notebook_shows_the_page_in_a_frame():
    made = make()
    page = Page(made._repr_html_())
    ((tag, attrs),) = page.tags
    assert (tag, attrs["sandbox"], attrs["srcdoc"]) == ("iframe", "allow-scripts", made.html)
    assert html.unescape(made._repr_html_()).count(made.html) == 1
    assert len(made._repr_html_().splitlines()) == 1


def test_model_describes_probabilities():
    pipeline = make_pipeline(MFCCTransformer(sample_rate=RATE, n_mfcc=7), SoftmaxClassifier())
    pipeline.fit(tones(4), ["no", "yes", "yes", "yes"])
    made = make(classes=None, model=pipeline)
    assert re.search("n_mfcc 7", Page(made.html).text())
    assert "<h1>Report on SoftmaxClassifier</h1>" in made.html
    with pytest.raises(ValueError, match="model must be None unless estimator is probabilities"):
        make(pipeline, classes=None, model=pipeline, clips=tones(4))


def test_given_probabilities_and_clips_stay_as_they_are():
    probabilities, clips = P.copy(), tones(4)
    before = [clip.copy() for _, clip in clips]
    make(probabilities, clips=clips)
    np.testing.assert_array_equal(probabilities, P)
    for (_, clip), old in zip(clips, before, strict=True):
        np.testing.assert_array_equal(clip, old)


def test_a_clip_shows_the_likeliest_classes_and_its_label():
    probabilities = np.array([[0.05, 0.3, 0.25, 0.2, 0.15, 0.05], [0, 0, 0, 0, 0.4, 0.6]])
    made = make(probabilities, ["a", "f"], classes=list("abcdef"))
    clips = {clip["name"]: clip["odds"] for clip in Page(made.html).data()["clips"]}
    assert clips["clip 0"] == [[1, 0.3], [2, 0.25], [3, 0.2], [0, 0.05]]
    assert clips["clip 1"][:2] == [[5, 0.6], [4, 0.4]]
