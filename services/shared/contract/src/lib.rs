//! What the suite derives from its contracts, once: access rules, columns, masking, templates and the reading of
//! the sheets people send. Knows the `.proto` options and no register.
//!
//! | module | answers |
//! |---|---|
//! | [`rules`] | who may call a method |
//! | [`columns`] | what a field is called and how it is written |
//! | [`masking`] | what of a personal value a list may show |
//! | [`identifier`] | whether a code is a true one |
//! | [`text`] | what a cell means |
//! | [`sheet`] | the rows of any table file |
//! | [`import`] | the messages those rows stand for, cell errors included |
//! | [`template`] | workbooks to fill in, and rejected rows to correct |

use std::sync::LazyLock;

use prost_reflect::DescriptorPool;

pub mod columns;
pub mod identifier;
pub mod import;
pub mod masking;
pub mod rules;
pub mod sheet;
pub mod template;
pub mod text;

/// The descriptors of every package, with their options.
pub fn descriptors() -> &'static DescriptorPool {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        DescriptorPool::decode(proto::DESCRIPTORS).expect("the build of `proto` wrote a descriptor set that decodes")
    });
    &POOL
}
