"""The decision: chart + order + content + as-of day in, advice with its full trace out. Pure."""
