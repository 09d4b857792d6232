"""The studio: a page in the browser where music is made with the model, and the service behind it."""
