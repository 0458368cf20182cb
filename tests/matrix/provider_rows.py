"""The fault catalogue of the provider's HTTP side, H1 to H30, as a table."""

from __future__ import annotations

from models import ReadingFailure as Failure
from tests.matrix.faults import (
    FRESHBOOKS,
    QUICKBOOKS,
    XERO,
    Fault,
    Server,
    always,
    answered,
    once,
)

QUIET_S = 0.5
FAR_DATE = "Fri, 31 Dec 2100 23:59:59 GMT"
PAST_DATE = "Wed, 21 Oct 2015 07:28:00 GMT"
UNAVAILABLE, UNREADABLE = Failure.UNAVAILABLE, Failure.UNREADABLE

NO_FIRST_COMPARISON = {
    "opening": "a first reading has nothing to compare with: no list of QuickBooks or Xero says "
    "whose it is, and nobody knows yet which fields are usually filled",
    "import": "it begins with a delta, which names nobody that did not change",
}


def _asked_to_wait(text: str | None, ends: Failure, title: str, extra_calls: int = 0) -> Fault:
    headers = {} if text is None else {"Retry-After": text}
    return Fault(
        "H12",
        f"429 with {title}",
        answered(429, "busy", **headers),
        ends=ends,
        extra_calls=extra_calls,
    )


FAULTS: tuple[Fault, ...] = (
    Fault("H0", "nothing wrong"),
    Fault("H1", "refused", server=Server.NOBODY, ends=UNAVAILABLE, extra_calls=2),
    Fault("H1", "unknown name", server=Server.NO_NAME, ends=UNAVAILABLE, extra_calls=2),
    Fault("H1", "no TLS", server=Server.NO_TLS, ends=UNAVAILABLE, extra_calls=2),
    Fault("H1", "connect timeout", server=Server.SILENT, ends=UNAVAILABLE, extra_calls=2),
    Fault(
        "H2",
        "no answer in time",
        always("delay", seconds=1.2),
        ends=UNAVAILABLE,
        extra_calls=2,
        limit_s=QUIET_S,
    ),
    Fault(
        "H3",
        "drip",
        always("drip", seconds=0.05),
        ends=UNAVAILABLE,
        extra_calls=2,
        limit_s=QUIET_S,
    ),
    *(
        Fault(
            "H4",
            f"cut by {variant}",
            always("reset", variant=variant, after_bytes=40),
            ends=UNAVAILABLE,
            extra_calls=2,
        )
        for variant in ("reset", "close", "chunked")
    ),
    Fault(
        "H4",
        "cut at the second page",
        always("reset", variant="close", from_page=2),
        ends=UNAVAILABLE,
        extra_calls=6,
    ),
    Fault(
        "H5",
        "half an answer that looks whole",
        always("reset", variant="no_length", after_bytes=10**6),
        ends=UNREADABLE,
    ),
    Fault(
        "H6",
        "closed unanswered once",
        once("reset", variant="unanswered"),
        extra_calls=1,
        waits_s=(),
    ),
    Fault(
        "H6",
        "closed unanswered always",
        always("reset", variant="unanswered"),
        ends=UNAVAILABLE,
        extra_calls=2,
    ),
    Fault("H7", "401 once", ({"fault": "expire_token"},), extra_calls=1, token_calls=1),
    Fault(
        "H8",
        "401 always",
        always("status", status=401),
        ends=Failure.RECONNECT_REQUIRED,
        extra_calls=1,
        token_calls=1,
    ),
    Fault("H9", "scope gone", always("scope_drop"), ends=Failure.SCOPE_MISSING),
    Fault(
        "H9",
        "scope gone at the second page",
        always("scope_drop", from_page=2),
        ends=Failure.SCOPE_MISSING,
    ),
    Fault("H10", "404", always("status", status=404), ends=Failure.ACCOUNT_GONE),
    Fault(
        "H10",
        "403",
        always("status", status=403),
        # Xero's 403 is that of an organisation which is not connected; a lost scope is a 401.
        ends={
            QUICKBOOKS: Failure.SCOPE_MISSING,
            XERO: Failure.ACCOUNT_GONE,
            FRESHBOOKS: Failure.SCOPE_MISSING,
        },
    ),
    Fault(
        "H11",
        "429 for a moment",
        once("status", status=429, headers={"Retry-After": "7"}),
        extra_calls=1,
        waits_s=(7.0,),
    ),
    _asked_to_wait("40", Failure.RATE_LIMITED, "seconds"),
    _asked_to_wait(PAST_DATE, Failure.RATE_LIMITED, "a date that has passed", extra_calls=2),
    _asked_to_wait(FAR_DATE, Failure.DAILY_LIMIT, "a date far ahead"),
    _asked_to_wait("-5", Failure.RATE_LIMITED, "a negative number"),
    _asked_to_wait("soon", Failure.RATE_LIMITED, "nonsense"),
    _asked_to_wait("", Failure.RATE_LIMITED, "nothing"),
    _asked_to_wait("86400", Failure.DAILY_LIMIT, "a day"),
    Fault(
        "H13",
        "429 of the token endpoint",
        (
            {"fault": "expire_token"},
            {
                "fault": "status",
                "endpoint": "token",
                "status": 429,
                "headers": {"Retry-After": "40"},
            },
        ),
        ends=Failure.RATE_LIMITED,
        token_calls=1,
    ),
    Fault("H14", "a slow provider with few lines", always("delay", seconds=0.05)),
    Fault(
        "H15",
        "daily limit in the middle",
        ({"fault": "rate", "day": 1},),
        # Only Xero counts by the day and says so. QuickBooks tells no time, which is a minute;
        # FreshBooks is known to tell one, and so long a one is no short limit.
        ends={
            QUICKBOOKS: Failure.RATE_LIMITED,
            XERO: Failure.DAILY_LIMIT,
            FRESHBOOKS: Failure.DAILY_LIMIT,
        },
    ),
    *(
        Fault("H16", f"one {status}", once("status", status=status), extra_calls=1)
        for status in (408, 500, 502, 503, 504)
    ),
    Fault(
        "H17",
        "every second call 503",
        always("status", every=2),
        extra_calls=4,
        concurrent=1,
    ),
    Fault("H18", "503 for ever", always("status"), ends=UNAVAILABLE, extra_calls=2),
    Fault(
        "H18",
        "500 from the second page on",
        always("status", status=500, from_page=2),
        ends=UNAVAILABLE,
        extra_calls=6,
    ),
    Fault("H19", "a page for people", always("html200"), ends=UNREADABLE),
    Fault(
        "H19", "a page for people in the middle", always("html200", from_page=2), ends=UNREADABLE
    ),
    *(
        Fault("H20", f"empty {variant}", always("empty", variant=variant), ends=UNREADABLE)
        for variant in ("no_body", "null", "array", "object", "no_content")
    ),
    *(
        Fault("H22", f"half of it {variant}", always("truncate", variant=variant), ends=UNREADABLE)
        for variant in ("body", "gzip", "not_gzip")
    ),
    Fault("H23", "gzip bomb", always("gzipbomb"), ends=UNREADABLE),
    Fault("H24", "no UTF-8", always("bad_utf8"), ends=UNREADABLE),
    *(
        Fault("H25", variant, always("garbage", variant=variant), ends=UNREADABLE)
        for variant in ("bom", "nan", "infinity", "duplicate", "deep", "digits", "not_an_object")
    ),
    *(
        Fault("H26", f"redirect {status}", always("redirect", status=status), ends=UNREADABLE)
        for status in (301, 302, 303, 307, 308)
    ),
    Fault(
        "H27",
        "no status line",
        always("reset", variant="status_line"),
        ends=UNAVAILABLE,
        extra_calls=2,
    ),
    Fault(
        "H27",
        "endless header",
        always("status", status=200, body={}, headers={"X-Long": "x" * 100_000}),
        ends=UNAVAILABLE,
        extra_calls=2,
    ),
    Fault(
        "H28",
        "another account's customers",
        always("tenant_swap"),
        # A client of FreshBooks names its account. At the other two a list without those who
        # were known before is noticed. The company of QuickBooks that answers, asked for its
        # name, does not know the id of ours. Xero names ours all the same, and is asked who came
        # since: nobody of those in the list.
        ends={
            QUICKBOOKS: Failure.ACCOUNT_GONE,
            XERO: Failure.OTHER_ACCOUNT,
            FRESHBOOKS: UNREADABLE,
        },
        extra_calls=2,
        later_days=8,
        not_when=NO_FIRST_COMPARISON,
    ),
    Fault("H29", "a clock ten minutes ahead", always("clock_skew", seconds=600)),
    Fault("H29", "a clock ten minutes behind", always("clock_skew", seconds=-600)),
    Fault(
        "H30",
        "no e-mail address any more",
        {
            QUICKBOOKS: always("malformed", field="PrimaryEmailAddr"),
            XERO: always("malformed", field="EmailAddress"),
            FRESHBOOKS: always("malformed", field="email"),
        },
        ends=Failure.FIELD_LOST,
        later_days=8,
        not_when=NO_FIRST_COMPARISON,
    ),
    Fault(
        "H30",
        "no id any more",
        {
            QUICKBOOKS: always("malformed", field="Id"),
            XERO: always("malformed", field="ContactID"),
            FRESHBOOKS: always("malformed", field="id"),
        },
        ends=UNREADABLE,
        # Changes nobody can read lead to a whole reading.
        extra_calls=3,
    ),
)
