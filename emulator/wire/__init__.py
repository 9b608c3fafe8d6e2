"""What crosses the wire: exchanges, the JSON in them, and the two doors they pass."""
