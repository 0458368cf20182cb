"""A run of three, and what a person does with it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import ImportRun, RemoteCustomer
from services.customer_import import process_batch
from services.run_control import continue_run, retry_failed, stop_run
from services.runtime import Runtime
from tests.services.importing import Importing


class Controlled(Importing):
    """An import of three, and what a person presses."""

    def __init__(self, session: Session, runtime: Runtime) -> None:
        super().__init__(session, runtime)
        self.remotes = [self.there() for _ in range(3)]
        self.run_id = self.start(*self.remotes).id

    @property
    def now_run(self) -> ImportRun:
        self.session.rollback()
        return self.session.get_one(ImportRun, self.run_id, populate_existing=True)

    def change(self, **values: object) -> None:
        for name, value in values.items():
            setattr(self.now_run, name, value)
            self.session.commit()

    def begin(self, *, batches: int = 1) -> str:
        """Let a process hold the run that has written so many; return the owner."""
        owner = self.claim(self.now_run).owner
        for _ in range(batches):
            self.batch(owner)
        return owner

    def batch(self, owner: str) -> bool:
        now = self.runtime.clock()
        return process_batch(self.session, self.run_id, owner=owner, now=now, size=1)

    def stop(self) -> ImportRun:
        wake, now = self.runtime.wake, self.runtime.clock()
        stop_run(self.session, self.ada, self.now_run.public_id, wake=wake, now=now)
        return self.now_run

    def again(self) -> ImportRun:
        now = self.runtime.clock()
        wake = self.runtime.wake
        public_id = continue_run(self.session, self.ada, self.now_run.public_id, wake=wake, now=now)
        return self.find(public_id)

    def retry(self, *remotes: RemoteCustomer) -> ImportRun:
        public_id = retry_failed(
            self.session,
            self.ada,
            self.now_run.public_id,
            remote_ids=tuple(remote.remote_id for remote in remotes) or None,
            wake=self.runtime.wake,
            now=self.runtime.clock(),
        )
        return self.find(public_id)

    def find(self, public_id: str) -> ImportRun:
        return self.session.scalars(select(ImportRun).where(ImportRun.public_id == public_id)).one()

    def reasons(self, run: ImportRun) -> list[str]:
        return [self.item(run, remote).reason_code for remote in self.remotes]
