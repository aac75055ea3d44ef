//! What must be true of this machine before anything is made, and how to mend what is not.
