//! Canaries: people with numbers and phones that occur nowhere else are entered, changed, matched, sought, refused and
//! exported in a running suite that logs and traces everything. Afterwards nobody who has no right to them has seen one.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use kit::Problem;
use proto::childcare as wire;
use proto::childcare::institution_service_client::InstitutionServiceClient;
use proto::childcare::staff_service_client::StaffServiceClient;
use proto::contract::DocumentKind;
use proto::trust::person_service_client::PersonServiceClient;
use proto::trust::{FindPersonRequest, Purpose, RevealPersonRequest};
use suite_tests::browser::Person;
use suite_tests::people::{assertion, password, request, user};
use suite_tests::process::{free_port, program};
use suite_tests::sheets::{institutions, resident, table, uscc};
use suite_tests::suite::{channel, eventually, http_get};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use ylyx::endpoints::Endpoints;

use super::traces::{Collector, Up};

const CLERK: &str = "reporter-530402";
const CITY_CLERK: &str = "reporter-childcare";

/// The n-th canary: number and phone.
fn canary(n: u32) -> (String, String) {
    (resident(7_000 + n), format!("1771317{n:04}"))
}

fn row(institution: u32, n: u32, name: &str, document: &str) -> Vec<String> {
    let phone = canary(n).1;
    [
        &format!("金丝雀托育园{institution}"),
        name,
        "居民身份证",
        document,
        &phone,
        "保育人员",
        "育婴员（师）",
        &format!("Y{n}"),
        "2025-09-01",
    ]
    .map(str::to_owned)
    .to_vec()
}

const HEADINGS: [&str; 9] =
    ["机构名称", "姓名", "证件类型", "证件号码", "电话", "岗位", "资格证书", "证书编号", "入职日期"];

#[tokio::test(flavor = "multi_thread")]
async fn nobody_without_a_right_has_seen_a_number_or_a_phone() {
    let collector = Collector::default();
    let port = collector.listen().await;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let console = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
    let up = Up(Command::new(program("ylyx"))
        .args(["up", "--grpc-base", "0", "--http", &console.to_string(), "--data"])
        .arg(&data)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://127.0.0.1:{port}"))
        .env("OTEL_BSP_SCHEDULE_DELAY", "100")
        .env("YLYX_LOG", "trace,h2=info,hyper=info,rustls=info")
        .stdout(Stdio::from(log.try_clone().unwrap()))
        .stderr(Stdio::from(log))
        .spawn()
        .unwrap());
    eventually("the console", async || tokio::net::TcpStream::connect(console).await.is_ok()).await;
    eventually("the first page", async || http_get(console, "/").await.0 == 200).await;

    // What a clerk does at the console: right rows, wrong ones, lists, pages, exports.
    let sheets = folder.path().join("sheets");
    std::fs::create_dir_all(&sheets).unwrap();
    let (first, second, staff, teachers) =
        (sheets.join("机构.xlsx"), sheets.join("人员.xlsx"), sheets.join("改正.xlsx"), sheets.join("教师.xlsx"));
    let rows: Vec<(String, String)> = (1..=3).map(|n| (format!("金丝雀托育园{n}"), uscc(n))).collect();
    let made: Vec<_> = rows
        .iter()
        .map(|(name, uscc)| (name.as_str(), uscc.clone(), "托育机构", "民办", "玉兴街道", "2024-03-01"))
        .collect();
    institutions(&first, &made);
    let mut mistyped = canary(90).0;
    mistyped.replace_range(17.., if mistyped.ends_with('1') { "2" } else { "1" });
    let people: Vec<Vec<String>> = (1..=30)
        .map(|n| row(1 + n % 3, n, &format!("虚{n}"), &canary(n).0))
        // A wrong digit, a swapped document, an unknown institution.
        .chain([row(1, 90, "虚九十", &mistyped), row(1, 2, "虚三", &canary(3).0), row(9, 91, "虚九一", &canary(91).0)])
        .collect();
    table(&second, &HEADINGS, &people);
    table(&staff, &HEADINGS, &[row(1, 95, "虚二", &canary(2).0)]);
    let taught: Vec<Vec<String>> = (1..=25)
        .map(|n| {
            let cells = ["没有的学校", &format!("虚{n}"), "在岗", "居民身份证", &canary(n).0].map(str::to_owned);
            cells.to_vec()
        })
        .collect();
    table(&teachers, &["学校名称", "姓名", "状态", "证件类型", "证件号码"], &taught);

    let mut clerk = Person::at(console).await;
    clerk.sign_in(CLERK, &password(&data, CLERK)).await;
    clerk.import("childcare.institution", &first, "2026-09-01", "3").await;
    clerk.import("childcare.staff", &second, "2026-09-01", "30").await;
    clerk.import("education.teacher", &teachers, "2026-09-01", "25").await;
    let mut shown = vec![clerk.text().await];
    for page in
        ["/registers/childcare.staff", "/registers/education.teacher", "/registers/childcare.institution", "/work"]
    {
        clerk.open(page).await;
        shown.push(clerk.text().await);
    }
    let listed = &shown[1];
    assert!(listed.contains("530***********") && listed.contains("虚*"), "masked people are listed: {listed}");
    clerk.open("/registers/childcare.staff").await;
    let export = clerk
        .run(
            "(async () => { const found = [...document.querySelectorAll('a[href*=\"export\"]')].map(a => a.href); \
             const bytes = []; for (const href of found) { const answer = await fetch(href); \
             bytes.push([...new Uint8Array(await answer.arrayBuffer())]); } return bytes; })()",
        )
        .await;
    let exports: Vec<Vec<u8>> = export
        .as_array()
        .into_iter()
        .flatten()
        .map(|file| file.as_array().into_iter().flatten().map(|byte| byte.as_u64().unwrap() as u8).collect())
        .collect();
    assert!(!exports.is_empty(), "the list is exported");
    for (at, bytes) in exports.iter().enumerate() {
        std::fs::write(folder.path().join(format!("export{at}.xlsx")), bytes).unwrap();
    }
    clerk.close().await;

    // What a stranger with a gRPC client is told: errors, masked people, and the plain text where there is a right to it.
    let wire = Wire::default();
    let told = calls(&data, &wire).await;

    // Traces are sent every tenth of a second; the program writes its log as it goes.
    eventually("the traces", async || collector.text().contains("ImportStaff")).await;
    drop(up);
    let found = |text: &[u8]| {
        (1..=30).chain([90, 91, 95]).find(|n| {
            let (number, phone) = canary(*n);
            let secrets = [&number, &phone, &mistyped];
            secrets.iter().any(|secret| text.windows(secret.len()).any(|window| window == secret.as_bytes()))
        })
    };
    assert_eq!(found(format!("…{}…", canary(17).0).as_bytes()), Some(17), "what is there is found");
    assert!(found(mistyped.as_bytes()).is_some() && found(canary(95).1.as_bytes()) == Some(95));
    let hits = |what: &str, text: &[u8]| assert_eq!(found(text), None, "a canary is in {what}");
    hits("a page", shown.join("\n").as_bytes());
    hits("an error or an answer", told.join("\n").as_bytes());
    let captured = wire.0.lock().unwrap().clone();
    assert!(captured.len() > 5_000, "the calls went by the tap: {} bytes", captured.len());
    hits("what went over the wire", &captured);
    hits("a trace", collector.text().as_bytes());
    let log = std::fs::read(folder.path().join("log")).unwrap();
    assert!(log.len() > 10_000, "the log is a log: {} bytes", log.len());
    hits("the log", &log);
    for at in 0..exports.len() {
        let file = folder.path().join(format!("export{at}.xlsx"));
        let rows: Vec<String> =
            contract::sheet::SheetReader::open(&file).unwrap().map(|row| format!("{:?}", row.unwrap())).collect();
        assert!(rows.len() > 30, "the export has everybody: {}", rows.len());
        let text = rows.join("\n");
        hits("an export", text.as_bytes());
    }
    let mut files = Vec::new();
    under(&data, &mut files);
    assert!(files.iter().filter(|file| file.extension().is_some_and(|kind| kind == "db")).count() >= 6, "{files:?}");
    for file in files {
        hits(&file.display().to_string(), &std::fs::read(&file).unwrap());
    }
}

/// Everything that went over a wire, both ways.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Vec<u8>>>);

impl Wire {
    /// A relay before a service that keeps what passes; its address.
    async fn tap(&self, endpoint: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (wire, target) = (self.clone(), endpoint.trim_start_matches("https://").to_owned());
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (near_in, near_out) = near.into_split();
                let (far_in, far_out) = TcpStream::connect(&target).await.unwrap().into_split();
                tokio::spawn(wire.clone().carry(near_in, far_out));
                tokio::spawn(wire.clone().carry(far_in, near_out));
            }
        });
        format!("https://{address}")
    }

    async fn carry(self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut bytes = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            self.0.lock().unwrap().extend_from_slice(&bytes[..count]);
            if to.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    }
}

fn under(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { under(&path, found) } else { found.push(path) }
    }
}

/// Calls by hand; every answer but the one that unmasks, and every error, as text.
async fn calls(data: &Path, wire: &Wire) -> Vec<String> {
    let endpoints = Endpoints::load(data).unwrap();
    let tapped = wire.tap(&endpoints.bureaus["childcare"]).await;
    let childcare = channel(data, "operator", "childcare", &tapped);
    let token = |who: &str| assertion(data, &user(data, who), "530400", kit::Clock::system().micros());
    let (clerk, city) = (token(CLERK), token(CITY_CLERK));
    let mut told = Vec::new();
    let mut institutions = InstitutionServiceClient::new(childcare.clone());
    let listed =
        institutions.list_institutions(request(wire::ListInstitutionsRequest::default(), &clerk)).await.unwrap();
    let institution = listed.into_inner().institutions[0].id.clone();

    let mut staff = StaffServiceClient::new(childcare.clone());
    let hire = |n: u32, name: &str, key: &str| wire::HireStaffRequest {
        institution_id: institution.clone(),
        staff: Some(wire::StaffRow {
            name: name.into(),
            document_kind: DocumentKind::ResidentId as i32,
            document_number: canary(n).0,
            phone: canary(n).1,
            role: wire::StaffRole::Carer as i32,
            certificate: wire::StaffCertificate::None as i32,
            hired_on: "2026-10-01".into(),
            ..Default::default()
        }),
        idempotency_key: key.into(),
    };
    let hired = staff.hire_staff(request(hire(95, "虚九五", "once"), &clerk)).await.unwrap().into_inner();
    told.push(format!("{hired:?}"));
    let again = staff.hire_staff(request(hire(95, "虚九五", "once"), &clerk)).await.unwrap().into_inner();
    assert_eq!(again.id, hired.id, "asked twice, done once");
    let reused = staff.hire_staff(request(hire(91, "虚九一", "once"), &clerk)).await.unwrap_err();
    assert_eq!(Problem::reason_of(&reused), "IDEMPOTENCY_KEY_REUSED");
    let swapped = staff.hire_staff(request(hire(95, "别人", "other"), &clerk)).await.unwrap_err();
    told.extend([format!("{reused:?}"), format!("{swapped:?}")]);

    let matched = staff.match_staff(request(wire::MatchStaffRequest::default(), &city)).await.unwrap().into_inner();
    assert_eq!(matched.asked, 31);
    told.push(format!("{matched:?}"));

    let mut persons = PersonServiceClient::new(childcare);
    let find = |number: String| FindPersonRequest { kind: DocumentKind::ResidentId as i32, number };
    let found = persons.find_person(request(find(canary(95).0), &clerk)).await.unwrap().into_inner();
    told.push(format!("{found:?}"));
    told.push(format!("{:?}", persons.find_person(request(find(canary(91).0), &clerk)).await.unwrap_err()));
    let reveal = RevealPersonRequest {
        id: found.id,
        purpose: Purpose::IdentityCheck as i32,
        reason: "核对".into(),
        documents: true,
        phone: true,
        ..Default::default()
    };
    let plain = persons.reveal_person(request(reveal, &clerk)).await.unwrap().into_inner();
    assert_eq!((plain.documents[0].number.as_str(), plain.phone.as_str()), (&*canary(95).0, &*canary(95).1));
    told
}
