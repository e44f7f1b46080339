"""Renders the example pictures: scenes_*.jpg in docs/pictures."""

from pathlib import Path

from PIL import Image, ImageDraw

from segnet.scenes import VARIATIONS
from segnet.scenes.drive import Drive

PICTURES = Path(__file__).parents[1] / "pictures"
FRAMES = (("0001", 60), ("0002", 30), ("0006", 100), ("0018", 60), ("0020", 90))
VIEW = ("0002", 60)
FULL, CELL = (375, 1242), (621, 188)
CITY = (
    ("city1", 20, "overcast"),
    ("city2", 50, "clone"),
    ("winter1", 80, "clone"),
    ("winter3", 120, "sunset"),
    ("high1", 150, "clone"),
    ("high2", 40, "overcast"),
)
PHOTO, FOCAL, PHOTO_CELL = (720, 960), 1000.0, (320, 240)


def shrunk(image: Image.Image, caption: str, resample, cell=CELL) -> Image.Image:
    """Returns the picture small, with its name in a corner."""
    small = image.resize(cell, resample)
    style = {"fill": "white", "stroke_width": 1, "stroke_fill": "black"}
    ImageDraw.Draw(small).text((6, 4), caption, **style)
    return small


def sheet(cells: list[Image.Image], name: str, columns: int = 2) -> None:
    """Writes the pictures, all of one size, in columns."""
    wide, high = cells[0].size
    whole = Image.new("RGB", (columns * wide, -(-len(cells) // columns) * high))
    for index, cell in enumerate(cells):
        whole.paste(cell, (index % columns * wide, index // columns * high))
    PICTURES.mkdir(exist_ok=True)
    whole.save(PICTURES / name, quality=70, optimize=True)


def main() -> None:
    """Draws frames of the towns beside their labels, one in all variations, cities."""
    box, nearest = Image.Resampling.BOX, Image.Resampling.NEAREST
    cells = []
    for world, frame in FRAMES:
        drive = Drive(world, 0, FULL)
        _, picture, owners = next(drive.draw(frame, ("clone",)))
        table = drive.colours("clone")
        cells.append(shrunk(picture, f"{world}/clone/{frame:05d}", box))
        cells.append(shrunk(Image.fromarray(table[owners]), "scenegt", nearest))
    sheet(cells, "scenes_frames.jpg")
    world, frame = VIEW
    drive = Drive(world, 0, FULL)
    cells = []
    for variation in VARIATIONS:
        _, picture, _ = next(drive.draw(frame, (variation,)))
        cells.append(shrunk(picture, f"{world}/{variation}/{frame:05d}", box))
    sheet(cells, "scenes_variations.jpg")
    cells = []
    for world, frame, variation in CITY:
        drive = Drive(world, 0, PHOTO, FOCAL)
        _, picture, owners = next(drive.draw(frame, (variation,)))
        colours = Image.fromarray(drive.colours("clone")[owners])
        name = f"{world}/{variation}/{frame:05d}"
        cells.append(shrunk(picture, name, box, PHOTO_CELL))
        cells.append(shrunk(colours, "scenegt", nearest, PHOTO_CELL))
    sheet(cells, "scenes_city.jpg", 4)


if __name__ == "__main__":
    main()
