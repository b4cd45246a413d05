"""The sender: cameras in, packets out, each camera on threads of its own."""
