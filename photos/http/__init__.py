"""The HTTP face of a library: the ASGI application, its access control, its routes, and the gallery's page."""
