"""An OpenAI-compatible server that replays recorded GPT-4 answers."""
