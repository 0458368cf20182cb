"""A decision that is taken back, or that ignoring ends: the bin is as it was before."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from models import Bin, ChosenOutcome, RemoteCustomer, RemoteState, ReviewChoice
from services import decisions
from services.decisions import AlreadyDecided, Decision
from services.review_choices import choose, take_back
from services.review_query import Meant
from services.runtime import Runtime
from tests.factories import NOW
from tests.services.importing import Importing

CREATE, LINK = ChosenOutcome.CREATE, ChosenOutcome.LINK


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


def _choose(
    importing: Importing, *remotes: RemoteCustomer, outcome: ChosenOutcome = LINK
) -> Decision:
    meant = Meant(tuple(remote.public_id for remote in remotes))
    asked = (importing.session, importing.ada, importing.account_id)
    return choose(*asked, meant=meant, outcome=outcome, now=NOW)


def test_a_whole_decision_is_taken_back_at_once(importing: Importing) -> None:
    remotes = [importing.doubtful()[0] for _ in range(2)]
    kept, _customer = importing.doubtful()
    batch = _choose(importing, *remotes).batch
    _choose(importing, kept)

    decision = take_back(
        importing.session, importing.ada, importing.account_id, batch=batch, now=NOW
    )

    importing.session.expire_all()
    assert decision.count == 2
    assert [remote.bin for remote in (*remotes, kept)] == [Bin.MAYBE, Bin.MAYBE, Bin.SAME]


def test_a_named_choice_is_taken_back(importing: Importing) -> None:
    remote, _customer = importing.doubtful()
    undecided, _customer = importing.doubtful()
    _choose(importing, remote)

    meant = Meant((remote.public_id, undecided.public_id))
    decision = take_back(
        importing.session, importing.ada, importing.account_id, meant=meant, now=NOW
    )

    assert (decision.count, decision.passed) == (1, 1)
    assert importing.count(ReviewChoice) == 0


def test_taking_back_what_was_not_decided_is_told(importing: Importing) -> None:
    remote, _customer = importing.doubtful()

    for arguments in ({"batch": "0" * 16}, {"meant": Meant((remote.public_id,))}):
        with pytest.raises(AlreadyDecided):
            take_back(
                importing.session,
                importing.ada,
                importing.account_id,
                now=NOW,
                **arguments,  # type: ignore[arg-type]
            )


def test_ignoring_ends_a_choice_and_restoring_brings_the_bin_back(importing: Importing) -> None:
    remote, _customer = importing.doubtful()
    _choose(importing, remote, outcome=CREATE)
    meant = Meant((remote.public_id,))
    asked = (importing.session, importing.ada, importing.account_id)

    decisions.ignore(*asked, meant=meant, now=NOW)
    choices = importing.count(ReviewChoice)
    decisions.restore(*asked, meant=meant, now=NOW)

    importing.session.expire_all()
    assert choices == 0
    assert (remote.state, remote.bin) == (RemoteState.UNSYNCED, Bin.MAYBE)
