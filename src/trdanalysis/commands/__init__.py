"""Commands: each loads tables, calls one function and writes what it gives."""
