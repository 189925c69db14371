from skxent.search._progress import Progress


class Task:
    """A callback context that writes down what begins and ends."""

    def __init__(self, name, events, stop_at=None):
        self.name, self.events, self.stop_at = name, events, stop_at

    def subcontext(self, task_name, max_subtasks=None):
        name = task_name if max_subtasks is None else f"{task_name} of {max_subtasks}"
        return Task(name, self.events, self.stop_at)

    def call_on_fit_task_begin(self, estimator):
        self.events.append(f"begin {self.name}")

    def call_on_fit_task_end(self, estimator):
        self.events.append(f"end {self.name}")
        return self.events.count("end epoch") == self.stop_at


def run(epochs, stop_at=None):
    """Report pairs (epoch, n_alive); return the events and the answers."""
    events = []
    progress = Progress(None, Task("search", events, stop_at), max_iter=10)
    answers = [progress(*pair) for pair in epochs]
    progress.close()
    progress.close()  # which changes nothing
    return events, answers


EPOCH = ["begin epoch", "end epoch"]


def task(name, n_epochs):
    return [f"begin {name}", *n_epochs * EPOCH, f"end {name}"]


def test_epochs_of_the_same_candidates_are_one_task():
    events, answers = run([(1, 6), (2, 6), (3, 4), (4, 4), (5, 4)])
    assert events == task("6 candidates of 10", 2) + task("4 candidates of 8", 3)
    assert answers == [False] * 5


def test_next_group_is_another_task_also_with_as_many_candidates():
    events, _ = run([(1, 6), (2, 6), (1, 6), (2, 6)])
    assert events == 2 * task("6 candidates of 10", 2)
    events, _ = run([(1, 6), (1, 6)])
    assert events == 2 * task("6 candidates of 10", 1)


def test_stop_request_holds_for_the_later_groups():
    events, answers = run([(1, 6), (2, 6), (1, 6), (1, 3)], stop_at=2)
    assert answers == [False, True, True, True]
    assert events == task("6 candidates of 10", 2)


def test_search_without_an_epoch_has_no_task():
    assert run([]) == ([], [])
