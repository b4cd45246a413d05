"""A stand-in for python-prctl, which picamera2 imports and needs only to run ffmpeg."""
