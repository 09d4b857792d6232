"""Corpora: named sources of music, and note tables made from them for training and measuring."""
