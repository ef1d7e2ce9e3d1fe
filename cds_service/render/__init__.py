"""Advice as CDS Hooks cards: words, suggestions, and nothing that changes the advice."""
