"""The pages for people, and who is kept out."""

import pytest

from sandbox.fault_wishes import KINDS
from sandbox.switches import SWITCHES
from sandbox.world import the_world

# These happen once, when a button is pressed.
TOKEN_KINDS = {"expire_token", "revoke"}
MAIL = (
    "From: BlueClerk <reports@example.com>\r\nTo: ada@example.com\r\n"
    "Subject: =?utf-8?b?xYHDs2TFug==?=\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    "Nine people – hello\r\n"
    "--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    "<p>Nine <script>x</script></p>\r\n--b--\r\n"
)


@pytest.fixture
def outbox(app):
    return the_world(app).outbox


def _customers(client):
    return client.get("/control/state").json["providers"]["quickbooks"]["customers"]["counted"]


def test_the_page_shows_customers_and_calls_but_no_token(caller):
    caller.query("SELECT COUNT(*) FROM Customer")
    caller.refresh("a-secret-token")

    page = caller.client.get("/").text

    assert "60 customers" in page
    assert "query COUNT(*) FROM Customer" in page
    assert "invalid_grant" in page
    assert "a-secret-token" not in page
    assert caller.grant["access_token"] not in page
    assert "<script" not in page and "style=" not in page


def test_a_switch_on_the_page_spoils_calls(caller):
    pressed = caller.client.post("/switches/quickbooks", data={"switch": ["too-many-calls"]})

    assert (pressed.status_code, pressed.location) == (303, "/")
    assert caller.query("SELECT * FROM Customer").status_code == 429
    assert 'value="too-many-calls" checked' in caller.client.get("/").text


def _faults(client, name="quickbooks"):
    return client.get("/control/state").json["providers"][name]["faults"]


@pytest.mark.parametrize("name", ["quickbooks", "xero", "freshbooks"])
def test_every_switch_can_be_turned_on_with_its_usual_values(client, name):
    ticked = [switch.name for switch in SWITCHES]

    pressed = client.post(f"/switches/{name}", data={"switch": ticked})

    assert pressed.status_code == 303
    assert len(_faults(client, name)) == len(SWITCHES)
    assert {fault["fault"] for fault in _faults(client, name)} >= set(KINDS) - TOKEN_KINDS
    assert client.get("/").text.count(" checked>") == len(SWITCHES)


def test_a_switch_takes_what_was_typed_and_shows_it_again(small):
    form = {
        "switch": ["malformed", "reset"],
        "malformed.field": "Id",
        "malformed.value": '{"not": "an id"}',
        "malformed.every": "3",
        "reset.variant": "close",
        "reset.after_bytes": "12",
    }

    small.post("/switches/quickbooks", data=form)

    reset, malformed = _faults(small)
    assert (reset["variant"], reset["after_bytes"]) == ("close", 12)
    assert (malformed["field"], malformed["value"]) == ("Id", {"not": "an id"})
    page = small.get("/").text
    assert "<option selected>close</option>" in page
    assert 'name="malformed.every" value="3"' in page


def test_applying_again_keeps_a_switch_and_its_counters(caller):
    form = {"switch": ["too-many-calls", "slow"], "slow.seconds": "0"}
    caller.client.post("/switches/quickbooks", data=form)
    caller.query("SELECT * FROM Customer")

    caller.client.post("/switches/quickbooks", data=form | {"slow.seconds": "0.001"})

    assert [(fault["fault"], fault["fired"]) for fault in _faults(caller.client)] == [
        ("status", 1),
        ("delay", 0),
    ]


@pytest.mark.parametrize("typed", ["soon", "-1", "[]", "1e99", "NaN"])
def test_a_value_that_makes_no_sense_changes_nothing(small, typed):
    small.post("/switches/quickbooks", data={"switch": ["html"]})

    refused = small.post("/switches/quickbooks", data={"switch": ["slow"], "slow.seconds": typed})

    assert refused.status_code == 400
    assert [fault["fault"] for fault in _faults(small)] == ["html200"]


def test_a_group_is_open_when_one_of_its_switches_is_on(small):
    closed = small.get("/").text.count("<details open>")

    small.post("/switches/quickbooks", data={"switch": ["bomb"]})

    assert (closed, small.get("/").text.count("<details open>")) == (0, 1)


def test_the_page_describes_what_a_program_set(small):
    wish = {"provider": "quickbooks", "fault": "drip", "seconds": 2, "endpoint": "query"}
    small.post("/control/faults", json=wish)

    assert "drip (seconds 2.0, chunk 1) at query, fired 0 times" in small.get("/").text


def test_applying_without_ticks_turns_the_switches_of_the_page_off(caller):
    caller.client.post("/control/faults", json={"provider": "quickbooks", "fault": "html200"})
    caller.client.post("/switches/quickbooks", data={"switch": ["too-many-calls"]})

    caller.client.post("/switches/quickbooks", data={})

    faults = caller.client.get("/control/state").json["providers"]["quickbooks"]["faults"]
    assert [fault["fault"] for fault in faults] == ["html200"]


def test_back_to_normal_turns_everything_off(caller):
    caller.client.post("/control/faults", json={"provider": "quickbooks", "fault": "html200"})

    caller.client.post("/normal")

    assert caller.query("SELECT * FROM Customer").mimetype == "application/json"


def test_three_customers_can_be_added(small):
    small.post("/switches/quickbooks", data={"do": "add"})

    assert _customers(small) == 63


@pytest.mark.parametrize("button", ["expire", "end"])
def test_tokens_can_be_ended_from_the_page(caller, button):
    caller.client.post("/switches/quickbooks", data={"do": button})

    assert caller.query("SELECT * FROM Customer").status_code == 401
    assert (caller.refresh().status_code == 200) is (button == "expire")


def test_a_mail_is_shown_decoded_and_its_html_as_source(client, outbox):
    outbox.add("reports@example.com", ["ada@example.com"], MAIL.encode())

    listed, shown = client.get("/").text, client.get("/outbox/1").text

    assert "Łódź" in listed
    assert "Nine people – hello" in shown
    assert "&lt;p&gt;Nine &lt;script&gt;" in shown
    assert client.get("/outbox/2").status_code == 404


def test_programs_read_the_outbox_as_json(client, outbox):
    outbox.add("reports@example.com", ["ada@example.com", "mel@example.com"], MAIL.encode())

    (mail,) = client.get("/control/outbox").json["mails"]

    assert (mail["from"], mail["to"]) == (
        "reports@example.com",
        ["ada@example.com", "mel@example.com"],
    )
    assert mail["subject"] == "Łódź"
    assert mail["text"].strip() == "Nine people – hello"
    assert ["To", "ada@example.com"] in mail["headers"]


@pytest.mark.parametrize(
    "message", [b"", b"\xff\xfe", b"Subject: x\n\n", b"Content-Type: a/b\n\nx"]
)
def test_odd_messages_do_not_break_the_outbox(client, outbox, message):
    outbox.add("", [], message)

    assert client.get("/outbox/1").status_code == 200
    assert len(client.get("/control/outbox").json["mails"]) == 1


def test_only_the_last_mails_are_kept(client, outbox):
    for number in range(503):
        outbox.add("a@example.com", [], f"Subject: {number}\n\n".encode())

    mails = client.get("/control/outbox").json["mails"]

    assert (len(mails), mails[0]["subject"], mails[-1]["subject"]) == (500, "3", "502")


def test_mails_can_be_thrown_away(client, outbox):
    outbox.add("a@example.com", [], b"")

    client.delete("/control/outbox")

    assert client.get("/control/state").json["mails"] == 0


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.0.2.7:5001"])
def test_another_name_for_this_machine_is_refused(client, host):
    assert client.get("/control/state", headers={"Host": host}).status_code == 403


def test_another_machine_is_refused(client):
    answered = client.get("/control/state", environ_overrides={"REMOTE_ADDR": "192.0.2.7"})

    assert answered.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_forms_of_other_sites_are_refused(small, headers):
    for path in ("/normal", "/switches/quickbooks", "/control/reset"):
        assert small.post(path, data={"do": "add"}, headers=headers).status_code == 403

    assert _customers(small) == 60


def test_forms_of_this_site_are_taken(small):
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}

    small.post("/switches/quickbooks", data={"do": "add"}, headers=headers)

    assert _customers(small) == 63


def test_pages_may_run_nothing(client):
    policy = client.get("/").headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; style-src 'self';")
