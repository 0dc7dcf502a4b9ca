"""The middle of the window: how views are arranged, filled and probed."""
