"""Worksheets on the cost of a network: what is hidden, the sheet, its solution, and the marks of a filled one.

``exercises.py`` says what a sheet asks, in a line that the sheet carries; ``hiding.py`` which columns can be hidden and
which sums stand behind their cells; ``worksheets.py`` lays the sheet out; ``filled.py`` reads answers out of one, and
``marking.py`` holds them against the count. Nothing here needs torch: whoever asks says where costs come from.
"""
