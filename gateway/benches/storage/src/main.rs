//! What the store costs: prints tables in Markdown, with the conditions under which the figures were seen.

mod dictionary;
mod machine;
mod samples;
mod segments;
mod table;

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["segments"] => {
            println!("{}", machine::facts());
            print!("{}{}", segments::segments()?, segments::codecs()?);
            Ok(())
        }
        ["dictionary", file] => std::fs::write(file, dictionary::train()?).with_context(|| file.to_owned()),
        _ => bail!("usage: storage segments | storage dictionary FILE"),
    }
}
