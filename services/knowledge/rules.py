"""What an article may become, what its text is searched by, and how well it answers: pure."""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

# A run of Latin letters and digits, or a run of any other letters; the rest separates.
RUN = re.compile(r"[a-z0-9]+|[^\W\da-z_]+")
SATURATION = 1.2
LENGTH_PENALTY = 0.75
TITLE_WEIGHT = 2
"""A word in the title counts as this many more in the body."""
TERMS_OF_QUESTION_MAX = 64


class ArticleState(StrEnum):
    """Where an article stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class ArticleAct(StrEnum):
    """What can be done to an article."""

    REVISE = "revise"
    PUBLISH = "publish"
    RETIRE = "retire"


TRANSITIONS: dict[ArticleState, dict[ArticleAct, ArticleState]] = {
    ArticleState.DRAFT: {
        ArticleAct.REVISE: ArticleState.DRAFT,
        ArticleAct.PUBLISH: ArticleState.PUBLISHED,
    },
    ArticleState.PUBLISHED: {
        ArticleAct.REVISE: ArticleState.PUBLISHED,
        ArticleAct.PUBLISH: ArticleState.PUBLISHED,
        ArticleAct.RETIRE: ArticleState.RETIRED,
    },
    ArticleState.RETIRED: {ArticleAct.REVISE: ArticleState.DRAFT},
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look up in the index: all of `terms` together, worth `weight`."""

    terms: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is known of all published articles: their number, and their mean length in terms."""

    documents: int
    length_mean: float


def allowed_acts(state: ArticleState, *, has_newer_version: bool) -> list[ArticleAct]:
    """The acts that a state allows; what answers already is not published again."""
    return [
        act
        for act in TRANSITIONS[state]
        if act is not ArticleAct.PUBLISH or state is ArticleState.DRAFT or has_newer_version
    ]


def outer_jurisdictions(code: str) -> list[str]:
    """The codes of all places that a place lies in, and its own: `512000` → 510000, 512000."""
    return sorted({code[:2] + "0000", code[:4] + "00", code[:6], code[:9], code})


def normal(text: str) -> str:
    """Text as it is compared: one width, small letters."""
    return unicodedata.normalize("NFKC", text).lower()


def text_terms(text: str) -> list[str]:
    """What a `normal` text is found by, in order, with repeats.

    Pairs of neighbouring characters; Latin words and numbers whole. A character that stands alone
    is its own term.
    """
    terms: list[str] = []
    for run in RUN.findall(text):
        if run.isascii() or len(run) == 1:
            terms.append(run)
        else:
            terms += [run[place : place + 2] for place in range(len(run) - 1)]
    return terms


def question_terms(question: str) -> list[str]:
    """The different terms of a question, the first `TERMS_OF_QUESTION_MAX` of them."""
    return list(dict.fromkeys(text_terms(normal(question))))[:TERMS_OF_QUESTION_MAX]


def rarity(documents_with_term: int, documents: int) -> float:
    """How much a term tells (inverse document frequency, as in BM25)."""
    return math.log1p((documents - documents_with_term + 0.5) / (documents_with_term + 0.5))


def choose_wanted(frequencies: Mapping[str, int], documents: int, *, rows_max: int) -> list[Wanted]:
    """What to look up so that about `rows_max` rows are read: the rarest terms, each alone.

    Where even the rarest is in too many articles, terms are looked up together as well.
    """
    rarest_first = sorted(frequencies, key=lambda term: (frequencies[term], term))
    wanted: list[Wanted] = []
    rows = 0
    for term in rarest_first:
        rows += frequencies[term]
        if rows > rows_max:
            break
        wanted.append(Wanted((term,), rarity(frequencies[term], documents)))
    if wanted or not rarest_first:
        return wanted
    together = {tuple(rarest_first), tuple(rarest_first[:2]), tuple(rarest_first[:1])}
    return [
        Wanted(terms, sum(rarity(frequencies[term], documents) for term in terms))
        for terms in sorted(together, key=lambda terms: (-len(terms), terms))
    ]


def score(
    title: str, words: str, *, length: int, rarities: Mapping[str, float], corpus: Corpus
) -> float:
    """How well an article answers: BM25 over the question's terms, the title counted more.

    `words` are the `normal` title and body, `length` is how many terms they have.
    """
    title = normal(title)
    stretch = 1 - LENGTH_PENALTY + LENGTH_PENALTY * length / max(corpus.length_mean, 1.0)
    total = 0.0
    for term, weight in rarities.items():
        count = _occurrences(term, words) + TITLE_WEIGHT * _occurrences(term, title)
        total += weight * count * (SATURATION + 1) / (count + SATURATION * stretch)
    return total


def excerpt(body: str, terms: Sequence[str], *, length_max: int) -> str:
    """The part of a body in which the most of `terms` begin."""
    text = normal(body)
    if len(text) != len(body):
        return body[:length_max]
    places = sorted(
        {place for term in terms for place in (text.find(term), text.rfind(term)) if place >= 0}
    )
    best = max(
        places,
        key=lambda start: sum(start <= place < start + length_max for place in places),
        default=0,
    )
    start = max(0, min(best - length_max // 8, len(body) - length_max))
    return body[start : start + length_max]


def _occurrences(term: str, text: str) -> int:
    if term.isascii():
        return len(re.findall(rf"(?<![a-z0-9]){re.escape(term)}(?![a-z0-9])", text))
    return text.count(term)
