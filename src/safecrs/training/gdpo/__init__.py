"""Safe-GDPO: advantages, rollouts and the trainer."""
