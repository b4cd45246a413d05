"""The network wing: trains over UDP sockets, and capture files.

``udp`` sends and receives trains with one system call each where the kernel allows it; ``pcap``
reads and writes the datagrams of a capture. Everything else here serves those two.
"""
