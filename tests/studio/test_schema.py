"""Requests that schemathesis makes up from the OpenAPI schema: whatever comes, no fault of the server answers it.

``SCHEMA_EXAMPLES=1000`` looks further. Training is left out: it would begin runs.
"""

import os
from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "4"))


@pytest.fixture(scope="session")
def operations(server):
    """Every route but those that train, by method and path."""
    schema = schemathesis.openapi.from_url(f"{server.address}api/openapi.json").exclude(path_regex="^/train")
    return [found.ok() for found in schema.get_all_operations()]


def test_the_schema_has_every_route(operations):
    assert {"POST /generate", "POST /read", "GET /jobs/{name}", "POST /export"} <= {one.label for one in operations}


@pytest.mark.parametrize("mode", GenerationMode)
def test_no_request_is_a_fault(operations, mode):
    for operation in operations:
        if mode is GenerationMode.POSITIVE or (operation.body and operation.path != "/read"):  # of others, all is right
            print(operation.label, Counter(tried(operation, mode)))


def past_the_door(body):
    """Names and melodies that are made up are unknown: right ones let a request reach what lies behind."""
    if isinstance(body.get("options"), dict):
        body["options"] = {**body["options"], "notes": 3}  # a minute of music would be as good a test, and slow
    if isinstance(body.get("music"), dict) and "notes" not in body["music"]:
        body["music"] = {"melody": "C4 E4 G4:2 r A4 D4+F4 E4"}
    for name in ("model", "preset", "instrument"):
        body.pop(name, None)


def tried(operation, mode):
    """The statuses of requests made up for a route."""
    statuses = []

    @settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case):
        if mode is GenerationMode.POSITIVE and isinstance(case.body, dict):
            past_the_door(case.body)
        answer = case.call(timeout=60)
        statuses.append(answer.status_code)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            assert set(answer.json()["error"]) == {"kind", "message"}

    ask()
    return statuses
