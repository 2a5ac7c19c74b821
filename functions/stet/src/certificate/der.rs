//! DER, value after value (X.690): the shortest lengths only, and every byte accounted for.

use x509_parser::asn1_rs::{Any, Class, FromDer, Oid, Tag};

/// Not the DER that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// The values that are left to read.
#[derive(Debug)]
pub(super) struct Values<'d>(&'d [u8]);

impl<'d> Values<'d> {
    /// The values in `der`, which is exactly one SEQUENCE.
    pub(super) fn of_sequence(der: &'d [u8]) -> Result<Self, Malformed> {
        let mut outer = Self(der);
        let inner = outer.sequence()?;
        outer.end()?;
        Ok(inner)
    }

    /// The values of the SEQUENCE that comes next.
    pub(super) fn sequence(&mut self) -> Result<Self, Malformed> {
        self.content(Tag::Sequence).map(Self)
    }

    /// The OBJECT IDENTIFIER that comes next.
    pub(super) fn oid(&mut self) -> Result<Oid<'d>, Malformed> {
        let content = self.content(Tag::Oid)?;
        if content.is_empty() { Err(Malformed) } else { Ok(Oid::new(content.into())) }
    }

    /// The `UTF8String` that comes next.
    pub(super) fn text(&mut self) -> Result<&'d str, Malformed> {
        std::str::from_utf8(self.content(Tag::Utf8String)?).map_err(|_| Malformed)
    }

    /// Whether everything has been read.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing may follow.
    pub(super) fn end(self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    fn content(&mut self, tag: Tag) -> Result<&'d [u8], Malformed> {
        let (rest, value) = Any::from_der(self.0).map_err(|_| Malformed)?;
        let shortest = value.data.len().saturating_add(header_bytes(value.data.len()));
        let fits = value.class() == Class::Universal
            && value.tag() == tag
            && value.header.is_constructed() == (tag == Tag::Sequence)
            && self.0.len().checked_sub(rest.len()) == Some(shortest);
        if !fits {
            return Err(Malformed);
        }
        self.0 = rest;
        Ok(value.data)
    }
}

/// The bytes of a one-byte tag and of the shortest length (X.690 §10.1).
fn header_bytes(length: usize) -> usize {
    match length {
        0..=0x7f => 2,
        0x80..=0xff => 3,
        0x100..=0xffff => 4,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x690_10_1_only_the_shortest_length_is_read() {
        assert_eq!(Values::of_sequence(&[0x30, 0x03, 0x0c, 0x01, b'a']).unwrap().text(), Ok("a"));
        assert_eq!(Values::of_sequence(&[0x30, 0x81, 0x03, 0x0c, 0x01, b'a']).unwrap_err(), Malformed);
        assert_eq!(Values::of_sequence(&[0x30, 0x80, 0x0c, 0x01, b'a', 0, 0]).unwrap_err(), Malformed);
    }

    #[test]
    fn what_follows_is_refused() {
        assert_eq!(Values::of_sequence(&[0x30, 0x00, 0x00]).unwrap_err(), Malformed);
        let mut values = Values::of_sequence(&[0x30, 0x05, 0x06, 0x01, 0x2a, 0x05, 0x00]).unwrap();
        assert_eq!(values.text(), Err(Malformed));
        assert_eq!(values.oid().unwrap().as_bytes(), [0x2a]);
        assert_eq!(values.end(), Err(Malformed));
    }
}
