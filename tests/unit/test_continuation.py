"""Going on from a text: what a model says again is dropped, everything else passes unharmed."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from chat.generation.continuation import PROBE_CHARS, Overlap

WORDS = st.text("abc de\n", min_size=0, max_size=80)
PREFIXES = st.builds(
    "".join, st.tuples(st.sampled_from(["", " ", "\n\n"]), st.just("a"), WORDS, st.just("b" * PROBE_CHARS))
)


def filtered(prefix: str, reply: str, cuts: set[int] = frozenset()) -> str:  # type: ignore[assignment]
    """Pass a reply in pieces; return all that came out."""
    overlap = Overlap(prefix)
    places = [0, *sorted(cut for cut in cuts if 0 < cut < len(reply)), len(reply)]
    pieces = [reply[start:end] for start, end in pairwise(places)]
    return "".join(overlap.take(piece) for piece in pieces) + overlap.rest()


CUTS = st.sets(st.integers(1, 200))


def test_it_works() -> None:
    prefix = "The answer to everything is forty-"
    assert filtered(prefix, prefix + "two.", {3, 30, 36}) == "two."
    assert filtered(prefix, "two.") == "two."


@given(PREFIXES, WORDS, CUTS)
def test_a_reply_that_starts_over_gives_only_what_is_new(prefix: str, new: str, cuts: set[int]) -> None:
    assert filtered(prefix, prefix + new, cuts) == new


@given(PREFIXES, WORDS, CUTS, st.sampled_from(["", " ", "\n\n"]))
def test_blanks_before_it_do_not_hide_that_it_starts_over(prefix: str, new: str, cuts: set[int], blank: str) -> None:
    assert filtered(prefix, blank + prefix.lstrip() + new, cuts) == new


@given(WORDS, WORDS, CUTS)
def test_a_reply_that_goes_on_passes_whole(prefix: str, reply: str, cuts: set[int]) -> None:
    assume(len(prefix.strip()) < PROBE_CHARS or not reply.lstrip().startswith(prefix.lstrip()[:PROBE_CHARS]))
    assert filtered(prefix, reply, cuts) == reply


@given(PREFIXES, WORDS, CUTS)
def test_from_the_first_difference_on_everything_is_new(prefix: str, new: str, cuts: set[int]) -> None:
    said_again = prefix[: max(len(prefix) - len(prefix.lstrip()) + PROBE_CHARS, len(prefix) // 2)]
    assume(said_again != prefix)
    assert filtered(prefix, said_again + "X" + new, cuts) == "X" + new


def test_a_short_beginning_is_never_taken_for_a_repetition() -> None:
    assert filtered("Ha", "Haha!", {1}) == "Haha!"
    assert filtered("1", "100", {1, 2}) == "100"


def test_without_a_text_to_go_on_from_nothing_is_held_back() -> None:
    assert Overlap("").take("a") == "a"


def test_what_is_held_back_comes_at_the_end() -> None:
    prefix = "The answer to everything is forty-"
    overlap = Overlap(prefix)
    assert overlap.take("The ans") == ""
    assert overlap.rest() == "The ans" and overlap.rest() == ""
