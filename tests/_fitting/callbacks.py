"""A callback to test with."""


class Watch:
    """Keeps what each iteration would have given, and may stop the fit after some of them.

    `begun` and `fitted` are the estimators before and after each iteration, `calls` what surrounds
    the tasks.
    """

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.begun, self.fitted, self.calls = [], [], []

    def setup(self, estimator, context):
        self.begun, self.fitted = [], []
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "iteration":
            self.begun.append(fitted_estimator)

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "iteration":
            self.fitted.append(fitted_estimator)
        return len(self.fitted) == self.stop_after
