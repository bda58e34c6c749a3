//! Twenty thousand runs leave nothing behind in this process, and cost little.

use std::fs;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

use reaper::{Launch, Output};

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd")
        .expect("my descriptors")
        .count()
}

fn resident_kib() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("my status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .expect("a size")
}

fn own_cpu() -> Duration {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is a writable rusage, and all zeroes is a valid one.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let of = |time: libc::timeval| {
        let micros = time.tv_sec * 1_000_000 + time.tv_usec;
        Duration::from_micros(u64::try_from(micros).expect("a time"))
    };
    of(usage.ru_utime) + of(usage.ru_stime)
}

staged! { crate::stage::alone;

fn twenty_thousand_runs_leave_nothing(stage) {
    const RUNS: u32 = 20_000;
    let launch = |output| Launch {
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        output,
        ..Launch::new("true")
    };
    let mut baseline = (0, 0);
    let (start, cpu) = (Instant::now(), own_cpu());
    for number in 0..RUNS {
        let run = stage.next_run();
        let output = if number % 2 == 0 { Output::Inherit } else { Output::Piped };
        stage.reaper.spawn(run, &launch(output)).expect("a process");
        stage.over(run);
        stage.changes.clear();
        if number == RUNS / 10 {
            baseline = (descriptors(), resident_kib());
        }
    }
    let per_run = |total: Duration| total / RUNS;
    println!("wall {:?}, own cpu {:?}", per_run(start.elapsed()), per_run(own_cpu() - cpu));
    println!("{baseline:?} -> {:?}", (descriptors(), resident_kib()));
    assert_eq!(descriptors(), baseline.0);
    assert!(resident_kib() < baseline.1 + 256, "{} KiB grew", baseline.1);
}

}
