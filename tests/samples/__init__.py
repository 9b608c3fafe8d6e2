"""Official sample messages against our contract layer."""
