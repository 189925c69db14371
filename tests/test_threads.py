import threading

import pytest
import scipy.linalg  # noqa: F401, loads the BLAS of scipy
from threadpoolctl import ThreadpoolController, threadpool_limits

from skxent._threads import one_blas_thread


def blas_threads():
    return [
        pool["num_threads"] for pool in ThreadpoolController().info() if pool["user_api"] == "blas"
    ]


@pytest.fixture
def two_threads():
    with threadpool_limits(limits=2, user_api="blas"):
        yield blas_threads()


def test_a_block_has_one_thread_and_restores_what_was(two_threads):
    with one_blas_thread():
        assert set(blas_threads()) == {1}
        with one_blas_thread():
            pass
        assert set(blas_threads()) == {1}
    assert blas_threads() == two_threads


def test_an_error_in_a_block_restores_what_was(two_threads):
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        1 / 0  # noqa: B018
    assert blas_threads() == two_threads


@pytest.mark.parametrize("first_out", ["first_in", "second_in"])
def test_blocks_that_overlap_in_threads_restore_what_was(two_threads, first_out):
    is_in, may_leave = threading.Event(), threading.Event()

    def second():
        with one_blas_thread():
            is_in.set()
            may_leave.wait(10)

    thread = threading.Thread(target=second)
    with one_blas_thread():
        thread.start()
        is_in.wait(10)
        if first_out == "second_in":
            may_leave.set()
            thread.join()
        assert set(blas_threads()) == {1}
    may_leave.set()
    thread.join()
    assert blas_threads() == two_threads
