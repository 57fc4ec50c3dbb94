"""What admins set about all mail: caps, quiet hours, rests, what is stopped, and the topics that people may refuse."""
