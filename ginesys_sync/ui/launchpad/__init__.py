"""Head office's window: Data Sync, Sent Data, Received Data, Application Settings."""
