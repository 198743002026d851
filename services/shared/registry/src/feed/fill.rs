//! What a register held before its feed began: read at start, batch by batch, each in a transaction with how far it is.
//! A start that was cut off goes on where it stood; what changed meanwhile only has a newer event.

use kit::{Result, retry};

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
        let (after, wholly) = store::filled(&mut tx, feed.name).await?;
        if wholly {
            return Ok(true);
        }
        let records = (feed.records)(&mut tx, after, PAGE).await?;
        let last = records.last().map_or(after, |record| record.id);
        let wholly = (records.len() as i64) < PAGE;
        store::append(&mut tx, feed.name, records, &bureau.clock).await?;
        store::save_filled(&mut tx, feed.name, last, wholly).await?;
        tx.commit().await?;
        Ok(wholly)
    })
    .await
}
