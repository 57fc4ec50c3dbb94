"""Who looks like whom: the rules by which two customers or two people are thought to be one."""
