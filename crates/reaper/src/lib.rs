//! The one owner of child processes: spawns, signals, waits, proves a process tree gone
