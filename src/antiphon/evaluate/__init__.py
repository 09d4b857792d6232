"""Measuring models and music."""
