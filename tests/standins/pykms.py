"""A stand-in for pykms, which picamera2 imports and needs only for a preview on a screen."""


class _Names:
    def __getattr__(self, name: str) -> str:
        return name


PixelFormat = _Names()
