//! What the endpoints show, as far as a filter may look.

/// What a filter is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    AgentService,
    CatalogService,
    Check,
    Health,
    Node,
    NodeService,
}

/// What can be asked of a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text,
    Number,
    Truth,
    Texts,
    /// Members with names of the user's.
    Map(&'static Kind),
    Object(&'static [(&'static str, Kind)]),
    Objects(&'static [(&'static str, Kind)]),
}

impl Shape {
    pub(super) fn kind(self) -> Kind {
        Kind::Object(match self {
            Self::AgentService | Self::NodeService => SERVICE,
            Self::CatalogService => CATALOG_SERVICE,
            Self::Check => CHECK,
            Self::Health => HEALTH,
            Self::Node => NODE,
        })
    }
}

const TEXT_MAP: Kind = Kind::Map(&Kind::Text);

const ADDRESSES: Kind = Kind::Map(&Kind::Object(&[
    ("Address", Kind::Text),
    ("Port", Kind::Number),
]));

const WEIGHTS: Kind = Kind::Object(&[("Passing", Kind::Number), ("Warning", Kind::Number)]);

const SERVICE: &[(&str, Kind)] = &[
    ("ID", Kind::Text),
    ("Service", Kind::Text),
    ("Tags", Kind::Texts),
    ("Address", Kind::Text),
    ("TaggedAddresses", ADDRESSES),
    ("Meta", TEXT_MAP),
    ("Port", Kind::Number),
    ("Weights", WEIGHTS),
    ("EnableTagOverride", Kind::Truth),
];

const CATALOG_SERVICE: &[(&str, Kind)] = &[
    ("ID", Kind::Text),
    ("Node", Kind::Text),
    ("Address", Kind::Text),
    ("Datacenter", Kind::Text),
    ("TaggedAddresses", TEXT_MAP),
    ("NodeMeta", TEXT_MAP),
    ("ServiceID", Kind::Text),
    ("ServiceName", Kind::Text),
    ("ServiceTags", Kind::Texts),
    ("ServiceAddress", Kind::Text),
    ("ServiceTaggedAddresses", ADDRESSES),
    ("ServiceMeta", TEXT_MAP),
    ("ServicePort", Kind::Number),
    ("ServiceWeights", WEIGHTS),
    ("ServiceEnableTagOverride", Kind::Truth),
];

const NODE: &[(&str, Kind)] = &[
    ("ID", Kind::Text),
    ("Node", Kind::Text),
    ("Address", Kind::Text),
    ("Datacenter", Kind::Text),
    ("TaggedAddresses", TEXT_MAP),
    ("Meta", TEXT_MAP),
];

const CHECK: &[(&str, Kind)] = &[
    ("Node", Kind::Text),
    ("CheckID", Kind::Text),
    ("Name", Kind::Text),
    ("Status", Kind::Text),
    ("Notes", Kind::Text),
    ("Output", Kind::Text),
    ("ServiceID", Kind::Text),
    ("ServiceName", Kind::Text),
    ("ServiceTags", Kind::Texts),
    ("Type", Kind::Text),
];

const HEALTH: &[(&str, Kind)] = &[
    ("Node", Kind::Object(NODE)),
    ("Service", Kind::Object(SERVICE)),
    ("Checks", Kind::Objects(CHECK)),
];
