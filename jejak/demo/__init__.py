"""The main job on a small nation, shown from end to end: `jejak demo`.

`stage` sets it up, `play` sends everything and waits, `findings` asks the services what came of
it, `show` prints it. Nothing is canned: every number is computed from the services.
"""
