//! What holds of all tables and all engines' texts.
