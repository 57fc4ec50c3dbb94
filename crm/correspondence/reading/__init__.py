"""From the bytes of a mail to what it says (RFC 5322, 2045, 3464). Never raises for what comes from outside.

Bounded everywhere: what others write is as long, as deep and as broken as they like.
"""
