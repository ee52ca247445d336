"""A report that writes itself: from what a run measured to a page that can be handed in."""

from tlcore.report.compose import html_of, write_html, write_markdown
from tlcore.runs.result import RunStory, story_of

__all__ = ["RunStory", "html_of", "story_of", "write_html", "write_markdown"]
