//! Conformance suites, fakes and fixtures (a dev-dependency only).
