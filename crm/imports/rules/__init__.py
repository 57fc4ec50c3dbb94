"""How files of others are read: encodings, headers, cells and other systems' layouts. No database here."""
