//! What the contracts say about who runs them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proto::contract::Bureau;

use crate::descriptors;

/// Name (`elderly-care`) → what its package states.
fn stated() -> &'static BTreeMap<String, Bureau> {
    static STATED: LazyLock<BTreeMap<String, Bureau>> = LazyLock::new(|| {
        let extension =
            descriptors().get_extension_by_name("ylyx.contract.v1.bureau").expect("options.proto states it");
        let files = descriptors().files().filter(|file| file.options().has_extension(&extension));
        files
            .filter_map(|file| {
                let bureau = file.options().get_extension(&extension).as_message()?.transcode_to().ok()?;
                Some((name(file.package_name()), bureau))
            })
            .collect()
    });
    &STATED
}

/// What people call the bureau that runs a service; the service's own name when no contract states one.
pub fn title(name: &str) -> &str {
    stated().get(name).map_or(name, |bureau| &bureau.title)
}

/// The place of a bureau in lists; those that no contract states come last.
pub fn rank(name: &str) -> u32 {
    stated().get(name).map_or(u32::MAX, |bureau| bureau.rank)
}

/// True for callers behind whom a signed-in person stands: the gateway, and a person's own certificate ("operator").
/// Everybody else calls for itself: it needs access rights, and presents nobody.
pub fn calls_for_people(caller: &str) -> bool {
    matches!(caller, "gateway" | "operator")
}

/// `ylyx.elderly_care.v1` is kept by `elderly-care`.
pub(crate) fn name(package: &str) -> String {
    package.split('.').nth(1).unwrap_or_default().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_bureau_with_a_register_is_named_and_has_its_own_place() {
        let with_registers: BTreeSet<&str> =
            crate::register::registers().iter().map(|register| register.bureau.as_str()).collect();
        for bureau in &with_registers {
            assert_ne!(title(bureau), *bureau, "no file of the package says what people call it");
        }
        let ranks: BTreeSet<u32> = stated().values().map(|bureau| bureau.rank).collect();
        assert_eq!(ranks.len(), stated().len());
        assert_eq!(name("ylyx.elderly_care.v1"), "elderly-care");
        assert_eq!((title("nobody"), rank("nobody")), ("nobody", u32::MAX));
    }
}
