"""Head office's window: Sites, Data Sync, Sent Data, Received Data, Runs, Control, Application
Settings."""
