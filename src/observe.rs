//! What exists now. Reads everything, writes nothing, returns plain data.
