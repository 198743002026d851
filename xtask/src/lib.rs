//! Set-up, checks and tests of the project in one command.
