"""Fetching websites: what may be requested, which pages there are, and what each says."""
