//! The library's model of seccomp filters agrees with the kernel. A child installs generated filters and makes one system
//! call; its result is compared with the model's. FORKEXEC_CASES=n tries n filters in each test, FORKEXEC_SEED=n tries
//! others.

use forkexec::attr::filters::SockFilter;
use forkexec::bpf::{ARCHES, Answers, Data, evaluate, kernel_accepts};
use libc::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use std::cell::RefCell;
use std::env;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

// The child.

/// The outcome of installing the filters and making the call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Outcome {
    /// seccomp(2) failed for a filter.
    NotPutOn(i32),
    Killed,
    /// The call failed, or the filter answered it.
    Refused,
    Allowed,
}

/// A harmless call, whose result tells whether it was made.
#[derive(Clone, Copy, Debug)]
struct Made {
    number: c_long,
    arguments: [u64; 6],
}

/// The child's result, in memory that it shares with this process.
#[repr(C)]
struct Progress {
    at: AtomicI32,
    result: AtomicI32,
}

const REFUSED_FILTER: i32 = 1;
const CALLING: i32 = 2;
const RETURNED: i32 = 3;

fn progress() -> &'static Progress {
    // SAFETY: kernel contract, man 2 mmap: a page of zeros, which is never unmapped.
    unsafe {
        let page = mmap(null_mut(), 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_ne!(page, MAP_FAILED);
        &*page.cast()
    }
}

/// Installs the filters in a new process, which then makes the call.
fn outcome(progress: &Progress, filters: &[&[SockFilter]], call: &Made) -> Outcome {
    progress.at.store(0, SeqCst);
    // SAFETY: the child makes system calls only.
    let child = unsafe { fork() };
    assert!(child >= 0);
    if child == 0 {
        run(progress, filters, call);
    }
    let mut status = 0;
    // SAFETY: kernel contract, man 2 waitpid.
    assert_eq!(unsafe { waitpid(child, &mut status, 0) }, child);
    match progress.at.load(SeqCst) {
        REFUSED_FILTER => Outcome::NotPutOn(progress.result.load(SeqCst)),
        CALLING => {
            assert!(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "status {status:#x}");
            Outcome::Killed
        }
        RETURNED => {
            let made = progress.result.load(SeqCst) == expected(call.number, child);
            if made { Outcome::Allowed } else { Outcome::Refused }
        }
        at => panic!("the child stopped at {at} with status {status:#x}"),
    }
}

/// The result of the call if it is made. No filter here answers with it.
fn expected(number: c_long, child: pid_t) -> i32 {
    // SAFETY: kernel contract, man 2 getpid.
    if number == SYS_getppid { unsafe { getpid() } } else { child }
}

fn run(progress: &Progress, filters: &[&[SockFilter]], call: &Made) -> ! {
    let [a, b, c, d, e, f] = call.arguments;
    // SAFETY: kernel contract, man 2 prctl, 2 seccomp, and of calls that ignore all arguments.
    unsafe {
        syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        // No core dump: the child may be killed on purpose.
        syscall(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
        for filter in filters {
            let program = sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut().cast() };
            if syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0 {
                progress.result.store(*__errno_location(), SeqCst);
                progress.at.store(REFUSED_FILTER, SeqCst);
                die();
            }
        }
        progress.at.store(CALLING, SeqCst);
        let result = syscall(call.number, a, b, c, d, e, f);
        progress.result.store(result as i32, SeqCst);
        progress.at.store(RETURNED, SeqCst);
        die()
    }
}

/// The filters may refuse exit_group(2).
fn die() -> ! {
    // SAFETY: kernel contract, man 2 exit_group; an instruction that does not exist.
    unsafe {
        syscall(SYS_exit_group, 0);
        #[cfg(target_arch = "x86_64")]
        core::arch::asm!("ud2", options(noreturn));
        #[cfg(target_arch = "aarch64")]
        core::arch::asm!("udf #0", options(noreturn));
    }
}

// The filters.

const RET_A: u32 = BPF_RET | 0x10;
const TXA: u32 = BPF_MISC | 0x80;

fn instruction(code: u32, jump_true: u8, jump_false: u8, value: u32) -> SockFilter {
    SockFilter { code: code as u16, jump_true, jump_false, value }
}

const ACTIONS: [u32; 16] = [
    SECCOMP_RET_ALLOW,
    SECCOMP_RET_ALLOW,
    SECCOMP_RET_ALLOW | 0xffff,
    SECCOMP_RET_LOG,
    SECCOMP_RET_ERRNO | 1,
    SECCOMP_RET_ERRNO | 2,
    SECCOMP_RET_ERRNO | 3,
    SECCOMP_RET_ERRNO | 4,
    SECCOMP_RET_ERRNO,
    SECCOMP_RET_ERRNO | 0xffff,
    SECCOMP_RET_TRACE,
    SECCOMP_RET_USER_NOTIF,
    SECCOMP_RET_TRAP,
    SECCOMP_RET_KILL_THREAD,
    SECCOMP_RET_KILL_PROCESS,
    SECCOMP_RET_ALLOW - 0x1_0000,
];

/// One instruction, decoded from one number: proptest makes numbers much faster than trees of choices.
struct Choices(u64);

impl Choices {
    fn below(&mut self, count: u64) -> u64 {
        let choice = self.0 % count;
        // The remaining bits are for the next choice.
        self.0 = (self.0 / count).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        choice
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == count - 1
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    fn action(&mut self) -> u32 {
        match self.below(10) {
            0..8 => self.of(&ACTIONS),
            8 => (self.below(0x8000) << 16) as u32,
            _ => self.below(1 << 32) as u32,
        }
    }

    /// Values at which the outcome of an instruction changes.
    fn value(&mut self) -> u32 {
        const EDGES: [u32; 14] = [0, 0, 1, 2, 3, 7, 31, 32, 33, 64, 0xffff, 0x7fff_ffff, 0x8000_0000, u32::MAX];
        const CALLS: [u32; 5] = [SYS_getppid as u32, SYS_getpid as u32, SYS_gettid as u32, ARCHES[0], ARCHES[1]];
        match self.below(10) {
            0..5 => self.of(&EDGES),
            5 | 6 => self.of(&CALLS),
            7 => self.of(&ACTIONS),
            8 => self.below(100) as u32,
            _ => self.below(1 << 32) as u32,
        }
    }

    /// An operand and its value. The kernel refuses a division by 0 and a shift by 32 or more.
    fn operand(&mut self, code: u32) -> (u32, u32) {
        let sound = !self.one_in(20);
        match code {
            _ if self.one_in(2) => (BPF_X, self.value()),
            BPF_DIV if sound => (BPF_K, 1 + self.below(99) as u32),
            BPF_LSH | BPF_RSH if sound => (BPF_K, self.below(32) as u32),
            _ => (BPF_K, self.value()),
        }
    }

    /// A jump that mostly stays inside the filter.
    fn distance(&mut self, left: usize) -> u8 {
        let inside = left.saturating_sub(2).clamp(1, 255) as u64;
        match self.below(12) {
            0..4 => 0,
            4..8 => self.below(inside.min(4)) as u8,
            8..11 => self.below(inside) as u8,
            _ => self.below(inside + 2) as u8,
        }
    }

    /// An instruction that the kernel mostly accepts; `left` instructions follow.
    fn instruction(&mut self, left: usize) -> SockFilter {
        const OPERATIONS: [u32; 9] = [BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_AND, BPF_OR, BPF_XOR, BPF_LSH, BPF_RSH];
        const TESTS: [u32; 4] = [BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET];
        const MEMORY: [u32; 4] = [BPF_LD | BPF_MEM, BPF_LDX | BPF_MEM, BPF_ST, BPF_STX];
        const LENGTH: [u32; 2] = [BPF_LD | BPF_W | BPF_LEN, BPF_LDX | BPF_W | BPF_LEN];
        let plain = |code: u32, value: u32| instruction(code, 0, 0, value);
        match self.below(36) {
            // The address of the call is known to nobody here.
            0..8 => plain(BPF_LD | BPF_W | BPF_ABS, if self.one_in(20) { 8 } else { self.of(&WORDS) }),
            8 | 9 => plain(BPF_LD | BPF_IMM, self.value()),
            10..14 => plain(BPF_LDX | BPF_IMM, self.value()),
            14 => plain(self.of(&LENGTH), 0),
            15..18 => {
                let cell = if self.one_in(30) { self.below(17) } else { self.below(FILLED) };
                plain(self.of(&MEMORY), cell as u32)
            }
            18..26 => {
                let code = self.of(&OPERATIONS);
                let (source, value) = self.operand(code);
                plain(BPF_ALU | code | source, value)
            }
            26 => plain(BPF_ALU | BPF_NEG, 0),
            27 | 28 => plain(self.of(&[BPF_MISC, TXA]), 0),
            29..33 => {
                let (source, value) = self.operand(BPF_JEQ);
                let code = BPF_JMP | self.of(&TESTS) | source;
                instruction(code, self.distance(left), self.distance(left), value)
            }
            33 => plain(BPF_JMP | BPF_JA, self.distance(left).into()),
            34 => plain(BPF_RET | BPF_K, self.action()),
            _ => plain(RET_A, 0),
        }
    }

    /// Anything: every code, codes that are nearly right, and jumps that lead out.
    fn damage(&mut self) -> SockFilter {
        if self.one_in(2) {
            return self.instruction(300);
        }
        let high = if self.one_in(5) { 1 << (8 + self.below(8)) } else { 0 };
        let code = self.below(256) | high;
        let value = if self.one_in(2) { self.below(70) as u32 } else { self.value() };
        instruction(code as u32, self.below(16) as u8, self.below(16) as u8, value)
    }
}

/// Offsets of words that are known of a call.
const WORDS: [u32; 14] = [0, 4, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60];
/// Cells that `filter` fills at the start.
const FILLED: u64 = 3;

fn body(choices: Vec<u64>, after: usize) -> impl Iterator<Item = SockFilter> {
    let length = choices.len();
    choices.into_iter().enumerate().map(move |(at, choice)| Choices(choice).instruction(length - at + after))
}

/// A filter that is mostly one for the kernel, and ends by a bit of A.
fn filter() -> impl Strategy<Value = Vec<SockFilter>> {
    let lengths = prop_oneof![8 => 0..12usize, 4 => 0..60usize, 1 => 250..300usize];
    let choices = lengths.prop_flat_map(|length| vec(any::<u64>(), length));
    (vec(any::<u64>(), FILLED as usize), choices, any::<[u64; 3]>()).prop_map(|(cells, choices, [bit, yes, no])| {
        let fill = |(cell, value)| [instruction(BPF_LD, 0, 0, Choices(value).value()), instruction(BPF_ST, 0, 0, cell)];
        let test = instruction(BPF_JMP | BPF_JSET | BPF_K, 0, 1, 1 << Choices(bit).below(32));
        let returns = [yes, no].map(|action| instruction(BPF_RET | BPF_K, 0, 0, Choices(action).action()));
        (0..).zip(cells).flat_map(fill).chain(body(choices, 3)).chain([test]).chain(returns).collect()
    })
}

/// The same with one instruction that may be anything.
fn damaged() -> impl Strategy<Value = Vec<SockFilter>> {
    (filter(), any::<u64>(), any::<prop::sample::Index>()).prop_map(|(mut filter, other, at)| {
        let at = at.index(filter.len());
        filter[at] = Choices(other).damage();
        filter
    })
}

/// Filters of few instructions, of which many read and write a cell that nothing was stored in before.
fn short() -> impl Strategy<Value = Vec<SockFilter>> {
    const MEMORY: [u32; 5] = [BPF_LD | BPF_MEM, BPF_LDX | BPF_MEM, BPF_ST, BPF_STX, BPF_ST];
    (vec(any::<u64>(), 0..10), vec(any::<bool>(), 10), any::<u64>()).prop_map(|(choices, memory, action)| {
        let replaced = choices.clone();
        let access = |choice| {
            let mut choices = Choices(choice);
            instruction(choices.of(&MEMORY), 0, 0, choices.below(3) as u32)
        };
        let pick = |((given, choice), memory)| if memory { access(choice) } else { given };
        let body = body(choices, 1).zip(replaced).zip(memory).map(pick);
        body.chain([instruction(BPF_RET | BPF_K, 0, 0, Choices(action).action())]).collect()
    })
}

fn call() -> impl Strategy<Value = Made> {
    (0..3usize, any::<[u64; 6]>()).prop_map(|(number, arguments)| {
        let argument = |choice| {
            let mut choices = Choices(choice);
            let high = if choices.one_in(5) { choices.value() } else { 0 };
            u64::from(choices.value()) | u64::from(high) << 32
        };
        Made { number: [SYS_getppid, SYS_getpid, SYS_gettid][number], arguments: arguments.map(argument) }
    })
}

// What is expected.

/// All of the call but the address it is made from.
fn all_known(call: &Made) -> Data {
    let mut data = Data::call(call.number as u32, ARCHES[0]);
    for (at, argument) in call.arguments.iter().enumerate() {
        // The lower half first, as these processors have it.
        data.0[4 + 2 * at] = Some(*argument as u32);
        data.0[5 + 2 * at] = Some((*argument >> 32) as u32);
    }
    data
}

fn reads_address(filter: &[SockFilter]) -> bool {
    filter.iter().any(|item| item.code as u32 == BPF_LD | BPF_W | BPF_ABS && [8, 12].contains(&item.value))
}

/// The outcomes that the answers leave open.
fn possible(answers: Answers) -> Vec<Outcome> {
    let any_of = |actions: &[u32]| actions.iter().any(|action| answers.contains(Answers::of(*action)));
    let mut outcomes = Vec::new();
    if !answers.never_kill() {
        outcomes.push(Outcome::Killed);
    }
    if any_of(&[SECCOMP_RET_ERRNO, SECCOMP_RET_TRACE, SECCOMP_RET_USER_NOTIF]) {
        outcomes.push(Outcome::Refused);
    }
    if any_of(&[SECCOMP_RET_ALLOW, SECCOMP_RET_LOG]) {
        outcomes.push(Outcome::Allowed);
    }
    assert_eq!(answers.always_kill(), outcomes == [Outcome::Killed]);
    assert_eq!(answers.always_allow(), outcomes == [Outcome::Allowed]);
    outcomes
}

/// What came out, to see that all of it is tried.
type Seen = RefCell<std::collections::BTreeMap<Outcome, u32>>;

fn check(page: &Progress, seen: &Seen, filter: &[SockFilter], call: &Made) -> Result<(), TestCaseError> {
    let outcome = outcome(page, &[filter], call);
    *seen.borrow_mut().entry(outcome).or_default() += 1;
    let accepted = kernel_accepts(filter).expect("memory");
    if !accepted {
        prop_assert_eq!(outcome, Outcome::NotPutOn(EINVAL));
        return Ok(());
    }
    let little = evaluate(filter, &Data::call(call.number as u32, ARCHES[0])).expect("memory");
    let all = evaluate(filter, &all_known(call)).expect("memory");
    prop_assert!(possible(little).contains(&outcome), "{:?} is not in {:?}", outcome, little);
    prop_assert!(possible(all).contains(&outcome), "{:?} is not in {:?}", outcome, all);
    prop_assert!(little.contains(all));
    if !reads_address(filter) {
        prop_assert_eq!(possible(all), [outcome]);
    }
    Ok(())
}

// The runs.

fn number_of(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// The same cases every time.
fn try_all<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let cases = number_of("FORKEXEC_CASES").map_or(cases, |cases| cases as u32);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut seed = [0u8; 32];
    seed[..8].copy_from_slice(&number_of("FORKEXEC_SEED").unwrap_or(0).to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    match runner.run(&strategy, test) {
        Ok(()) => (),
        Err(TestError::Fail(why, value)) => panic!("{why}\nfor {value:#?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

/// Where seccomp(2) is not to be had there is nothing to agree with.
fn kernel_has_filters(page: &Progress) -> bool {
    let allow = [instruction(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW)];
    let outcome = outcome(page, &[&allow], &Made { number: SYS_getppid, arguments: [0; 6] });
    if outcome != Outcome::Allowed {
        println!("skipped: a filter that allows everything comes to {outcome:?}");
    }
    outcome == Outcome::Allowed
}

fn assert_seen(seen: &Seen, outcomes: &[Outcome]) {
    let seen = seen.borrow();
    let all: u32 = seen.values().sum();
    for outcome in outcomes {
        let share = seen.get(outcome).copied().unwrap_or(0);
        assert!(share * 200 >= all, "{outcome:?} came out {share} times of {all}");
    }
}

use Outcome::{Allowed, Killed, NotPutOn, Refused};

#[test]
fn filters_of_every_kind() {
    let (page, seen) = (progress(), Seen::default());
    if kernel_has_filters(page) {
        try_all(3000, (filter(), call()), |(filter, call)| check(page, &seen, &filter, &call));
        assert_seen(&seen, &[Killed, Refused, Allowed]);
    }
}

#[test]
fn filters_with_one_wrong_instruction() {
    let (page, seen) = (progress(), Seen::default());
    if kernel_has_filters(page) {
        try_all(2000, (damaged(), call()), |(filter, call)| check(page, &seen, &filter, &call));
        assert_seen(&seen, &[NotPutOn(EINVAL), Killed, Refused, Allowed]);
    }
}

#[test]
fn short_filters() {
    let (page, seen) = (progress(), Seen::default());
    if kernel_has_filters(page) {
        try_all(2000, (short(), call()), |(filter, call)| check(page, &seen, &filter, &call));
        assert_seen(&seen, &[NotPutOn(EINVAL), Killed, Refused, Allowed]);
    }
}

/// Every code there is, with values that are right for most.
#[test]
fn every_code() {
    let (page, seen) = (progress(), Seen::default());
    if !kernel_has_filters(page) {
        return;
    }
    let call = Made { number: SYS_getppid, arguments: [1, 2, 3, 4, 5, 6] };
    for code in (0..256).chain((0..256).map(|code| code | 0x100)).chain([0x8000, 0x8006, 0xff00, 0xffff]) {
        for value in [0, 1, 4, 31, 32, 64] {
            let load = instruction(BPF_LD | BPF_W | BPF_ABS, 0, 0, 0);
            let store = instruction(BPF_ST, 0, 0, 1);
            let returns = |value| instruction(BPF_RET | BPF_K, 0, 0, value);
            let ends = [returns(SECCOMP_RET_ALLOW), returns(SECCOMP_RET_ERRNO | 1)];
            let filter = [load, store, instruction(code, 0, 1, value), ends[0], ends[1]];
            check(page, &seen, &filter, &call).unwrap_or_else(|why| panic!("{why} for {filter:#?}"));
        }
    }
    // As the last of a filter.
    for code in 0..256 {
        let filter = [instruction(BPF_LD, 0, 0, SECCOMP_RET_LOG), instruction(code, 0, 0, 0)];
        check(page, &seen, &filter, &call).unwrap_or_else(|why| panic!("{why} for {filter:#?}"));
    }
}

/// How long a filter may be, and how far it may jump.
#[test]
fn lengths() {
    let (page, seen) = (progress(), Seen::default());
    if !kernel_has_filters(page) {
        return;
    }
    let call = Made { number: SYS_getppid, arguments: [0; 6] };
    for length in [1, 2, 257, 258, 259, 4095, 4096, 4097] {
        for jump in [0, 1, length.max(2) - 2, length - 1, length, u32::MAX - 1, u32::MAX] {
            let far = jump.min(255) as u8;
            let firsts = [(BPF_JMP | BPF_JA, 0, 0), (BPF_JMP | BPF_JEQ, far, 0), (BPF_JMP | BPF_JEQ, 0, far)];
            for (code, yes, no) in firsts {
                let mut filter = vec![instruction(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW); length as usize];
                filter[0] = instruction(code, yes, no, jump);
                check(page, &seen, &filter, &call).unwrap_or_else(|why| panic!("{why} for {:?}", filter[0]));
            }
        }
    }
}

/// Of several filters the least answer counts.
#[test]
fn several_filters_together() {
    let page = progress();
    if !kernel_has_filters(page) {
        return;
    }
    let value = prop_oneof![4 => select(&ACTIONS), 1 => (0u32..0x10000).prop_map(|action| action << 16)];
    try_all(1000, (vec(value, 2..5), call()), |(values, call)| {
        let for_the_call = |value: &u32| {
            [
                instruction(BPF_LD | BPF_W | BPF_ABS, 0, 0, 0),
                instruction(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, call.number as u32),
                instruction(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW),
                instruction(BPF_RET | BPF_K, 0, 0, *value),
            ]
        };
        let filters: Vec<[SockFilter; 4]> = values.iter().map(for_the_call).collect();
        let filters: Vec<&[SockFilter]> = filters.iter().map(|filter| filter.as_slice()).collect();
        let little = Data::call(call.number as u32, ARCHES[0]);
        let each = filters.iter().map(|filter| evaluate(filter, &little).expect("memory"));
        let together = each.fold(Answers::ALLOW, Answers::with);
        prop_assert_eq!(possible(together), [outcome(page, &filters, &call)]);
        Ok(())
    });
}
