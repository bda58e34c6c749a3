//! Stretches of keys, read whole: in portions, all of one revision.

use serde_json::json;

use super::{
    book::TXN,
    cluster::{Call, Cluster},
    layout::Stretch,
    wire::{self, Found, Header, Pair, Transacted},
};
use crate::CatalogError;

/// What a stretch held at a revision.
#[derive(Debug, Default)]
pub(super) struct Holding {
    pub(super) pairs: Vec<Pair>,
    pub(super) header: Header,
}

/// How many keys are asked for at once, to begin with.
const PORTION: usize = 500;

/// How many stretches are asked for at once, and how many keys of each. etcd takes 128 by default.
const BATCH: usize = 64;
const SAMPLE: usize = 100;

/// How often to begin again when the revision that is being read is taken away.
const ATTEMPTS: usize = 3;

impl Cluster {
    /// Reads every key of a stretch.
    pub(super) async fn read_all(
        &self,
        stretch: &Stretch,
        operation: &'static str,
    ) -> Result<Holding, CatalogError> {
        let mut attempt = 1;
        loop {
            match self.read_once(stretch, operation).await {
                Err(error) if is_compacted(&error) && attempt < ATTEMPTS => attempt += 1,
                came => return came,
            }
        }
    }

    async fn read_once(
        &self,
        stretch: &Stretch,
        operation: &'static str,
    ) -> Result<Holding, CatalogError> {
        let mut holding = Holding::default();
        let mut portion = PORTION;
        let mut rest = stretch.clone();
        loop {
            let mut body = wire::range(&rest);
            body["limit"] = portion.to_string().into();
            if holding.header.revision > 0 {
                body["revision"] = holding.header.revision.to_string().into();
            }
            let call = Call::new("/v3/kv/range", operation, &body);
            let found: Found = match self.call(&call).await {
                Err(error) if is_too_large(&error) && portion > 1 => {
                    portion = (portion / 8).max(1);
                    continue;
                }
                found => found?,
            };
            if holding.header.revision == 0 {
                holding.header = found.header;
            }
            holding.pairs.extend(found.kvs);
            match holding.pairs.last() {
                Some(last) if found.more => {
                    rest.begin = last.key.to_vec();
                    rest.begin.push(0);
                }
                Some(_) | None => return Ok(holding),
            }
        }
    }

    /// Reads many stretches; each has its own outcome.
    pub(super) async fn read_many(
        &self,
        stretches: &[Stretch],
    ) -> Vec<Result<Holding, CatalogError>> {
        let mut holdings = Vec::new();
        for batch in stretches.chunks(BATCH) {
            let mut together = match self.read_together(batch).await {
                Ok(together) => together,
                // Where one is not to be had, the others may be.
                Err(CatalogError::Refused { .. }) => batch.iter().map(|_| None).collect(),
                Err(error) => {
                    holdings.extend(batch.iter().map(|_| Err(error.clone())));
                    continue;
                }
            };
            together.resize_with(batch.len(), || None);
            for (stretch, holding) in batch.iter().zip(together) {
                holdings.push(match holding {
                    Some(holding) => Ok(holding),
                    None => self.read_all(stretch, "health").await,
                });
            }
        }
        holdings
    }

    /// Reads stretches in one call; none for those that hold too much for that.
    async fn read_together(
        &self,
        stretches: &[Stretch],
    ) -> Result<Vec<Option<Holding>>, CatalogError> {
        let ranges: Vec<_> = stretches
            .iter()
            .map(|stretch| {
                let mut range = wire::range(stretch);
                range["limit"] = SAMPLE.to_string().into();
                json!({ "request_range": range })
            })
            .collect();
        let call = Call::new(TXN, "health", &wire::transaction(&[], &ranges, &[]));
        let transacted: Transacted = self.call(&call).await?;
        let Header {
            revision,
            raft_term,
        } = transacted.header;
        let whole = |found: Found| {
            let header = Header {
                revision,
                raft_term,
            };
            let pairs = found.kvs;
            (!found.more).then_some(Holding { pairs, header })
        };
        let responses = transacted.responses.into_iter();
        Ok(responses
            .map(|response| response.response_range.and_then(whole))
            .collect())
    }

    /// Asks for nothing, to know whether a member that can vouch for its answers is there.
    pub(super) async fn probe(&self) -> Result<(), CatalogError> {
        let body = json!({ "key": "AA==", "count_only": true });
        let call = Call::new("/v3/kv/range", "other", &body);
        let _: Found = self.call(&call).await?;
        Ok(())
    }
}

fn is_compacted(error: &CatalogError) -> bool {
    matches!(error, CatalogError::Refused { text, .. } if text.contains("has been compacted"))
}

/// The gateway, a client of etcd itself, takes 4 MB at once.
fn is_too_large(error: &CatalogError) -> bool {
    matches!(error, CatalogError::Refused { text, .. } if text.contains("larger than max"))
}
