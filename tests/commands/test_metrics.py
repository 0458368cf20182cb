"""`flask metrics`: where nobody counts together, it says what to set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app import create_app
from config import Settings, SettingsError, load_settings, new_keys


def _settings(tmp_path: Path, folder: str) -> Settings:
    environ = new_keys() | {"BLUECLERK_ENV": "demo", "BLUECLERK_INSTANCE_FOLDER": str(tmp_path)}
    return replace(load_settings(environ), metrics_folder=folder)


def test_without_a_folder_it_says_what_to_set(tmp_path: Path) -> None:
    app = create_app(_settings(tmp_path, ""))

    with app.app_context():
        ended = app.test_cli_runner().invoke(args=["metrics"])

    assert ended.exit_code == 1
    assert "Set BLUECLERK_METRICS_FOLDER" in ended.output


@pytest.mark.parametrize("folder", ["metrics", "/nowhere/at/all", __file__, "/" + "a" * 300 + "/x"])
def test_a_folder_that_cannot_be_refuses_to_start(tmp_path: Path, folder: str) -> None:
    with pytest.raises(SettingsError, match="must be the whole path of a folder"):
        create_app(_settings(tmp_path, folder))
