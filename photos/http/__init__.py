"""The HTTP face of a library: the ASGI application, its doors, its routes, and the gallery's page."""
