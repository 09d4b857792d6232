"""What a picture of music shows: binning, layout and colours, as shapes that svg.py and plots.py only have to paint.

One computation, two painters, so that the SVG and the PNG of a piece are the same picture.
"""
