"""Chaos: the whole of Evenly under faults that a year would bring, in a few minutes. `make chaos`.

Each check ends with one line `{"check": …, "tried": …, "wrong": …}`; wrong is 0 where the promise holds.
"""
