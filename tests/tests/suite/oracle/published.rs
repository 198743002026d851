//! What the bureaus have published, read off the envelopes one after the other.

use std::collections::BTreeMap;

use prost::Message;
use proto::reporting::publication::Body;
use proto::reporting::{Envelope, Publication, PublicationKind};
use suite_tests::suite::Running;

/// (element, region, period).
pub(crate) type Key = (String, String, String);

/// One figure as it stands after everything that was published.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// What it adds to a sum: nothing where excused or not applicable.
    pub(crate) value: i64,
    /// Neither excused nor not applicable.
    pub(crate) is_number: bool,
    pub(crate) form: String,
    pub(crate) report: String,
}

#[derive(Default)]
pub(crate) struct Published {
    /// What owners stated.
    pub(crate) stated: BTreeMap<Key, Figure>,
    /// What the plan prints.
    pub(crate) printed: BTreeMap<Key, i64>,
    pub(crate) publications: usize,
    pub(crate) synthetic: usize,
    pub(crate) withdrawals: usize,
    pub(crate) revisions: usize,
}

impl Published {
    pub(crate) async fn read(running: &Running) -> Self {
        let db = running.database("gateway").await;
        let stored: Vec<(Vec<u8>,)> =
            db.read("SELECT bytes FROM envelope ORDER BY bureau, sequence").all().await.expect("envelopes");
        let mut all = Published::default();
        for (bytes,) in stored {
            let envelope = Envelope::decode(bytes.as_slice()).expect("an envelope");
            all.take(&Publication::decode(envelope.payload).expect("a publication"));
        }
        all
    }

    fn take(&mut self, publication: &Publication) {
        self.publications += 1;
        self.synthetic += usize::from(publication.synthetic);
        let printed = publication.kind() == PublicationKind::Plan;
        self.revisions += usize::from(publication.kind() == PublicationKind::Revised);
        match &publication.body {
            Some(Body::Figures(figures)) => {
                for region in &figures.regions {
                    for one in &region.observations {
                        let key = (one.element.clone(), one.region.clone(), one.period.clone());
                        if printed {
                            self.printed.insert(key, one.value.expect("a printed number"));
                            continue;
                        }
                        let figure = Figure {
                            value: if region.exempt { 0 } else { one.value.unwrap_or(0) },
                            is_number: !region.exempt && !one.not_applicable,
                            form: publication.form.clone(),
                            report: region.report_id.replace('-', ""),
                        };
                        self.stated.insert(key, figure);
                    }
                }
            }
            Some(Body::Withdrawal(withdrawal)) => {
                self.withdrawals += 1;
                self.stated.retain(|(_, region, period), figure| {
                    !(figure.form == publication.form
                        && *period == publication.period
                        && withdrawal.regions.contains(region))
                });
            }
            _ => {}
        }
    }
}
