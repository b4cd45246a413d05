"""What holds for every test: chance is repeatable, the environment is clean, no skip hides in CI."""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

# The environment of the person who tests must not configure what is tested.
for _name in [name for name in os.environ if name.startswith("RTPJPEG_")]:
    del os.environ[_name]

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

IN_CI = bool(os.environ.get("CI"))

settings.register_profile(
    "rtpjpeg",
    deadline=None,  # time is never a reason to fail
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("rtpjpeg")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Draw hypothesis' seed here, so that it can be printed; ``--hypothesis-seed`` sets it."""
    if config.getoption("hypothesis_seed", None) is None:
        config.option.hypothesis_seed = str(secrets.randbits(32))


def pytest_report_header(config: pytest.Config) -> str:
    return f"again with the same chance: --hypothesis-seed={config.getoption('hypothesis_seed')}"


@pytest.fixture
def seed() -> int:
    """A seed for a test's own random.Random; printed when the test fails, set again by TEST_SEED."""
    value = int(os.environ.get("TEST_SEED") or secrets.randbits(32))
    print(f"again with the same chance: TEST_SEED={value}")
    return value


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _refuse_skip((yield))


def _refuse_skip(report: Report) -> Report:
    """Turn a skip into a failure where CI is set: a run that left a test out has proven nothing."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report
