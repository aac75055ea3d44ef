//! Progress, tables, JSON, and errors with their hints.
