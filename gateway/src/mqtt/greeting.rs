//! The first packet, checked as bytes before the codec reads it: it decides the protocol version, and the codec lets pass
//! what the standards call malformed (flags that contradict each other, bytes behind the last field, MQTT 3.1).

use super::end::End;

/// First byte of a CONNECT: its type, and flags that are all 0.
const CONNECT: u8 = 0x10;
/// Protocol name with its length.
const NAME: &[u8] = b"\0\x04MQTT";

/// Nothing of an earlier session is wanted.
pub(super) const CLEAN_START: u8 = 0x02;
const WILL: u8 = 0x04;
const WILL_QOS_AND_RETAIN: u8 = 0x38;
const PASSWORD: u8 = 0x40;
const USERNAME: u8 = 0x80;

/// The versions that are spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V311,
    V5,
}

/// A first packet that is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Greeting {
    pub(super) version: Version,
    /// Its fields follow each other as its flags say, to its very end.
    pub(super) is_well_formed: bool,
    /// Where its flags are.
    pub(super) flags_at: usize,
    /// It leaves its client id to us.
    pub(super) is_nameless: bool,
}

/// Looks at what has come so far; `None` until the packet is complete. Refuses by the length alone what claims to be
/// larger than `packet_bytes_max`.
pub(super) fn read(input: &[u8], packet_bytes_max: u32) -> Result<Option<Greeting>, End> {
    if input.first().is_some_and(|first| *first != CONNECT) {
        return Err(End::Malformed);
    }
    let Some((length, header)) = length(input.get(1..).unwrap_or_default())? else { return Ok(None) };
    if length > packet_bytes_max {
        return Err(End::TooLarge);
    }
    let Some(body) = input.get(1 + header..1 + header + length as usize) else { return Ok(None) };
    let mut fields = Fields(body);
    if fields.take(NAME.len()) != Some(NAME) {
        return Err(End::Version);
    }
    let version = match fields.byte() {
        Some(4) => Version::V311,
        Some(5) => Version::V5,
        _ => return Err(End::Version),
    };
    let mut greeting = Greeting {
        version,
        is_well_formed: false,
        flags_at: 1 + header + NAME.len() + 1,
        is_nameless: false,
    };
    greeting.is_well_formed = fields.skip_the_rest(&mut greeting) == Some(true);
    Ok(Some(greeting))
}

/// A remaining length at the beginning of `bytes` and how many bytes it takes; `None` when it is not complete.
fn length(bytes: &[u8]) -> Result<Option<(u32, usize)>, End> {
    let mut length = 0;
    for (place, byte) in bytes.iter().take(4).enumerate() {
        length |= u32::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(Some((length, place + 1)));
        }
    }
    if bytes.len() >= 4 { Err(End::Malformed) } else { Ok(None) }
}

/// What is left of a packet's body.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|taken| taken[0])
    }

    /// A field behind its length of two bytes.
    fn skip_field(&mut self) -> Option<u16> {
        let length = u16::from_be_bytes([self.byte()?, self.byte()?]);
        self.take(length.into()).map(|_| length)
    }

    /// MQTT 5 properties; the codec reads what is in them.
    fn skip_properties(&mut self, version: Version) -> Option<()> {
        if version == Version::V311 {
            return Some(());
        }
        let (length, header) = length(self.0).ok()??;
        self.take(header + length as usize).map(drop)
    }

    /// Everything behind the version; `None` when a field reaches beyond the end.
    fn skip_the_rest(&mut self, greeting: &mut Greeting) -> Option<bool> {
        let version = greeting.version;
        let flags = self.byte()?;
        let has = |flag: u8| flags & flag != 0;
        self.take(2)?; // keep-alive
        self.skip_properties(version)?;
        greeting.is_nameless = self.skip_field()? == 0;
        if has(WILL) {
            self.skip_properties(version)?;
            self.skip_field()?; // topic
            self.skip_field()?; // message
        }
        for credential in [USERNAME, PASSWORD] {
            if has(credential) {
                self.skip_field()?;
            }
        }
        let will_is_whole = has(WILL) || !has(WILL_QOS_AND_RETAIN);
        let password_has_user = has(USERNAME) || !has(PASSWORD) || version == Version::V5;
        Some(self.0.is_empty() && will_is_whole && password_has_user)
    }
}
