"""The live console: the report's page, fed as things happen, and a hand in what our emulators do."""
