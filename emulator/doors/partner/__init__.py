"""A partner's file: how it is reached, and who we are to it. Nothing else of a user's says that."""
