"""Settings of the test suite."""

import os

# Before anything imports scipy: scikit-learn's estimator checks hand in arrays of the
# array API's namespace only where it is set.
os.environ["SCIPY_ARRAY_API"] = "1"

import pytest
import scipy.linalg  # noqa: F401, loads the BLAS whose threads are limited below
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

# Deadlines and the check for slow data time the machine, not the code. "dev" repeats the same
# examples until the code changes; HYPOTHESIS_PROFILE=thorough looks for new ones.
ON_ANY_MACHINE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("dev", derandomize=True, max_examples=50, **ON_ANY_MACHINE)
settings.register_profile("thorough", max_examples=1000, **ON_ANY_MACHINE)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(autouse=True, scope="session")
def _one_blas_thread():
    """Spare the small products of the tests the threads that slow them down."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield
