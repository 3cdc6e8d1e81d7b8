"""The transfer track's own part of the board: how methods adapted, what their representations measure,
and which measure predicts accuracy.

reading ──► measures by training; assess ──► pairs, measures and correlations; page, export ──► what is shown
"""
