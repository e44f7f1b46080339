"""Makes docs/pictures/scenes_frames.jpg and docs/pictures/scenes_variations.jpg."""

from pathlib import Path

from PIL import Image, ImageDraw

from segnet.data.scenes import VARIATIONS
from segnet.data.scenes.drive import Drive

PICTURES = Path(__file__).parent / "pictures"
FRAMES = (("0001", 60), ("0002", 30), ("0006", 100), ("0018", 60), ("0020", 90))
VIEW = ("0002", 60)
FULL, CELL = (375, 1242), (621, 188)


def shrunk(image: Image.Image, caption: str, resample) -> Image.Image:
    """Returns the picture at half its size with its name in a corner."""
    small = image.resize(CELL, resample)
    style = {"fill": "white", "stroke_width": 1, "stroke_fill": "black"}
    ImageDraw.Draw(small).text((6, 4), caption, **style)
    return small


def sheet(cells: list[Image.Image], name: str) -> None:
    """Writes the pictures in two columns."""
    whole = Image.new("RGB", (2 * CELL[0], -(-len(cells) // 2) * CELL[1]))
    for index, cell in enumerate(cells):
        whole.paste(cell, (index % 2 * CELL[0], index // 2 * CELL[1]))
    PICTURES.mkdir(exist_ok=True)
    whole.save(PICTURES / name, quality=70, optimize=True)


def main() -> None:
    """Draws a frame of each world beside its labels, and one in all variations."""
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


if __name__ == "__main__":
    main()
