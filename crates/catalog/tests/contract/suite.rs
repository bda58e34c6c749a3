//! The contract, asked of every catalog: each case is written once and runs unchanged on a real
//! Consul, etcd and ZooKeeper and on the embedded catalog.
//!
//! One test per catalog runs all cases side by side on one server, each with names of its own, and
//! says at its end which of them do not hold. `CASE=word` runs only those with the word in their
//! names. What the suite asks is printed at `docs/contract.md`.

mod ground;
mod page;
mod relay;

mod claim;
mod end;
mod follow;
mod guards;
mod keys;
mod maintain;
mod many;
mod moves;
mod prefixes;
mod queries;
mod register;
mod repair;
mod report;
mod ttl;
mod withdraw;

use std::{
    fmt,
    pin::Pin,
    rc::Rc,
    time::{Duration, Instant},
};

use catalog::CatalogError;
use tokio::{
    sync::Semaphore,
    task::{JoinSet, LocalSet},
    time::timeout,
};

use ground::{Ground, Kind, Servers};

/// What is promised, in the order of the page.
const THEMES: &[(&str, &[Case])] = &[
    ("Register", register::CASES),
    ("Report", report::CASES),
    ("Expire", ttl::CASES),
    ("Withdraw", withdraw::CASES),
    ("Maintain", maintain::CASES),
    ("Repair", repair::CASES),
    ("Claim", claim::CASES),
    ("Follow", follow::CASES),
    ("Ask", queries::CASES),
    ("Many", many::CASES),
    ("Keys", keys::CASES),
    ("Prefixes", prefixes::CASES),
    ("Guards", guards::CASES),
    ("Move", moves::CASES),
    ("End", end::CASES),
];

/// How many cases run side by side.
const WIDTH: usize = 24;

/// The longest a case may take; its own deadlines are shorter.
const LIMIT: Duration = Duration::from_secs(60);

/// A promise, and how it is tried.
struct Case {
    name: &'static str,
    /// What is promised, in one sentence.
    meaning: &'static str,
    /// Which catalogs do not have it, and what they say they do not have.
    lacking: &'static [(Kind, &'static str)],
    run: fn(Ground) -> Pin<Box<dyn Future<Output = Found>>>,
}

/// What came of a case that did not fail.
enum Found {
    /// It is as promised.
    Holds,
    /// The catalog says that it does not have it.
    Absent(CatalogError),
}

impl From<()> for Found {
    fn from((): ()) -> Self {
        Self::Holds
    }
}

/// Lists cases, each under what it promises, and who says not to have it.
macro_rules! cases {
    ($($(#[doc = $meaning:literal])+ $case:ident $(lacking { $($kind:ident: $what:literal),+ })?),+ $(,)?) => {
        pub(super) const CASES: &[$crate::suite::Case] = &[$(
            $crate::suite::Case {
                name: stringify!($case),
                meaning: concat!($($meaning),+),
                lacking: &[$($(($crate::suite::ground::Kind::$kind, $what)),+)?],
                run: |ground| Box::pin(async move { $case(ground).await.into() }),
            },
        )+];
    };
}
use cases;

#[tokio::test]
async fn on_consul() {
    run(Kind::Consul).await;
}

#[tokio::test]
async fn on_etcd() {
    run(Kind::Etcd).await;
}

#[tokio::test]
async fn on_zookeeper() {
    run(Kind::Zookeeper).await;
}

#[tokio::test]
async fn on_the_embedded_catalog() {
    run(Kind::Embedded).await;
}

tokio::task_local! {
    static CASE: &'static str;
}

/// How a case ended.
struct Ended {
    case: &'static Case,
    took: Duration,
    /// Why it failed, if it did.
    failure: Option<String>,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            case,
            took,
            failure,
        } = self;
        let word = if failure.is_some() { "FAILED" } else { "ok" };
        write!(f, "{word:6} {:6.2} s  {}", took.as_secs_f64(), case.name)?;
        match failure {
            Some(failure) => write!(f, "\n    {}", failure.replace('\n', "\n    ")),
            None => Ok(()),
        }
    }
}

/// Runs all cases on a catalog, and fails with the list of those that failed.
async fn run(kind: Kind) {
    name_cases_that_panic();
    let wanted = std::env::var("CASE").unwrap_or_default();
    let began = Instant::now();
    let servers = Rc::new(Servers::start(kind).await);
    let started = began.elapsed();
    let cases = THEMES.iter().flat_map(|(_, cases)| *cases);
    let cases = cases.filter(|case| case.name.contains(&wanted));
    let width = Rc::new(Semaphore::new(WIDTH));
    let mut running = JoinSet::new();
    let all = LocalSet::new();
    for (number, case) in cases.enumerate() {
        let ground = Ground::new(servers.clone(), number);
        let width = width.clone();
        let run = async move {
            let _permit = width.acquire().await.unwrap();
            CASE.scope(case.name, end(case, ground)).await
        };
        running.spawn_local_on(run, &all);
    }
    let mut ended = all
        .run_until(async {
            let mut ended = Vec::new();
            while let Some(one) = running.join_next().await {
                ended.push(one.unwrap());
            }
            ended
        })
        .await;
    ended.sort_by_key(|ended| ended.took);
    for ended in &ended {
        println!("{ended}");
    }
    let failed = ended.iter().filter(|ended| ended.failure.is_some());
    let failed: Vec<_> = failed.map(|ended| ended.case.name).collect();
    println!(
        "{kind}: {} of {} cases hold, in {:.1} s after a start of {:.1} s",
        ended.len() - failed.len(),
        ended.len(),
        (began.elapsed() - started).as_secs_f64(),
        started.as_secs_f64()
    );
    assert!(
        failed.is_empty(),
        "{} cases do not hold on {kind}: {failed:#?}",
        failed.len()
    );
}

/// Runs one case to its end, whatever that is.
async fn end(case: &'static Case, ground: Ground) -> Ended {
    let kind = ground.kind();
    let began = Instant::now();
    let mut task = JoinSet::new();
    task.spawn_local(CASE.scope(case.name, (case.run)(ground)));
    let found = timeout(LIMIT, task.join_next()).await;
    let failure = match found {
        Err(_) => Some(format!("it hangs for more than {LIMIT:?}")),
        Ok(None) => Some("it never ran".to_owned()),
        Ok(Some(Err(error))) => Some(match error.try_into_panic() {
            Ok(panic) => panic_text(panic.as_ref()),
            Err(error) => error.to_string(),
        }),
        Ok(Some(Ok(found))) => misjudged(case, kind, found),
    };
    Ended {
        case,
        took: began.elapsed(),
        failure,
    }
}

/// Says how what was found differs from what the page says, if it does.
fn misjudged(case: &Case, kind: Kind, found: Found) -> Option<String> {
    let mut lacking = case.lacking.iter();
    let declared = lacking.find(|(lacking, _)| *lacking == kind);
    match (declared, found) {
        (None, Found::Holds) => None,
        (Some((_, what)), Found::Absent(CatalogError::Unsupported { what: said, .. }))
            if said == *what =>
        {
            None
        }
        (declared, Found::Absent(error)) => {
            let declared = declared.map(|(_, what)| what);
            Some(format!(
                "the catalog says `{error}`; the page has {declared:?}"
            ))
        }
        (Some((_, what)), Found::Holds) => {
            Some(format!("it holds, though the page says: no {what}"))
        }
    }
}

/// Has whoever panics say in which case.
fn name_cases_that_panic() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if let Ok(case) = CASE.try_with(|case| *case) {
            eprintln!("in {case}:");
        }
        usual(panic);
    }));
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "it panicked without a word".to_owned())
}
