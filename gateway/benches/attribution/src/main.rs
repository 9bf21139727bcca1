//! What attribution costs: prints a table in Markdown, with the conditions under which the figures were seen.
//!
//! Ours, a scan over all polygons and shapely answer the same points in one run; a run in which they disagree on a point off
//! the edges fails.

mod contender;
mod machine;
mod map;
mod points;
mod run;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

const USAGE: &str =
    "usage: attribution [DIR]     everything; the venv of shapely and its input go below DIR (target)
       attribution --polygons N     a synthetic map of about N polygons instead of 100,000";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (dir, polygons) = match arguments[..] {
        [] => (PathBuf::from("target"), 100_000),
        ["--polygons", count] => (PathBuf::from("target"), count.parse()?),
        [dir] if Path::new(dir).is_dir() => (PathBuf::from(dir), 100_000),
        _ => bail!(USAGE),
    };
    println!("{}\n", machine::facts());
    let shapely = contender::shapely::Shapely::prepare(&dir);
    match &shapely {
        Ok(shapely) => println!("{}\n", shapely.versions()),
        Err(error) => println!("shapely is left out: {error:#}\n"),
    }
    println!("{}", run::HEAD);
    let maps = [map::city()?, map::lattice(polygons)];
    for map in &maps {
        run::run(map, shapely.as_ref().ok(), &dir)?;
    }
    println!();
    for map in &maps {
        run::check(map)?;
    }
    Ok(())
}
