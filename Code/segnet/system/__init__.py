"""Files written in one step, locks, worker processes, checksums, printable names."""
