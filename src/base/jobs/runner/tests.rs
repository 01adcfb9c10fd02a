//! Which job is taken next, by whom, and what happens to one whose worker falls silent.

use super::super::{Job, enqueue};
use super::*;
use crate::testing::engines;

async fn add(ctx: &Ctx, key: &str, payload: &str) {
    let mut tx = ctx.db.begin(&Permit::system("test")).await.unwrap();
    enqueue(&mut tx, ctx, Job::new("mark", key).payload(Value::from(payload))).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_takes_long_says_that_it_is_alive_and_is_not_begun_again() {
    for bench in engines().await.unwrap() {
        let go = Arc::new(Notify::new());
        let wait = Arc::clone(&go);
        let runner = Runner::new(bench.ctx.clone(), ()).alive_every(Duration::from_millis(20)).on(
            "mark",
            move |(), _| {
                let wait = Arc::clone(&wait);
                async move {
                    wait.notified().await;
                    Ok(())
                }
            },
        );
        add(&bench.ctx, "slow", "sent over a thin line").await;
        let runner = Arc::new(runner);
        let first = Arc::clone(&runner);
        let at_work = tokio::spawn(async move { first.step().await });
        let waits = "SELECT id FROM job WHERE state = 'waiting'";
        while bench
            .ctx
            .db
            .read(&Permit::system("test"))
            .await
            .unwrap()
            .opt(waits, args![])
            .await
            .unwrap()
            .is_some()
        {
            tokio::task::yield_now().await;
        }
        for _ in 0..3 {
            bench.clock.advance(LEASE_MS - MINUTE_MS);
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(runner.take(Lane::Any).await.unwrap().is_none(), "begun twice on {}", bench.engine);
        }
        go.notify_one();
        assert!(at_work.await.unwrap().unwrap());
        assert!(runner.take(Lane::Any).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_fell_silent_goes_before_what_waits_and_blocks_its_own_key() {
    for bench in engines().await.unwrap() {
        let runner = Runner::new(bench.ctx.clone(), ());
        let take = async || runner.take(Lane::Any).await.unwrap().map(|job| job.payload);
        add(&bench.ctx, "report", "first version").await;
        assert_eq!(take().await, Some(Value::from("first version")));
        // Its worker is killed. Meanwhile the report is signed again, and other work comes.
        add(&bench.ctx, "report", "second version").await;
        add(&bench.ctx, "other", "other").await;
        bench.clock.advance(MINUTE_MS);
        assert_eq!(take().await, Some(Value::from("other")), "another key is not held up");
        assert_eq!(take().await, None, "the second version waits for the first");
        bench.clock.advance(LEASE_MS);
        let again = runner.take(Lane::Any).await.unwrap().unwrap();
        assert_eq!((again.payload.as_str(), again.attempts), (Some("first version"), 2));
        assert_eq!(take().await, None, "both are at work");
        runner.close(&again, Ok(())).await.unwrap();
        assert_eq!(take().await, Some(Value::from("second version")));
    }
}

#[tokio::test]
async fn silent_receivers_hold_up_nothing_that_is_done_here() {
    for bench in engines().await.unwrap() {
        let dead = Arc::new(Notify::new());
        let (wait, done) = (Arc::clone(&dead), Arc::new(Notify::new()));
        let mark = Arc::clone(&done);
        let runner = Runner::new(bench.ctx.clone(), ())
            .on_line("send", move |(), _| {
                let wait = Arc::clone(&wait);
                async move {
                    wait.notified().await;
                    Ok(())
                }
            })
            .on("mark", move |(), _| {
                let mark = Arc::clone(&mark);
                async move {
                    mark.notify_one();
                    Ok(())
                }
            });
        let mut tx = bench.ctx.db.begin(&Permit::system("test")).await.unwrap();
        for n in 0..20 {
            enqueue(&mut tx, &bench.ctx, Job::new("send", n.to_string())).await.unwrap();
        }
        tx.commit().await.unwrap();
        let stop = CancellationToken::new();
        let running = tokio::spawn(runner.run(1, 2, stop.clone()));
        tokio::time::sleep(Duration::from_millis(300)).await;
        add(&bench.ctx, "settle", "a study").await;
        let settled = tokio::time::timeout(Duration::from_secs(20), done.notified()).await;
        assert!(settled.is_ok(), "waited for a receiver on {}", bench.engine);
        stop.cancel();
        while !running.is_finished() {
            dead.notify_waiters();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A job of a kind that is due so many milliseconds ago.
async fn due(ctx: &Ctx, kind: &'static str, key: &str, ago: i64) {
    let mut tx = ctx.db.begin(&Permit::system("test")).await.unwrap();
    enqueue(&mut tx, ctx, Job::new(kind, key).at(ctx.now() - ago)).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn the_kind_that_waits_longest_goes_first_and_a_blocked_one_holds_up_no_other() {
    for bench in engines().await.unwrap() {
        let ctx = &bench.ctx;
        let runner = Runner::new(ctx.clone(), ()).on_line("send", |(), _| async { Ok(()) });
        let take =
            async |lane| runner.take(lane).await.unwrap().map(|job| format!("{} {}", job.kind, job.key));
        due(ctx, "settle", "a", 10).await;
        due(ctx, "settle", "b", 40).await;
        due(ctx, "preview", "a", 30).await;
        due(ctx, "send", "x", 90).await;
        due(ctx, "later", "a", -1_000).await;
        assert_eq!(take(Lane::Own).await.as_deref(), Some("settle b"), "{}", bench.engine);
        // The same again while it runs: all of its kind that waited longest is blocked now.
        due(ctx, "settle", "b", 80).await;
        assert_eq!(take(Lane::Own).await.as_deref(), Some("settle a"), "{}", bench.engine);
        assert_eq!(take(Lane::Own).await.as_deref(), Some("preview a"), "{}", bench.engine);
        assert_eq!(take(Lane::Own).await, None, "{}: blocked, of another lane, or not due", bench.engine);
        assert_eq!(take(Lane::Line).await.as_deref(), Some("send x"), "{}", bench.engine);
        assert_eq!(take(Lane::Line).await, None, "{}", bench.engine);
        // A kind that nobody knows is taken all the same, and says so.
        due(ctx, "unheard-of", "a", 5).await;
        assert_eq!(take(Lane::Own).await.as_deref(), Some("unheard-of a"), "{}", bench.engine);
    }
}

#[tokio::test]
async fn what_died_with_its_process_begins_again_at_the_next_start() {
    for bench in engines().await.unwrap() {
        let runner = Runner::new(bench.ctx.clone(), ());
        add(&bench.ctx, "recording", "a red one").await;
        assert!(runner.take(Lane::Any).await.unwrap().is_some());
        assert!(runner.take(Lane::Any).await.unwrap().is_none(), "somebody is at it");
        assert_eq!(super::super::orphans::free(&bench.ctx).await.unwrap(), 1, "{}", bench.engine);
        let again = runner.take(Lane::Any).await.unwrap().map(|job| (job.key, job.attempts));
        assert_eq!(again, Some(("recording".into(), 2)), "{}", bench.engine);
    }
}
