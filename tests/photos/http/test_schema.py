"""schemathesis: whatever is asked, no answer is an internal error, and every answer is as described."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from photos.config import load
from photos.daemon.session import Session
from photos.http.access.credentials import make_token
from photos.http.app import application
from photos.http.service import Service

from ..encoders import ColourEncoders

#: Jobs would run on while the next case begins, and a stream of events has no end.
LEFT_OUT = r"/(index|retag|events|examples|labels/\{name\})$"


@pytest.fixture
def described(filled):
    """The application with the description that it serves, for a program with the token."""
    configuration = load({"library": filled.library}, {})
    session = Session(configuration, ColourEncoders())
    service = Service(configuration, session, print)
    headers = {"Authorization": f"Bearer {make_token(filled.library)}", "Host": "localhost"}
    schema = schemathesis.openapi.from_asgi("/openapi.json", application(service), headers=headers)
    schema.key = headers
    yield schema
    service.close()
    session.close()


def test_no_request_ends_in_an_internal_error(described):
    operations = [each.ok() for each in described.exclude(path_regex=LEFT_OUT).get_all_operations()]
    assert len(operations) >= 25
    for operation in operations:

        @settings(
            max_examples=12, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy())
        def is_answered(case):
            response = case.call(headers=described.key)
            case.validate_response(
                response, checks=[not_a_server_error, content_type_conformance, response_schema_conformance]
            )

        is_answered()
