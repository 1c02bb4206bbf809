"""The studio's API does what its description says, whatever it is sent."""

import json
import tempfile
from pathlib import Path

import pytest

schemathesis = pytest.importorskip("schemathesis")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from schemathesis import checks  # noqa: E402

from nst import config  # noqa: E402
from nst.web import app, submission  # noqa: E402
from nst.web.errors import Refused  # noqa: E402
from nst.web.service import Studio  # noqa: E402
from nst.web.submission import Limits  # noqa: E402
from tests.support.studio_server import Served  # noqa: E402

DECLARED = {503, 507}
"""Statuses from 500 that may come: too many at once, and a full disk."""
LOOKED_AT = [
    checks.status_code_conformance, checks.content_type_conformance, checks.response_headers_conformance,
    checks.response_schema_conformance,
]  # fmt: skip  # Not the header Allow, in which FastAPI names only the first of two routes at an address.
with tempfile.TemporaryDirectory() as folder:
    nobodys = Studio(Path(folder))
    schema = schemathesis.openapi.from_dict(app.create(nobodys).openapi())
    nobodys.store.close()
FEW = settings(
    max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A studio that paints; its queue is never full."""
    limits = Limits(queue=100_000, file_bytes=100_000, body_bytes=1_000_000, pixels=10_000)
    opened = Served(tmp_path_factory.mktemp("fuzzed"), limits=limits)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def painted(served):
    """The id of a finished job."""
    return served.paint()["id"]


def conforms(case, served):
    """Sends it; the answer has to be as it is described."""
    answer = case.call(base_url=served.address, timeout=20)
    assert answer.status_code < 500 or answer.status_code in DECLARED, answer.text
    # Schemathesis takes the rows of fixed length for a mistake: it rewrites the word that OpenAPI 3.1 has for them.
    rows = case.path.endswith("/costs") and answer.status_code == 200
    case.validate_response(
        answer, checks=[one for one in LOOKED_AT if not (rows and one is checks.response_schema_conformance)]
    )


@schema.parametrize()
@FEW
def test_whatever_is_sent_is_answered_as_described(case, served):
    conforms(case, served)


@schema.include(path_regex=r"/jobs/\{id\}").exclude(method="DELETE").parametrize()
@FEW
def test_a_finished_job_is_shown_as_described(case, served, painted):
    case.path_parameters["id"] = painted
    conforms(case, served)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.lists(st.integers(), max_size=3),
    st.sampled_from([-1, 0, 1, 2, 16, 400, 0.5, 1e-300, 1e300, 10**400]),
    st.sampled_from(["", "none", "conv4_2=1", "1,2", "content", "mp4"]),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)  # fmt: skip
NAMES = [setting.name for setting in config.settings()]
CHANGES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4)


def submitted(changes, preset, styles):
    """The submission with these settings, or why it is refused."""
    try:
        name, network, found = submission.read_settings(preset, None, json.dumps(changes), Limits())
        pictures = [("content", "one", (300, 400)), *[("style", "two", (200, 500))] * styles]
        submission.check_pictures(found, pictures)
    except Refused as error:
        return None, error
    return submission.Submission("one", ["two"] * styles, name, network, found), None


@given(CHANGES, st.sampled_from([*config.PRESETS, None]), st.integers(1, 2))
@settings(FEW, max_examples=1000)
def test_any_settings_are_taken_or_refused_with_a_sentence(changes, preset, styles):
    found, error = submitted(changes, preset, styles)
    if error is None:
        assert submission.Submission.from_json(json.loads(json.dumps(found.to_json()))) == found
        assert found.config.epochs <= min(2000, submission.FRAMES * found.config.print_every)
    else:
        assert (error.status_code, bool(error.detail)) == (400, True)
        assert error.field in {*NAMES, "settings", "content", "style"}
