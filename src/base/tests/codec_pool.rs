//! The pool against real child processes. Without the test harness, because this program is also its own worker.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use yigong_base::codec::{CodecError, Display, Frame, Output, Pool, PoolLimits, Request, Shape, work};

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("codec-worker") => work(&mut std::io::stdin(), &mut std::io::stdout()).unwrap(),
        Some("sleeper") => sleeper(),
        Some("fails-once") => fails_once(&std::env::args().nth(2).unwrap()),
        Some("prober") => prober(),
        Some("--list") => {}
        _ => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(all());
        }
    }
}

async fn all() {
    many_frames_at_once_and_a_bad_one_between().await;
    println!("many_frames_at_once_and_a_bad_one_between ... ok");
    a_frame_in_a_file_goes_to_the_worker_by_itself().await;
    println!("a_frame_in_a_file_goes_to_the_worker_by_itself ... ok");
    a_worker_that_hangs_is_killed_in_time().await;
    println!("a_worker_that_hangs_is_killed_in_time ... ok");
    a_frame_is_tried_once_more_in_a_fresh_worker().await;
    println!("a_frame_is_tried_once_more_in_a_fresh_worker ... ok");
    workers_are_replaced_after_their_share().await;
    println!("workers_are_replaced_after_their_share ... ok");
    what_a_round_trip_costs().await;
    println!("what_a_round_trip_costs ... ok");
    a_program_that_is_no_worker_is_named().await;
    println!("a_program_that_is_no_worker_is_named ... ok");
    a_worker_has_no_files_no_network_and_little_memory().await;
    println!("a_worker_has_no_files_no_network_and_little_memory ... ok");
}

fn pool(argument: &str, wall_ms: u64) -> Pool {
    let limits = PoolLimits { workers: 3, wall: Duration::from_millis(wall_ms), frames_per_worker: 5 };
    Pool::new(std::env::current_exe().unwrap(), vec![argument.to_owned()], limits)
}

fn request(transfer_syntax: &str) -> Request {
    Request {
        transfer_syntax: transfer_syntax.to_owned(),
        shape: Shape {
            rows: 512,
            cols: 512,
            samples: 1,
            bits_allocated: 16,
            bits_stored: 12,
            high_bit: 11,
            signed: false,
            photometric: "MONOCHROME2".to_owned(),
            planar: 0,
            float: false,
        },
        display: Display::default(),
        outputs: vec![Output::Raw, Output::Jpeg { longest_side: 160, quality: 80 }],
    }
}

async fn many_frames_at_once_and_a_bad_one_between() {
    let pool = pool("codec-worker", 10_000);
    let frame: Vec<u8> = (0..512_u32 * 512).flat_map(|i| ((i % 4096) as u16).to_le_bytes()).collect();
    let tasks: Vec<_> = (0..40)
        .map(|n| {
            let (pool, frame) = (pool.clone(), frame.clone());
            tokio::spawn(async move {
                if n % 7 == 3 {
                    let bad = pool.decode(&request("1.2.840.10008.1.2.4.70"), b"not a jpeg").await;
                    assert!(matches!(bad, Err(CodecError::Refused(_))), "{bad:?}");
                } else {
                    let parts = pool.decode(&request("1.2.840.10008.1.2.1"), &frame).await.unwrap();
                    assert!(parts[0] == frame && parts[1].starts_with(&[0xff, 0xd8]));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let started = Instant::now();
    pool.decode(&request("1.2.840.10008.1.2.1"), &frame).await.unwrap();
    println!("one 512x512 frame, raw and thumbnail, warm: {} ms", started.elapsed().as_millis());
}

async fn a_frame_in_a_file_goes_to_the_worker_by_itself() {
    let pool = pool("codec-worker", 10_000);
    // Larger than any pipe, and in parts with something else between and behind them.
    let mut large = request("1.2.840.10008.1.2.1");
    (large.shape.rows, large.shape.cols, large.outputs) = (2_000, 1_999, vec![Output::Raw]);
    let frame: Vec<u8> = (0..1_999_u32 * 2_000).flat_map(|i| ((i * 7 % 4096) as u16).to_le_bytes()).collect();
    let (first, second) = frame.split_at(3_000_001);
    let path = std::env::temp_dir().join(format!("yigong-codec-frame-{}", std::process::id()));
    std::fs::write(&path, [b"head", first, b"between", second, b"tail"].concat()).unwrap();
    let file = Arc::new(std::fs::File::open(&path).unwrap());
    std::fs::remove_file(&path).unwrap();
    let at = 4 + first.len() as u64 + 7;
    let parts = vec![(4, first.len() as u64), (at, second.len() as u64)];
    for _ in 0..3 {
        let made = pool.work(&large, &Frame::File(Arc::clone(&file), parts.clone())).await.unwrap();
        assert!(made[0] == frame);
    }
    // The file is shorter than it was: said as that, and the worker, which has half a frame, is not used again.
    let short = vec![(at, second.len() as u64), (at + second.len() as u64, first.len() as u64)];
    let answer = pool.work(&large, &Frame::File(Arc::clone(&file), short)).await;
    assert!(matches!(answer, Err(CodecError::Unavailable(_))), "{answer:?}");
    assert!(pool.work(&large, &Frame::File(file, parts)).await.unwrap()[0] == frame);
    assert_eq!((pool.stats().started, pool.stats().killed), (2, 0));
}

async fn a_worker_that_hangs_is_killed_in_time() {
    let started = Instant::now();
    let pool = pool("sleeper", 100);
    for _ in 0..6 {
        let answer = pool.decode(&request("1.2.840.10008.1.2.1"), &[0; 512 * 512 * 2]).await;
        assert!(matches!(answer, Err(CodecError::Killed(_))), "{answer:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(10));
    let stats = pool.stats();
    assert_eq!((stats.frames, stats.started, stats.killed), (0, 12, 12));
    let path = std::env::temp_dir().join(format!("yigong-codec-hang-{}", std::process::id()));
    std::fs::write(&path, vec![0; 4 << 20]).unwrap();
    let file = Arc::new(std::fs::File::open(&path).unwrap());
    std::fs::remove_file(&path).unwrap();
    let started = Instant::now();
    let answer = pool.work(&request("1.2.840.10008.1.2.1"), &Frame::File(file, vec![(0, 4 << 20)])).await;
    assert!(matches!(answer, Err(CodecError::Killed(_))), "a pipe that nobody empties: {answer:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(stats.killed_last_hour > 10, "worth an alarm: {stats:?}");
}

async fn a_frame_is_tried_once_more_in_a_fresh_worker() {
    let mark = std::env::temp_dir().join(format!("yigong-codec-once-{}", std::process::id()));
    let limits = PoolLimits { workers: 1, wall: Duration::from_secs(10), frames_per_worker: 5 };
    let arguments = vec!["fails-once".to_owned(), mark.to_str().unwrap().to_owned()];
    let pool = Pool::new(std::env::current_exe().unwrap(), arguments, limits);
    let frame = vec![7; 512 * 512 * 2];
    let parts = pool.decode(&request("1.2.840.10008.1.2.1"), &frame).await.unwrap();
    assert_eq!(parts[0], frame);
    std::fs::remove_file(mark).unwrap();
    let stats = pool.stats();
    assert_eq!((stats.frames, stats.started, stats.killed), (1, 2, 1));
}

async fn workers_are_replaced_after_their_share() {
    let pool = pool("codec-worker", 10_000);
    for _ in 0..11 {
        pool.decode(&request("1.2.840.10008.1.2.1"), &[0; 512 * 512 * 2]).await.unwrap();
    }
    assert_eq!((pool.stats().frames, pool.stats().started), (11, 3), "five frames each");
}

/// Prints what a frame costs beyond its decoding; no time is asserted, machines differ.
async fn what_a_round_trip_costs() {
    let limits = PoolLimits { workers: 1, wall: Duration::from_secs(10), frames_per_worker: 100_000 };
    let pool = Pool::new(std::env::current_exe().unwrap(), vec!["codec-worker".to_owned()], limits);
    for side in [16_u32, 512] {
        let mut small = request("1.2.840.10008.1.2.1");
        (small.shape.rows, small.shape.cols) = (side, side);
        small.outputs = vec![Output::Raw];
        let frame = vec![0; (side * side * 2) as usize];
        pool.decode(&small, &frame).await.unwrap();
        let mut times = Vec::new();
        for _ in 0..500 {
            let started = Instant::now();
            pool.decode(&small, &frame).await.unwrap();
            times.push(started.elapsed());
        }
        times.sort_unstable();
        println!(
            "round trip of a native {side}x{side} frame of 16 bits: median {:?}, 95 % {:?}",
            times[250], times[475]
        );
    }
}

async fn a_program_that_is_no_worker_is_named() {
    let pool = Pool::new("/bin/true".into(), Vec::new(), PoolLimits::default());
    let answer = pool.decode(&request("1.2.840.10008.1.2.1"), &[]).await;
    assert!(matches!(answer, Err(CodecError::Unavailable(_))), "{answer:?}");
}

async fn a_worker_has_no_files_no_network_and_little_memory() {
    let answer = pool("prober", 10_000).decode(&request("1.2.840.10008.1.2.1"), &[]).await;
    assert_eq!(answer, Err(CodecError::Unsupported("[true, true, true, true, true]".to_owned())));
}

/// Dies over its first request when the mark is not there yet, works like any worker afterwards.
fn fails_once(mark: &str) {
    use std::io::{Read as _, Write as _};
    if std::path::Path::new(mark).exists() {
        return work(&mut std::io::stdin(), &mut std::io::stdout()).unwrap();
    }
    std::fs::write(mark, b"").unwrap();
    std::io::stdout().write_all(b"YGCODEC1").unwrap();
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_exact(&mut [0; 4]).unwrap();
}

/// Greets, then never answers.
fn sleeper() {
    use std::io::Write as _;
    std::io::stdout().write_all(b"YGCODEC1").unwrap();
    std::io::stdout().flush().unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

/// Confines itself like a worker, tries what a worker must not do and answers what was denied.
fn prober() {
    use std::io::Write as _;
    let (mut nothing, mut output): (&[u8], _) = (&[], std::io::stdout());
    work(&mut nothing, &mut output).unwrap();
    let denied = [
        std::fs::write(std::env::temp_dir().join("yigong-codec-prober"), b"a file").is_err(),
        std::fs::read("/etc/hostname").is_err(),
        std::net::TcpListener::bind("127.0.0.1:0").is_err(),
        Vec::<u8>::new().try_reserve_exact(1 << 30).is_err(),
        std::env::vars().next().is_none(),
    ];
    let answer = format!(r#"{{"Failed":{{"code":"unsupported","detail":"{denied:?}"}}}}"#);
    output.write_all(&u32::try_from(answer.len()).unwrap().to_le_bytes()).unwrap();
    output.write_all(answer.as_bytes()).unwrap();
    output.write_all(&0_u64.to_le_bytes()).unwrap();
    output.flush().unwrap();
    std::thread::sleep(Duration::from_secs(1));
}
