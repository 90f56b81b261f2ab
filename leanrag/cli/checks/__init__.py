"""What `doctor` checks, by area; every check returns its finding and raises nothing."""
