//! A private PostgreSQL cluster for one run of the tests, started from the installed binaries. A machine without
//! PostgreSQL is an error, not a skip: half of what is promised would go untested.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// One cluster per test process, in a folder of its own, on a free loopback port. It ends with the process.
struct Cluster {
    port: u16,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// Makes a fresh, empty database and returns its URL.
pub fn database() -> String {
    let cluster = CLUSTER.get_or_init(start);
    let name = format!("t{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
    let url = |database: &str| format!("postgres://postgres@127.0.0.1:{}/{database}", cluster.port);
    let made = Command::new(binary("psql"))
        .args(["--no-psqlrc", "--quiet", "-d", &url("postgres"), "-c", &format!("CREATE DATABASE {name}")])
        .output()
        .expect("psql runs");
    assert!(made.status.success(), "CREATE DATABASE: {}", String::from_utf8_lossy(&made.stderr));
    url(&name)
}

/// Every row of every table of a database as text, bytes as they are.
pub fn dumped(url: &str) -> Vec<u8> {
    let tables =
        asked(url, "SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'public'");
    let copies: String = tables.lines().map(|table| format!("COPY {table} TO STDOUT;\n")).collect();
    asked(url, &format!("SET bytea_output = 'escape';\n{copies}")).into_bytes()
}

/// The files in which the cluster keeps a database, with everything that was committed in them.
pub fn files(url: &str) -> Vec<PathBuf> {
    asked(url, "CHECKPOINT");
    let folder = asked(
        url,
        "SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database WHERE datname = current_database()",
    );
    let entries = std::fs::read_dir(folder.trim()).expect("the cluster's folder");
    entries.map(|entry| entry.expect("a file").path()).collect()
}

/// What psql says.
fn asked(url: &str, statements: &str) -> String {
    let said = Command::new(binary("psql"))
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "-d", url, "-c", statements])
        .output()
        .expect("psql runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8_lossy(&said.stdout).into_owned()
}

fn start() -> Cluster {
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|held| held.local_addr()).expect("a free port").port();
    let folder = std::env::temp_dir().join(format!("ylyx-postgres-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the cluster");
    let data = folder.join("data");
    let root = is_root();
    if root {
        run(Command::new("chown").arg("postgres").arg(&folder));
    }
    run(as_postgres(root, &binary("initdb"))
        .args(["-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C", "-D"])
        .arg(&data));
    let options = format!(
        "-h 127.0.0.1 -p {port} -k '' -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=400"
    );
    run(as_postgres(root, &binary("pg_ctl"))
        .args(["-w", "-s", "-o", &options, "-l"])
        .arg(folder.join("log"))
        .arg("-D")
        .arg(&data)
        .arg("start"));
    end_with_us(&folder, &data);
    Cluster { port }
}

/// A small shell outlives the test process just long enough to stop the cluster and remove its folder.
#[allow(clippy::zombie_processes, reason = "it waits for us, not we for it")]
fn end_with_us(folder: &Path, data: &Path) {
    let script = format!(
        "while kill -0 {} 2>/dev/null; do sleep 0.3; done; kill -INT $(head -1 '{}/postmaster.pid'); sleep 2; rm -rf '{}'",
        std::process::id(),
        data.display(),
        folder.display()
    );
    Command::new("setsid")
        .args(["sh", "-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell that ends the cluster");
}

fn as_postgres(root: bool, program: &Path) -> Command {
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn run(command: &mut Command) {
    let status =
        command.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(status.success(), "{command:?} ended with {status}");
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

/// The newest installed version's program.
fn binary(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL is not installed; `cargo xtask setup` installs it")
        .filter_map(|entry| Some(entry.ok()?.path().join("bin").join(name)))
        .filter(|path| path.exists())
        .collect();
    versions.sort();
    versions.pop().unwrap_or_else(|| panic!("PostgreSQL's {name} is not installed; `cargo xtask setup` installs it"))
}
