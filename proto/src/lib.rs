//! Every contract between bureaus: the generated messages, clients and servers, one module per package.
//!
//! The texts are the `.proto` files in `proto/ylyx`; they are written to be read. [`DESCRIPTORS`] holds them with
//! their options for reflection, for access rules and for everything the crate `contract` derives.

#![allow(clippy::all, missing_docs, unreachable_pub, rustdoc::all)]

/// The encoded `FileDescriptorSet` of all packages, with custom options and source comments.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

mod ylyx {
    pub mod contract {
        pub mod v1 {
            tonic::include_proto!("ylyx.contract.v1");
        }
    }
    pub mod common {
        pub mod v1 {
            tonic::include_proto!("ylyx.common.v1");
        }
    }
    pub mod reporting {
        pub mod v1 {
            tonic::include_proto!("ylyx.reporting.v1");
        }
    }
    pub mod childcare {
        pub mod v1 {
            tonic::include_proto!("ylyx.childcare.v1");
        }
    }
    pub mod elderly_care {
        pub mod v1 {
            tonic::include_proto!("ylyx.elderly_care.v1");
        }
    }
    pub mod education {
        pub mod v1 {
            tonic::include_proto!("ylyx.education.v1");
        }
    }
    pub mod finance {
        pub mod v1 {
            tonic::include_proto!("ylyx.finance.v1");
        }
    }
    pub mod supervision {
        pub mod v1 {
            tonic::include_proto!("ylyx.supervision.v1");
        }
    }
    pub mod trust {
        pub mod v1 {
            tonic::include_proto!("ylyx.trust.v1");
        }
    }
    pub mod gateway {
        pub mod v1 {
            tonic::include_proto!("ylyx.gateway.v1");
        }
    }
}

/// Registers of the health commission: childcare institutions, classes, designations.
pub use ylyx::childcare::v1 as childcare;
/// Pages; the syntax of region and period codes.
pub use ylyx::common::v1 as common;
/// Options that contracts carry, and the vocabulary of bulk imports.
pub use ylyx::contract::v1 as contract;
/// Registers of the veteran-cadre bureau: seniors' schools, courses, classes.
pub use ylyx::education::v1 as education;
/// Registers of civil affairs: elderly institutions, beds, community facilities.
pub use ylyx::elderly_care::v1 as elderly_care;
/// Registers of the finance bureau: projects, their money and their progress.
pub use ylyx::finance::v1 as finance;
/// Indicator views across bureaus.
pub use ylyx::gateway::v1 as gateway;
/// Forms, reports, publications and the follow stream.
pub use ylyx::reporting::v1 as reporting;
/// The plan and the reference lists that the coordination office keeps.
pub use ylyx::supervision::v1 as supervision;
/// Who holds which role at a service.
pub use ylyx::trust::v1 as trust;
