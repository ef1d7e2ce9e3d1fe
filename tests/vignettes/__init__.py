"""Labelled vignettes: charts and orders combined pairwise, judged by an oracle of our own."""
