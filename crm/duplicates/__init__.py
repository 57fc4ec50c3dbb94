"""Records that look like one: found by a sweep, looked at by people, merged, and taken apart again."""
