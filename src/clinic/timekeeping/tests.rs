//! Clocks that are set, on both engines.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use yigong_base::access::account::{NewAccount, create};
use yigong_base::access::password::Cost;
use yigong_base::access::session;
use yigong_base::clock::{Clock, DAY_MS, SystemClock};
use yigong_base::jobs::{self, Job};
use yigong_base::patient::{Seen as Person, link};
use yigong_base::testing::{Bench, engines};

use super::*;
use crate::critical::raise::{Raise, raise};

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
    fn hold(&self, by: i64) {
        self.now.fetch_sub(by, Ordering::Relaxed);
        self.by.store(by, Ordering::Relaxed);
    }

    fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    fn set_by(&self) -> i64 {
        self.by.load(Ordering::Relaxed)
    }

    fn follow(&self, by: i64) {
        self.now.fetch_add(by, Ordering::Relaxed);
        self.by.fetch_sub(by, Ordering::Relaxed);
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
        must_change: false,
    };
    create(ctx, &Permit::system("test"), &new, SECRET, Cost::Demo).await.unwrap();
    let from = session::From { address: "", device: None };
    session::sign_in(ctx, "li", SECRET, from).await.unwrap().token
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
        let mut keeper = Keeper::start(&ctx).await.unwrap();
        let seen = keeper.look(&ctx).await.unwrap();
        assert!(matches!(seen, Seen::Followed(set) if set.by == -DAY_MS), "{seen:?}");
        assert_eq!(number(&ctx, RUN_AT).await, ctx.now() + MINUTE_MS);
        // A start would not take the machine's clock for one that is behind.
        assert_eq!(number(&ctx, LAST).await, ctx.now());
        clock.wait(10 * MINUTE_MS);
        assert!(session::find(&ctx, &token).await.unwrap().is_some());
        clock.wait(DAY_MS);
        assert!(session::find(&ctx, &token).await.unwrap().is_none(), "it lasts no longer than before");
        assert_eq!(Keeper::start(&ctx).await.unwrap().look(&ctx).await.unwrap(), Seen::Right);
    }
}

#[tokio::test]
async fn two_processes_move_once() {
    for bench in engines().await.unwrap() {
        let (one, other) = (Turned::by(-2 * HOUR_MS), Turned::by(-2 * HOUR_MS));
        let (ctx, second) = (with(&bench, &one), with(&bench, &other));
        due_in(&ctx, MINUTE_MS).await;
        let (mut here, mut there) =
            (Keeper::start(&ctx).await.unwrap(), Keeper::start(&second).await.unwrap());
        let (mine, theirs) = tokio::join!(here.look(&ctx), there.look(&second));
        assert!(matches!((mine.unwrap(), theirs.unwrap()), (Seen::Followed(_), Seen::Followed(_))));
        assert_eq!((number(&ctx, RUN_AT).await, number(&ctx, MOVES).await), (ctx.now() + MINUTE_MS, 1));
        // The same again, minutes later: moved again, once.
        for (clock, keeper, ctx) in [(&one, &mut here, &ctx), (&other, &mut there, &second)] {
            clock.wait(2 * HOUR_MS);
            clock.by.store(-2 * HOUR_MS, Ordering::Relaxed);
            assert!(matches!(keeper.look(ctx).await.unwrap(), Seen::Followed(_)));
        }
        assert_eq!(
            (number(&ctx, RUN_AT).await, number(&ctx, MOVES).await),
            (ctx.now() + MINUTE_MS - 2 * HOUR_MS, 2)
        );
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
        Keeper::start(&ctx).await.unwrap().look(&ctx).await.unwrap();
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
        let mut keeper = Keeper::start(&ctx).await.unwrap();
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

#[tokio::test]
async fn work_that_was_put_by_the_old_time_is_found() {
    for bench in engines().await.unwrap() {
        let clock = Turned::by(-DAY_MS);
        let ctx = with(&bench, &clock);
        let old = ctx.now();
        let mut keeper = Keeper::start(&ctx).await.unwrap();
        keeper.look(&ctx).await.unwrap();
        let before = Ctx { clock: Arc::new(SteppedClock::at(old)), ..ctx.clone() };
        due_in(&before, MINUTE_MS).await;
        assert_eq!(number(&ctx, RUN_AT).await, old + MINUTE_MS);
        keeper.look(&ctx).await.unwrap();
        assert_eq!(number(&ctx, RUN_AT).await, ctx.now() + MINUTE_MS);
        // What is meant for tomorrow stays there.
        due_in(&ctx, DAY_MS).await;
        keeper.look(&ctx).await.unwrap();
        assert!(number(&ctx, RUN_AT).await <= ctx.now() + DAY_MS);
    }
}

#[tokio::test]
async fn who_starts_while_a_clock_is_held_holds_it_too() {
    for bench in engines().await.unwrap() {
        let (far, right) = (Turned::by(3_650 * DAY_MS), Turned::by(0));
        let ctx = with(&bench, &far);
        let mut keeper = Keeper::start(&ctx).await.unwrap();
        assert!(matches!(keeper.look(&ctx).await.unwrap(), Seen::Held(_)));
        if bench.engine == "postgres" {
            // There the clock of the database says what time it is.
            right.wait(3_650 * DAY_MS);
            begin(&ctx.db, &*right).await.unwrap();
            assert!(right.now().abs_diff(SystemClock::new().now()) < MINUTE_MS.unsigned_abs());
            continue;
        }
        right.wait(SECOND_MS);
        begin(&ctx.db, &*right).await.unwrap();
        assert!(right.now().abs_diff(far.now() + SECOND_MS) < 500);
        // A clock that has been put right meanwhile is not held.
        let mended = Turned::by(0);
        mended.wait(-3_600 * DAY_MS);
        let at = mended.now();
        begin(&ctx.db, &*mended).await.unwrap();
        assert_eq!(mended.now(), at);
    }
}

#[tokio::test]
async fn an_orange_alert_is_moved_once() {
    for bench in engines().await.unwrap() {
        let clock = Turned::by(-20 * HOUR_MS);
        let ctx = with(&bench, &clock);
        let permit = Permit::system("test");
        let mut tx = ctx.db.begin(&permit).await.unwrap();
        let seen = Person { local_id: "P1".into(), name: "王小东".into(), ..Person::default() };
        let orange = Raise {
            pipeline: "lab".into(),
            subject_kind: "specimen".into(),
            subject: "S1".into(),
            dedupe: "lab:K".into(),
            patient: link(&mut tx, &ctx, "C01", &seen).await.unwrap().id,
            facility: "C01".into(),
            level: "orange".into(),
            finding: "血钾 6.0 mmol/L".into(),
            ..Raise::default()
        };
        raise(&mut tx, &ctx, &permit, &orange).await.unwrap();
        tx.commit().await.unwrap();
        let rings = "SELECT next_escalation_at AS n FROM critical_alert";
        let left = number(&ctx, rings).await - ctx.now();
        assert!(left > HOUR_MS);
        let mut keeper = Keeper::start(&ctx).await.unwrap();
        for _ in 0..3 {
            keeper.look(&ctx).await.unwrap();
        }
        assert_eq!(number(&ctx, rings).await - ctx.now(), left);
    }
}
