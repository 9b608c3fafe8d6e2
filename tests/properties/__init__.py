"""What holds for every legal run, and for every run that was changed in one place."""
