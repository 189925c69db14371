"""The batches of the neural classifiers: each frame once, in its clip and at its time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from tests.frames import strategies

torch = pytest.importorskip(
    "torch", reason="skxent.neural needs PyTorch: pip install skxent[neural]"
)

from skxent.neural._data import Frames, Sequences, cut_by_length, draw_batches  # noqa: E402

# Of products as small as these, a second thread only waits for the first.
torch.set_num_threads(1)

seeds = st.integers(0, 2**32 - 1)


def frames_that_know_themselves(lengths):
    """Frames of two features: the clip that they are of, and their time in it."""
    rows = [(clip, time) for clip, length in enumerate(lengths) for time in range(length)]
    return np.array(rows, dtype=np.float32)


def some_of(n_items, seed):
    """Some of the items, at least one, in any order."""
    rng = np.random.default_rng(seed)
    return rng.permutation(n_items)[: rng.integers(1, n_items + 1)]


# Frames with their neighbours


@given(strategies.lengths_of_clips, st.integers(0, 4), seeds)
def test_frame_is_seen_among_its_neighbours_of_the_same_clip(lengths, context, seed):
    frames = frames_that_know_themselves(lengths)
    items = some_of(len(frames), seed)
    batch = Frames(frames, np.array(lengths), context).batch(items)
    (windows,) = batch.inputs
    assert windows.shape == (len(items), 2 * context + 1, 2)
    for item, window in zip(items, windows.tolist(), strict=True):
        clip, time = frames[item].tolist()
        for shift, neighbour in zip(range(-context, context + 1), window, strict=True):
            expected = min(max(time + shift, 0), lengths[int(clip)] - 1)
            assert neighbour == [clip, expected]
    assert_array_equal(batch.rows, items)
    assert batch.n_items == len(items)


@given(strategies.lengths_of_clips, seeds)
def test_items_of_clips_are_all_of_their_frames_once(lengths, seed):
    frames = frames_that_know_themselves(lengths)
    clips = some_of(len(lengths), seed)
    data = Frames(frames, np.array(lengths), 0)
    items = data.items_of(clips)
    expected = [(clip, time) for clip in clips for time in range(lengths[clip])]
    assert_array_equal(frames[items], expected)
    assert_array_equal(data.rows_of(items), items)
    assert_array_equal(data.lengths_of(items), np.ones(len(items)))


# Whole sequences


@given(strategies.lengths_of_clips, st.booleans(), seeds)
def test_every_frame_of_every_clip_is_once_in_the_batch(lengths, per_frame, seed):
    frames = frames_that_know_themselves(lengths)
    items = some_of(len(lengths), seed)
    batch = Sequences(frames, np.array(lengths), per_frame).batch(items)
    features, sizes, clips = (tensor.numpy() for tensor in batch.inputs)
    order = sorted(items.tolist(), key=lambda item: -lengths[item])
    expected_frames, expected_clips, expected_sizes = [], [], []
    for time in range(max(lengths[item] for item in items)):
        lasting = [k for k, item in enumerate(order) if lengths[item] > time]
        expected_sizes.append(len(lasting))
        expected_clips += lasting
        expected_frames += [(order[k], time) for k in lasting]
    assert_array_equal(sizes, expected_sizes)
    # Clips of one length may be in any order, of which the rows tell.
    of_logits = features[: len(items), 0].astype(int)
    assert sorted(of_logits.tolist()) == sorted(items.tolist())
    assert_array_equal(np.array(lengths)[of_logits], [lengths[item] for item in order])
    assert_array_equal(clips, expected_clips)
    assert_array_equal(features[:, 0], of_logits[clips])
    assert_array_equal(features[:, 1], [time for _, time in expected_frames])
    if per_frame:
        assert_array_equal(frames[batch.rows], features)
    else:
        assert_array_equal(batch.rows, of_logits)
    assert batch.n_items == len(items)


@given(strategies.lengths_of_clips, seeds)
def test_batch_is_what_torch_packs(lengths, seed):
    frames = frames_that_know_themselves(lengths)
    items = some_of(len(lengths), seed)
    features, sizes, _ = Sequences(frames, np.array(lengths), False).batch(items).inputs
    order = features[: len(items), 0].int().tolist()
    clips = [torch.from_numpy(frames[frames[:, 0] == clip]) for clip in order]
    packed = torch.nn.utils.rnn.pack_sequence(clips)
    assert_array_equal(features, packed.data)
    assert_array_equal(sizes, packed.batch_sizes)


@given(strategies.lengths_of_clips, seeds)
def test_rows_of_clips_are_the_clips_or_their_frames(lengths, seed):
    frames = frames_that_know_themselves(lengths)
    clips = some_of(len(lengths), seed)
    whole = Sequences(frames, np.array(lengths), per_frame=False)
    assert_array_equal(whole.items_of(clips), clips)
    assert_array_equal(whole.rows_of(clips), clips)
    assert_array_equal(whole.lengths_of(clips), [lengths[clip] for clip in clips])
    rows = Sequences(frames, np.array(lengths), per_frame=True).rows_of(clips)
    expected = [(clip, time) for clip in clips for time in range(lengths[clip])]
    assert_array_equal(frames[rows], expected)


# Sharing items out to batches

item_lengths = st.lists(st.integers(1, 50), min_size=1, max_size=120).map(np.array)


@given(item_lengths, st.integers(1, 40), st.none() | seeds)
def test_each_item_is_in_one_batch(lengths, batch_size, seed):
    random_state = None if seed is None else np.random.RandomState(seed)
    batches = draw_batches(lengths, batch_size, random_state)
    assert_array_equal(np.sort(np.concatenate(batches)), np.arange(len(lengths)))
    sizes = [len(batch) for batch in batches]
    assert max(sizes) <= batch_size
    if seed is None:
        assert_array_equal(np.concatenate(batches), np.arange(len(lengths)))
        assert len(batches) == -(-len(lengths) // batch_size)
        assert max(sizes) - min(sizes) <= 1
    if batch_size > 2 and len(lengths) > 1:
        assert min(sizes) > 1  # batch normalisation needs two


def test_batches_are_drawn_anew_from_the_same_seed():
    lengths = np.arange(1, 101)
    random_state = np.random.RandomState(0)
    first, second = (draw_batches(lengths, 7, random_state) for _ in range(2))
    again = draw_batches(lengths, 7, np.random.RandomState(0))
    assert [batch.tolist() for batch in again] == [batch.tolist() for batch in first]
    assert [batch.tolist() for batch in second] != [batch.tolist() for batch in first]


@given(seeds)
def test_items_of_a_batch_are_of_like_length(seed):
    lengths = np.random.default_rng(seed).integers(1, 1000, 320)
    drawn = draw_batches(lengths, 20, np.random.RandomState(seed))
    spread = np.mean([np.ptp(lengths[batch]) for batch in drawn])
    # Sixteen batches of sorted lengths are each a sixteenth of the range or so; of unsorted ones,
    # each would have nearly all of it.
    assert spread < 1000 / 16 * 1.5
    # But which batch is trained on when has nothing to do with its length.
    means = [lengths[batch].mean() for batch in drawn]
    assert means != sorted(means)


@given(seeds)
def test_equal_lengths_are_shared_out_at_random(seed):
    batches = draw_batches(np.ones(100, dtype=int), 10, np.random.RandomState(seed))
    assert all(np.ptp(batch) > 10 for batch in batches)


@given(item_lengths, st.integers(1, 200))
def test_batches_to_predict_are_bounded_and_sorted_by_length(lengths, max_frames):
    batches = cut_by_length(lengths, max_frames)
    assert_array_equal(np.sort(np.concatenate(batches)), np.arange(len(lengths)))
    assert (np.diff(lengths[np.concatenate(batches)]) >= 0).all()
    for batch in batches:
        assert 0 < lengths[batch].sum() <= max_frames + lengths[batch].max()
    # They are not cut finer than they have to be.
    assert len(batches) <= 1 + lengths.sum() // max_frames
