//! The moves that the plan makes of a map of descriptors lead to the same table, one by one, as the map all at once. They
//! are executed on a model of a descriptor table.

use forkexec::attr::fds::Map;
use forkexec::plan::sealed::{Move, step};
use forkexec::plan::{Host, Purpose, Request, Sealed, Strings, lower, shuffle};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ptr::null;

/// The number to which the child saves the descriptor that breaks a cycle: above every target, as in the plan.
const SPARE: i32 = 1 << 20;

/// The file behind a number, and whether it is close-on-exec.
type Table = BTreeMap<i32, (i32, bool)>;

/// Every source is open, has a file of its own, and is close-on-exec.
fn before(maps: &[Map]) -> Table {
    maps.iter().map(|map| (map.source, (map.source, true))).collect()
}

/// All at once: every target gets the file that its source had before.
fn at_once(maps: &[Map]) -> Table {
    let mut table = before(maps);
    table.extend(maps.iter().map(|map| (map.target, (map.source, false))));
    table
}

/// One by one, as the child does it. A move from a number that is not open is an error, as for dup3.
fn one_by_one(maps: &[Map], moves: &[Move]) -> Result<Table, String> {
    let mut table = before(maps);
    let mut saved: Option<i32> = None;
    for Move { step, from, to, index } in moves {
        let map = maps.get(*index as usize).ok_or("an index of no entry")?;
        let open = |fd: i32| table.get(&fd).copied().ok_or(format!("{fd} is not open"));
        match *step {
            step::SAVE => {
                if saved.is_some() {
                    return Err("two are saved at once".into());
                }
                // F_DUPFD_CLOEXEC, to the first free number from the spare one on.
                let spare = (SPARE..).find(|fd| !table.contains_key(fd)).unwrap_or(SPARE);
                let (file, _) = open(*from)?;
                table.insert(spare, (file, true));
                saved = Some(spare);
            }
            step::RESTORE => {
                let spare = saved.take().ok_or("nothing was saved")?;
                let (file, _) = open(spare)?;
                table.insert(*to, (file, false));
                table.remove(&spare);
            }
            step::MOVE => {
                if from == to {
                    return Err("dup3 of a number to itself is EINVAL".into());
                }
                let (file, _) = open(*from)?;
                table.insert(*to, (file, false));
            }
            step::KEEP => {
                let (file, _) = open(*from)?;
                table.insert(*from, (file, false));
            }
            other => return Err(format!("step {other}")),
        }
        if *step != step::SAVE && *to != map.target {
            return Err(format!("entry {index} is for {}, not {to}", map.target));
        }
    }
    if saved.is_some() { Err("what was saved is still there".into()) } else { Ok(table) }
}

fn check(maps: &[Map]) -> Result<(), TestCaseError> {
    let moves = shuffle(maps).map_err(|fault| TestCaseError::fail(format!("{fault:?}")))?;
    prop_assert_eq!(one_by_one(maps, &moves), Ok(at_once(maps)), "{:?}", maps);
    // One move for each entry, and one more for each cycle.
    let saves = moves.iter().filter(|item| item.step == step::SAVE).count();
    prop_assert_eq!(moves.len(), maps.len() + saves);
    prop_assert!(saves <= rings(maps), "{:?}", maps);
    Ok(())
}

/// The number of cycles in the map. Each is counted at its lowest number.
fn rings(maps: &[Map]) -> usize {
    let source_of: BTreeMap<i32, i32> = maps.iter().map(|map| (map.target, map.source)).collect();
    let least_of_a_ring = |start: i32| {
        let mut fd = start;
        for _ in 0..source_of.len() {
            fd = match source_of.get(&fd) {
                Some(source) if *source == start => return fd != start,
                Some(source) if *source > start => *source,
                _ => return false,
            }
        }
        false
    };
    source_of.keys().filter(|fd| least_of_a_ring(**fd)).count()
}

/// Maps with one entry for each target, in any order.
fn any_maps(numbers: std::ops::Range<i32>, most: usize) -> impl Strategy<Value = Vec<Map>> {
    btree_map(numbers.clone(), numbers, 0..most)
        .prop_map(|map| map.into_iter().map(|(target, source)| Map { source, target }).collect::<Vec<_>>())
        .prop_shuffle()
}

/// A permutation of some numbers: cycles, and entries that stay.
fn permutations(most: usize) -> impl Strategy<Value = Vec<Map>> {
    vec(0..SPARE, 0..most)
        .prop_map(|mut numbers| {
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        })
        .prop_flat_map(|numbers| (Just(numbers.clone()), Just(numbers).prop_shuffle()))
        .prop_map(|(targets, sources)| {
            targets.into_iter().zip(sources).map(|(target, source)| Map { source, target }).collect::<Vec<_>>()
        })
        .prop_shuffle()
}

/// Chains: each number goes to the next, or to the one before, from a first one on.
fn chains() -> impl Strategy<Value = Vec<Map>> {
    (0..64, 1..64, any::<bool>(), any::<bool>()).prop_flat_map(|(first, length, up, closed)| {
        let entry = move |i: i32| if up { (first + i, first + i + 1) } else { (first + i + 1, first + i) };
        let mut maps: Vec<Map> = (0..length).map(entry).map(|(source, target)| Map { source, target }).collect();
        let (low, high) = (first, first + length);
        if closed {
            maps.push(if up { Map { source: high, target: low } } else { Map { source: low, target: high } });
        }
        Just(maps).prop_shuffle()
    })
}

/// The plan of a spawn with this map. Its sources have to be open in this process.
fn plan(maps: &[Map]) -> Sealed {
    let mut attr = forkexec::attr::Attr::default();
    for map in maps {
        assert!(attr.fds.map_fd(map.source, map.target).is_ok());
    }
    let argv = [c"program".as_ptr(), null()];
    // SAFETY: both end with NULL, and stay until the plan is made.
    let (argv, envp) = unsafe { (Strings::new(argv.as_ptr()), Strings::new(argv[1..].as_ptr())) };
    let host = Host {
        image_runs: true,
        memory_is_shared: true,
        born_in_cgroup: true,
        last_cap: Some(40),
        nofile_at_load: Some(1024),
    };
    lower(&Request { attr: &attr, path: Some(c"program"), argv, envp, purpose: Purpose::Start, host }).expect("a plan")
}

fn limit() -> i32 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: kernel contract, man 2 getrlimit.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) }, 0);
    limit.rlim_cur.min(1 << 20) as i32
}

/// The child's own descriptors, which are moved to the first free numbers from the spare one on, meet no number of the
/// map: there are twice as many in a row as it has, or all lie above every target, where the limit ends the search.
fn check_room(maps: &[Map]) -> Result<(), TestCaseError> {
    const OWN: i32 = 5;
    let plan = plan(maps);
    let highest = maps.iter().map(|map| map.target).max().unwrap_or(-1);
    if plan.spare <= highest {
        let room = plan.spare..plan.spare + 2 * OWN;
        prop_assert!(room.end <= limit());
        prop_assert!(maps.iter().all(|map| !room.contains(&map.target) && !room.contains(&map.source)), "{room:?}");
    }
    prop_assert!(plan.top > highest);
    prop_assert!(plan.spare >= 3);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn few_numbers(maps in any_maps(0..6, 7)) {
        check(&maps)?;
    }

    #[test]
    fn with_holes(maps in any_maps(0..40, 30)) {
        check(&maps)?;
    }

    #[test]
    fn high_numbers(maps in any_maps(0..SPARE, 60)) {
        check(&maps)?;
    }

    #[test]
    fn every_permutation(maps in permutations(60)) {
        check(&maps)?;
    }

    #[test]
    fn chains_and_rings(maps in chains()) {
        check(&maps)?;
    }

    #[test]
    fn room_for_the_childs_own(
        low in vec((0..3, 0..60), 0..60),
        high in vec((0..3, 1..60), 0..60),
    ) {
        let low = low.into_iter().map(|(source, target)| Map { source, target });
        let high = high.into_iter().map(|(source, below)| Map { source, target: limit() - below });
        check_room(&low.chain(high).collect::<Vec<_>>())?;
    }

    #[test]
    fn one_source_for_many(source in 0..20, targets in proptest::collection::btree_set(0..40, 0..40)) {
        let maps: Vec<Map> = targets.into_iter().map(|target| Map { source, target }).collect();
        check(&maps)?;
    }
}

/// Numbers of the small maps.
const FEW: usize = 7;
/// The number of the saved descriptor, behind them.
const SAVED: usize = FEW;
const CLOSED: i32 = -1;

/// The same as `one_by_one` for few numbers, which start out leading to themselves and closing on exec: what they lead to
/// in the end, and whether they still close on exec.
fn one_by_one_of_few(maps: &[Map], moves: &[Move]) -> Option<[(i32, bool); FEW]> {
    let mut table = [(CLOSED, true); FEW + 1];
    for map in maps {
        table[map.source as usize] = (map.source, true);
    }
    for Move { step, from, to, index } in moves {
        let (from, to, entry) = (*from as usize, *to as usize, maps.get(*index as usize)?);
        let place = match *step {
            step::SAVE => SAVED,
            step::KEEP if from == to => from,
            step::MOVE if from != to => to,
            step::RESTORE => to,
            _ => return None,
        };
        let from = if *step == step::RESTORE { SAVED } else { from };
        let (file, _) = *table.get(from).filter(|(file, _)| *file != CLOSED)?;
        // One at a time is saved, and each entry is for its own target.
        let right = if place == SAVED { table[SAVED].0 == CLOSED } else { place == entry.target as usize };
        *table.get_mut(place)? = (file, place == SAVED);
        if *step == step::RESTORE {
            table[SAVED].0 = CLOSED;
        }
        if !right {
            return None;
        }
    }
    let [ends @ .., saved] = table;
    (saved.0 == CLOSED).then_some(ends)
}

/// Every map of seven numbers to seven, some of them missing.
#[test]
fn all_small_maps() {
    const CHOICES: usize = FEW + 1;
    let halves = [0, 1]
        .map(|half| std::thread::spawn(move || (half..CHOICES.pow(FEW as u32)).step_by(2).for_each(check_small_map)));
    halves.into_iter().for_each(|half| half.join().unwrap_or_else(|_| panic!("a map failed")));
}

/// The map that a number stands for: each of its digits is the source of a target, or says that there is none.
fn check_small_map(number: usize) {
    let mut maps = [Map { source: 0, target: 0 }; FEW];
    let mut wanted = [(CLOSED, true); FEW];
    let (mut count, mut rest) = (0, number);
    for target in 0..FEW {
        let source = rest % (FEW + 1);
        rest /= FEW + 1;
        if source < FEW {
            maps[count] = Map { source: source as i32, target: target as i32 };
            count += 1;
        }
    }
    let maps = &mut maps[..count];
    for map in maps.iter() {
        wanted[map.source as usize] = (map.source, true);
    }
    for map in maps.iter() {
        wanted[map.target as usize] = (map.source, false);
    }
    // The order of the calls does not matter.
    if number % 3 == 1 {
        maps.reverse();
    }
    let moves = shuffle(maps).expect("memory");
    assert_eq!(one_by_one_of_few(maps, &moves), Some(wanted), "{maps:?}: {moves:?}");
}

/// Every map of five numbers: no more is saved than needed, and the two models of a table agree.
#[test]
fn all_maps_of_five_numbers() {
    for number in 0..6i32.pow(5) {
        let source_of = |target: i32| number / 6i32.pow(target as u32) % 6;
        let entries = (0..5).filter(|target| source_of(*target) < 5);
        let maps: Vec<Map> = entries.map(|target| Map { source: source_of(target), target }).collect();
        check(&maps).unwrap_or_else(|why| panic!("{why}"));
    }
}
