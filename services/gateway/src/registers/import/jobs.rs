//! Imports under way in the console. A job is a file somebody sent, checked first and written when the person says so.
//! Jobs live in memory: one that is lost is taken up again by sending the same file under the same import id, for the
//! bureau knows which batches it has.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use city::bundle::City;
use contract::register::Register;
use kit::{Clock, Kind, Problem, Result};
use proto::contract::{ImportCounts, ImportMode, ImportStart};
use tempfile::TempDir;
use tonic::transport::Channel;
use uuid::Uuid;

use super::conversation::Sign;
use super::sheet::Sheet;
use super::{Told, carry};

/// Faults a page shows; the workbook has all of them.
pub(crate) const SHOWN: usize = 200;
/// Files a person may have here at once.
const PER_PERSON: usize = 5;
/// A file nobody came back for, in microseconds.
const FORGOTTEN: i64 = 24 * 60 * 60 * 1_000_000;

/// What a person states about a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) file_name: String,
    pub(crate) region: String,
    /// `YYYY-MM-DD`.
    pub(crate) effective_on: String,
    pub(crate) complete: bool,
    /// Code of the profile; empty: the first that fits.
    pub(crate) profile: String,
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Phase {
    Checking,
    /// Waits for the person's word.
    Checked,
    Writing,
    Written,
    /// Ended by a problem, while it was checked or written.
    Stopped {
        writing: bool,
        problem: Problem,
    },
}

impl Phase {
    pub(crate) fn is_moving(&self) -> bool {
        matches!(self, Phase::Checking | Phase::Writing)
    }
}

/// One fault with the title its column has in the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FaultLine {
    pub(crate) row: u64,
    pub(crate) title: String,
    pub(crate) message: String,
    pub(crate) conflict: bool,
}

/// What a page shows of a job.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    pub(crate) phase: Phase,
    pub(crate) rows: u64,
    /// Rows of the whole sheet, once they were counted; 0 before.
    pub(crate) of: u64,
    pub(crate) totals: ImportCounts,
    pub(crate) faults: Vec<FaultLine>,
    pub(crate) fault_count: usize,
    pub(crate) disappeared: Vec<String>,
    pub(crate) skipped_batches: u64,
    /// The rows that were not taken can be had as a workbook.
    pub(crate) rejected: bool,
}

/// A file on its way into a register.
#[derive(Debug)]
pub(crate) struct Job {
    /// Import id of the writing; resumes it.
    pub(crate) id: Uuid,
    pub(crate) register: &'static Register,
    pub(crate) terms: Terms,
    person: String,
    began: i64,
    folder: TempDir,
    standing: Mutex<Standing>,
}

/// How a job reaches the bureau, in the person's name.
pub(crate) struct Way {
    pub(crate) channel: Channel,
    pub(crate) sign: Sign,
    pub(crate) city: Arc<City>,
    pub(crate) clock: Clock,
}

/// The jobs of all people, and the folder of their files. Cloning shares them.
#[derive(Clone, Debug)]
pub(crate) struct Imports {
    folder: PathBuf,
    jobs: Arc<Mutex<BTreeMap<Uuid, Arc<Job>>>>,
}

impl Imports {
    /// Begins with an empty folder: a process that was killed left its files behind, and files are full of people.
    pub(crate) fn open(folder: PathBuf) -> Result<Self> {
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Problem::internal(error)),
            _ => std::fs::create_dir_all(&folder).map_err(Problem::internal)?,
        }
        Ok(Imports { folder, jobs: Arc::default() })
    }

    /// A folder for a file that is being received; nobody but this program can look into it.
    pub(crate) fn folder(&self) -> Result<TempDir> {
        tempfile::tempdir_in(&self.folder).map_err(Problem::internal)
    }

    /// Where the file of a folder is written to.
    pub(crate) fn file(folder: &TempDir) -> PathBuf {
        folder.path().join("sheet")
    }

    /// Takes a received file and begins to check it: IMPORT_UNDER_WAY, IMPORT_TOO_MANY.
    pub(crate) fn take(
        &self,
        id: Uuid,
        register: &'static Register,
        person: &str,
        terms: Terms,
        folder: TempDir,
        way: Way,
    ) -> Result<()> {
        let now = way.clock.micros();
        let mut jobs = self.jobs.lock().map_err(Problem::internal)?;
        jobs.retain(|_, job| job.standing().phase.is_moving() || now - job.began < FORGOTTEN);
        if jobs.get(&id).is_some_and(|job| job.person != person || job.standing().phase.is_moving()) {
            return Err(Problem::state("IMPORT_UNDER_WAY", "这个导入编号正在办理，请等它结束"));
        }
        if jobs.values().filter(|job| job.person == person && job.id != id).count() >= PER_PERSON {
            // What is finished or was left lying makes room, the oldest first.
            let old = jobs.values().filter(|job| job.person == person && !job.standing().phase.is_moving());
            let oldest = old.min_by_key(|job| job.began).map(|job| job.id);
            let oldest = oldest.ok_or_else(|| {
                Problem::new(Kind::Exhausted, "IMPORT_TOO_MANY", "同时办理的导入过多，请等前面的结束后再试")
            })?;
            jobs.remove(&oldest);
        }
        let standing = Mutex::new(Standing::of(Phase::Checking));
        let job = Arc::new(Job { id, register, person: person.to_owned(), terms, began: now, folder, standing });
        jobs.insert(id, job.clone());
        drop(jobs);
        job.run(ImportMode::Preview, way);
        Ok(())
    }

    /// A person's own job; `None` when it is another's, or lost.
    pub(crate) fn find(&self, id: Uuid, register: &str, person: &str) -> Option<Arc<Job>> {
        let jobs = self.jobs.lock().ok()?;
        jobs.get(&id).filter(|job| job.person == person && job.register.name == register).cloned()
    }
}

impl Standing {
    fn of(phase: Phase) -> Self {
        Standing {
            phase,
            rows: 0,
            of: 0,
            totals: ImportCounts::default(),
            faults: Vec::new(),
            fault_count: 0,
            disappeared: Vec::new(),
            skipped_batches: 0,
            rejected: false,
        }
    }
}

impl Job {
    /// How it stands now.
    pub(crate) fn standing(&self) -> Standing {
        self.lock().clone()
    }

    /// Writes what was checked, or goes on writing where it stopped. Anything else is left as it is: a second click
    /// does nothing.
    pub(crate) fn commit(self: &Arc<Self>, way: Way) {
        {
            let mut standing = self.lock();
            if !matches!(standing.phase, Phase::Checked | Phase::Stopped { writing: true, .. }) {
                return;
            }
            let of = standing.rows.max(standing.of);
            *standing = Standing { of, ..Standing::of(Phase::Writing) };
        }
        self.run(ImportMode::Commit, way);
    }

    /// The workbook of the rows that were not taken.
    pub(crate) fn rejected(&self) -> PathBuf {
        self.folder.path().join("rejected.xlsx")
    }

    /// Runs beside the request, on a thread that may wait for the file.
    fn run(self: &Arc<Self>, mode: ImportMode, way: Way) {
        let job = self.clone();
        let runtime = tokio::runtime::Handle::current();
        let (worker, at_work) = (job.clone(), runtime.clone());
        let run = tokio::task::spawn_blocking(move || at_work.block_on(worker.go(mode, way)));
        runtime.spawn(async move {
            let writing = mode == ImportMode::Commit;
            let ended = run.await.unwrap_or_else(|panicked| Err(Problem::internal(panicked)));
            let phase = match ended {
                Ok(()) if writing => Phase::Written,
                Ok(()) => Phase::Checked,
                Err(problem) => Phase::Stopped { writing, problem },
            };
            if matches!(phase, Phase::Written | Phase::Stopped { writing: false, .. }) {
                // Nothing more is done with the file itself.
                let _ = std::fs::remove_file(Imports::file(&job.folder));
            }
            job.lock().phase = phase;
        });
    }

    async fn go(&self, mode: ImportMode, way: Way) -> Result<()> {
        let Terms { file_name, region, effective_on, complete, profile } = &self.terms;
        let named = Some(profile.as_str()).filter(|code| !code.is_empty());
        let mut sheet = Sheet::open(&Imports::file(&self.folder), self.register, &way.city, named)?;
        let import_id = if mode == ImportMode::Commit { self.id } else { way.clock.id() };
        let start = ImportStart {
            import_id: import_id.to_string(),
            mode: mode.into(),
            region: region.clone(),
            effective_on: effective_on.clone(),
            complete: *complete,
            file_name: file_name.clone(),
            file_digest: sheet.digest().to_owned(),
            total_rows: self.lock().of,
        };
        let show = |told: &Told| {
            let mut standing = self.lock();
            (standing.rows, standing.totals) = (told.rows, told.totals);
            standing.skipped_batches = told.skipped_batches;
        };
        let told = carry(&mut sheet, way.channel, self.register, start, way.sign, show).await?;
        let faults = told.faults.iter().take(SHOWN).map(|fault| FaultLine {
            row: fault.row,
            title: sheet.title_of(&fault.field),
            message: fault.message.clone(),
            conflict: fault.conflict,
        });
        let faults = faults.collect();
        if !told.faults.is_empty() {
            sheet.write_rejected(&self.rejected())?;
        }
        let mut standing = self.lock();
        standing.rejected = !told.faults.is_empty();
        (standing.fault_count, standing.faults) = (told.faults.len(), faults);
        (standing.rows, standing.totals, standing.disappeared) = (told.rows, told.totals, told.disappeared);
        standing.of = told.rows;
        Ok(())
    }

    /// A thread that panicked while it held the lock left nothing half written: every field is set whole.
    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
