"""The page that a comparison becomes."""

from antiphon.evaluate.report.page import Page

__all__ = ["Page"]
