//! What the suite derives from its contracts, once: access rules, columns, masking, templates and the reading of
//! the sheets people send. Knows the `.proto` options and no register.
//!
//! | module | answers |
//! |---|---|
//! | [`rules`] | who may call a method |
//! | [`bureau`] | what people call whoever runs a service |
//! | [`columns`] | what a field is called and how it is written |
//! | [`quantity`] | money and areas between integers and people's decimals |
//! | [`register`] | which registers there are, and the methods of each |
//! | [`leaf`] | the columns of a message, those of nested messages included |
//! | [`value`] | the value of a field as text, and back |
//! | [`masking`] | what of a personal value a list may show |
//! | [`identifier`] | whether a code is a true one |
//! | [`document`] | whether a number is one of a person's documents |
//! | [`text`] | what a cell means |
//! | [`sheet`] | the rows of any table file |
//! | [`import`] | the messages those rows stand for, cell errors included |
//! | [`template`] | workbooks to fill in, and rejected rows to correct |
//! | [`export`] | workbooks of a register's records |
//! | [`catalogue`] | every method with what it shares, and with whom |
//! | [`personal`] | whether a text carries somebody's number |

use std::sync::LazyLock;

use prost_reflect::DescriptorPool;

pub mod bureau;
pub mod catalogue;
pub mod columns;
pub mod document;
pub mod export;
pub mod identifier;
pub mod import;
pub mod leaf;
pub mod masking;
pub mod personal;
pub mod quantity;
pub mod register;
pub mod rules;
pub mod sheet;
pub mod template;
pub mod text;
pub mod value;

/// The descriptors of every package, with their options.
pub fn descriptors() -> &'static DescriptorPool {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        DescriptorPool::decode(proto::DESCRIPTORS).expect("the build of `proto` wrote a descriptor set that decodes")
    });
    &POOL
}
