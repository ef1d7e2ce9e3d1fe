"""The rules that clinical content must keep, by theme; each rule has one issue code."""
