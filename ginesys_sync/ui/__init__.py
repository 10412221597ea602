"""Floor 4: the windows; nothing else knows Qt.

`launchpad/` is head office's window, `pos/` the store's, `widgets/` what both are made of. `app`
starts them,
`offscreen` drives them without a display. A window asks its `Desk` and nothing else: no SQL, no
network, no engine
here. Importing `ui` or `ui.app` imports no Qt: that waits until a window is wanted.
"""
