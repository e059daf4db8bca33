"""What is turned to make a ring do what is wanted: knobs, targets, matching."""
