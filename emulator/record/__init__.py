"""What crossed the wire: exchanges and what is in them. Nothing here raises for what a stranger sent, or knows who did."""
