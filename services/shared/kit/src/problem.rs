//! The one error that crosses a service's rooms and its door.
//!
//! A [`Problem`] has a [`Kind`] (which decides the gRPC and HTTP status, in one table), a stable reason code for
//! programs, a Chinese message for people, and the fields at fault. Internal causes are logged here once and never
//! cross the wire.

use std::fmt;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// A result whose error is a [`Problem`].
pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// What sort of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong, whatever the state.
    Invalid,
    /// No such thing.
    NotFound,
    /// It exists already.
    Exists,
    /// The state does not allow it now.
    State,
    /// Somebody changed it meanwhile: read again.
    Stale,
    /// The caller is not known.
    Unauthenticated,
    /// The caller is known and may not.
    Forbidden,
    /// Too much of something.
    Exhausted,
    /// A dependency does not answer; try again.
    Unavailable,
    /// Our fault.
    Internal,
}

impl Kind {
    /// The one table: kind → gRPC code and HTTP status.
    pub fn codes(self) -> (Code, u16) {
        match self {
            Kind::Invalid => (Code::InvalidArgument, 400),
            Kind::NotFound => (Code::NotFound, 404),
            Kind::Exists => (Code::AlreadyExists, 409),
            Kind::State => (Code::FailedPrecondition, 409),
            Kind::Stale => (Code::Aborted, 409),
            Kind::Unauthenticated => (Code::Unauthenticated, 401),
            Kind::Forbidden => (Code::PermissionDenied, 403),
            Kind::Exhausted => (Code::ResourceExhausted, 429),
            Kind::Unavailable => (Code::Unavailable, 503),
            Kind::Internal => (Code::Internal, 500),
        }
    }
}

/// A problem, as a person and as a program read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub kind: Kind,
    /// Stable, SCREAMING_SNAKE.
    pub reason: &'static str,
    /// In Chinese.
    pub message: String,
    /// Fields at fault with what is wrong, in Chinese.
    pub fields: Vec<(String, String)>,
    transient: bool,
}

impl Problem {
    pub fn new(kind: Kind, reason: &'static str, message: impl Into<String>) -> Self {
        Problem { kind, reason, message: message.into(), fields: Vec::new(), transient: false }
    }

    /// A wrong field; the message is about that field.
    pub fn field(field: impl Into<String>, reason: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Problem { fields: vec![(field.into(), message.clone())], ..Problem::new(Kind::Invalid, reason, message) }
    }

    pub fn not_found(reason: &'static str, message: impl Into<String>) -> Self {
        Problem::new(Kind::NotFound, reason, message)
    }

    pub fn state(reason: &'static str, message: impl Into<String>) -> Self {
        Problem::new(Kind::State, reason, message)
    }

    pub fn forbidden(reason: &'static str, message: impl Into<String>) -> Self {
        Problem::new(Kind::Forbidden, reason, message)
    }

    /// Our own fault: logs the cause, tells nothing of it.
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Problem::new(Kind::Internal, "INTERNAL", "系统内部错误，已记录")
    }

    /// Adds a field at fault.
    pub fn and_field(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.fields.push((field.into(), message.into()));
        self
    }

    /// True when running the whole transaction again may succeed.
    pub fn is_transient(&self) -> bool {
        self.transient
    }

    /// The stable reason of a status that some service answered; empty when it carries none.
    pub fn reason_of(status: &Status) -> String {
        status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.reason)?;
        self.fields.iter().try_for_each(|(field, message)| write!(f, "; {field}: {message}"))
    }
}

impl std::error::Error for Problem {}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        let transient = crate::db::is_transient(&error);
        if transient {
            return Problem {
                transient, ..Problem::new(Kind::Unavailable, "DATABASE_BUSY", "数据库繁忙，请稍后重试")
            };
        }
        Problem::internal(format!("database: {error}"))
    }
}

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        let mut details = ErrorDetails::new();
        details.set_error_info(problem.reason, "ylyx", std::collections::HashMap::new());
        for (field, message) in problem.fields {
            details.add_bad_request_violation(field, message);
        }
        Status::with_error_details(problem.kind.codes().0, problem.message, details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_carries_reason_and_fields_and_no_cause() {
        let status = Status::from(Problem::field("period", "PERIOD_INVALID", "报告期写法不对"));
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(Problem::reason_of(&status), "PERIOD_INVALID");
        assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "period");
        let status = Status::from(Problem::internal("secret path"));
        assert!(!status.message().contains("secret"));
    }
}
