"""Terms, ranking and the states of an article, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.knowledge.rules import (
    TRANSITIONS,
    ArticleAct,
    ArticleState,
    Corpus,
    allowed_acts,
    choose_wanted,
    excerpt,
    normal,
    outer_jurisdictions,
    question_terms,
    rarity,
    score,
    text_terms,
)
from shared.jurisdictions import covers

CORPUS = Corpus(documents=1000, length_mean=10.0)


def test_chinese_is_cut_into_pairs_and_latin_is_kept_whole() -> None:
    assert question_terms("社保卡，PM2.5 超标") == ["社保", "保卡", "pm2", "5", "超标"]


def test_wide_characters_and_capitals_are_the_same_as_narrow_and_small_ones() -> None:
    assert question_terms("ＡＢＣ１２３") == question_terms("abc123") == ["abc123"]


def test_a_lone_character_is_its_own_term() -> None:
    assert text_terms("税") == ["税"]


def test_a_question_names_each_term_once() -> None:
    assert question_terms("停水停水") == ["停水", "水停"]


@given(st.text())
def test_terms_are_never_empty_and_hold_nothing_that_an_index_query_means(text: str) -> None:
    for term in text_terms(normal(text)):
        assert term
        assert not set(term) & set(" '&|!:*()\\")


def test_the_longer_article_answers_less_well_than_the_shorter_with_the_same_words() -> None:
    rarities = {"停水": 3.0}
    short = score("", "停水了", length=5, rarities=rarities, corpus=CORPUS)
    long = score("", "停水了", length=50, rarities=rarities, corpus=CORPUS)
    assert short > long > 0


def test_a_word_in_the_title_counts_more_than_one_in_the_body() -> None:
    rarities = {"停水": 3.0}
    in_title = score("停水", "停水\n通知", length=5, rarities=rarities, corpus=CORPUS)
    in_body = score("通知", "通知\n停水", length=5, rarities=rarities, corpus=CORPUS)
    assert in_title > in_body


def test_a_number_does_not_match_inside_a_longer_one() -> None:
    assert score("", "12345", length=1, rarities={"123": 1.0}, corpus=CORPUS) == 0


def test_a_rare_term_tells_more_than_a_common_one() -> None:
    assert rarity(1, 1000) > rarity(500, 1000) > 0


def test_the_rarest_terms_are_looked_up_until_enough_rows_are_read() -> None:
    wanted = choose_wanted({"常见": 900, "少见": 10, "罕见": 1}, 1000, rows_max=100)
    assert [one.terms for one in wanted] == [("罕见",), ("少见",)]


def test_terms_that_are_all_common_are_looked_up_together() -> None:
    wanted = choose_wanted({"甲乙": 900, "丙丁": 800, "戊己": 850}, 1000, rows_max=100)
    assert wanted[0].terms == ("丙丁", "戊己", "甲乙")
    assert wanted[-1].terms == ("丙丁",)


def test_an_excerpt_holds_the_words_that_were_asked_for() -> None:
    body = "。" * 500 + "小区停水怎么办" + "。" * 500
    part = excerpt(body, ["小区", "停水"], length_max=80)
    assert len(part) == 80
    assert "小区停水" in part


@pytest.mark.parametrize("code", ["510000", "512000", "512002", "512002001", "512002001004"])
def test_every_outer_place_covers_the_place(code: str) -> None:
    assert all(covers(outer, code) for outer in outer_jurisdictions(code))
    assert "510000" in outer_jurisdictions(code)


def test_every_state_leads_only_to_states() -> None:
    assert set(TRANSITIONS) == set(ArticleState)


def test_what_answers_already_is_not_published_again() -> None:
    published = ArticleState.PUBLISHED
    assert ArticleAct.PUBLISH not in allowed_acts(published, has_newer_version=False)
    assert ArticleAct.PUBLISH in allowed_acts(published, has_newer_version=True)
