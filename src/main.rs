//! sonde-ecole
fn main() {}
