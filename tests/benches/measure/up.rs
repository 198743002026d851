//! The program itself: how long until it answers, and how much memory it holds, with the plan alone and with the
//! demonstration city. It needs the release build of `ylyx` beside it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Line, timed};

pub(crate) fn measure() -> Vec<Line> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/ylyx");
    if !program.exists() {
        let note = "not measured: build it with cargo build --release -p ylyx".to_owned();
        return vec![Line {
            what: "ylyx up".into(), limit: "—".into(), figure: "—".into(), aim: "≤ 0.5 s", note
        }];
    }
    let folder = tempfile::tempdir().expect("a folder");
    let city = folder.path().join("demo");
    let (status, made) = timed(|| {
        Command::new(&program).args(["demo", "--data"]).arg(&city).stdout(Stdio::null()).stderr(Stdio::null()).status()
    });
    assert!(status.expect("the program").success(), "ylyx demo");
    let plan = folder.path().join("plan");
    let first = started(&program, &plan, false);
    stop(first.0);
    let mut lines = vec![Line {
        what: "the demonstration city made".into(),
        limit: "—".into(),
        figure: format!("{} s", made.as_secs()),
        aim: "≤ 60 s",
        note: "everything over gRPC and mTLS, every report signed by three people".into(),
    }];
    for (data, demo, what, most) in [
        (plan, false, "with the plan", "≤ 0.5 s, ≤ 100 MB"),
        (city, true, "with the demonstration city", "≤ 0.5 s, ≤ 250 MB"),
    ] {
        let mut times = Vec::new();
        let mut memory = 0;
        for _ in 0..3 {
            let (child, ready) = started(&program, &data, demo);
            memory = resident(child.id()) / 1024;
            times.push(ready);
            stop(child);
        }
        times.sort_unstable();
        lines.push(Line {
            what: format!("ylyx up {what}: answers after, and resident"),
            limit: "—".into(),
            figure: format!("{} ms, {memory} MB", times[1].as_millis()),
            aim: most,
            note: "six services in one process; later starts on the same folder".into(),
        });
    }
    lines
}

fn started(program: &PathBuf, data: &Path, demo: bool) -> (Child, Duration) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let mut command = Command::new(program);
    command.args(["up", "--grpc-base", "0", "--http", &format!("127.0.0.1:{port}"), "--data"]).arg(data);
    if demo {
        command.arg("--demo");
    }
    let begin = Instant::now();
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program");
    while !answers(port) {
        assert!(begin.elapsed() < Duration::from_secs(60), "ylyx up never answered");
        std::thread::sleep(Duration::from_millis(2));
    }
    (child, begin.elapsed())
}

/// True when the overview is shown.
fn answers(port: u16) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else { return false };
    let asked = "GET /api/v1/indicators?period=2020 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let mut head = [0; 12];
    stream.write_all(asked.as_bytes()).is_ok() && stream.read_exact(&mut head).is_ok() && head.ends_with(b"200")
}

/// Kilobytes of memory that a process holds.
pub(crate) fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0)
}

fn stop(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}
