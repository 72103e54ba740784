//! sonde-ecole: measures a French primary school's network on site, judges it, and says how sure it is.

mod cli;
mod config;
mod demo;
mod guided;
mod mire;
mod plan;
mod run;
mod show;
mod store;
mod text;
mod upload;

fn main() {}
