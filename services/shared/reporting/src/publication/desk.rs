//! The acts that publish: reports, withdrawals, documents, printed figures. Each is one transaction that takes the
//! next sequence, so either everything of it stands in the stream or nothing.

use std::collections::BTreeSet;

use kit::{Problem, Result, retry};
use prost::Message;
use proto::reporting::publication::Body;
use proto::reporting::{
    Document, Envelope, Figures, Observation, Publication, PublicationKind, RegionFigures, Withdrawal,
};
use uuid::Uuid;

use super::issue::{LOCK, issue};
use super::store::{self, Head};
use super::{body, lowest_region};
use crate::Desk;
use crate::forms::approver_role;
use crate::person::Person;
use crate::report::refusal::stated;
use crate::report::{self, Report, Signer};

/// Reports in one envelope at most; one publication then stays far below the size of a message.
const REPORTS_MOST: usize = 500;

/// Who stands as approver of what a service publishes by itself: nobody typed it, the city's bundle holds it.
const FROM_THE_BUNDLE: &str = "城市数据包（自动载入）";

/// What an approver publishes.
#[derive(Clone, Debug)]
pub(crate) struct Publish {
    pub(crate) reports: BTreeSet<Uuid>,
    pub(crate) kind: PublicationKind,
    pub(crate) reason: String,
}

/// What an approver withdraws.
#[derive(Clone, Debug)]
pub(crate) struct Withdraw {
    pub(crate) form: String,
    pub(crate) period: String,
    pub(crate) regions: BTreeSet<String>,
    pub(crate) reason: String,
}

/// Recognises a repeated call. An empty key means that the caller will not repeat it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Once {
    pub(crate) key: String,
    /// SHA-256 over who calls what with which request.
    pub(crate) fingerprint: Vec<u8>,
}

impl Desk {
    /// Publishes reviewed (or exempted) reports of one form and one period as one envelope.
    pub(crate) async fn publish(&self, caller: &dyn Person, publish: &Publish, once: &Once) -> Result<Envelope> {
        use PublicationKind::{Final, Flash, Forecast};
        let user = caller.user()?;
        if !matches!(publish.kind, Forecast | Flash | Final) {
            return Err(Problem::field("kind", "KIND_INVALID", "请选择数据状态：预计、快报或正式"));
        }
        if publish.reports.is_empty() || publish.reports.len() > REPORTS_MOST {
            let message = format!("请选择 1 至 {REPORTS_MOST} 份报表");
            return Err(Problem::field("report_ids", "REPORTS_INVALID", message));
        }
        let (envelope, head) = retry(|| async {
            let mut tx = self.db.begin_sequenced(LOCK).await?;
            let mut head = self.head(&mut tx).await?;
            if let Some(first) = self.answer_again(&mut tx, &head, once).await? {
                return Ok((first, head));
            }
            let mut reports = Vec::with_capacity(publish.reports.len());
            for id in &publish.reports {
                reports.push(report::store::load(&mut tx, caller.scope(), *id).await?);
            }
            let is_revision = uniform(&reports)?;
            let form = self.form(&reports[0].form)?;
            let role = approver_role(form);
            caller.require(role, self.city_region())?;
            let reason =
                if is_revision { stated("reason", &publish.reason)? } else { publish.reason.trim().to_owned() };
            let signer = Signer { user: &user.id, name: &user.name, role, at: self.clock.micros() };
            for report in &mut reports {
                let from = report.version();
                report.publish(&reason, signer).map_err(|problem| {
                    problem.and_field(format!("report_ids.{}", report.id), format!("地区 {}", report.region))
                })?;
                report::store::save(&mut tx, caller.scope(), report, from).await?;
            }
            reports.sort_by_key(|report| self.official_place(&report.region));
            let publication = Publication {
                kind: if is_revision { PublicationKind::Revised } else { publish.kind } as i32,
                form: form.code.clone(),
                period: reports[0].period.clone(),
                approver: user.id.clone(),
                approver_name: user.name.clone(),
                reason,
                body: Some(Body::Figures(Figures {
                    regions: reports.iter().map(|report| body::figures(report, |code| self.definition(code))).collect(),
                })),
                ..self.publication()
            };
            let envelope = self.envelope(&mut tx, &mut head, publication, "", signer.at).await?;
            self.remember(&mut tx, &head, once).await?;
            tx.commit().await?;
            Ok((envelope, head))
        })
        .await?;
        self.announce(head).await;
        Ok(envelope)
    }

    /// A tombstone: what was published for these regions counts as missing from here on.
    pub(crate) async fn withdraw(&self, caller: &dyn Person, withdraw: &Withdraw, once: &Once) -> Result<Envelope> {
        let user = caller.user()?;
        let form = self.form(&withdraw.form)?;
        let role = approver_role(form);
        caller.require(role, self.city_region())?;
        let reason = stated("reason", &withdraw.reason)?;
        if withdraw.regions.is_empty() {
            return Err(Problem::field("regions", "REGIONS_MISSING", "请指明要撤销的地区"));
        }
        let (envelope, head) = retry(|| async {
            let mut tx = self.db.begin_sequenced(LOCK).await?;
            let mut head = self.head(&mut tx).await?;
            if let Some(first) = self.answer_again(&mut tx, &head, once).await? {
                return Ok((first, head));
            }
            let signer = Signer { user: &user.id, name: &user.name, role, at: self.clock.micros() };
            for region in &withdraw.regions {
                let (scope, period) = (caller.scope(), &withdraw.period);
                let published = report::store::latest_published(&mut tx, scope, &form.code, period, region).await?;
                let mut published = published.ok_or_else(|| {
                    Problem::state("NOT_PUBLISHED", format!("地区 {region} 在该报告期没有已核定的数据"))
                        .and_field("regions", region)
                })?;
                let from = published.version();
                published.withdraw(&reason, signer)?;
                report::store::save(&mut tx, scope, &published, from).await?;
            }
            let publication = Publication {
                kind: PublicationKind::Revised as i32,
                form: form.code.clone(),
                period: withdraw.period.clone(),
                approver: user.id.clone(),
                approver_name: user.name.clone(),
                reason: reason.clone(),
                body: Some(Body::Withdrawal(Withdrawal { regions: withdraw.regions.iter().cloned().collect() })),
                ..self.publication()
            };
            let envelope = self.envelope(&mut tx, &mut head, publication, "", signer.at).await?;
            self.remember(&mut tx, &head, once).await?;
            tx.commit().await?;
            Ok((envelope, head))
        })
        .await?;
        self.announce(head).await;
        Ok(envelope)
    }

    /// Publishes a reference document (`kind`: "plan", "regions", "catalogue"), unless the last one of that kind is
    /// the same to the byte. The bureau itself stands as approver: the text comes with the city's bundle.
    pub async fn publish_document(&self, kind: &str, id: &str, title: &str, content: Vec<u8>) -> Result<()> {
        let document = Document {
            r#type: kind.to_owned(),
            id: id.to_owned(),
            title: title.to_owned(),
            media_type: "application/json".to_owned(),
            content: content.into(),
        };
        let publication = Publication {
            kind: PublicationKind::Final as i32,
            body: Some(Body::Document(document)),
            ..self.own_publication()
        };
        self.publish_if_new(&format!("document/{kind}"), publication).await
    }

    /// Publishes figures that a plan or a bulletin prints, each with its source, unless the last ones of the same kind
    /// and reason are the same. They belong to no report.
    pub async fn publish_printed(
        &self,
        kind: PublicationKind,
        reason: &str,
        observations: Vec<Observation>,
    ) -> Result<()> {
        let regions: BTreeSet<String> = observations.iter().map(|observation| observation.region.clone()).collect();
        let regions = regions.into_iter().map(|region| RegionFigures {
            observations: observations.iter().filter(|one| one.region == region).cloned().collect(),
            region,
            revision: 1,
            ..RegionFigures::default()
        });
        let publication = Publication {
            kind: kind as i32,
            reason: reason.to_owned(),
            body: Some(Body::Figures(Figures { regions: regions.collect() })),
            ..self.own_publication()
        };
        self.publish_if_new(&format!("printed/{}/{reason}", kind.as_str_name()), publication).await
    }

    async fn publish_if_new(&self, subject: &str, publication: Publication) -> Result<()> {
        let published = retry(|| async {
            let mut tx = self.db.begin_sequenced(LOCK).await?;
            let mut head = self.head(&mut tx).await?;
            let mut publication = publication.clone();
            if let Some(last) = store::last_of(&mut tx, head.stream_id, subject).await? {
                let last = Publication::decode(last.payload).map_err(Problem::internal)?;
                if same_content(&last, &publication) {
                    return Ok(None);
                }
                count_revision(&last, &mut publication);
            }
            self.envelope(&mut tx, &mut head, publication, subject, self.clock.micros()).await?;
            tx.commit().await?;
            Ok(Some(head))
        })
        .await?;
        if let Some(head) = published {
            self.announce(head).await;
        }
        Ok(())
    }

    /// Where every envelope of this bureau is made: REGION_TOO_SMALL.
    async fn envelope(
        &self,
        tx: &mut kit::Tx,
        head: &mut Head,
        publication: Publication,
        subject: &str,
        at: i64,
    ) -> Result<Envelope> {
        lowest_region::check(&self.city, &publication)?;
        issue(tx, head, &self.key, publication, subject, at).await
    }

    /// What every publication of this bureau says of itself.
    fn publication(&self) -> Publication {
        Publication {
            city: self.city.code.clone(),
            bureau: self.bureau.to_string(),
            plan: self.city.plan.id.clone(),
            region_edition: self.city.regions.edition().id.clone(),
            synthetic: self.synthetic,
            ..Publication::default()
        }
    }

    fn own_publication(&self) -> Publication {
        Publication {
            approver: self.bureau.to_string(),
            approver_name: FROM_THE_BUNDLE.to_owned(),
            ..self.publication()
        }
    }

    async fn head(&self, tx: &mut kit::Tx) -> Result<Head> {
        store::head(tx).await?.ok_or_else(|| Problem::internal("no publication stream"))
    }

    async fn answer_again(&self, tx: &mut kit::Tx, head: &Head, once: &Once) -> Result<Option<Envelope>> {
        if once.key.is_empty() {
            return Ok(None);
        }
        store::answered(tx, head, &once.key, &once.fingerprint).await
    }

    async fn remember(&self, tx: &mut kit::Tx, head: &Head, once: &Once) -> Result<()> {
        if once.key.is_empty() {
            return Ok(());
        }
        store::remember(tx, &once.key, &once.fingerprint, head.last_sequence).await
    }

    /// After the commit: marks how far the stream has come, and wakes followers. The publication stands whatever
    /// happens here.
    async fn announce(&self, head: Head) {
        let file = self.high_water.clone();
        if let Ok(Err(problem)) = tokio::task::spawn_blocking(move || file.raise(&head)).await {
            tracing::error!(%problem, "the high-water file was not written");
        }
        self.news.send_replace(());
    }
}

/// One form, one period, and all first reports or all revisions: FORMS_MIXED, REVISIONS_MIXED. True for revisions.
fn uniform(reports: &[Report]) -> Result<bool> {
    let first = &reports[0];
    if reports.iter().any(|report| report.form != first.form || report.period != first.period) {
        let message = "一次只能核定同一报表、同一报告期";
        return Err(Problem::field("report_ids", "FORMS_MIXED", message));
    }
    let is_revision = first.revision > 1;
    if reports.iter().any(|report| (report.revision > 1) != is_revision) {
        let message = "首次核定与修订请分开办理";
        return Err(Problem::field("report_ids", "REVISIONS_MIXED", message));
    }
    Ok(is_revision)
}

/// The same document, or the same printed figures whatever their revision.
fn same_content(last: &Publication, new: &Publication) -> bool {
    match (&last.body, &new.body) {
        (Some(Body::Figures(last)), Some(Body::Figures(new))) => {
            last.regions.len() == new.regions.len()
                && last
                    .regions
                    .iter()
                    .zip(&new.regions)
                    .all(|(last, new)| last.region == new.region && last.observations == new.observations)
        }
        (last, new) => last == new,
    }
}

/// Printed figures that changed are the next revision of what was printed before.
fn count_revision(last: &Publication, new: &mut Publication) {
    if let (Some(Body::Figures(last)), Some(Body::Figures(new))) = (&last.body, &mut new.body) {
        let revision = last.regions.iter().map(|region| region.revision).max().unwrap_or(0) + 1;
        new.regions.iter_mut().for_each(|region| region.revision = revision);
    }
}
