//! Who a certificate says it is: the URI SAN `spiffe://<city>/bureau/<name>` or `spiffe://<city>/operator/<person>`.

use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

/// A party of the exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Region code of the city.
    pub city: String,
    pub kind: IdentityKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityKind {
    /// A service, by its name.
    Bureau(String),
    /// A person's own client certificate.
    Operator(String),
}

impl Identity {
    /// The name that access rules use: the bureau's, or "operator".
    pub fn rule_name(&self) -> &str {
        match &self.kind {
            IdentityKind::Bureau(name) => name,
            IdentityKind::Operator(_) => "operator",
        }
    }

    /// The identity in a certificate (DER); None when it carries none of ours, or more than one.
    pub fn of_certificate(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate.extensions().iter().filter_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
            _ => None,
        });
        let mut uris = names.flatten().filter_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        });
        match (uris.next(), uris.next()) {
            (Some(uri), None) => Identity::parse(uri),
            _ => None,
        }
    }

    fn parse(uri: &str) -> Option<Self> {
        let mut parts = uri.strip_prefix("spiffe://")?.split('/');
        let (city, kind, name) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || city.is_empty() || name.is_empty() {
            return None;
        }
        let kind = match kind {
            "bureau" if name != "operator" => IdentityKind::Bureau(name.to_owned()),
            "operator" => IdentityKind::Operator(name.to_owned()),
            _ => return None,
        };
        Some(Identity { city: city.to_owned(), kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_identities() {
        let bureau = Identity::parse("spiffe://530400/bureau/childcare").unwrap();
        assert_eq!(bureau.rule_name(), "childcare");
        assert_eq!(Identity::parse("spiffe://530400/operator/zhang").unwrap().rule_name(), "operator");
        for other in [
            "https://530400/bureau/x",
            "spiffe://530400/bureau/",
            "spiffe://530400/bureau/a/b",
            "spiffe:///bureau/a",
            "spiffe://530400/robot/a",
            "spiffe://530400/bureau/operator",
        ] {
            assert_eq!(Identity::parse(other), None, "{other}");
        }
    }
}
