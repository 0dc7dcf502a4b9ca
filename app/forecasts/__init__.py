"""Forecasts: asked for, kept side by side, compared, and live under the mouse."""
