"""Xero: which tenants are shared, and with whom."""

import pytest

from tests.sandbox.xero_program import CLIENT, KAURI, PRACTICE, TUI, Program, granted, signed_in


def test_connections_have_seven_digits_and_no_zone(client):
    for path in ("connections", "Connections"):
        (found,) = granted(client).get(path).json

        assert found["createdDateUtc"] == "2026-11-20T16:00:00.0000000"
        assert (found["tenantType"], found["tenantName"]) == (
            "ORGANISATION",
            "Kauri Plumbing & Gas Ltd",
        )


def test_all_token_sets_of_a_person_see_all_they_shared(client):
    early = signed_in(client, KAURI)
    signed_in(client, TUI, PRACTICE)

    seen = early.connections()

    assert {one["tenantId"] for one in seen} == {KAURI, TUI, PRACTICE}
    assert {one["tenantType"] for one in seen} == {"ORGANISATION", "PRACTICE"}
    early.tenant = TUI
    assert early.ask(page=1).json["pagination"]["itemCount"] > 2310


def test_sharing_again_keeps_the_connection(client):
    first = signed_in(client, KAURI).connections()

    again = signed_in(client, KAURI).connections()

    assert [one["id"] for one in again] == [one["id"] for one in first]
    assert again[0]["authEventId"] != first[0]["authEventId"]


def test_a_tenant_that_was_disconnected_is_forbidden(client):
    program = signed_in(client, KAURI, TUI)
    gone, kept = program.connections()

    ended, again = program.disconnect(gone["id"]), program.disconnect(gone["id"])

    assert (ended.status_code, ended.data, again.status_code) == (204, b"", 404)
    assert [one["id"] for one in program.connections()] == [kept["id"]]
    refused = program.ask(page=1)
    assert (refused.status_code, refused.json["Detail"]) == (403, "AuthenticationUnsuccessful")


def test_nobody_ends_the_connection_of_another(client):
    mine, theirs = granted(client), granted(client)

    answered = mine.disconnect(theirs.connections()[0]["id"])

    assert answered.status_code == 404
    assert theirs.ask(page=1).status_code == 200


@pytest.mark.parametrize("tenant", [None, PRACTICE, TUI, "no tenant"])
def test_a_tenant_has_to_be_named_and_shared(client, tenant):
    program = signed_in(client, KAURI, PRACTICE)
    program.tenant = tenant

    refused = program.ask(page=1)

    assert (refused.status_code, refused.json["Detail"]) == (403, "AuthenticationUnsuccessful")


def test_a_missing_scope_is_told_from_an_expired_token(client):
    program = signed_in(client, scope="offline_access accounting.settings.read")

    refused = program.ask(page=1)

    assert (refused.status_code, refused.json["Detail"]) == (401, "AuthorizationUnsuccessful")
    assert program.refresh().status_code == 200


def test_no_token_and_an_invented_one_are_refused(client):
    answered = Program(client, {"access_token": "invented"}).ask(page=1)

    assert (answered.status_code, answered.json["Detail"]) == (401, "AuthenticationUnsuccessful")


def test_revoking_ends_all_connections_of_the_person_only(client):
    other = granted(client)
    first, second = signed_in(client, KAURI), signed_in(client, TUI)

    revoked = client.post(
        "/xero/connect/revocation", data={"token": second.tokens["refresh_token"]}, auth=CLIENT
    )

    assert (revoked.status_code, revoked.data) == (200, b"")
    assert second.refresh().json == {"error": "invalid_grant"}
    assert first.connections() == []
    assert first.ask(page=1).status_code == 403
    assert other.ask(page=1).status_code == 200
