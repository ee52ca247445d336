"""Drawings for reports: plain SVG, coloured by the page's style sheet, without scripts."""
