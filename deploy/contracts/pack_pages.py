"""A page for each jurisdiction: what its pack says, article by article, and what is ours."""

from collections.abc import Mapping

from deploy.contracts.pages import WRITTEN
from shared.events.chinese import CHINESE
from shared.events.words import HotlineMode
from shared.policy.explain import DEFAULT, Line, defaults, explain
from shared.policy.load import builtin_packs
from shared.policy.model import Pack
from shared.policy.sayings import EXPERT_SEATS, LEVELS, SEATS

SLUGS: Mapping[str, str] = {
    "000000": "national",
    "530000": "yunnan",
    "532800": "xishuangbanna",
    "620000": "gansu",
    "220000": "jilin",
    "512000": "ziyang",
}


def pack_pages() -> dict[str, str]:
    """Every page by its path in docs/, and the one that lists them."""
    packs = builtin_packs()
    pages = {f"jurisdictions/{SLUGS[code]}.md": _page(pack, packs) for code, pack in packs.items()}
    return {**pages, "jurisdictions/README.md": _index(packs)}


def _index(packs: Mapping[str, Pack]) -> str:
    lines = [
        "# Jurisdictions",
        "",
        WRITTEN.format(source="the packs in `shared/policy/`"),
        "",
        "| 代码 | 名称 | 文件 | 施行日期 | 上级 | 取默认值的项数 |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for code, slug in SLUGS.items():
        pack = packs[code]
        parent = packs[pack.parent].name if pack.parent else "—"
        lines.append(
            f"| {code} | [{pack.name}]({slug}.md) | {pack.document} "
            f"| {pack.effective_from.value} | {parent} | {len(defaults(pack))} |"
        )
    return "\n".join([*lines, ""])


def _page(pack: Pack, packs: Mapping[str, Pack]) -> str:
    lines = [
        f"# {pack.name} ({pack.code})",
        "",
        WRITTEN.format(source=f"`shared/policy/{SLUGS[pack.code]}.toml`"),
        "",
        f"{pack.document}，第 {pack.version} 版，{pack.effective_from.value} 起施行。",
        "“默认”表示文件没有规定、由本平台取值，或者取自上级政策包；其余各项注明条款。",
    ]
    for section in explain(pack):
        lines += ["", f"## {section.title}", "", "| 内容 | 规定 | 依据 |", "| --- | --- | --- |"]
        lines += [
            f"| {line.name or '—'} | {_cell(line.text)} | {_source(line, packs)} |"
            for line in section.lines
        ]
    return "\n".join([*lines, *_hotlines(pack), ""])


def _hotlines(pack: Pack) -> list[str]:
    if not pack.hotlines:
        return []
    counts = [
        f"{CHINESE[mode]} {sum(one.mode == mode for one in pack.hotlines)} 条"
        for mode in HotlineMode
    ]
    return [
        "",
        f"## 热线归并清单（共 {len(pack.hotlines)} 条：{'，'.join(counts)}）",
        "",
        "| 号码 | 名称 | 责任单位 | 层级 | 方式 | 话务座席 | 专家座席 | 依据 | 备注 |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {one.number} | {one.name} | {one.unit} | {LEVELS[one.level]} "
            f"| {CHINESE[one.mode]} | {SEATS[one.seats]} | {EXPERT_SEATS[one.expert_seat]} "
            f"| {one.source} | {_cell(one.note or '')} |"
            for one in pack.hotlines
        ),
    ]


def _source(line: Line, packs: Mapping[str, Pack]) -> str:
    if line.source != DEFAULT:
        return line.source
    return f"默认（取自{packs[line.inherited_from].name}）" if line.inherited_from else "默认"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
