"""Benchmarks: how fast Evenly is beside the bare tool that does the same work.

Each module may hold `MEASURES`, a mapping from a measure's name to a callable
that runs it and returns what came of it; `python -m benchmarks [NAME …]` runs
all, or those named.
"""
