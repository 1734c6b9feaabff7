# SPDX-License-Identifier: AGPL-3.0-or-later
"""`health` says in time when something a platform stands on gets no more security fixes."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from natm_stack.flows.support import support_probes
from natm_stack.load import Catalog, load_catalog
from natm_stack.model.platform import SupportSpec
from natm_stack.paths import shipped
from natm_stack.testing.fakes import sample_deployment, sample_platform

END = date(2028, 6, 30)


def spec(until: Any = "2028-06-30") -> dict[str, Any]:
    """A line of platform.yml."""
    return {"what": "Debian 12", "until": until, "source": "its own page"}


def catalog(folder: Path, **changes: Any) -> Catalog:
    """The shipped catalog and a platform of our own."""
    sample_platform(folder, "shed", **changes)
    return load_catalog(shipped("catalog"), [(folder, True)])


@pytest.mark.parametrize(("left", "state"), [
    (600, "ok"), (180, "ok"), (179, "warning"), (1, "warning"), (0, "warning"), (-1, "failed"),
    (-400, "failed"),
])
def test_half_a_year_before_the_end_it_warns(tmp_path: Path, left: int, state: str) -> None:
    deployment = sample_deployment(catalog(tmp_path, support=[spec()]), platforms={"shed": None})
    (probe,) = support_probes(deployment, END - timedelta(days=left))
    assert (probe.platform, probe.name, probe.state) == ("shed", "support of Debian 12", state)
    assert "2028-06-30" in probe.says


@pytest.mark.parametrize("until", ["2028-6-30", "30.06.2028", "2028-06-31", "soon", 20280630])
def test_a_day_is_written_as_a_day(until: Any) -> None:
    with pytest.raises(ValidationError):
        SupportSpec.model_validate(spec(until))


def test_where_nothing_is_known_nothing_is_said(tmp_path: Path) -> None:
    deployment = sample_deployment(catalog(tmp_path), platforms={"shed": None})
    assert support_probes(deployment, END) == ()
