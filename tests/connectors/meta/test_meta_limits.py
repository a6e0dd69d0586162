"""What Instagram counts in bytes, and what it counts as everybody does."""

from connectors.instagram import connector
from normalizer.fit import fit
from normalizer.model import Choices, Option, Text


def asked(label: str, text: str = "Well?") -> Choices:
    return Choices(text=text, choices=(Option(id="1", label=label), Option(id="2", label="No")))


def test_a_label_is_counted_in_characters() -> None:
    assert fit([asked("\u00e9" * 20)], connector.limits).parts == (asked("\u00e9" * 20),)
    [changed] = fit([asked("\u00e9" * 21)], connector.limits).changes
    assert changed.what == "labels_numbered"


def test_a_text_is_counted_in_bytes() -> None:
    assert len(fit([Text(text="\u00e9" * 500)], connector.limits).parts) == 1
    assert len(fit([Text(text="\u00e9" * 501)], connector.limits).parts) == 2
