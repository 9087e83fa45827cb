"""CNNSeg: your corrections teach the network while you paint."""

__version__ = "0.1.0"
