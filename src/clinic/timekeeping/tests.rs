//! Clocks that are set, on both engines.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use yigong_base::access::account::{NewAccount, create};
use yigong_base::access::password::Cost;
use yigong_base::access::session;
use yigong_base::clock::{Clock, DAY_MS, SystemClock};
use yigong_base::jobs::{self, Job};
use yigong_base::testing::{Bench, engines};

use super::*;

/// The program's time, and by how much the machine's was set.
#[derive(Default)]
struct Turned {
    now: AtomicI64,
    by: AtomicI64,
}

impl Turned {
    /// Set so that the machine says what the clock of a database says.
    fn by(by: i64) -> Arc<Self> {
        Arc::new(Self { now: AtomicI64::new(SystemClock::new().now() - by), by: AtomicI64::new(by) })
    }

    fn wait(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for Turned {
    fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    fn set_by(&self) -> i64 {
        self.by.load(Ordering::Relaxed)
    }

    fn follow(&self) {
        self.now.fetch_add(self.by.swap(0, Ordering::Relaxed), Ordering::Relaxed);
    }
}

fn with(bench: &Bench, clock: &Arc<Turned>) -> Ctx {
    Ctx { clock: clock.clone(), ..bench.ctx.clone() }
}

const SECRET: &str = "shan-shui-2026-qing";

async fn signed_in(ctx: &Ctx) -> String {
    let new = NewAccount {
        login: "li".into(),
        name: "李医生".into(),
        name_en: "Li".into(),
        facility: "LEAD".into(),
        grants: vec![],
    };
    create(ctx, &Permit::system("test"), &new, SECRET, Cost::Demo).await.unwrap();
    session::sign_in(ctx, "li", SECRET, "").await.unwrap()
}

async fn number(ctx: &Ctx, statement: &'static str) -> i64 {
    ctx.db
        .read(&Permit::system("test"))
        .await
        .unwrap()
        .one(statement, args![])
        .await
        .unwrap()
        .int("n")
        .unwrap()
}

async fn due_in(ctx: &Ctx, ms: i64) {
    let mut tx = ctx.db.begin(&Permit::system("test")).await.unwrap();
    jobs::enqueue(&mut tx, ctx, Job::new("settle", "one").at(ctx.now() + ms)).await.unwrap();
    tx.commit().await.unwrap();
}

const RUN_AT: &str = "SELECT run_at AS n FROM job";
const LAST: &str = "SELECT at AS n FROM audit ORDER BY seq DESC LIMIT 1";
const MOVES: &str = "SELECT COUNT(*) AS n FROM audit WHERE action = 'clock.set'";

#[tokio::test]
async fn set_back_by_a_day_nothing_waits_a_day() {
    for bench in engines().await.unwrap() {
        let clock = Turned::by(-DAY_MS);
        let ctx = with(&bench, &clock);
        let token = signed_in(&ctx).await;
        due_in(&ctx, MINUTE_MS).await;
        let seen = Keeper::default().look(&ctx).await.unwrap();
        assert!(matches!(seen, Seen::Followed(set) if set.by == -DAY_MS), "{seen:?}");
        assert_eq!(number(&ctx, RUN_AT).await, ctx.now() + MINUTE_MS);
        // A start would not take the machine's clock for one that is behind.
        assert_eq!(number(&ctx, LAST).await, ctx.now());
        clock.wait(10 * MINUTE_MS);
        assert!(session::find(&ctx, &token).await.unwrap().is_some());
        clock.wait(DAY_MS);
        assert!(session::find(&ctx, &token).await.unwrap().is_none(), "it lasts no longer than before");
        assert_eq!(Keeper::default().look(&ctx).await.unwrap(), Seen::Right);
    }
}

#[tokio::test]
async fn two_processes_move_once() {
    for bench in engines().await.unwrap() {
        let (one, other) = (Turned::by(-2 * HOUR_MS), Turned::by(-2 * HOUR_MS));
        let (ctx, second) = (with(&bench, &one), with(&bench, &other));
        due_in(&ctx, MINUTE_MS).await;
        Keeper::default().look(&ctx).await.unwrap();
        let at = number(&ctx, RUN_AT).await;
        other.wait(3 * SECOND_MS);
        assert!(matches!(Keeper::default().look(&second).await.unwrap(), Seen::Followed(_)));
        assert_eq!((number(&ctx, RUN_AT).await, number(&ctx, MOVES).await), (at, 1));
        assert_eq!(second.clock.set_by(), 0);
    }
}

#[tokio::test]
async fn set_forward_nothing_ends_early_and_what_waits_is_due() {
    for bench in engines().await.unwrap() {
        let clock = Turned::by(20 * HOUR_MS);
        let ctx = with(&bench, &clock);
        let token = signed_in(&ctx).await;
        due_in(&ctx, HOUR_MS).await;
        Keeper::default().look(&ctx).await.unwrap();
        assert!(session::find(&ctx, &token).await.unwrap().is_some());
        assert!(number(&ctx, RUN_AT).await < ctx.now());
    }
}

#[tokio::test]
async fn ten_years_wait_for_a_persons_word() {
    for bench in engines().await.unwrap() {
        let clock = Turned::by(3_650 * DAY_MS);
        let ctx = with(&bench, &clock);
        let token = signed_in(&ctx).await;
        let mut keeper = Keeper::default();
        for _ in 0..3 {
            assert!(matches!(keeper.look(&ctx).await.unwrap(), Seen::Held(_)));
            clock.wait(SECOND_MS);
        }
        assert!(session::find(&ctx, &token).await.unwrap().is_some());
        let said = "SELECT COUNT(*) AS n FROM audit WHERE action = 'clock.hold'";
        assert_eq!((number(&ctx, said).await, number(&ctx, MOVES).await), (1, 0));
        believe(&ctx).await.unwrap();
        clock.wait(2 * SECOND_MS);
        assert!(matches!(keeper.look(&ctx).await.unwrap(), Seen::Followed(_)));
        assert!(session::find(&ctx, &token).await.unwrap().is_some());
        // The word was of that time and counts for no other.
        clock.by.store(3_650 * DAY_MS, Ordering::Relaxed);
        assert!(matches!(keeper.look(&ctx).await.unwrap(), Seen::Held(_)));
    }
}
