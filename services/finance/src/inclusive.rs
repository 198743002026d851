//! 普惠托位核定: the places that the health bureau has recognised as 普惠, copied from the feed of its designations. Nothing is
//! changed here; each record says how fresh it is.

use jiff::civil::Date;
use kit::Result;
use proto::childcare::institution_feed_service_client::InstitutionFeedServiceClient;
use proto::childcare::{DesignationKind, DesignationSnapshot};
use proto::finance as wire;
use proto::finance::inclusive_place_service_server::InclusivePlaceService;
use registry::Bureau;
use registry::columns::Page;
use registry::feed::copy::{self, Filter, Found, Source};
use tonic::{Request, Response, Status};
use trust::Caller;

const FEED: &str = "childcare.designation";

/// What is copied: all designations, for a feed is one register.
pub(crate) static COPIED: [Source; 1] = [Source {
    bureau: "childcare",
    feed: FEED,
    purpose: "inclusive-subsidy",
    follow: |follower, channel| {
        let client = InstitutionFeedServiceClient::new(channel);
        Box::pin(follower.run(move |request| {
            let mut client = client.clone();
            async move { client.follow_designations(request).await.map(Response::into_inner) }
        }))
    },
}];

/// Serves the copied designations that recognise places.
#[derive(Clone, Debug)]
pub struct InclusivePlaces {
    pub bureau: Bureau,
}

#[tonic::async_trait]
impl InclusivePlaceService for InclusivePlaces {
    async fn list_inclusive_places(
        &self,
        request: Request<wire::ListInclusivePlacesRequest>,
    ) -> Result<Response<wire::ListInclusivePlacesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let region = self.bureau.region_filter("region", &request.region)?;
        let filter = Filter {
            sources: COPIED.to_vec(),
            // 示范称号 lie between them.
            class: DesignationKind::Inclusive.as_str_name(),
            region,
            title_contains: request.name_contains.trim().to_owned(),
        };
        let page = Page::asked(request.page)?;
        let Found { records, next_cursor, sources } = copy::page(&self.bureau, &caller.scope, filter, page).await?;
        let (now, today) = (self.bureau.clock.micros(), self.bureau.clock.today());
        let places = records.iter().map(|copied| {
            let (as_of_micros, freshness) = (copied.freshness.as_of, copied.freshness.words(now));
            Ok(wire::InclusivePlace { as_of_micros, freshness, ..message(copied.record()?, today) })
        });
        let places = places.collect::<Result<_>>()?;
        Ok(Response::new(wire::ListInclusivePlacesResponse { places, next_cursor, sources }))
    }
}

fn message(record: DesignationSnapshot, today: Date) -> wire::InclusivePlace {
    wire::InclusivePlace {
        in_force: in_force(&record, today),
        id: record.id,
        institution_id: record.institution_id,
        institution_name: record.institution_name,
        region: record.region,
        places: record.places,
        valid_from: record.valid_from,
        valid_to: record.valid_to,
        revoked_on: record.revoked_on,
        fee_ceiling_fen: record.fee_ceiling_fen,
        document_number: record.document_number,
        ..Default::default()
    }
}

/// Valid from the first to the last day, both included, unless revoked. ISO dates compare as they read.
fn in_force(record: &DesignationSnapshot, today: Date) -> bool {
    let today = today.to_string();
    record.valid_from <= today
        && (record.valid_to.is_empty() || today <= record.valid_to)
        && (record.revoked_on.is_empty() || today < record.revoked_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_the_first_to_the_last_day_unless_revoked() {
        let record = |valid_from: &str, valid_to: &str, revoked_on: &str| DesignationSnapshot {
            valid_from: valid_from.into(),
            valid_to: valid_to.into(),
            revoked_on: revoked_on.into(),
            ..Default::default()
        };
        let today: Date = "2025-11-05".parse().unwrap();
        for (from, to, revoked, expected) in [
            ("2025-11-05", "2025-11-05", "", true),
            ("2025-11-06", "", "", false),
            ("2025-01-01", "2025-11-04", "", false),
            ("2025-01-01", "", "2025-11-05", false),
            ("2025-01-01", "", "2025-11-06", true),
        ] {
            assert_eq!(in_force(&record(from, to, revoked), today), expected, "{from} {to} {revoked}");
        }
    }
}
