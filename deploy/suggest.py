"""`hotline suggest`: learn what closed tickets teach, and measure it on a file."""

import os
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any, NoReturn, TypeVar

import orjson
import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy.exc import ProgrammingError

from deploy import local
from deploy.imports.lines import CsvFile, Refusal, Unreadable, open_csv
from services.dispatch.suggestions.held_back import measure
from services.dispatch.suggestions.learned import BadModel, Learned, encode, guess, load
from services.dispatch.suggestions.material import Example, Material
from services.dispatch.suggestions.models import Model
from services.dispatch.suggestions.rules import HISTORY_MIN
from services.dispatch.suggestions.teaching import TeachingFailed, teach
from services.dispatch.suggestions.worker import TooLittleHistory, train_platform
from shared.clock import Clock
from shared.events.words import Service
from shared.runtime import open_runtime
from shared.settings import Settings, read_settings

MODEL_NAME = "suggest.model"
LABEL = "label"
LABELS_MIN = 2
EXAMPLES_MIN = 20

suggest = typer.Typer(no_args_is_help=True, help="派单建议：训练、评估")
console = Console(soft_wrap=True, highlight=False)
messages = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
Answer = TypeVar("Answer")
ModelPath = Annotated[
    Path | None, typer.Option("--model", help=f"模型文件；不填为数据目录下的 {MODEL_NAME}")
]
Figures = dict[str, Any]


@suggest.callback()
def _group() -> None:
    """派单建议：训练、评估。"""


@suggest.command()
def train(
    *,
    source: Annotated[
        Path | None, typer.Option("--from", help="从 CSV 文件学习；不填则从本平台办结的工单学习")
    ] = None,
    text: Annotated[str | None, typer.Option(help="CSV 中诉求内容的列名")] = None,
    label: Annotated[str | None, typer.Option(help="CSV 中标签的列名")] = None,
    model: ModelPath = None,
) -> None:
    """训练派单建议的模型；每夜 02:00 也会自动训练。"""
    if source is None:
        if text or label or model:
            _refuse("--text、--label、--model 只与 --from 同用；从本平台学习的模型存在数据库里。")
        _train_on_platform()
    elif text is None or label is None:
        _refuse("--from 须同时用 --text 和 --label 指明列名，例如 --text detail --label label。")
    else:
        _train_on_file(source, text, label, model or local.data_dir() / MODEL_NAME)


@suggest.command()
def evaluate(
    file: Annotated[Path, typer.Argument(help="CSV 文件，UTF-8 或 GB18030", show_default=False)],
    *,
    text: Annotated[str, typer.Option(help="诉求内容的列名")],
    label: Annotated[str, typer.Option(help="正确标签的列名")],
    model: ModelPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="打印 JSON")] = False,
) -> None:
    """用模型没有见过的文件评估：macro_f1、accuracy、top3。"""
    learned = _load(model or local.data_dir() / MODEL_NAME)
    figures = _measure(learned, _read(file, text, label))
    if as_json:
        typer.echo(orjson.dumps(figures))
        return
    table = Table("指标", "数值")
    for name, value in figures.items():
        table.add_row(name, "—" if value is None else str(value))
    console.print(table)


def _train_on_file(source: Path, text: str, label: str, path: Path) -> None:
    examples = [Example(words, "", {LABEL: answer}) for words, answer in _read(source, text, label)]
    labels = {example.answers[LABEL] for example in examples}
    if len(labels) < LABELS_MIN or len(examples) < EXAMPLES_MIN:
        _refuse(
            f"{source} 有 {len(examples)} 行、{len(labels)} 种标签；"
            f"至少要有 {EXAMPLES_MIN} 行、{LABELS_MIN} 种标签才能学习。"
        )
    material = Material(examples, (LABEL,), {}, is_in_order=False)
    with _progress() as progress:
        content = _run(teach(material, progress=progress))
    learned = load(content)
    if LABEL not in learned.heads:
        _refuse("没有两种标签各有 5 行以上，学不到东西。")
    _write(path, content)
    left_out = sorted(str(one) for one in labels - set(learned.heads[LABEL].classes))
    if left_out:
        messages.print(f"下列标签不足 5 行，没有学习：{'、'.join(left_out)}", style="yellow")
    _show({LABEL: learned.heads[LABEL].figures}, learned.heads[LABEL].threshold, len(examples))
    console.print(f"模型已写入 {path}")


def _train_on_platform() -> None:
    folder = local.data_dir()
    given = read_settings(Service.DISPATCH)
    if not given.database_url and not (folder / "postgres").is_dir():
        _refuse(
            f"{folder} 里没有平台的数据，也没有设置 DATABASE_URL。"
            "请先运行 hotline up，或者用 --from 从 CSV 文件学习。"
        )
    with local.local_settings(folder) as settings, _progress() as progress:
        own = given if given.database_url else settings
        model = _run(_train(own, progress))
    _show(model.figures, model.threshold, model.examples)
    console.print(f"模型 {model.id} 已启用。")


async def _train(settings: Settings, progress: Any) -> Model:  # noqa: ANN401
    async with open_runtime(Service.DISPATCH, settings, Clock()) as runtime:
        return await train_platform(runtime, progress=progress)


def _run(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run to the end; what can be told ends the command with its words."""
    try:
        return uvloop.run(work)
    except TooLittleHistory as error:
        _refuse(
            f"已办结、有承办单位答复的工单只有 {error.closed} 件，至少要 {HISTORY_MIN} 件才能学习。"
        )
    except TeachingFailed as error:
        _refuse(f"训练没有完成：{error}")
    except ProgrammingError:
        _refuse("数据库里还没有数据表，请先运行 hotline migrate 或 hotline up。")


def _read(file: Path, text: str, label: str) -> list[tuple[str, str]]:
    """The texts and labels of a file. Ends the command, naming the line, where one is missing."""
    try:
        with open_csv(file) as opened:
            return list(_pairs(file, opened, text, label))
    except Unreadable as error:
        _refuse(f"{file}：{error}")


def _pairs(file: Path, opened: CsvFile, text: str, label: str) -> Iterator[tuple[str, str]]:
    for column in (text, label):
        if opened.header.count(column) != 1:
            fault = "有多个" if column in opened.header else "没有"
            _refuse(f"{file} 第 1 行{fault}“{column}”列；有：{'、'.join(opened.header)}。")
    places = opened.header.index(text), opened.header.index(label)
    found = 0
    for row in opened.rows():
        if isinstance(row, Refusal):
            _refuse(f"{file} 第 {row.line} 行：{row.message}。")
        found += 1
        words, answer = (row.cells[place].strip() for place in places)
        if not words or not answer:
            _refuse(f"{file} 第 {row.line} 行：“{label if words else text}”列是空的。")
        yield words, answer
    if not found:
        _refuse(f"{file} 只有列名，第 2 行起没有内容。")


def _measure(learned: Learned, pairs: Sequence[tuple[str, str]]) -> Figures:
    head = learned.heads[LABEL]
    guesses = [guess(head, learned, encode(learned, words)) for words, _ in pairs]
    right = [answer for _, answer in pairs]
    figures = measure(right, [[one.value for one in found] for found in guesses])
    sure = [
        found[0].value == answer
        for found, answer in zip(guesses, right, strict=True)
        if head.threshold is not None and found[0].confidence >= head.threshold
    ]
    return figures | {
        "threshold": head.threshold,
        "coverage": round(len(sure) / len(pairs), 4),
        "precision": round(sum(sure) / len(sure), 4) if sure else None,
    }


def _load(path: Path) -> Learned:
    try:
        learned = load(path.read_bytes())
    except FileNotFoundError:
        _refuse(
            f"没有训练好的模型 {path}。请先训练："
            "hotline suggest train --from 文件.csv --text 内容列 --label 标签列"
        )
    except (OSError, BadModel) as error:
        _refuse(f"无法使用模型 {path}：{error}")
    if LABEL not in learned.heads:
        _refuse(f"模型 {path} 不是从 CSV 文件的标签学习的。")
    return learned


def _write(path: Path, content: bytes) -> None:
    """Write a model whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
        os.replace(file.name, path)
    except OSError as error:
        _refuse(f"无法写入 {path}：{error.strerror}。")


@contextmanager
def _progress() -> Iterator[Any]:
    columns = (TextColumn("训练"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=messages, transient=True) as progress:
        task = progress.add_task("训练", total=None)
        yield lambda over, rounds: progress.update(task, completed=over, total=rounds)


def _show(figures: Figures, threshold: float | None, examples: int) -> None:
    table = Table("项目", "答案数", "macro_f1", "accuracy", "top3", "97% 准确率的覆盖")
    for name, one in figures.items():
        cells = (one.get("answers", "—"), one["macro_f1"], one["accuracy"], one["top3"])
        table.add_row(name, *map(str, cells), str(one.get("coverage", "达不到")))
    console.print(f"学习了 {examples} 件；下列数字是在留出、没有学过的部分上得到的：")
    console.print(table)
    alone = "达不到 97% 的准确率，不会自动派单。" if threshold is None else f"{threshold:.3f}"
    console.print(f"自动派单的置信度：{alone}")


def _refuse(message: str) -> NoReturn:
    messages.print(message, style="red")
    raise typer.Exit(2)
