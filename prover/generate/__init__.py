"""Generators: everything that proposes tactics for a goal (`search.interfaces.TacticGenerator`)."""
