"""Numbered, forward-only migrations of the sync's own tables, under a version table of their own
name.
"""
