//! Listener, middleware and health; mounts the routers it is given, knows no protocol.
