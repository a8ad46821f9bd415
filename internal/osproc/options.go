package osproc

import (
	"errors"
	"os"
)

// Options are what a [Thread] does for one process besides starting it. The zero
// value reads nothing, and ends a process that writes.
type Options struct {
	// Stdin is what the process can read; nil means the null device. It must
	// not change until [Child.Reap].
	Stdin []byte

	// MaxOutput is how many bytes the process may write to both streams.
	MaxOutput int64

	// Spill says when output goes to a file. The zero value keeps it in memory.
	Spill Spill

	// Sink, if not nil, gets the output as it comes, on the goroutine of the
	// [Child], which meanwhile sees nothing else; nothing is kept. stream is 0
	// for standard output and 1 for standard error, and p is valid only during
	// the call. An error ends the reading.
	Sink func(stream int, p []byte) error

	// Memory, if more than 0, limits what [LimitMemory] does, soon after the
	// start.
	Memory int64

	// Nice becomes the niceness of the group soon after the start.
	Nice Nice
}

// Spill says where output goes that is not to stay in memory.
type Spill struct {
	Dir       string // folder of the files, which have no names; empty: none
	Threshold int    // how many bytes of a stream stay in memory
}

// Captured is what a process wrote to one stream.
type Captured struct {
	Bytes []byte   // whole, unless there is a file; nil for nothing
	File  *os.File // whole, from its beginning, where it stands; nil when Bytes has it
	Size  int64    // how much was written

	// Tail is the last of what was written when Bytes is not whole, at most
	// 4 KiB.
	Tail []byte
}

// tailSize bounds [Captured.Tail].
const tailSize = 4 << 10

// ErrConstrain reports that a process was started and ended again, because a
// limit could not be set. It may have begun to run.
var ErrConstrain = errors.New("process ended again: its limits could not be set")

// keepTail returns the end of tail and p together.
func keepTail(tail, p []byte) []byte {
	if len(p) >= tailSize {
		return append(tail[:0], p[len(p)-tailSize:]...)
	}
	if over := len(tail) + len(p) - tailSize; over > 0 {
		tail = append(tail[:0], tail[over:]...)
	}
	return append(tail, p...)
}
