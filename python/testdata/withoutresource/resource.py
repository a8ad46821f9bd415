"""Stands in front of the module of that name, for a system that has no such limits."""

raise ImportError("no limits here")
