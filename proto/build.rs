//! Compiles `ylyx/**/*.proto` with protox (no protoc needed) and keeps the descriptor set for reflection and rules.

use std::{env, fs, path::Path, path::PathBuf};

use prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files = Vec::new();
    collect(Path::new("ylyx"), &mut files)?;
    files.sort();
    println!("cargo:rerun-if-changed=ylyx");

    // protox keeps the custom options as unknown extensions only in its own encoding: write that one.
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;

    let mut set = compiler.file_descriptor_set();
    set.file.retain(|file| file.package().starts_with("ylyx."));
    debug_assert!(set.encoded_len() > 0);
    // Every message knows its name: an access right narrows the record that it is a right to, and no other.
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    let builder = tonic_prost_build::configure().bytes(".ylyx.reporting.v1").emit_rerun_if_changed(false);
    builder.compile_fds_with_config(set, config)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
