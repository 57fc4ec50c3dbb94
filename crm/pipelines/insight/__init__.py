"""How a pipeline does: where deals go on and where they stop, who wins, who stays, and what came before a sale."""
