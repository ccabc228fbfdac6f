// Package generate makes constants.go of include/forkexec.json. A test compares it.
package generate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/format"
	"os"
	"regexp"
	"strings"
)

// A Description is what include/forkexec.json says of the ABI.
type Description struct {
	Functions []struct {
		Name    string `json:"name"`
		Comment string `json:"comment"`
	} `json:"functions"`
	Constants []struct {
		Name    string      `json:"name"`
		Value   json.Number `json:"value"`
		Comment string      `json:"comment"`
	} `json:"constants"`
	Stages []struct {
		Constant string `json:"constant"`
		Number   int    `json:"number"`
		Name     string `json:"name"`
		Comment  string `json:"comment"`
	} `json:"stages"`
}

// Read reads the file.
func Read(path string) (*Description, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	description := new(Description)
	return description, json.Unmarshal(text, description)
}

type group struct{ prefix, name, kind, comment string }

// The type of each group of constants.
var groups = []group{
	{"FORKEXEC_NS_", "Namespace", "uint32", "A Namespace is a set of types of namespaces; namespaces(7)."},
	{"FORKEXEC_CAP_", "CapabilitySet", "uint32", "A CapabilitySet names sets of capabilities of a process; capabilities(7)."},
	{"FORKEXEC_PROCESS_", "ProcessFlags", "uint32", "ProcessFlags are bits of a process; prctl(2)."},
	{"FORKEXEC_SPECULATION_", "Speculation", "uint32", "A Speculation is a way in which a processor runs ahead; prctl(2)."},
	{"FORKEXEC_SPECULATE_", "Speculate", "uint32", "Speculate says whether it may; prctl(2)."},
	{"FORKEXEC_SECCOMP_", "SeccompFlags", "uint32", "SeccompFlags are flags of a seccomp filter; seccomp(2)."},
	{"FORKEXEC_LANDLOCK_FS_", "LandlockFS", "uint64", "LandlockFS is a set of accesses to files; landlock(7)."},
	{"FORKEXEC_LANDLOCK_NET_", "LandlockNet", "uint64", "LandlockNet is a set of accesses to TCP ports; landlock(7)."},
	{"FORKEXEC_LANDLOCK_FLAG_", "LandlockFlags", "uint32", "LandlockFlags are flags with which Landlock is put on; landlock_restrict_self(2)."},
	{"FORKEXEC_LANDLOCK_SCOPE_", "LandlockScope", "uint64", "A LandlockScope is what the program cannot reach outside its sandbox; landlock(7)."},
	{"FORKEXEC_DEATH_OF_", "DeathOf", "uint32", "DeathOf says whose death the program is told of."},
	{"FORKEXEC_CWD_RIGHTS_", "CwdRights", "uint32", "CwdRights says with whose rights the working directory is entered."},
	{"FORKEXEC_MEMORY_", "MemoryMode", "uint32", "A MemoryMode says whose memory the child runs in until it is the program."},
	{"FORKEXEC_MOUNT_", "MountFlags", "uint32", "MountFlags are flags of the library's own mounts."},
	{"FORKEXEC_ROOT_", "RootFlags", "uint32", "RootFlags are flags of a root directory."},
	{"FORKEXEC_STATUS_", "StatusFields", "uint32", "StatusFields says which fields of a Status are filled."},
	{"FORKEXEC_RAN_", "Ran", "uint32", "Ran says whether the program ran."},
	{"FORKEXEC_ENDED_", "Ended", "uint32", "Ended says why a child ended, in one word."},
	{"FORKEXEC_PROBE_", "Feature", "uint32", "A Feature is what a host may have; see Probe."},
}

// Short words that Go writes in capitals.
var upper = map[string]bool{"FS": true, "IPC": true, "UTS": true, "PID": true, "UID": true, "GID": true, "TCP": true,
	"CWD": false, "OOM": true, "IO": true, "FD": true, "ID": true, "THP": true, "MDWE": true, "TSC": true, "NUMA": true, "KSM": true, "L1D": true}

func camel(name string) string {
	var text strings.Builder
	for _, word := range strings.Split(name, "_") {
		if upper[word] || word == "" {
			text.WriteString(word)
			continue
		}
		text.WriteString(word[:1] + strings.ToLower(word[1:]))
	}
	return text.String()
}

var mentioned = regexp.MustCompile(`FORKEXEC_[A-Z]+_([A-Z])`)

func comment(text string) string {
	return "// " + mentioned.ReplaceAllString(strings.Join(strings.Fields(text), " "), "$1") + "\n"
}

// Constants is the text of constants.go.
func Constants(description *Description) ([]byte, error) {
	var text bytes.Buffer
	text.WriteString("// Code generated from include/forkexec.json by forkexec/internal/generate/make; DO NOT EDIT.\n\npackage forkexec\n\n")
	for _, group := range groups {
		fmt.Fprintf(&text, "// %s\ntype %s %s\n\n// The values of %s.\nconst (\n", group.comment, group.name, group.kind, group.name)
		for _, constant := range description.Constants {
			if rest, found := strings.CutPrefix(constant.Name, group.prefix); found {
				fmt.Fprintf(&text, "%s%s%s %s = %s\n", comment(constant.Comment), prefixOf(group.name), camel(rest), group.name, constant.Value)
			}
		}
		text.WriteString(")\n\n")
	}
	text.WriteString("// A Stage is a step of a spawn: where it failed.\ntype Stage uint32\n\n// The values of Stage.\nconst (\n")
	for _, stage := range description.Stages {
		fmt.Fprintf(&text, "%sStage%s Stage = %d\n", comment(stage.Comment), camel(strings.TrimPrefix(stage.Constant, "FORKEXEC_STAGE_")), stage.Number)
	}
	text.WriteString(")\n\nvar stageNames = map[Stage]string{\n")
	for _, stage := range description.Stages {
		fmt.Fprintf(&text, "%d: %q,\n", stage.Number, stage.Name)
	}
	text.WriteString("}\n")
	return format.Source(text.Bytes())
}

func prefixOf(name string) string {
	switch name {
	case "SeccompFlags":
		return "Seccomp"
	case "ProcessFlags":
		return "Process"
	case "LandlockFlags":
		return "LandlockFlag"
	case "MountFlags":
		return "Mount"
	case "RootFlags":
		return "Root"
	case "StatusFields":
		return "Status"
	case "MemoryMode":
		return "Memory"
	case "CapabilitySet":
		return "Capability"
	}
	return name
}
