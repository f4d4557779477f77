"""From a script that closed all goals to a verdict."""
