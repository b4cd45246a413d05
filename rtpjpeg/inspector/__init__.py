"""The inspector: what is in a capture, which rule of which RFC it breaks, and what to change."""
