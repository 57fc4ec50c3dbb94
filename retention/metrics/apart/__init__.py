"""The figures of a period told apart: by plan, industry, owner, source, country or tier."""
