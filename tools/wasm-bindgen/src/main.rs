//! Writes the script around the client's WebAssembly. Takes the arguments that cargo-leptos and tools/build pass, under
//! the names that they have in wasm-bindgen-cli.

use anyhow::{Context, bail};
use std::{env, path::PathBuf};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> anyhow::Result<()> {
    let mut bindgen = Bindgen::new();
    // The defaults of the library are others than those of wasm-bindgen-cli.
    bindgen.typescript(true).omit_default_module_path(false);
    let mut out_dir = None;
    let mut input = None;
    for argument in env::args().skip(1) {
        // A path may contain the sign.
        let is_option = argument.starts_with('-');
        let pair = argument.split_once('=').filter(|_| is_option);
        match pair.unwrap_or((&argument, "")) {
            ("--version", "") => {
                println!("wasm-bindgen {}", wasm_bindgen_shared::version());
                return Ok(());
            }
            ("--target", "web") => _ = bindgen.web(true)?,
            ("--out-name", name) => _ = bindgen.out_name(name),
            ("--out-dir", folder) => out_dir = Some(PathBuf::from(folder)),
            ("--debug", "") => _ = bindgen.debug(true),
            ("--keep-debug", "") => _ = bindgen.keep_debug(true),
            (file, "") if !file.starts_with('-') => input = Some(PathBuf::from(file)),
            _ => bail!("{argument} is not understood: see tools/wasm-bindgen"),
        }
    }
    let out_dir = out_dir.context("--out-dir is missing")?;
    bindgen
        .input_path(input.context("the WebAssembly to read is missing")?)
        .generate(out_dir)
}
