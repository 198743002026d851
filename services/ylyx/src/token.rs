//! `ylyx token`: an assertion of who calls, signed with the development issuer's key. In production an issuer of the
//! city's own does this; no service holds that key.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use kit::{Clock, Problem, Result};
use trust::SigningKey;
use trust::users::Users;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[arg(long = "as", value_name = "NAME", help = "用户编号（id），见 users.toml")]
    pub user: String,
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=15), help = "有效分钟数，最长 15")]
    pub minutes: u32,
    #[arg(long, value_name = "DIR", default_value = "./data", help = "数据目录")]
    pub data: PathBuf,
    #[arg(long, value_name = "DIR", help = "城市数据包目录；不写则用内置的")]
    pub city: Option<PathBuf>,
}

/// Prints the assertion, and nothing else, on standard output.
pub fn command(args: Args) -> Result<ExitCode> {
    let issuer = Issuer::open(&args.data, args.city.as_deref(), &args.user, Clock::system())?;
    println!("{}", issuer.assertion(Duration::from_secs(u64::from(args.minutes) * 60)));
    Ok(ExitCode::SUCCESS)
}

/// Issues assertions for one user of `users.toml`.
pub struct Issuer {
    key: SigningKey,
    user: trust::User,
    city: String,
    clock: Clock,
}

impl Issuer {
    /// USER_UNKNOWN for an id that `users.toml` lacks, ISSUER_KEY_MISSING when `ylyx up` never ran on this folder.
    pub fn open(data: &Path, city: Option<&Path>, user: &str, clock: Clock) -> Result<Self> {
        let key = data.join("trust/issuer/signing.key");
        if !key.exists() {
            return Err(Problem::field(
                "data",
                "ISSUER_KEY_MISSING",
                format!("{} 不存在，请先在该数据目录运行 ylyx up", key.display()),
            ));
        }
        let users = Users::load(&data.join("users.toml"))?;
        let found = users.find(user)?;
        Ok(Issuer {
            key: SigningKey::load_or_create(&key)?,
            user: trust::User { id: found.id.clone(), name: found.name.clone(), unit: found.unit.clone() },
            city: crate::open_city(city)?.code.clone(),
            clock,
        })
    }

    /// An assertion that holds from now on for `life`.
    pub fn assertion(&self, life: Duration) -> String {
        let trust::User { id, name, unit } = &self.user;
        trust::issue_assertion(&self.key, id, name, unit, &self.city, self.clock.micros(), life)
    }
}
