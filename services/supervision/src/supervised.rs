//! 监管对象名录: the institutions of both care services, copied from the feeds of the bureaus that register them. Nothing is
//! changed here; each record says how fresh it is.

use kit::Result;
use proto::supervision as wire;
use proto::supervision::RegisteringBureau;
use proto::supervision::supervised_institution_service_server::SupervisedInstitutionService;
use proto::{childcare, elderly_care};
use registry::Bureau;
use registry::columns::Page;
use registry::feed::copy::{self, Copied, Filter, Found, Source};
use tonic::{Request, Response, Status};
use trust::Caller;

const CHILDCARE: &str = "childcare.institution";
const PURPOSE: &str = "institution-register";
const ELDERLY: &str = "elderly.institution";

/// What is copied.
pub(crate) static COPIED: [Source; 2] = [
    Source {
        bureau: "childcare",
        feed: CHILDCARE,
        purpose: PURPOSE,
        follow: |follower, channel| {
            let client = childcare::institution_feed_service_client::InstitutionFeedServiceClient::new(channel);
            Box::pin(follower.run(move |request| {
                let mut client = client.clone();
                async move { client.follow_institutions(request).await.map(Response::into_inner) }
            }))
        },
    },
    Source {
        bureau: "elderly-care",
        feed: ELDERLY,
        purpose: PURPOSE,
        follow: |follower, channel| {
            let client = elderly_care::institution_feed_service_client::InstitutionFeedServiceClient::new(channel);
            Box::pin(follower.run(move |request| {
                let mut client = client.clone();
                async move { client.follow_institutions(request).await.map(Response::into_inner) }
            }))
        },
    },
];

/// Serves the copied institutions.
#[derive(Clone, Debug)]
pub struct Supervised {
    pub bureau: Bureau,
}

#[tonic::async_trait]
impl SupervisedInstitutionService for Supervised {
    async fn list_supervised_institutions(
        &self,
        request: Request<wire::ListSupervisedInstitutionsRequest>,
    ) -> Result<Response<wire::ListSupervisedInstitutionsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let filter = Filter {
            sources: match request.bureau() {
                RegisteringBureau::Unspecified => COPIED.to_vec(),
                RegisteringBureau::Childcare => vec![COPIED[0]],
                RegisteringBureau::ElderlyCare => vec![COPIED[1]],
            },
            class: "",
            region: self.bureau.region_filter("region", &request.region)?,
            title_contains: request.name_contains.trim().to_owned(),
        };
        let page = Page::asked(request.page)?;
        let found = copy::page(&self.bureau, &caller.scope, filter, page).await?;
        let Found { records, next_cursor, sources } = found;
        let now = self.bureau.clock.micros();
        let institutions = records.iter().map(|copied| message(copied, now)).collect::<Result<_>>()?;
        Ok(Response::new(wire::ListSupervisedInstitutionsResponse { institutions, next_cursor, sources }))
    }
}

fn message(copied: &Copied, now: i64) -> Result<wire::SupervisedInstitution> {
    let told = match copied.feed.as_str() {
        CHILDCARE => of_childcare(copied.record()?),
        _ => of_elderly_care(copied.record()?),
    };
    Ok(wire::SupervisedInstitution {
        id: copied.id.to_string(),
        recorded_at_micros: copied.recorded_at,
        as_of_micros: copied.freshness.as_of,
        freshness: copied.freshness.words(now),
        ..told
    })
}

fn of_childcare(record: childcare::InstitutionSnapshot) -> wire::SupervisedInstitution {
    use childcare::FilingState;
    let state = match (record.filing_state(), record.operating) {
        (FilingState::Deregistered, _) => wire::SupervisedState::Ended,
        (_, true) => wire::SupervisedState::Operating,
        (_, false) => wire::SupervisedState::Suspended,
    };
    let filed = matches!(record.filing_state(), FilingState::Filed | FilingState::ChangePending);
    let childcare::InstitutionSnapshot { name, uscc, region, .. } = record;
    let (bureau, state) = (RegisteringBureau::Childcare as i32, state as i32);
    wire::SupervisedInstitution { name, bureau, uscc, region, state, filed, ..Default::default() }
}

fn of_elderly_care(record: elderly_care::InstitutionSnapshot) -> wire::SupervisedInstitution {
    use elderly_care::OperatingState;
    let state = match record.state() {
        OperatingState::Unspecified => wire::SupervisedState::Unspecified,
        OperatingState::Preparing | OperatingState::LegalRegistered | OperatingState::Filed => {
            wire::SupervisedState::Preparing
        }
        OperatingState::FilingSubmitted if record.opened_on.is_empty() => wire::SupervisedState::Preparing,
        OperatingState::Unfiled | OperatingState::FilingSubmitted | OperatingState::Operating => {
            wire::SupervisedState::Operating
        }
        OperatingState::Suspended => wire::SupervisedState::Suspended,
        OperatingState::Terminated => wire::SupervisedState::Ended,
    };
    let filed = !record.filing_number.is_empty();
    let elderly_care::InstitutionSnapshot { name, uscc, region, .. } = record;
    let (bureau, state) = (RegisteringBureau::ElderlyCare as i32, state as i32);
    wire::SupervisedInstitution { name, bureau, uscc, region, state, filed, ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bureau_s_words_become_one_state() {
        use childcare::FilingState as F;
        use elderly_care::OperatingState as O;
        use wire::SupervisedState as S;
        for (filing, operating, state, filed) in [
            (F::Registered, true, S::Operating, false),
            (F::Filed, false, S::Suspended, true),
            (F::ChangePending, true, S::Operating, true),
            (F::Deregistered, true, S::Ended, false),
        ] {
            let record =
                childcare::InstitutionSnapshot { filing_state: filing as i32, operating, ..Default::default() };
            let told = of_childcare(record);
            assert_eq!((told.state(), told.filed), (state, filed), "{filing:?}");
        }
        for (known, opened_on, state) in [
            (O::Filed, "", S::Preparing),
            (O::FilingSubmitted, "", S::Preparing),
            (O::FilingSubmitted, "2025-01-01", S::Operating),
            (O::Unfiled, "2025-01-01", S::Operating),
            (O::Terminated, "2025-01-01", S::Ended),
        ] {
            let opened_on = opened_on.to_owned();
            let record = elderly_care::InstitutionSnapshot { state: known as i32, opened_on, ..Default::default() };
            assert_eq!(of_elderly_care(record).state(), state, "{known:?}");
        }
    }
}
