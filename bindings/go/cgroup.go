package forkexec

import (
	"strconv"
	"strings"
)

// A Cgroup is a cgroup of version 2 that was made for a run, or for several: limits and counters by the names of its files.
// It is to be closed, which kills all that are in it and removes it. Its methods may be called from any goroutine; after
// Close they say os.ErrClosed. It belongs to this process.
type Cgroup struct{ nativeCgroup }

// Number is the number in a file that has one, such as memory.peak; -1 for "max", no limit.
func (g *Cgroup) Number(file string) (int64, error) {
	text, err := g.Read(file)
	if err != nil {
		return 0, err
	}
	if text = strings.TrimSpace(text); text == "max" {
		return -1, nil
	}
	return strconv.ParseInt(text, 10, 64)
}

// Counters are the numbers of a file with a name and a number on each line: oom_kill of memory.events, usage_usec of cpu.stat.
func (g *Cgroup) Counters(file string) (map[string]int64, error) {
	text, err := g.Read(file)
	if err != nil {
		return nil, err
	}
	counters := make(map[string]int64)
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		name, number, _ := strings.Cut(line, " ")
		if counters[name], err = strconv.ParseInt(number, 10, 64); err != nil {
			return nil, err
		}
	}
	return counters, nil
}
