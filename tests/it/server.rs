//! A server that does as it is told, byte for byte.
