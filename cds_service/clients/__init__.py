"""Who may call: the CDS Clients a site trusts, their keys, and the check of their tokens."""
