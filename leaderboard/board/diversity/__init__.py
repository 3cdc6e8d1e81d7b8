"""The page "Diversity": when does meta-learning beat transfer, and does the diversity of tasks decide it?

reading ──► assess (arms, verdict, grids) ──► model ──► page, export
"""
