package forkexec

import (
	"strconv"
	"strings"
)

// A Cgroup is a new cgroup (version 2) for one or several programs. Limits and counters have the names of its files.
// Close kills all processes in it, and removes it. Its methods may be called from any goroutine; after Close they return
// os.ErrClosed. A Cgroup belongs to the process that made it.
type Cgroup struct{ nativeCgroup }

// Number returns the number in a file, such as memory.peak; -1 where the file says "max", no limit.
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

// Counters returns the numbers of a file that has a name and a number on each line: oom_kill of memory.events, usage_usec of cpu.stat.
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
