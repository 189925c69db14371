"""Settings of the test suite."""

import os

# Before anything imports scipy: scikit-learn's estimator checks hand in arrays of the
# array API's namespace only where it is set.
os.environ["SCIPY_ARRAY_API"] = "1"

from hypothesis import HealthCheck, settings

# Deadlines time the machine, not the code. "dev" repeats the same examples until the
# code changes; HYPOTHESIS_PROFILE=thorough looks for new ones.
settings.register_profile("dev", deadline=None, derandomize=True, max_examples=50)
settings.register_profile(
    "thorough",
    deadline=None,
    max_examples=1000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
