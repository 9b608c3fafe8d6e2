"""The judge: reads a transcript, never the parties that wrote it."""
