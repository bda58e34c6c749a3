//! Who is known in a catalog by the name of a node.

use std::sync::Arc;

use crate::{
    CatalogError,
    answer::{Answer, Node},
    consul::{
        Client, Line,
        ask::{self, Manner, Said},
        read::{Shelf, read},
    },
    query::Query,
};

/// Who is known by the name of a node.
pub(super) struct Identity {
    pub(super) dc: Option<String>,
    pub(super) node: Arc<Node>,
    pub(super) found: Result<Option<Arc<Node>>, CatalogError>,
}

/// Asks who is known by the name of a node.
pub(super) async fn identify(client: Arc<Client>, dc: Option<String>, node: Arc<Node>) -> Identity {
    let found = find(&client, &dc, &node).await;
    Identity { dc, node, found }
}

async fn find(
    client: &Client,
    dc: &Option<String>,
    node: &Node,
) -> Result<Option<Arc<Node>>, CatalogError> {
    let (name, dc) = (Some(node.name.to_string()), dc.clone());
    let query = Query::Node { name, dc };
    let manner = Manner {
        index: None,
        patience: client.settings().timeouts.call,
    };
    let Said { call, reply } = ask::ask(client, &mut Line::default(), &query, manner).await?;
    ask::vouch(&call, &reply)?;
    let answer = read(&query, &call, &reply, &mut Shelf::default())?;
    Ok(match answer {
        Answer::Node(found) => found.map(|found| found.node.clone()),
        Answer::Instances(_)
        | Answer::Services(_)
        | Answer::Nodes(_)
        | Answer::Datacenters(_)
        | Answer::Value(_)
        | Answer::Pairs(_) => None,
    })
}
