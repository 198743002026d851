//! Coded values: how an enum of the domain is written in the database, and in the contract after its prefix.

/// An enum with one stable code per value.
pub trait Coded: Copy + PartialEq + Sized + 'static {
    /// Every value with its code; the codes are those of the contract without the enum's prefix.
    const CODES: &'static [(Self, &'static str)];

    fn code(self) -> &'static str {
        Self::CODES.iter().find(|(value, _)| *value == self).map_or("", |(_, code)| code)
    }

    fn from_code(code: &str) -> Option<Self> {
        Self::CODES.iter().find(|(_, known)| *known == code).map(|(value, _)| *value)
    }
}
