//! Reads files of golden vectors: `[name]`, then bytes in hexadecimal, `xx*N` for N bytes `xx`; what follows a `#` is for
//! people.

/// Names and bytes of the vectors in the text of such a file.
///
/// # Panics
/// When the text does not have that form: the files belong to the tests.
pub(crate) fn vectors(text: &str) -> Vec<(String, Vec<u8>)> {
    let mut vectors: Vec<(String, Vec<u8>)> = Vec::new();
    for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
        match line.strip_prefix('[') {
            Some(name) => vectors.push((name.trim_end_matches(']').to_owned(), Vec::new())),
            None if line.is_empty() => {}
            None => {
                let (_, bytes) = vectors.last_mut().expect("bytes stand behind a name");
                bytes.extend(line.split_whitespace().flat_map(bytes_of));
            }
        }
    }
    vectors
}

/// The bytes of `xx` or `xx*N`.
fn bytes_of(word: &str) -> impl Iterator<Item = u8> + use<> {
    let (byte, count) = word.split_once('*').unwrap_or((word, "1"));
    let byte = u8::from_str_radix(byte, 16).expect("hexadecimal");
    std::iter::repeat_n(byte, count.parse().expect("a number of bytes"))
}
