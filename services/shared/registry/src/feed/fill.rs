//! What a register held before its feed began, or before its records told what they tell now: read at start, batch by
//! batch, each in a transaction with how far it is. A start that was cut off goes on where it stood; what changed
//! meanwhile only has a newer event.

use kit::{Result, retry};
use uuid::Uuid;

use super::store::Filled;
use super::{Feed, PAGE, store};
use crate::bureau::Bureau;

/// Fills every feed that is not filled yet.
pub async fn all(bureau: &Bureau, feeds: &[Feed]) -> Result<()> {
    for feed in feeds {
        while !step(bureau, feed).await? {}
    }
    Ok(())
}

/// One batch; true when the feed is filled.
pub(crate) async fn step(bureau: &Bureau, feed: &Feed) -> Result<bool> {
    retry(|| async {
        let mut tx = bureau.db.begin().await?;
        store::number(&mut tx, feed.name, 0, &bureau.clock).await?;
        let known = store::filled(&mut tx, feed.name).await?;
        if known.covers(feed) {
            // A feed that is new to this database begins, be it empty.
            tx.commit().await?;
            return Ok(true);
        }
        let after = if known.version == feed.version { known.after } else { Uuid::nil() };
        let records = (feed.records)(&mut tx, after, bureau.clock.today(), PAGE).await?;
        let after = records.last().map_or(after, |record| record.id);
        let wholly = (records.len() as i64) < PAGE;
        store::append(&mut tx, feed.name, records, &bureau.clock).await?;
        store::save_filled(&mut tx, feed.name, Filled { version: feed.version, after, wholly }).await?;
        tx.commit().await?;
        Ok(wholly)
    })
    .await
}

impl Filled {
    /// A later program's records are not replaced by an earlier one's.
    fn covers(&self, feed: &Feed) -> bool {
        self.version > feed.version || (self.version == feed.version && self.wholly)
    }
}
