"""Files: what customers sent is fetched, what agents upload is kept, and both are given out without trusting either.

Read in this order: ``shelf`` (the whole), ``fetching`` (the background), ``folder`` (bytes on disk), ``kinds`` (what a
file is), ``names`` (what it is called), ``looking`` and its program ``look`` (what can be seen of it), ``links`` (who may
have it without a session), ``tidying`` (what goes).
"""

from gateway.media.folder import Folder, TooLarge
from gateway.media.kinds import media_type
from gateway.media.looking import is_small
from gateway.media.shelf import Media

__all__ = ["Folder", "Media", "TooLarge", "is_small", "media_type"]
