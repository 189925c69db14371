"""The progress of a search, for scikit-learn's callbacks."""

from typing import Any


class Progress:
    """Report each epoch to callbacks; consecutive epochs of the same candidates are one task."""

    def __init__(self, search: Any, context: Any, max_iter: int) -> None:
        self.search, self.context, self.max_iter = search, context, max_iter
        self.task: Any = None
        self.epoch, self.n_alive, self.is_stopped = 0, 0, False

    def __call__(self, epoch: int, n_alive: int) -> bool:
        """Report an epoch; return whether a callback stops the search."""
        if self.is_stopped:  # in an earlier group of candidates
            return True
        is_next_group = epoch <= self.epoch
        if is_next_group or n_alive != self.n_alive:
            self.close()
            self.task = self.context.subcontext(
                task_name=f"{n_alive} candidates", max_subtasks=self.max_iter - epoch + 1
            )
            self.task.call_on_fit_task_begin(estimator=self.search)
        self.epoch, self.n_alive = epoch, n_alive
        of_epoch = self.task.subcontext(task_name="epoch")
        of_epoch.call_on_fit_task_begin(estimator=self.search)
        self.is_stopped = bool(of_epoch.call_on_fit_task_end(estimator=self.search))
        return self.is_stopped

    def close(self) -> None:
        """End the current task, if there is one."""
        if self.task is not None:
            self.task.call_on_fit_task_end(estimator=self.search)
        self.task = None
