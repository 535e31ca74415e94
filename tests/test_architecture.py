"""The shape of the code: sizes, imports, and import contracts that really catch something."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = ("shared", "services", "deploy")
FILE_LINES = 300
FILE_LINES_MAX = 350
FUNCTION_LINES_MAX = 70
POSITIONAL_MAX = 5
LONG_FILES: set[str] = set()
"""Files above the limit for now; none above the hard one."""
CATCH_ALL = {
    "shared/bus/kafka.py",  # what fails while partitions are assigned is raised by the next fetch
    "shared/inbox.py",  # a batch that fails goes on key by key; a key that fails is parked
    "shared/service.py",  # readiness names what fails
    "shared/worker.py",  # a task is started again; a waiting key is tried again
    "services/intake/channels/worker.py",  # a mail that fails is flagged; the next is filed
    "services/intake/filing/filer.py",  # all who wait for a group get its failure
    "deploy/parked.py",  # the next key is replayed all the same
}
READS_ENVIRONMENT = ("shared/settings.py", "deploy/")
VIOLATIONS = {
    "Services never import each other": [
        ("services/intake/app.py", "services.dispatch.rules"),
        ("services/dispatch/directory/queries.py", "services.sla.rules"),
        ("services/sla/consumer.py", "services.intake.models"),
    ],
    "shared never imports a service, services never import deploy": [
        ("shared/pages.py", "services.sla.rules"),
        ("services/sla/app.py", "deploy.local"),
        ("shared/events/words.py", "deploy.local"),
    ],
    "Inside a service, arrows point inward": [
        ("services/knowledge/rules.py", "services.knowledge.models"),
        ("services/knowledge/models.py", "services.knowledge.queries"),
        ("services/knowledge/operations.py", "services.knowledge.queries"),
        ("services/knowledge/queries.py", "services.knowledge.operations"),
        ("services/intake/operations.py", "services.intake.schemas"),
        ("services/intake/schemas.py", "services.intake.api"),
        ("services/intake/consumer.py", "services.intake.api"),
        ("services/intake/api.py", "services.intake.app"),
        ("services/dispatch/directory/operations.py", "services.dispatch.directory.queries"),
    ],
    "Rules and events are pure": [
        ("services/intake/rules.py", "sqlalchemy"),
        ("services/dispatch/directory/rules.py", "fastapi"),
        ("services/dispatch/directory/rules.py", "services.dispatch.models"),
        ("shared/events/words.py", "asyncpg"),
        ("shared/worktime.py", "aiokafka"),
        ("shared/policy/deadlines.py", "sqlalchemy"),
        ("services/sla/rules.py", "shared.database"),
    ],
    "Rules and models know no folder's verbs": [
        ("services/dispatch/directory/rules.py", "services.dispatch.operations"),
        ("services/dispatch/models.py", "services.dispatch.directory.queries"),
    ],
    "Operations and queries know no folder's edge": [
        ("services/dispatch/directory/operations.py", "services.dispatch.schemas"),
        ("services/dispatch/directory/queries.py", "services.dispatch.api"),
    ],
}


def test_no_file_is_too_long() -> None:
    lengths = {path: len(text.splitlines()) for path, text in _texts("tests", "bench").items()}
    long = {path for path, lines in lengths.items() if lines > FILE_LINES}
    assert long - LONG_FILES == set()
    assert [path for path in LONG_FILES if lengths.get(path, 0) <= FILE_LINES] == []
    assert [path for path, lines in lengths.items() if lines > FILE_LINES_MAX] == []


def test_no_function_is_too_long() -> None:
    assert [
        f"{path}:{node.lineno} {node.name}: {lines} lines"
        for path, node in _functions()
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
        and "/migrations/" not in path
    ] == []


def test_no_function_takes_too_many_arguments_by_position() -> None:
    assert [
        f"{path}:{node.lineno} {node.name}"
        for path, node in _functions()
        if len([a for a in _positional(node) if a.arg not in ("self", "cls")]) > POSITIONAL_MAX
    ] == []


def test_no_function_imports() -> None:
    assert [
        f"{path}:{inner.lineno} in {node.name}"
        for path, node in _functions()
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ] == []


def test_only_the_listed_edges_catch_everything() -> None:
    found = {
        path
        for path, tree in _trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node)
    }
    assert found - CATCH_ALL == set()
    assert CATCH_ALL - found == set(), "no longer needed"


def test_only_settings_and_deploy_read_the_environment() -> None:
    words = re.compile(r"\bos\.environ\b|\bgetenv\b|import environ\b")
    assert [
        path
        for path, text in _texts().items()
        if words.search(text) and not path.startswith(READS_ENVIRONMENT)
    ] == []


def test_metrics_are_made_in_one_place() -> None:
    making = re.compile(r"from prometheus_client import .*\b(Counter|Gauge|Histogram|Summary)\b")
    found = [path for path, text in _texts().items() if making.search(text)]
    assert set(found) <= {"shared/telemetry.py", "deploy/contracts/pages.py"}


def test_only_one_module_knows_aiokafka() -> None:
    importing = re.compile(r"^(import|from) aiokafka", re.MULTILINE)
    found = [path for path, text in _texts().items() if importing.search(text)]
    assert [path for path in found if not path.startswith("deploy/kafka/")] == [
        "shared/bus/kafka.py"
    ]


def test_a_service_package_holds_only_its_docstring() -> None:
    for path, tree in _trees().items():
        if path.endswith("/__init__.py") and path.startswith("services/"):
            assert all(isinstance(node, ast.Expr) for node in tree.body), path


def test_operations_never_commit() -> None:
    for path, text in _texts().items():
        if path.startswith("services/") and path.endswith("operations.py"):
            assert ".commit()" not in text, path


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code that may be spoilt."""
    folder = tmp_path_factory.mktemp("spoilt")
    for name in CODE:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_import_contracts_hold(copied: Path) -> None:
    found = _sections(copied)
    assert set(found) == set(VIOLATIONS), "each contract needs imports that break it"
    assert [name for name, section in found.items() if section] == []


def test_each_import_contract_catches_what_breaks_it(copied: Path) -> None:
    kept = {path: (copied / path).read_text("utf-8") for path in _spoilt_files()}
    for violations in VIOLATIONS.values():
        for path, module in violations:
            with (copied / path).open("a", encoding="utf-8") as file:
                file.write(f"\nimport {module}\n")
    try:
        found = _sections(copied)
    finally:
        for path, text in kept.items():
            (copied / path).write_text(text, "utf-8")
    missed = [
        f"{name}: {path} importing {module}"
        for name, violations in VIOLATIONS.items()
        for path, module in violations
        if f"{path.removesuffix('.py').replace('/', '.')} -> {module} (l." not in found[name]
    ]
    assert missed == []


def _spoilt_files() -> set[str]:
    return {path for violations in VIOLATIONS.values() for path, _ in violations}


def _sections(folder: Path) -> dict[str, str]:
    """What import-linter says of each contract; nothing where it holds."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)$", done.stdout, re.MULTILINE))
    assert verdicts, done.stdout + done.stderr
    _, _, report = done.stdout.partition("Broken contracts")
    found = {}
    for name, verdict in verdicts.items():
        _, _, section = report.partition(f"\n{name}\n---")
        # The next contract's name stands underlined.
        found[name] = re.split(r"\n[^\n]+\n---+\n", section)[0] if verdict == "BROKEN" else ""
    return found


@cache
def _texts(*more: str) -> dict[str, str]:
    return {
        str(path.relative_to(ROOT)): path.read_text("utf-8")
        for folder in (*CODE, *more)
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


@cache
def _trees() -> dict[str, ast.Module]:
    return {path: ast.parse(text) for path, text in _texts().items()}


def _functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path, tree in _trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def _positional(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args]


def _catches_everything(node: ast.ExceptHandler) -> bool:
    inside = ast.walk(node.type) if node.type else ()
    names = {one.id for one in inside if isinstance(one, ast.Name)}
    is_passed_on = any(isinstance(one, ast.Raise) and one.exc is None for one in node.body)
    return (node.type is None or bool(names & {"Exception", "BaseException"})) and not is_passed_on
