"""HTTP: discovery, services, health, errors and cross-origin calls."""
