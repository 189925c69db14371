"""Progress of a search, for callbacks."""


class _Progress:
    """Tells callbacks of each epoch; as many as have the same candidates are one task."""

    def __init__(self, search, context, max_iter):
        self.search, self.context, self.max_iter = search, context, max_iter
        self.stage, self.n_alive, self.is_stopped = None, None, False

    def __call__(self, epoch, n_alive):
        if self.is_stopped:  # in an earlier group
            return True
        if n_alive != self.n_alive:
            self.close()
            self.n_alive = n_alive
            self.stage = self.context.subcontext(
                task_name=f"{n_alive} candidates", max_subtasks=self.max_iter - epoch + 1
            )
            self.stage.call_on_fit_task_begin(estimator=self.search)
        task = self.stage.subcontext(task_name="epoch")
        task.call_on_fit_task_begin(estimator=self.search)
        self.is_stopped = bool(task.call_on_fit_task_end(estimator=self.search))
        return self.is_stopped

    def close(self):
        if self.stage is not None:
            self.stage.call_on_fit_task_end(estimator=self.search)
        self.stage, self.n_alive = None, None
