"""Files: what customers sent is fetched, what agents upload is kept, and both are given out without trusting either.

Read in this order: ``shelf`` (the whole), ``fetching`` (the background), ``folder`` (bytes on disk), ``kinds`` (what a
file is), ``names`` (what it is called), ``links`` (who may have it without a session).
"""

from gateway.media.folder import Folder, TooLarge
from gateway.media.kinds import media_type
from gateway.media.shelf import Media

__all__ = ["Folder", "Media", "TooLarge", "media_type"]
