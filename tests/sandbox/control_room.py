"""What the tests of every imitation ask the control room, and try on every consent page."""

from flask.testing import FlaskClient

STRANGERS = (
    {"client_id": "somebody"},
    {"redirect_uri": "https://evil.example/callback"},
    {"redirect_uri": "http://127.0.0.1@evil.example/"},
    {"response_type": "token"},
)


def customers(client: FlaskClient, provider: str, account: str | None) -> dict[str, int]:
    """Return the true numbers by kind."""
    state = client.get("/control/state", query_string={"realm": account} if account else {}).json
    assert state is not None
    counted: dict[str, int] = state["providers"][provider]["customers"]
    return counted
