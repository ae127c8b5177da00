"""Written reports: text in which every number is a claim, with charts and tables, as one page."""
