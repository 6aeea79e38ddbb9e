"""The top floor: every door into Evenly — pages, hooks, worker, timetable, commands."""
