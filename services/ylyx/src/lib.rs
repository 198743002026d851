//! The ylyx command.
