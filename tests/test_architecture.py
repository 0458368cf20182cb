"""The law of imports: arrows point down only, and some libraries have one home."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {
    "app",
    "benchmarks",
    "blueprints",
    "commands",
    "config",
    "extensions",
    "jobs",
    "models",
    "sandbox",
    "services",
    "tests",
}
PURE = {
    "services.customer_diff",
    "services.database_url",
    "services.env_file",
    "services.key_strength",
    "services.matching",
    "services.placeholder_email",
    "services.plain_text",
    "services.retention_days",
    "services.smtp_url",
    "services.text_keys",
}
WEB = {
    "flask",
    "flask_compress",
    "flask_login",
    "flask_migrate",
    "flask_sqlalchemy",
    "flask_wtf",
    "wtforms",
}
HTTP = {"requests", "requests_oauthlib", "oauthlib", "urllib3"}
ENGINES = {"apscheduler", "procrastinate"}
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40

# What a room may import of ours. The longest prefix that fits a module decides.
MAY_IMPORT = {
    "models": {"models"},
    "services.providers": {"services.providers"},
    "services.customer_diff": {"services.providers.contract"},
    "services.matching": {
        "services.matching",
        "services.placeholder_email",
        "services.providers.contract",
    },
    "services.placeholder_email": set(),
    "services.text_keys": set(),
    "services.database_url": set(),
    "services.env_file": set(),
    "services.key_strength": set(),
    "services.retention_days": set(),
    "services.smtp_url": set(),
    "services": {"services", "models"},
    "jobs": {"jobs", "services", "models", "config"},
    "blueprints": {"blueprints", "services", "extensions", "models"},
    "commands": {"commands", "services", "extensions", "models"},
    # It tells of every setting.
    "commands.doctor": {"commands", "services", "extensions", "config"},
    # The demo builds an application of its own before it serves one.
    "commands.demo": {"commands", "services", "models", "config", "app"},
    "config": {
        "services.database_url",
        "services.env_file",
        "services.key_strength",
        "services.retention_days",
        "services.smtp_url",
    },
    "extensions": {"models"},
    # In the processes that serve; the master itself imports nothing of ours.
    "gunicorn.conf": {"app", "config"},
    "sandbox": {"sandbox"},
    "app": OURS - {"sandbox", "benchmarks", "tests"},
}

# Libraries a room must not touch.
NEVER = {
    "models": WEB | HTTP | ENGINES,
    "services.providers": {"sqlalchemy"} | WEB | ENGINES,
    "services": WEB | HTTP | ENGINES,
    "jobs": WEB | HTTP,
    "blueprints": {"sqlalchemy"} | HTTP | ENGINES,
    "commands": {"sqlalchemy"} | HTTP | ENGINES,
    # The one place where a database error becomes a sentence in the terminal.
    "commands.terminal": HTTP | ENGINES,
    "config": {"sqlalchemy"} | WEB | HTTP | ENGINES,
    "sandbox": {"sqlalchemy", "requests", "requests_oauthlib", "oauthlib"} | ENGINES,
}
NEVER |= {module: {"sqlalchemy"} | WEB | HTTP | ENGINES for module in PURE}


def _files() -> list[Path]:
    return sorted(
        path
        for path in ROOT.rglob("*.py")
        if not {".venv", "instance", "migrations"} & set(path.relative_to(ROOT).parts)
    )


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _rule(rules: dict[str, set[str]], module: str) -> set[str] | None:
    fitting = [room for room in rules if module == room or module.startswith(room + ".")]
    return rules[max(fitting, key=len)] if fitting else None


def _is_inside(name: str, rooms: set[str]) -> bool:
    return any(name == room or name.startswith(room + ".") for room in rooms)


PRODUCT = [path for path in _files() if _module(path).split(".")[0] not in {"tests", "benchmarks"}]


@pytest.mark.parametrize("path", PRODUCT, ids=_module)
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    module = _module(path)
    imports = list(_imports(ast.parse(path.read_text(encoding="utf-8"))))

    allowed = _rule(MAY_IMPORT, module)
    never = _rule(NEVER, module) or set()

    assert allowed is not None, f"{module} stands in no room of the house"
    ours = [name for name in imports if name.split(".")[0] in OURS]
    assert [name for name in ours if not _is_inside(name, allowed)] == []
    assert [name for name in imports if _is_inside(name, never)] == []


@pytest.mark.parametrize("path", _files(), ids=_module)
def test_files_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)

    functions = {
        node.name: (node.end_lineno or 0) - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert len(text.splitlines()) <= MAX_FILE_LINES
    assert {name: size for name, size in functions.items() if size > MAX_FUNCTION_LINES} == {}


@pytest.mark.parametrize("path", PRODUCT, ids=_module)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))

    docstring = ast.get_docstring(tree)

    assert docstring, "a module begins with a line that says what it is for"


def test_only_one_module_knows_the_placeholder_domain() -> None:
    knowing = [
        _module(path) for path in PRODUCT if "placeholder.local" in path.read_text(encoding="utf-8")
    ]

    assert knowing == ["services.placeholder_email"]


def test_only_counting_and_its_page_know_the_library_of_metrics() -> None:
    knowing = [
        _module(path) for path in PRODUCT if "prometheus_client" in path.read_text(encoding="utf-8")
    ]

    assert knowing == ["services.metrics", "services.metrics_page"]
