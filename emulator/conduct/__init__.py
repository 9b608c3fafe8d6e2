"""How a run is conducted: the stage is set, it is played, judged and reported, whoever plays which party."""
