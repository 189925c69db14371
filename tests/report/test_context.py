import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.features import compare_clips
from skxent.report._context import describe_comparison, describe_model, describe_results
from skxent.report._results import gather
from tests.report.strategies import RATE, tones

# Two of three "a" are taken for "b", and one "b" for "c".
LABELS = ["a", "a", "a", "b", "b", "c"]
PREDICTED = [0, 1, 1, 1, 2, 2]
SPEAKERS = ["good", "bad", "bad", "middling", "middling", "good"]


@pytest.fixture(scope="module")
def described():
    probabilities = 0.7 * np.eye(3)[PREDICTED] + 0.1
    return describe_results(gather(probabilities, list("abc"), None, tones(6), LABELS, SPEAKERS))


def test_classes_have_recall_precision_and_what_they_are_taken_for(described):
    rows = [
        (row["name"], row["recall"][:2], row["precision"][:2], row["confused"])
        for row in described["classes"]
    ]
    assert rows == [
        ("a", (1, 3), (1, 1), (1, 2)),
        ("b", (1, 2), (1, 3), (2, 1)),
        ("c", (1, 1), (1, 2), None),
    ]


def test_matrix_has_labels_in_rows_shaded_by_their_part(described):
    rows = described["matrix"]["rows"]
    assert [[cell["count"] for cell in row["cells"]] for row in rows] == [
        *([1, 2, 0], [0, 1, 1], [0, 0, 1])
    ]
    assert [[cell["shade"] for cell in row["cells"]] for row in rows] == [
        *([3, 6, 0], [0, 4, 4], [0, 0, 8])
    ]


def test_speakers_with_the_lowest_accuracy_come_first(described):
    rows = described["speakers"]["rows"]
    assert [(row["name"], row["number"]) for row in rows] == [
        *(("bad", 0), ("middling", 2), ("good", 1))
    ]
    assert described["speakers"]["n_more"] == 0


def test_numbers_at_the_top_are_counts_of_clips(described):
    assert (described["n_clips"], described["n_wrong"], described["n_speakers"]) == (6, 3, 3)
    assert described["loss"] == f"{-np.log([0.8, 0.1, 0.1, 0.8, 0.1, 0.8]).mean():.3f}"


def test_of_many_speakers_the_worst_are_listed():
    n = 130
    predicted = np.arange(n) % 2  # every second speaker is wrong
    probabilities = 0.8 * np.eye(2)[predicted] + 0.1
    clips, labels = tones(n, 0.01), np.zeros(n, int)
    found = describe_results(gather(probabilities, [0, 1], None, clips, labels, range(n)))
    speakers = found["speakers"]
    assert (len(speakers["rows"]), speakers["n_more"]) == (100, 30)
    assert all(row["share"].value == 0.0 for row in speakers["rows"][:65])


@pytest.mark.parametrize(("gain", "verdict"), [(10.0, "louder"), (0.1, "quieter"), (1.0, "")])
def test_comparison_says_in_which_direction_clips_differ(gain, verdict):
    rng = np.random.default_rng(0)
    train = [0.01 * rng.normal(size=4000) for _ in range(12)]
    clips = [gain * clip for clip in train]
    comparison = compare_clips(train, clips, sample_rate=RATE)
    found = describe_comparison(comparison, [f"name {i}" for i in range(12)])["comparison"]
    verdicts = {row["name"]: row["verdict"] for row in found["rows"]}
    assert verdicts.pop("level") == verdict
    assert set(verdicts.values()) == {""}
    assert found["n_outliers"] == (12 if verdict else 0)
    assert [outlier["name"] for outlier in found["outliers"]] == [
        f"name {i}" for i in range(found["n_outliers"])
    ]
    assert all(outlier["found"].startswith("level -") for outlier in found["outliers"])


def test_steps_have_the_parameters_that_are_set_apart():
    model = make_pipeline(MFCCTransformer(trim=35, n_mfcc=7), "passthrough", SoftmaxClassifier())
    first, second, third = describe_model(model)["steps"]
    assert (first["kind"], dict(first["set"])) == ("MFCCTransformer", {"n_mfcc": "7", "trim": "35"})
    assert dict(first["rest"])["sample_rate"] == "16000"
    assert "trim" not in dict(first["rest"])
    assert second["kind"] == "passthrough"
    assert third["set"] == []
    assert len(first["set"] + first["rest"]) == len(MFCCTransformer().get_params())


def test_a_model_that_is_not_known_has_no_settings():
    assert describe_model(None) == {"steps": [], "loss_chart": None, "rate_chart": None}
