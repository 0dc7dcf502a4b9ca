"""The forecasting networks, and where their weights are."""
