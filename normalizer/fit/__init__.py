"""Fits a message to a channel, in the channel's own unit: splits, degrades, and says what it changed.

Read in this order: ``limits`` (the words), ``fitting`` (the parts), ``cutting`` (texts), then ``questions``, ``files``,
``formatting`` and ``written``. ``units``, ``gsm`` and ``sms`` measure.
"""

from __future__ import annotations

from normalizer.fit.files import OURS, addressed, linked
from normalizer.fit.fitting import fit
from normalizer.fit.gsm import folded
from normalizer.fit.limits import Change, Fitted, Limits, Misfit, Numbered, Taken, Unit, What
from normalizer.fit.questions import picked
from normalizer.fit.sms import Segments, segments
from normalizer.fit.unchanged import misfits
from normalizer.fit.units import measure

__all__ = [
    "OURS", "Change", "Fitted", "Limits", "Misfit", "Numbered", "Segments", "Taken", "Unit", "What", "addressed",
    "fit", "folded", "linked", "measure", "misfits", "picked", "segments",
]  # fmt: skip
