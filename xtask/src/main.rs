//! `cargo xtask test`: everything a fresh Debian machine with a Rust toolchain needs to prove this repository: set-up
//! (PostgreSQL, Chromium, fonts, cargo-deny, axe), format, lints, licences, build, and all tests on both engines.
//! `cargo xtask setup` does the first part alone.

use std::process::{Command, ExitCode};

/// A Debian package and a file or program that shows it is there.
const PACKAGES: &[(&str, &str)] = &[
    ("postgresql", "/usr/lib/postgresql"),
    ("chromium", "/usr/bin/chromium"),
    ("libreoffice-writer-nogui", "/usr/lib/libreoffice/program/libswlo.so"),
    ("libreoffice-calc-nogui", "/usr/lib/libreoffice/program/libsclo.so"),
    ("fonts-noto-cjk", "/usr/share/fonts/opentype/noto"),
    ("curl", "/usr/bin/curl"),
    ("npm", "/usr/bin/npm"),
];

/// Where the browser tests look for axe.
const AXE: &str = "target/axe/node_modules/axe-core/axe.min.js";

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let done = match task.as_str() {
        "setup" => setup(),
        "test" => setup().and_then(|()| check()).and_then(|()| test()),
        "check" => check(),
        _ => Err("tasks: setup, check (format, lints, licences), test (setup, check and all tests)".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Installs what is missing; does nothing on a machine that has it all.
fn setup() -> Result<(), String> {
    let missing: Vec<&str> = PACKAGES
        .iter()
        .filter(|(_, shown_by)| !std::path::Path::new(shown_by).exists())
        .map(|(name, _)| *name)
        .collect();
    if !missing.is_empty() {
        let root = output("id", &["-u"]).is_ok_and(|id| id.trim() == "0");
        let apt = |arguments: &[&str]| {
            let mut command = if root { Command::new("apt-get") } else { Command::new("sudo") };
            if !root {
                command.arg("apt-get");
            }
            command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
            step(&mut command)
        };
        apt(&["update", "-q"])?;
        let mut install = vec!["install", "-y", "-q", "--no-install-recommends"];
        install.extend(&missing);
        apt(&install)?;
    }
    if output("cargo", &["deny", "--version"]).is_err() {
        // An unoptimised build is good enough for a check of one lock file, and four times quicker to make.
        step(
            Command::new("cargo")
                .args(["install", "--locked", "cargo-deny"])
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
                .env("CARGO_PROFILE_RELEASE_LTO", "false"),
        )?;
    }
    axe()
}

/// The accessibility rules that the browser tests run on every page; a tool of the tests, not of the product, so it is
/// fetched and not kept.
fn axe() -> Result<(), String> {
    if std::path::Path::new(AXE).exists() {
        return Ok(());
    }
    step(Command::new("npm").args([
        "install",
        "--no-save",
        "--no-audit",
        "--no-fund",
        "--prefix",
        "target/axe",
        "axe-core@4",
    ]))
}

fn check() -> Result<(), String> {
    step(Command::new("cargo").args(["fmt", "--all", "--check"]))?;
    step(Command::new("cargo").args(["deny", "check", "bans", "licenses", "sources"]))?;
    step(Command::new("cargo").args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}

/// Builds the programs first, because the fault tests start and kill them as real processes.
fn test() -> Result<(), String> {
    step(Command::new("cargo").args(["build", "--workspace", "--bins", "--locked"]))?;
    step(Command::new("cargo").args(["test", "--workspace", "--locked"]))
}

fn step(command: &mut Command) -> Result<(), String> {
    eprintln!("xtask: {command:?}");
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}")) }
}

fn output(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{program} ended with {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
