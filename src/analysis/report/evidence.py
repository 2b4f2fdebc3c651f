"""The badge of a finding's evidence: five bars of rising height, filled to its level, then the word."""

from analysis.finding import EVIDENCE
from analysis.wording import say

INK, RULE = "#16202b", "#c3cad1"
WORDS = {
    "description": say("Description"),
    "association": say("Association"),
    "adjusted": say("Adjusted"),
    "assumed-causal": say("Assumed-causal"),
    "experiment": say("Experiment"),
}


def badge(evidence: str, language: str) -> str:
    """The badge as HTML."""
    level = EVIDENCE.index(evidence) + 1
    heights = [3.2 + 2.2 * place for place in range(len(EVIDENCE))]
    bars = "".join(
        f'<rect x="{4.6 * place:.1f}" y="{12 - height:.1f}" width="3.2" height="{height:.1f}" fill="{INK if place < level else RULE}"/>'
        for place, height in enumerate(heights)
    )
    picture = f'<svg width="22" height="12" viewBox="0 0 22 12" aria-hidden="true" focusable="false">{bars}</svg>'
    return f'<span class="ev">{picture}{WORDS[evidence].html(language)}</span>'


def ladder(language: str) -> str:
    """All badges, from weak to strong."""
    return "".join(badge(evidence, language) for evidence in EVIDENCE)
