//! `number` of a `Client` and of a `Service`, and `serviceNumber`: 32 bits, where identifiers have 53.

/// The number of whatever has that identifier: a positive `int32`, and the identifier itself where it is one. Two
/// identifiers may have one number, so nothing is found by it.
pub(crate) fn of(id: u64) -> u64 {
    const MOST: u64 = i32::MAX as u64;
    match id % MOST {
        0 => MOST,
        number => number,
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_number_is_a_positive_int32_made_from_the_identifier() {
        for (id, number) in [
            (1, 1),
            (2_147_483_646, 2_147_483_646),
            (2_147_483_647, 2_147_483_647),
            (2_147_483_648, 1),
            (4_294_967_294, 2_147_483_647),
            (9_007_199_254_740_991, 4_194_303),
        ] {
            assert_eq!(of(id), number, "{id}");
        }
    }
}
