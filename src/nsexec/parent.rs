//! Process 0: stays in runc's namespaces, and does there what the other two cannot.

use super::channel::{self, FINISHED, GO, MAPS, MAPS_DONE, OFFSETS, OFFSETS_DONE, PID, PID_DONE, RETURN};
use super::log::Piece::*;
use super::maps;
use super::start::{Start, call_itself};
use crate::base::bounded_text::BoundedText;
use crate::sys;

pub fn run(start: &mut Start, child: i32) -> ! {
    start.log.enter("nsexec-0");
    start.log.siblings = [child, 0];
    call_itself(c"runc:[0:PARENT]");
    start.log.debug(&[Text("~> nsexec stage-0")]);
    // Close the child's end, so that a read here notices when the child has ended.
    let _ = sys::close(start.to_child[1]);
    serve_child(start, child);
    // The child is about to end, and another process may soon have its pid: it is not killed any more.
    start.log.siblings[0] = 0;
    let _ = sys::close(start.to_init[1]);
    let [end, _] = start.to_init;
    channel::tell(&start.log, end, GO);
    channel::expect(&start.log, end, "from stage-2", FINISHED);
    channel::tell(&start.log, end, RETURN);
    start.log.debug(&[Text("<~ nsexec stage-0")]);
    sys::exit(0)
}

fn serve_child(start: &mut Start, child: i32) {
    let [end, _] = start.to_child;
    loop {
        match channel::hear(&start.log, end, "from stage-1") {
            MAPS => {
                maps::write(start, child);
                channel::tell(&start.log, end, MAPS_DONE);
            }
            OFFSETS => {
                maps::write_offsets(start, child);
                channel::tell(&start.log, end, OFFSETS_DONE);
            }
            PID => {
                let init = channel::hear(&start.log, end, "from stage-1");
                start.log.siblings[1] = init;
                channel::tell(&start.log, end, PID_DONE);
                say_pids(start, [child, init]);
            }
            FINISHED => return,
            other => start.log.fatal(&[Text("unexpected word from stage-1: 0x"), Hex(other as u32 as u64)], None),
        }
    }
}

/// Sends the pids to runc, which reaps the first process. The second is its container.
fn say_pids(start: &Start, [child, init]: [i32; 2]) {
    let (first, second) = (Number(child.into()), Number(init.into()));
    start.log.debug(&[Text("forward stage-1 ("), first, Text(") and stage-2 ("), second, Text(") pids to runc")]);
    let mut line = BoundedText::<64>::new();
    line.add(b"{\"stage1_pid\":");
    line.number(i64::from(child));
    line.add(b",\"stage2_pid\":");
    line.number(i64::from(init));
    line.add(b"}\n");
    channel::write(&start.log, start.socket, line.bytes(), "the pids");
}
