"""The demo tenant: the knowledge of an invented tea and coffee ware shop in four languages."""
