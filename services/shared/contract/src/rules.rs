//! Who may call what: the `access` option of every method of the suite, by gRPC path.
//!
//! A method without the option, or with one that names no caller, is an error at start and never an open door.

use std::collections::BTreeMap;

use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor, Value};
use proto::contract::{Access, Sharing};

/// The access rule of one method, as its contract states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRule {
    /// Certificates that may call: bureau names, or "operator".
    pub callers: Vec<String>,
    /// Roles of which the person must hold one; empty where the bureau itself calls.
    pub roles: Vec<String>,
    /// Purposes that may be stated; empty where no personal data is reached.
    pub purposes: Vec<String>,
    /// 共享属性.
    pub sharing: Sharing,
    /// Number in the 政务数据共享目录; empty until given.
    pub catalogue_number: String,
}

/// A method with its rule and what is needed to call it without generated code.
#[derive(Debug, Clone)]
pub struct Method {
    /// gRPC path, `/ylyx.childcare.v1.ClassService/ListClasses`.
    pub path: String,
    pub input: MessageDescriptor,
    pub output: MessageDescriptor,
    pub client_streaming: bool,
    pub server_streaming: bool,
    pub rule: AccessRule,
}

/// Methods whose contract names no caller.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("以下方法没有访问规则，服务不能启动：{}", .methods.join("、"))]
pub struct RuleMissing {
    /// Their gRPC paths.
    pub methods: Vec<String>,
}

/// The rules of all packages `ylyx.*`.
#[derive(Debug)]
pub struct AccessRules {
    methods: BTreeMap<String, Method>,
}

impl AccessRules {
    /// The rules of the contracts this program was built with.
    ///
    /// # Errors
    /// [`RuleMissing`] when a method has no rule.
    pub fn load() -> Result<AccessRules, RuleMissing> {
        AccessRules::of(crate::descriptors())
    }

    /// The rules of a given set of contracts.
    ///
    /// # Errors
    /// [`RuleMissing`] when a method has no rule.
    pub fn of(pool: &DescriptorPool) -> Result<AccessRules, RuleMissing> {
        let mut methods = BTreeMap::new();
        let mut missing = Vec::new();
        for service in pool.services().filter(|service| service.package_name().starts_with("ylyx.")) {
            for method in service.methods() {
                let path = path_of(&method);
                match Method::of(&method) {
                    Some(method) => drop(methods.insert(path, method)),
                    None => missing.push(path),
                }
            }
        }
        if missing.is_empty() { Ok(AccessRules { methods }) } else { Err(RuleMissing { methods: missing }) }
    }

    /// The rule of a gRPC path; `None` means: refuse.
    pub fn rule(&self, path: &str) -> Option<&AccessRule> {
        self.methods.get(path).map(|method| &method.rule)
    }

    /// A method by its gRPC path.
    pub fn method(&self, path: &str) -> Option<&Method> {
        self.methods.get(path)
    }

    /// All methods, by path.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.methods.values()
    }
}

impl Method {
    /// A method of a contract; `None` when it names no caller.
    pub(crate) fn of(method: &MethodDescriptor) -> Option<Method> {
        Some(Method {
            rule: rule_of(method.parent_pool(), method)?,
            path: path_of(method),
            input: method.input(),
            output: method.output(),
            client_streaming: method.is_client_streaming(),
            server_streaming: method.is_server_streaming(),
        })
    }

    /// Its name without package and service, `ListClasses`.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

fn path_of(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

fn rule_of(pool: &DescriptorPool, method: &MethodDescriptor) -> Option<AccessRule> {
    let extension = pool.get_extension_by_name("ylyx.contract.v1.access")?;
    let options = method.options();
    let value = options.get_extension(&extension);
    let Value::Message(message) = value.as_ref() else { return None };
    let access: Access = message.transcode_to().ok()?;
    if access.callers.is_empty() {
        return None;
    }
    Some(AccessRule {
        sharing: access.sharing(),
        callers: access.callers,
        roles: access.roles,
        purposes: access.purposes,
        catalogue_number: access.catalogue_number,
    })
}

#[cfg(test)]
mod tests {
    use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver};

    use super::*;

    struct Source(&'static str);
    impl FileResolver for Source {
        fn open_file(&self, name: &str) -> Result<File, protox::Error> {
            if name != "door.proto" {
                return Err(protox::Error::file_not_found(name));
            }
            File::from_source(name, self.0)
        }
    }

    fn compile(source: &'static str) -> DescriptorPool {
        let mut resolver = ChainFileResolver::new();
        resolver.add(Source(source));
        resolver.add(IncludeFileResolver::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../proto").into()));
        resolver.add(GoogleFileResolver::new());
        let mut compiler = protox::Compiler::with_file_resolver(resolver);
        compiler.include_imports(true).open_file("door.proto").expect("compiles");
        DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).expect("decodes")
    }

    #[test]
    fn every_method_of_the_suite_has_a_rule() {
        let rules = AccessRules::load().expect("every method has a rule");
        let rule = rules.rule("/ylyx.childcare.v1.ClassService/ListClasses").expect("known");
        assert_eq!(rule.callers, ["gateway", "operator"]);
        assert!(rule.roles.contains(&"AUDITOR".to_owned()));
        assert_eq!(rule.sharing, Sharing::Unconditional);
        assert!(rules.rule("/grpc.health.v1.Health/Check").is_none());

        let import = rules.method("/ylyx.childcare.v1.ClassService/ImportClasses").expect("known");
        assert!(import.client_streaming && import.server_streaming);
        assert_eq!(import.input.full_name(), "ylyx.childcare.v1.ImportClassesRequest");
        assert!(rules.methods().all(|method| !method.rule.callers.is_empty()));
    }

    #[test]
    fn a_method_without_a_rule_is_named() {
        let pool = compile(
            r#"syntax = "proto3";
            package ylyx.door.v1;
            import "ylyx/contract/v1/options.proto";
            message Nothing {}
            service Door {
              rpc Closed(Nothing) returns (Nothing) { option (ylyx.contract.v1.access) = { callers: ["gateway"] }; }
              rpc Open(Nothing) returns (Nothing);
              rpc Nobody(Nothing) returns (Nothing) { option (ylyx.contract.v1.access) = { roles: ["AUDITOR"] }; }
            }"#,
        );
        let error = AccessRules::of(&pool).expect_err("two methods name no caller");
        assert_eq!(error.methods, ["/ylyx.door.v1.Door/Open", "/ylyx.door.v1.Door/Nobody"]);
        assert!(error.to_string().contains("/ylyx.door.v1.Door/Open"));
    }
}
