package command

import (
	"slices"
	"strconv"
)

// workerVariable makes a program of this module become a worker. One that runs
// as a command is none.
const workerVariable = "TANDEM_WORKER"

// Variables that [Config.ExportNumbers] sets.
const (
	seqVariable  = "PARALLEL_SEQ"
	slotVariable = "PARALLEL_JOBSLOT"
)

// numberedEnv is the environment of a slot's programs: that of the executor with
// the numbers of the call.
type numberedEnv struct {
	entries []string
	seq     int // place of PARALLEL_SEQ, or -1
}

// newNumberedEnv returns the environment of programs of a slot. Without numbers
// it is env itself.
func newNumberedEnv(env []string, slot int, numbers bool) numberedEnv {
	if !numbers {
		return numberedEnv{env, -1}
	}
	entries := slices.Clone(env)
	if !hasKey(env, slotVariable) {
		entries = append(entries, slotVariable+"="+strconv.Itoa(slot))
	}
	if hasKey(env, seqVariable) {
		return numberedEnv{entries, -1}
	}
	return numberedEnv{append(entries, ""), len(entries)}
}

func hasKey(env []string, key string) bool {
	return slices.ContainsFunc(env, func(entry string) bool { return keyOf(entry) == key })
}

// of returns the environment of call seq. It is valid until the next.
func (n *numberedEnv) of(seq int) []string {
	if n.seq >= 0 {
		n.entries[n.seq] = seqVariable + "=" + strconv.Itoa(seq)
	}
	return n.entries
}

// environment joins lists of "key=value". Of several values of a key the last
// stays, in its place.
func environment(lists ...[]string) []string {
	last := map[string]int{}
	n := 0
	for _, list := range lists {
		for _, entry := range list {
			last[keyOf(entry)] = n
			n++
		}
	}
	env := make([]string, 0, len(last))
	n = 0
	for _, list := range lists {
		for _, entry := range list {
			if last[keyOf(entry)] == n {
				env = append(env, entry)
			}
			n++
		}
	}
	return env
}

// inherited returns what programs get of this process's environment. With
// numbers it has none of its own.
func inherited(env []string, numbers bool) []string {
	var kept []string
	for _, entry := range env {
		key := keyOf(entry)
		if key != workerVariable && !(numbers && (key == seqVariable || key == slotVariable)) {
			kept = append(kept, entry)
		}
	}
	return kept
}

// keyOf returns what stands before the "=". Windows has keys that start with it.
func keyOf(entry string) string {
	for i := 1; i < len(entry); i++ {
		if entry[i] == '=' {
			return entry[:i]
		}
	}
	return entry
}
