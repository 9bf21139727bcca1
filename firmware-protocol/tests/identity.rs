//! A device's id in eight bytes.

use firmware_protocol::DeviceTag;
use proptest::prelude::*;

#[test]
fn short_device_ids_are_readable_and_long_ones_never_look_like_them() {
    assert_eq!(DeviceTag::of("car-07"), DeviceTag(*b"car-07\0\0"));
    assert_eq!(DeviceTag::of("noise-12"), DeviceTag(*b"noise-12"));
    assert_eq!(DeviceTag::of("noise-12").id(), Some("noise-12"));
    let long = DeviceTag::of("bodycam-0118");
    assert_eq!(long, DeviceTag([0xD9, 0xE5, 0xD0, 0x88, 0x25, 0x34, 0x19, 0xC6]));
    assert_eq!(long.id(), None);
    assert_eq!(long.to_string(), "#d9e5d088253419c6");
}

proptest! {
    #[test]
    fn device_ids_keep_their_tags_apart(
        one in "[a-z0-9][a-z0-9-]{0,31}",
        other in "[a-z0-9][a-z0-9-]{0,31}",
    ) {
        let tag = DeviceTag::of(&one);
        prop_assert_eq!(tag == DeviceTag::of(&other), one == other);
        prop_assert_eq!(tag.0[0] & 0x80 != 0, one.len() > 8);
        prop_assert_eq!(tag.id(), (one.len() <= 8).then_some(one.as_str()));
    }
}
