"""What both windows are made of: tokens, theme, lamps, pills, grids, panes. Knows views, not where
they come from."""
