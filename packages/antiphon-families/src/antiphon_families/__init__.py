"""Small trained models of every family of Antiphon: data, found by the entry point group ``antiphon.models``."""
