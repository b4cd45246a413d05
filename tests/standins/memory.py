"""Buffers in plain memory, where picamera2 has them from the kernel's DMA heap."""

from __future__ import annotations

import mmap
import os
from typing import Any

import libcamera
from picamera2.allocators.allocator import Allocator, Sync


class MemfdAllocator(Allocator):
    """Allocates as picamera2's ``DmaAllocator`` does, of memfds."""

    def __init__(self) -> None:
        super().__init__()
        self.mapped_buffers: dict[Any, mmap.mmap] = {}
        self.frame_buffers: dict[Any, list[Any]] = {}
        self.open_fds: list[int] = []
        self.sync = MemfdSync

    def allocate(self, libcamera_config: Any, use_case: Any) -> None:
        self.close()
        for configuration in libcamera_config:
            size = configuration.frame_size
            self.frame_buffers[configuration.stream] = [
                self._allocate(size) for _ in range(configuration.buffer_count)
            ]

    def _allocate(self, size: int) -> Any:
        plane = libcamera.FrameBuffer.Plane()
        plane.fd, plane.length = os.memfd_create("frame"), size
        os.ftruncate(plane.fd, size)
        self.open_fds.append(plane.fd)
        buffer = libcamera.FrameBuffer([plane])
        self.mapped_buffers[buffer] = mmap.mmap(plane.fd, size)
        return buffer

    def buffers(self, stream: Any) -> list[Any]:
        return self.frame_buffers[stream]

    def close(self) -> None:
        """Unmap everything; ``BufferError`` where somebody still has an array of it."""
        for memory in self.mapped_buffers.values():
            memory.close()
        for fd in self.open_fds:
            os.close(fd)
        self.mapped_buffers, self.frame_buffers, self.open_fds = {}, {}, []

    def __del__(self) -> None:
        self.close()


class MemfdSync(Sync):
    """Nothing to synchronise: the memory is the processor's own."""

    def __init__(self, allocator: MemfdAllocator, buffer: Any, write: bool) -> None:
        self._memory = allocator.mapped_buffers[buffer]

    def __enter__(self) -> mmap.mmap:
        return self._memory

    def __exit__(self, *error: object) -> None:
        pass
