"""Files to try things with: a picture, a voice, a song, a clip, a document, and a small set of stickers."""

from pathlib import Path

from gateway.simulator.world import Upload

FOLDER = Path(__file__).parent / "static" / "samples"
STICKERS = {"👋": "wave", "👍": "yes", "❤": "heart", "🎉": "party", "😢": "sad", "☕": "coffee"}
FILES = {
    "photo": ("garden.jpg", "image/jpeg"),
    "video": ("ball.mp4", "video/mp4"),
    "animation": ("ball.mp4", "video/mp4"),
    "video_note": ("ball.mp4", "video/mp4"),
    "audio": ("tune.ogg", "audio/ogg"),
    "voice": ("voice.ogg", "audio/ogg"),
    "document": ("receipt.pdf", "application/pdf"),
}


def sample(kind: str) -> Upload:
    """The file to send as this kind of media; raises KeyError for a kind that has none."""
    name, mime = FILES[kind]
    return Upload(name, mime, (FOLDER / name).read_bytes())


def sticker(emoji: str) -> Upload | None:
    """The sticker of an emoji, or None."""
    name = STICKERS.get(emoji.replace("\ufe0f", ""))
    return None if name is None else Upload(f"{name}.webp", "image/webp", (FOLDER / f"{name}.webp").read_bytes())
