"""Where the files of a job are."""

from pathlib import Path


class JobFolder:
    """The folder of one job, which the server and the worker share."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = path / "content"  # the picture, unchanged
        self.live = path / "live.jpg"  # the current picture while the job is being painted
        self.run = path / "run"  # the output folder of the run

    def style(self, index: int) -> Path:
        """A style picture, unchanged."""
        return self.path / f"style-{index}"


def preview(picture: Path) -> Path:
    """The JPEG that the page shows of an input picture."""
    return picture.with_name(f"{picture.name}.jpg")
