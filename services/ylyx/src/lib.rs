//! The `ylyx` command: the whole suite in one process for a first look and for tests, and the operator's tools.
//!
//! One module per subcommand. The suite and the import are usable as a library, so that tests drive what people
//! drive.

pub mod demo;
pub mod endpoints;
pub mod import;
pub mod match_key;
pub mod person_key;
pub mod signing_key;
pub mod suite;
pub mod template;
pub mod token;
pub mod up;
pub mod verify;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use city::bundle::{BundleError, City};
use kit::{Kind, Problem, Result};

/// Says a problem to the person at the terminal: the message in Chinese with its reason code, then the fields at
/// fault. Returns the exit code: 2 when the command or a file given to it is wrong, 1 for everything else.
pub fn say(problem: &Problem) -> ExitCode {
    eprintln!("错误：{} [{}]", problem.message, problem.reason);
    for (field, message) in problem.fields.iter().filter(|(_, message)| *message != problem.message) {
        eprintln!("  {field}：{message}");
    }
    ExitCode::from(if problem.kind == Kind::Invalid { 2 } else { 1 })
}

/// The city bundle of a folder, or the embedded one; CITY_BUNDLE_INVALID.
fn open_city(folder: Option<&Path>) -> Result<Arc<City>> {
    match folder {
        None => Ok(City::embedded()),
        Some(folder) => City::load(folder)
            .map(Arc::new)
            .map_err(|error| Problem::field("city", BundleError::REASON, error.to_string())),
    }
}

/// A file that could not be read or written.
fn file_problem(path: &Path, error: std::io::Error) -> Problem {
    Problem::field("file", "FILE_UNUSABLE", format!("文件 {} 无法读写：{error}", path.display()))
}
