"""A report that writes itself: from what a run measured to a page that can be handed in."""

from tlcore.report.story import RunStory, story_of
from tlcore.report.write import html_of, write_html, write_markdown

__all__ = ["RunStory", "html_of", "story_of", "write_html", "write_markdown"]
