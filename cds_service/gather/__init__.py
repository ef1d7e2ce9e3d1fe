"""Making a chart: what was prefetched, what could be read in time, and what is missing."""
