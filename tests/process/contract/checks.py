"""Checks that schemathesis does not have, or has in another form."""

import json

import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance


def problem_of(response):
    """The problem in an answer (RFC 9457)."""
    kinds = response.headers.get("content-type")
    assert kinds == ["application/problem+json"], f"{response.status_code} with {kinds} is no problem"
    return json.loads(response.content)


@schemathesis.check
def answer_is_documented_or_a_problem(ctx, response, case):
    """The document has a default answer, which is a problem. It must not hide a success that is not documented."""
    if str(response.status_code) in case.operation.responses.status_codes:
        return
    assert response.status_code >= 400, f"{response.status_code} is not documented"
    problem = problem_of(response)
    assert problem["status"] == response.status_code, f"{problem} has another status than its answer"
    assert problem["type"] == f"urn:vestibule:problem:{problem['code']}", f"{problem} has another type than its code"


@schemathesis.check
def documented_data_is_accepted(ctx, response, case):
    """What the document permits is refused for a rule alone (422), or for a word that this server would have made."""
    if response.status_code == 422:
        return
    if response.status_code == 400:
        problem = problem_of(response)
        # A cursor is of an answer with the same filter; the scopes of a token are words with spaces between them; a form
        # has each parameter once, unknown ones too (RFC 6749, 3.2).
        refused = (problem["code"], problem.get("field"))
        if refused in (("invalid_parameter", "cursor"), ("invalid_scope", "scope"), ("repeated_parameter", None)):
            return
    positive_data_acceptance(ctx, response, case)
