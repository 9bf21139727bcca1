//! What the store costs: prints tables in Markdown, with the conditions under which the figures were seen.

mod contender;
mod dictionary;
mod disk;
mod life;
mod linger;
mod machine;
mod rows;
mod samples;
mod scale;
mod segments;
mod table;

use std::path::Path;

use anyhow::{Context, Result, bail};

const USAGE: &str =
    "usage: storage [DIR]          everything about the store; takes root, and 12 GB below DIR
       storage rows|scale|linger [DIR]     a part of it
       storage rows DIR GROUP        groups of one size only
       storage segments              sizes and speeds of segments and codecs
       storage dictionary FILE       trains the dictionary anew";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["segments"] => {
            println!("{}", machine::facts());
            print!("{}{}", segments::segments()?, segments::codecs()?);
        }
        ["dictionary", file] => {
            std::fs::write(file, dictionary::train()?).with_context(|| file.to_owned())?;
        }
        // For the process that `scale` starts.
        ["drain", dir] => scale::drain(Path::new(dir))?,
        ["rows" | "scale" | "linger"] => store(arguments[0], Path::new("target"), None)?,
        ["rows" | "scale" | "linger", dir] => store(arguments[0], Path::new(dir), None)?,
        ["rows", dir, group] => store("rows", Path::new(dir), Some(group.parse().context("GROUP")?))?,
        [] => store("all", Path::new("target"), None)?,
        [dir] if Path::new(dir).is_dir() => store("all", Path::new(dir), None)?,
        _ => bail!(USAGE),
    }
    Ok(())
}

/// The tables that `part` names, on disks below `dir`; rows in groups of one size only, if one is given.
fn store(part: &str, dir: &Path, group: Option<usize>) -> Result<()> {
    println!("{}", machine::facts());
    println!("{}", machine::disk_facts(dir));
    if ["all", "rows"].contains(&part) {
        print!("{}", rows::everybody(dir, group)?);
    }
    if ["all", "scale"].contains(&part) {
        print!("{}", scale::five_million(dir)?);
    }
    if ["all", "linger"].contains(&part) {
        print!("{}", linger::days(dir)?);
    }
    Ok(())
}
