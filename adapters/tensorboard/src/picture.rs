//! Which artifacts are images, by their first bytes: names say what they like.

use trackside_tensorboard_wire::{Image, Value, Values};

/// Bytes after which it is known whether something is an image at all.
pub(crate) const MAGIC: usize = 8;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";

/// Whether a file that begins so may be an image.
pub(crate) fn begins_like_one(bytes: &[u8]) -> bool {
    bytes.starts_with(PNG) || bytes.starts_with(JPEG)
}

/// The value of the IMAGES tab, when this is an image whose size can be read.
pub(crate) fn value(tag: String, encoded: Vec<u8>) -> Option<Value> {
    let (width, height) = if encoded.starts_with(PNG) { png_size(&encoded) } else { jpeg_size(&encoded) }?;
    let image = Image { height, width, colorspace: 0, encoded };
    Some(Value { tag, metadata: None, value: Some(Values::Image(image)) })
}

/// The first chunk is `IHDR`: length, name, width, height. (PNG specification, third edition, 11.2.1.)
fn png_size(bytes: &[u8]) -> Option<(i32, i32)> {
    let size = bytes.get(12..24)?.strip_prefix(b"IHDR")?;
    let side = |bytes: &[u8]| i32::try_from(u32::from_be_bytes(bytes.try_into().ok()?)).ok();
    Some((side(&size[..4])?, side(&size[4..])?))
}

/// Segments are a marker and a length that counts itself; the frame header holds precision, height and width.
/// (ITU-T T.81, B.2.2.)
fn jpeg_size(bytes: &[u8]) -> Option<(i32, i32)> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    loop {
        let (marker, after) = rest.strip_prefix(b"\xff")?.split_first()?;
        match marker {
            0xff => rest = &rest[1..],
            // Start of frame; C4, C8 and CC are tables.
            0xc0..=0xcf if ![0xc4, 0xc8, 0xcc].contains(marker) => {
                let side = |at: usize| Some(i32::from(u16::from_be_bytes(after.get(at..at + 2)?.try_into().ok()?)));
                return Some((side(5)?, side(3)?));
            }
            // The image itself begins, or it ends, before any frame header.
            0xd9 | 0xda => return None,
            _ => {
                let length = u16::from_be_bytes(after.get(..2)?.try_into().ok()?);
                rest = after.get(usize::from(length)..)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(bytes: &[u8]) -> Option<(i32, i32)> {
        match value("t".to_owned(), bytes.to_vec())?.value? {
            Values::Image(image) => Some((image.width, image.height)),
            _ => None,
        }
    }

    #[test]
    fn sizes_are_read_from_png_and_jpeg() {
        let png = [PNG, b"\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0"].concat();
        assert_eq!(size(&png), Some((3, 2)));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc2\0\x0b\x08\0\x02\0\x03\x01\x01\x11\0";
        assert_eq!(size(jpeg), Some((3, 2)));
    }

    #[test]
    fn what_only_begins_like_an_image_is_none() {
        let mut cut = [PNG, b"\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02"].concat();
        cut.pop();
        let endless = b"\xff\xd8\xff\xe0\0\0\xff\xe0\0\0";
        for bytes in [&cut[..], PNG, JPEG, endless, b"\xff\xd8\xff\xda\0\x02", b"\xff\xd8\xff\xd9"] {
            assert_eq!(size(bytes), None, "{bytes:?}");
        }
        assert!(!begins_like_one(b"GIF89a__") && begins_like_one(PNG));
    }
}
