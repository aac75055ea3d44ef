//! One file per verb. With `ui`, the only code that prints.
