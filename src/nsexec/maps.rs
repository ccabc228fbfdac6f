//! Files of /proc: the maps of a user namespace, and the helpers that write those which the kernel refuses to this user.

use super::log::{Log, Piece::*};
use super::memory::Memory;
use super::message::without_nul;
use super::start::Start;
use crate::base::bounded_text::BoundedText;
use crate::base::kernel_file;
use crate::sys::abi::{
    AT_FDCWD, CLD_EXITED, ENAMETOOLONG, ENOENT, EPERM, O_CLOEXEC, O_RDONLY, O_RDWR, P_PID, WALL, WEXITED, WaitInfo,
};
use crate::sys::nsexec::CLOSE_RANGE_CLOEXEC;
use crate::sys::{self, Answer, Errno, again};
use core::ffi::CStr;

/// Writes setgroups, uid_map and gid_map of the child. user_namespaces(7)
pub fn write(start: &Start, pid: i32) {
    let (log, message) = (&start.log, &start.message);
    prove_proc(log);
    if message.rootless && !message.setgroup {
        match write_of(pid, b"setgroups", b"deny") {
            // Older kernels do not have the file.
            Ok(()) | Err(Errno(ENOENT)) => (),
            Err(errno) => log.fatal(&[Text("failed to deny setgroups")], Some(errno)),
        }
    }
    write_map(start, pid, b"uid_map", message.uid_map, message.uid_map_path);
    write_map(start, pid, b"gid_map", message.gid_map, message.gid_map_path);
}

/// Writes the time offsets. The child cannot do it: in a new user namespace the file does not belong to it.
/// time_namespaces(7)
pub fn write_offsets(start: &Start, pid: i32) {
    if let Some(offsets) = start.message.time_offsets {
        prove_proc(&start.log);
        say_update(&start.log, pid, b"timens_offsets", offsets);
        let answer = write_of(pid, b"timens_offsets", offsets);
        start.log.check(answer, &[Text("failed to update /proc/"), Number(pid.into()), Text("/timens_offsets")]);
    }
}

/// Fails if /proc is of another pid namespace, where the child's pid names another process. In a /proc of this pid
/// namespace, NSpid has one entry, this process's pid. In one of a namespace around it, there are more.
fn prove_proc(log: &Log) {
    let pid = BoundedText::<24>::numbered(b"", sys::getpid());
    let mut buffer = [0u8; 2048];
    let status = log.check(read_file(c"/proc/self/status", &mut buffer), &[Text("failed to read /proc/self/status")]);
    let mut lines = status.split(|byte| *byte == b'\n');
    let pids = lines.find_map(|line| line.strip_prefix(b"NSpid:")).map(<[u8]>::trim_ascii);
    if pids != Some(pid.bytes()) {
        log.fatal(&[Text("/proc belongs to another pid namespace")], None);
    }
}

/// Reads the beginning of a file of /proc by one read(2).
fn read_file<'a>(path: &CStr, buffer: &'a mut [u8]) -> Answer<&'a [u8]> {
    // SAFETY: the path is NUL-terminated.
    let file = again(|| unsafe { sys::openat(AT_FDCWD, path.as_ptr().cast(), O_RDONLY | O_CLOEXEC, 0) })?;
    let filled = again(|| sys::read(file, buffer));
    sys::close(file)?;
    Ok(buffer.get(..filled?).unwrap_or_default())
}

/// Writes the text with its NUL; the kernel ignores what follows a NUL.
pub fn write_file(path: &CStr, text: &[u8]) -> Answer {
    // SAFETY: the path is NUL-terminated.
    let file = again(|| unsafe { sys::openat(AT_FDCWD, path.as_ptr().cast(), O_RDWR | O_CLOEXEC, 0) })?;
    kernel_file::write_and_close(file, text)
}

fn write_of(pid: i32, name: &[u8], text: &[u8]) -> Answer {
    let mut path = BoundedText::<64>::numbered(b"/proc/", pid);
    path.add(b"/");
    path.add(name);
    write_file(path.c_str().ok_or(Errno(ENAMETOOLONG))?, text)
}

/// Logs the whole text, so that a user of the runtime sees what was asked for.
fn say_update(log: &Log, pid: i32, name: &[u8], text: &[u8]) {
    let text = Bytes(without_nul(text));
    log.debug(&[Text("update /proc/"), Number(pid.into()), Text("/"), Bytes(name), Text(" to '"), text, Text("'")]);
}

fn write_map(start: &Start, pid: i32, name: &[u8], map: Option<&[u8]>, helper: Option<&[u8]>) {
    let log = &start.log;
    let Some(map) = map else {
        return;
    };
    say_update(log, pid, name, map);
    match write_of(pid, name, map) {
        Ok(()) => (),
        Err(Errno(EPERM)) => match helper {
            Some(path) if path.len() > 1 => {
                let tool = Bytes(without_nul(path));
                let refused = Text(": Operation not permitted, trying ");
                log.debug(&[Text("update /proc/"), Number(pid.into()), Text("/"), Bytes(name), refused, tool]);
                run_helper(start, pid, path, map)
            }
            _ => {
                log.warn(&[Text("failed to update "), Bytes(name)], Errno(EPERM));
                log.fatal(&[Text("mapping tool not present")], None);
            }
        },
        Err(errno) => {
            log.fatal(&[Text("failed to update /proc/"), Number(pid.into()), Text("/"), Bytes(name)], Some(errno))
        }
    }
}

/// Runs newuidmap(1) or newgidmap(1): its arguments are the pid and each number of the map.
fn run_helper(start: &Start, pid: i32, path: &[u8], map: &[u8]) {
    let log = &start.log;
    let mut words = Memory::new(log, map.len());
    words.bytes_mut().iter_mut().zip(map).for_each(|(place, byte)| *place = *byte);
    // A number and its separator take at least two bytes. The path, the pid and the NULL come in addition.
    let count = map.len().checked_div(2).unwrap_or(0).saturating_add(4);
    let mut vector = Memory::new(log, count.saturating_mul(size_of::<*const u8>()));
    let mut process = BoundedText::<24>::numbered(b"", pid);
    process.add(b"\0");
    fill(vector.pointers(), [path, process.bytes()], words.bytes_mut());
    match log.check(sys::fork(sys::abi::SIGCHLD), &[Text("failed to clone for the mapping tool")]) {
        0 => become_helper(start, path, vector.pointers()),
        helper => await_helper(log, helper, path),
    }
    // SAFETY: nobody has a slice of it any more.
    unsafe { [words.free(), vector.free()] };
}

fn fill(vector: &mut [*const u8], first: [&[u8]; 2], words: &mut [u8]) {
    let mut places = vector.iter_mut();
    let mut put = |word: *const u8| {
        if let Some(place) = places.next() {
            *place = word;
        }
    };
    first.iter().for_each(|word| put(word.as_ptr()));
    let mut inside = false;
    for byte in words {
        if matches!(*byte, 0 | b' ' | b'\t' | b'\n') {
            *byte = 0;
            inside = false;
        } else if !inside {
            put(byte);
            inside = true;
        }
    }
}

fn become_helper(start: &Start, path: &[u8], vector: &[*const u8]) -> ! {
    let _ = sys::set_mask(start.mask);
    // The helper must not get runc's descriptors. Kernels without close_range(2) leave them open.
    let _ = sys::close_range(3, u32::MAX, CLOSE_RANGE_CLOEXEC);
    let none = [core::ptr::null::<u8>()];
    // SAFETY: `fill` has ended all strings and left a NULL at the end.
    let errno = unsafe { sys::execve(path.as_ptr(), vector.as_ptr(), none.as_ptr()) };
    let mut log = start.log.clone();
    log.enter("nsexec-0");
    log.fatal(&[Text("failed to run "), Bytes(without_nul(path))], Some(errno))
}

fn await_helper(log: &Log, helper: i32, path: &[u8]) {
    let mut info = WaitInfo::EMPTY;
    let path = Bytes(without_nul(path));
    let waited = again(|| sys::waitid(P_PID, helper, &mut info, WEXITED | WALL));
    match waited {
        Err(errno) => log.fatal(&[Text("failed to wait for "), path], Some(errno)),
        Ok(()) if info.code != CLD_EXITED => {
            log.fatal(&[path, Text(" was killed by signal "), Number(info.status.into())], None)
        }
        Ok(()) if info.status != 0 => {
            log.fatal(&[path, Text(" failed with exit status "), Number(info.status.into())], None)
        }
        Ok(()) => (),
    }
}
