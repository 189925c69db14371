"""What every classifier that is trained shares."""
