"""Who is ahead, how surely, and why: records, the store, the statistics and the board."""
