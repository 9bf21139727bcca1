//! Documents that the platform hands out, asked for with the entity tags of those that are known (RFC 9110, section 13.1.2).

use reqwest::header::{ETAG, IF_NONE_MATCH};

use super::{Platform, answer};
use crate::uplink::carrier::Trouble;

/// What the platform has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// One that is known (304).
    Known,
    /// None (404, 204).
    Absent,
    /// This one (200).
    Content {
        /// Its bytes.
        bytes: Vec<u8>,
        /// Its entity tag without quotes, if it has one that is strong and visible ASCII.
        tag: Option<String>,
    },
}

impl Platform {
    /// Asks for what is at a path, unless it is one of those whose entity tags are `known` (without quotes).
    ///
    /// # Errors
    /// [`Trouble`]: no answer that says anything about it, or more than `bytes_max`.
    pub async fn get(&self, path: &str, known: &[&str], bytes_max: usize) -> Result<Document, Trouble> {
        let place = self.access.place().await?;
        let mut request = place.request(|client| client.get(format!("{}{path}", self.url)));
        if !known.is_empty() {
            let tags: Vec<String> = known.iter().map(|tag| format!("\"{tag}\"")).collect();
            request = request.header(IF_NONE_MATCH, tags.join(", "));
        }
        let response = request.send().await.map_err(|error| self.no_answer(&place, error))?;
        let (status, retry_after) = (response.status().as_u16(), answer::retry_after(response.headers()));
        match status {
            200 => {}
            304 => return Ok(Document::Known),
            204 | 404 => return Ok(Document::Absent),
            code @ (408 | 425 | 429 | 500..) => {
                return Err(Trouble::Unavailable { status: code, retry_after });
            }
            code => return Err(Trouble::Denied { status: code }),
        }
        let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).and_then(strong);
        let bytes = self.read(&place, response, bytes_max).await?;
        Ok(Document::Content { bytes, tag })
    }
}

/// The tag between the quotes; weak ones say that something is alike, not that it is the same.
fn strong(tag: &str) -> Option<String> {
    let inner = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
    let fits = !inner.is_empty()
        && inner.len() <= 128
        && inner.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    fits.then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_strong_tag_of_visible_characters_is_sent_back() {
        assert_eq!(strong("\"stalls@1a2b3c4d\"").as_deref(), Some("stalls@1a2b3c4d"));
        for tag in ["W/\"a\"", "a", "\"\"", "\"a\"b\"", "\"a b\"", &format!("\"{}\"", "a".repeat(129))] {
            assert_eq!(strong(tag), None, "{tag}");
        }
    }
}
