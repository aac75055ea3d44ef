//! The Docker Engine API, as far as it is used here.
