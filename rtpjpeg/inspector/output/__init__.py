"""What an inspection says, for the terminal, for programs and for a browser."""
