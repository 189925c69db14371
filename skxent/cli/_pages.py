"""The page of a model, as the commands write it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.cli._data import Recordings
from skxent.cli._errors import CommandError
from skxent.cli._files import writing
from skxent.cli._model import Model
from skxent.cli._output import progress


def write_page(
    path: str,
    recordings: Recordings,
    probabilities: NDArray[np.float64],
    classes: Any,
    model: Model,
    groups: Any,
) -> None:
    """Write the report on some recordings and their probabilities; groups are speakers or None."""
    from skxent.report import report

    with progress("writing the report") as advance:
        try:
            page = report(
                probabilities,
                recordings.paths,
                recordings.labels,
                groups,
                classes=classes,
                model=model.estimator,
                sample_rate=model.sample_rate,
                title=f"Report on {recordings.source}",
            )
        except ModuleNotFoundError as error:
            raise CommandError(str(error)) from error
        with writing(path):
            page.save(path)
        advance()
