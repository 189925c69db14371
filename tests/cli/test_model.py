"""Files of models: what is loaded, what is refused, and that none is half-written."""

import errno
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.cli._errors import CommandError
from skxent.cli._files import check_output, write_whole
from skxent.cli._model import TRUSTED, Model, load, probabilities, save
from skxent.cli._recipes import TASKS, fit, recipes

RNG = np.random.default_rng(0)
CLIPS = [RNG.normal(scale=0.1, size=4000) for _ in range(12)]
LABELS = np.array(["no", "yes"] * 6)


def small_model(about=None):
    pipeline = make_pipeline(MFCCTransformer(sample_rate=8000), SoftmaxClassifier())
    return Model(pipeline.fit(CLIPS, LABELS), {"sample_rate": 8000} if about is None else about)


def test_a_model_comes_back_as_it_was(tmp_path):
    about = {"sample_rate": 8000, "labels": ["ja", "näh"], "nested": {"a": [1.5, None]}}
    model = small_model(about)
    save(model, str(tmp_path / "a.skops"))
    again = load(str(tmp_path / "a.skops"))
    assert again.about == about
    assert again.classes == ["no", "yes"]
    assert again.sample_rate == 8000.0
    np.testing.assert_array_equal(
        again.estimator.predict_proba(CLIPS), model.estimator.predict_proba(CLIPS)
    )


@pytest.mark.parametrize("task", TASKS)
def test_every_recipe_is_loaded_with_the_types_that_are_trusted(task, tmp_path):
    known = recipes(task)
    for name, recipe in known.items():
        path = str(tmp_path / f"{name}.skops")
        save(Model(fit(recipe, known, 8000, CLIPS, LABELS), {"sample_rate": 8000}), path)
        assert load(path).classes == ["no", "yes"]


@pytest.mark.parametrize("name", TRUSTED)
def test_trusted_types_are_those_of_the_package_and_exist(name):
    module, _, kind = name.rpartition(".")
    assert module.startswith("skxent.")
    assert isinstance(getattr(__import__(module, fromlist=[kind]), kind), type)


class Unknown(PCA):
    """A type that nobody trusts."""


@pytest.mark.parametrize(
    ("estimator", "name"),
    [(Unknown(), "tests.cli.test_model.Unknown"), (FunctionTransformer(json.loads), "json.loads")],
)
def test_a_type_that_is_not_trusted_is_refused_by_name(estimator, name, tmp_path):
    path = tmp_path / "a.skops"
    skops.io.dump({"format": 1, "estimator": estimator, "about": "{}"}, path)
    with pytest.raises(CommandError, match="is not loaded: it holds") as caught:
        load(str(path))
    assert name in str(caught.value)


def test_what_is_no_model_is_said_to_be_none(tmp_path):
    path = tmp_path / "a.skops"
    with pytest.raises(CommandError, match="no such file"):
        load(str(path))
    with pytest.raises(CommandError, match="is a folder, not a model"):
        load(str(tmp_path))
    path.write_text("words")
    with pytest.raises(CommandError, match="is no model"):
        load(str(path))
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("words.txt", "words")
    with pytest.raises(CommandError, match="is no model, or is damaged"):
        load(str(path))
    skops.io.dump(SoftmaxClassifier(), path)
    with pytest.raises(CommandError, match="holds a SoftmaxClassifier, not a model"):
        load(str(path))
    skops.io.dump({"format": 1, "estimator": PCA(), "about": '{"sample_rate": 8000}'}, path)
    with pytest.raises(CommandError, match="is no whole model"):
        load(str(path))


@pytest.mark.parametrize("about", ['{"sample_rate": 8000', "{}", "[]", '{"sample_rate": -1}'])
def test_a_model_that_does_not_know_itself_is_not_whole(about, tmp_path):
    path = tmp_path / "a.skops"
    skops.io.dump({"format": 1, "estimator": small_model().estimator, "about": about}, path)
    with pytest.raises(CommandError, match="is no whole model"):
        load(str(path))


def test_a_model_of_another_format_names_both(tmp_path):
    path = tmp_path / "a.skops"
    skops.io.dump({"format": 2, "estimator": None, "about": "{}"}, path)
    with pytest.raises(CommandError, match=r"has format 2, and this version .* reads format 1"):
        load(str(path))


def test_a_model_that_is_cut_short_is_no_model(tmp_path):
    path = tmp_path / "a.skops"
    save(small_model(), str(path))
    content = path.read_bytes()
    for size in (10, len(content) // 2, len(content) - 30):
        path.write_bytes(content[:size])
        with pytest.raises(CommandError, match="is no model"):
            load(str(path))


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
def test_an_interrupted_file_leaves_what_was_there_and_nothing_else(error, tmp_path):
    path = tmp_path / "a.skops"
    path.write_text("before")

    def write(temporary):
        with open(temporary, "w") as file:
            file.write("half")
        raise error

    kind = CommandError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(kind) as caught:
        write_whole(str(path), write)
    if kind is CommandError:
        assert "No space left on device" in str(caught.value)
    assert [found.name for found in tmp_path.iterdir()] == ["a.skops"]
    assert path.read_text() == "before"


def test_a_written_file_has_the_permissions_of_others(tmp_path):
    (tmp_path / "usual").write_text("")
    write_whole(str(tmp_path / "a.skops"), lambda path: open(path, "w").close())
    assert (tmp_path / "a.skops").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_an_output_that_exists_is_replaced_with_leave_only(tmp_path):
    path = tmp_path / "a.skops"
    check_output(str(path), force=False)
    path.write_text("before")
    with pytest.raises(CommandError, match="exists; give another name, or --force"):
        check_output(str(path), force=False)
    check_output(str(path), force=True)
    with pytest.raises(CommandError, match="is a folder"):
        check_output(str(tmp_path), force=True)
    with pytest.raises(CommandError, match="there is no folder"):
        check_output(str(tmp_path / "none" / "a.skops"), force=False)


def test_an_output_that_is_no_file_is_never_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, "/dev/null"):
        with pytest.raises(CommandError, match="is no ordinary file"):
            check_output(str(path), force=True)
    assert pipe.is_fifo()


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "models").mkdir()
    link = tmp_path / "a.skops"
    link.symlink_to(tmp_path / "models" / "b.skops")
    check_output(str(link), force=False)
    write_whole(str(link), lambda path: Path(path).write_text("new"))
    assert link.is_symlink()
    assert (tmp_path / "models" / "b.skops").read_text() == "new"


def test_a_clip_that_can_not_be_classified_does_not_take_others_with_it():
    known = recipes("words")
    estimator = fit(known["states"], known, 8000, CLIPS, LABELS)
    model = Model(estimator, {"sample_rate": 8000})
    clips = [CLIPS[0], np.zeros(100), CLIPS[1]]
    found, reasons = probabilities(model, clips)
    assert list(reasons) == [1]
    assert np.isnan(found[1]).all()
    np.testing.assert_allclose(found[[0, 2]], estimator.predict_proba(CLIPS[:2]), atol=1e-6)
    assert probabilities(model, [])[0].shape == (0, 2)


def test_a_model_whose_estimators_lack_what_this_version_fits_says_so():
    model = small_model({"sample_rate": 8000, "versions": {"skxent": "0.0.9"}})
    del model.estimator[-1].coef_
    with pytest.raises(CommandError, match=r"another state of skxent \(version 0.0.9; this is .*"):
        probabilities(model, CLIPS)
