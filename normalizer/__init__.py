"""The conversation format: what was said, whatever channel it came by. Pure; imports nothing of ours."""
