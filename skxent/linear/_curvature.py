"""Learning rates that are safe."""

from skxent.linear._objective import LinearObjective


def safe_rate(objective: LinearObjective, solver: str, momentum: float, batch_size: int) -> float:
    r"""Return the learning rate that "auto" stands for.

    For "gd" it is :math:`1 / L`, for "sgd" :math:`(1 - \mu) / (2 L_b)` with
    the bounds of :meth:`~skxent.linear._objective.LinearObjective.curvature_bound` and the
    momentum :math:`\mu`, for "adam", whose steps don't depend on the scale of
    the objective, 0.001.
    """
    if solver == "adam":
        return 1e-3
    if solver == "gd":
        bound = objective.curvature_bound()
        return 1.0 / bound if bound > 0.0 else 1.0  # nothing to descend: any will do
    bound = objective.curvature_bound(batch_size)
    return (1.0 - momentum) / (2.0 * bound) if bound > 0.0 else 1.0
