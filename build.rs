//! Hands the target triple to the program, which names it in every report.

fn main() {
    // Cargo sets it for every build script.
    let target = std::env::var("TARGET").unwrap_or_else(|_| "unknown".to_owned());
    println!("cargo::rustc-env=TARGET={target}");
    println!("cargo::rerun-if-changed=build.rs");
}
