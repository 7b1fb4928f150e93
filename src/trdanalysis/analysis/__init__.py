"""From labels to long result tables.

``estimands`` decides who belongs to which population and who has the event, ``counts`` adds them
up by stratum, ``rates`` puts intervals, bounds and conclusions to the counts (``strata`` lists the
rows, ``intervals`` holds the formulae), ``benchmarks`` sets the overall rates beside published
ones, ``attrition`` follows the records down to the patients counted, ``definition_table``
counts the labels of each definition, and ``agreement`` sets definitions against each other.
"""
