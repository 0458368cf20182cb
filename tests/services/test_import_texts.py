"""What is folded before a batch locks anything holds only for whoever has not changed since."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import Customer, RemoteCustomer
from services import customer_import
from services.customer_import import run_import
from services.import_texts import SearchTexts
from services.runtime import Runtime
from tests.services.importing import Importing


@pytest.mark.both_databases
def test_who_is_renamed_while_a_batch_is_prepared_is_found_by_the_new_name(
    session: Session, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing = Importing(session, runtime)
    run = importing.start(importing.there(name="Ada Brown", phone=""))
    run_id, prepare, prepared = run.id, customer_import.read_texts, list[str]()
    session.commit()

    def meet_a_renaming(*arguments: Any) -> SearchTexts:
        texts = prepare(*arguments)
        prepared.extend(texts.values())
        session.execute(update(RemoteCustomer).values(name="Ada Green"))
        session.commit()
        return texts

    monkeypatch.setattr(customer_import, "read_texts", meet_a_renaming)
    run_import(runtime, run_id, is_prepared=True)

    written = session.scalars(select(Customer.search_text)).all()
    assert [text.partition("\n")[0] for text in (*prepared, *written)] == ["ada brown", "ada green"]
