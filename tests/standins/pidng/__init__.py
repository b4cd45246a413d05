"""A stand-in for PiDNG, which picamera2 imports and needs only to write DNG files."""
