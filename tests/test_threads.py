import contextlib
import os
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
import scipy.linalg  # noqa: F401, loads the BLAS of scipy
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import ThreadpoolController, threadpool_limits

from skxent._threads import one_blas_thread

BLAS = ThreadpoolController().select(user_api="blas")


def blas_threads():
    return [library["num_threads"] for library in BLAS.info()]


@pytest.fixture
def two_threads():
    with threadpool_limits(limits=2, user_api="blas"):
        yield blas_threads()


def test_block_has_one_thread_and_restores_what_was(two_threads):
    assert set(two_threads) == {2}
    with one_blas_thread():
        assert set(blas_threads()) == {1}
        with one_blas_thread():
            pass
        assert set(blas_threads()) == {1}
    assert blas_threads() == two_threads


def test_error_in_a_block_restores_what_was(two_threads):
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        1 / 0  # noqa: B018
    assert blas_threads() == two_threads


def enter(blocks):
    blocks.append(one_blas_thread())
    blocks[-1].__enter__()


def leave(blocks):
    blocks.pop().__exit__(None, None, None)


def fail(blocks):
    error = ZeroDivisionError()
    assert not blocks.pop().__exit__(ZeroDivisionError, error, None)


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from([enter, leave, fail]))))
def test_one_thread_while_any_block_is_open_and_then_what_was(steps):
    open_blocks = [[], [], []]
    with contextlib.ExitStack() as stack:
        stack.enter_context(threadpool_limits(limits=2, user_api="blas"))
        two_threads = blas_threads()
        threads = [stack.enter_context(ThreadPoolExecutor(1)) for _ in open_blocks]

        def take(i, step):
            with contextlib.suppress(ZeroDivisionError):
                threads[i].submit(step, open_blocks[i]).result(10)
            assert blas_threads() == ([1] * len(two_threads) if any(open_blocks) else two_threads)

        for i, step in steps:
            if open_blocks[i] or step is enter:
                take(i, step)
        for i, blocks in enumerate(open_blocks):
            while blocks:
                take(i, leave)


def test_last_block_restores_what_was_whichever_thread_has_set_limits(two_threads):
    # threadpoolctl ignores the limits of all threads but one.
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        limits = first.submit(threadpool_limits(limits=2, user_api="blas").__enter__).result(10)
        blocks = [one_blas_thread(), one_blas_thread()]
        first.submit(blocks[0].__enter__).result(10)
        second.submit(blocks[1].__enter__).result(10)
        first.submit(blocks[0].__exit__, None, None, None).result(10)
        assert set(blas_threads()) == {1}
        second.submit(blocks[1].__exit__, None, None, None).result(10)
        assert blas_threads() == two_threads
        first.submit(limits.__exit__, None, None, None).result(10)
    assert blas_threads() == two_threads


def test_blocks_that_open_and_close_at_once(two_threads):
    barrier = threading.Barrier(8, timeout=30)

    def work():
        for _ in range(50):
            barrier.wait()
            with one_blas_thread():
                seen.update(blas_threads())

    seen = set()
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work) for _ in range(8)]:
            done.result(60)
    assert seen == {1}
    assert blas_threads() == two_threads


def in_forked_child(function):
    """Tell whether a function returns True in a child of this process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
        child = os.fork()
    if child == 0:
        try:
            os._exit(0 if function() else 1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
@pytest.mark.parametrize("has_own", [False, True])
def test_forked_child_keeps_the_blocks_of_its_own_thread_alone(two_threads, has_own):
    is_in, may_leave = threading.Event(), threading.Event()

    def other():
        with one_blas_thread():
            is_in.set()
            may_leave.wait(30)

    with contextlib.ExitStack() as own, ThreadPoolExecutor(1) as pool:
        beside = pool.submit(other)
        assert is_in.wait(30)
        if has_own:
            own.enter_context(one_blas_thread())

        def sees_own_blocks():
            expected = [1] * len(two_threads) if has_own else two_threads
            at_first = blas_threads()
            with one_blas_thread():
                inside = blas_threads()
            between = blas_threads()
            own.close()
            return (
                at_first == between == expected
                and set(inside) == {1}
                and blas_threads() == two_threads
            )

        assert in_forked_child(sees_own_blocks)
        assert set(blas_threads()) == {1}
        may_leave.set()
        beside.result(30)
    assert blas_threads() == two_threads
