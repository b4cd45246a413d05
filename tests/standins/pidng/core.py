class PICAM2DNG:
    """Only its name is imported."""
