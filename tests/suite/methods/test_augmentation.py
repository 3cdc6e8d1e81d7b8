"""Training images are moved and mirrored, each by its own draw."""

from __future__ import annotations

import torch

from suite.methods.augmentation import moved


def numbered(n: int = 40) -> torch.Tensor:
    """Images [n, 2, 5, 4] that are alike, every pixel another number."""
    return torch.arange(40, dtype=torch.uint8).view(1, 2, 5, 4).repeat(n, 1, 1, 1)


def by_hand(image: torch.Tensor, down: int, right: int, mirrored: bool) -> torch.Tensor:
    """Moved down and right, edges repeated, then mirrored: pixel by pixel."""
    _, height, width = image.shape
    found = torch.empty_like(image)
    for y in range(height):
        for x in range(width):
            column = width - 1 - x if mirrored else x
            row = min(max(y - down, 0), height - 1)
            found[:, y, x] = image[:, row, min(max(column - right, 0), width - 1)]
    return found


def test_nothing_is_moved_or_drawn_unless_asked() -> None:
    images = numbered()
    torch.manual_seed(0)
    before = torch.get_rng_state()
    assert moved(images) is images
    assert torch.equal(torch.get_rng_state(), before)


def test_each_image_is_one_of_the_moves_and_all_occur() -> None:
    images = numbered(400)
    torch.manual_seed(0)
    found = moved(images, shift=1, flip=True)
    moves = {
        by_hand(images[0], down, right, mirrored).numpy().tobytes(): (down, right, mirrored)
        for down in (-1, 0, 1)
        for right in (-1, 0, 1)
        for mirrored in (False, True)
    }
    seen = {moves[image.numpy().tobytes()] for image in found}
    assert len(moves) == len(seen) == 18


def test_a_flip_alone_mirrors_about_half() -> None:
    images = numbered(200)
    torch.manual_seed(0)
    found = moved(images, flip=True)
    mirrored = [torch.equal(image, images[0].flip(2)) for image in found]
    assert all(m or torch.equal(image, images[0]) for m, image in zip(mirrored, found, strict=True))
    assert 60 < sum(mirrored) < 140
