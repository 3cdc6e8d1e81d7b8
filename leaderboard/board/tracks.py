"""One board a track: what is adapted to and how it is scored differ, so that no score is taken over two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from leaderboard.board.columns import FEW_SHOT, TRANSFER, track_of
from leaderboard.board.pool import Pool

_ORDER = (FEW_SHOT, TRANSFER, "adaptation")

TITLES = {FEW_SHOT: "Few-shot", TRANSFER: "Transfer", "adaptation": "Adaptation"}
"""What menus call them."""


def by_track(pool: Pool) -> list[tuple[str, Pool]]:
    """A pool for each track that has a result, few-shot first; at least one.

    A track of which nothing but failures is known goes with the first, and so does what is of no track, such
    as diversity, papers and notes.
    """
    tracks = sorted({column.track for _, column in pool.cells} or {FEW_SHOT}, key=_ORDER.index)
    if len(tracks) == 1:
        return [(tracks[0], pool)]
    return [(track, _part(pool, track, tracks)) for track in tracks]


def _part(pool: Pool, track: str, tracks: list[str]) -> Pool:
    """What a pool has of one track."""
    first = track == tracks[0]

    def mine(other: str) -> bool:
        return other == track or (first and other not in tracks)

    cells = {place: scored for place, scored in pool.cells.items() if place[1].track == track}
    ranked = {method for method, _ in cells}
    failed = {
        label: own
        for label, failures in pool.failed.items()
        if (own := tuple(failure for failure in failures if mine(track_of(failure))))
    }
    everyone = sorted((*pool.methods, *pool.unranked), key=lambda facts: facts.label)
    return replace(
        pool,
        methods=tuple(facts for facts in pool.methods if facts.label in ranked),
        unranked=tuple(f for f in everyone if f.label in failed and f.label not in ranked),
        cells=cells,
        failed=failed,
        holes=tuple(hole for hole in pool.holes if mine(_of_hole(pool.tracks, hole.key))),
        notes=pool.notes if first else (),
        others=pool.others if first else (),
        rulers=pool.rulers if first else (),
        measurements=pool.measurements if first else (),
    )


def _of_hole(tracks: Mapping[str, str], key: str) -> str:
    return tracks.get(key, FEW_SHOT)
