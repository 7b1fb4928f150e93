"""Pages of reference, made from the code, the configuration and the reference tables.

``python -m trdanalysis.generated`` writes them to ``docs/reference``. Each function takes what a
page tells and gives its Markdown.
"""
