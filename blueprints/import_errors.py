"""The rows of the table of errors that imports and their undos can end in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from blueprints.error_answers import ErrorAnswer, NextStep
from services import customer_import, import_request, import_undo, import_views, run_control

IMPORT_ANSWERS: Mapping[type[Exception], ErrorAnswer] = MappingProxyType(
    {
        import_views.UnknownImport: ErrorAnswer(
            404, "There is no such import", "It may belong to another company."
        ),
        import_request.ImportRepeated: ErrorAnswer(
            409,
            "This import was done a moment ago",
            "Nothing was started twice.",
            NextStep.RELOAD,
        ),
        import_request.EverybodyWaits: ErrorAnswer(
            409,
            "Whoever was chosen waits for your decision",
            "Nothing was started.",
            NextStep.RELOAD,
        ),
        customer_import.NothingChosen: ErrorAnswer(
            422,
            "No customer was chosen",
            "Choose at least one. Nothing was changed.",
            NextStep.RELOAD,
        ),
        run_control.RunEnded: ErrorAnswer(
            409, "It has ended already", "This is what became of it.", NextStep.RELOAD
        ),
        run_control.NothingToContinue: ErrorAnswer(
            409,
            "There is nothing to continue",
            "Nobody of this import was left by a stop. Nothing was started.",
            NextStep.RELOAD,
        ),
        run_control.NothingFailed: ErrorAnswer(
            409,
            "There is nobody to try again",
            "Nobody of those meant has failed. Nothing was started.",
            NextStep.RELOAD,
        ),
        import_undo.UndoTooLate: ErrorAnswer(
            409,
            "This import can no longer be undone",
            "It ended more than 30 days ago. Nothing was changed.",
            NextStep.RELOAD,
        ),
        import_undo.NothingToUndo: ErrorAnswer(
            409,
            "There is nothing to undo",
            "It brought nobody here, has not ended, or was undone already. Nothing was changed.",
            NextStep.RELOAD,
        ),
        import_undo.UndoRunning: ErrorAnswer(
            409,
            "The undo is there already",
            "Nothing was started twice.",
            NextStep.RELOAD,
        ),
    }
)
