"""The HTTP interface: a FastAPI application that `app.py` mounts at /api."""
