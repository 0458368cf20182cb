"""How many of each job run at once in a process, and how often the clock beats, in any engine."""

from __future__ import annotations

from collections.abc import Mapping

from services.customer_import import IMPORT_JOB
from services.match_job import MATCH_JOB
from services.one_time_links import LINK_JOB
from services.report_delivery import DELIVERY_JOB
from services.unsynced import READ_JOB

#: Readings mostly sleep, for minutes where a provider asks for it, and must not starve imports.
#: Imports check their books first, so they sleep as long, and must not starve those of others.
#: Matchings compute: more than two at once would only slow the pages down.
#: Mails that a person asked for; a silent server keeps a thread for minutes, and the beat is there.
#: Links have threads of their own: somebody without a password waits behind no report.
THREADS: Mapping[str, int] = {
    READ_JOB: 16,
    IMPORT_JOB: 16,
    MATCH_JOB: 2,
    DELIVERY_JOB: 2,
    LINK_JOB: 2,
}
TICK_S = 60.0
# Work left by a killed process is found within its lease and one sweep: 32 s, so that it ends
# within 35 s.
SWEEP_S = 2.0
