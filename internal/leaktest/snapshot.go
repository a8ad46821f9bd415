package leaktest

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A view is one kind of thing at one moment: identity to description. An
// identity is never reused for another thing in the life of the process.
type view map[string]string

// A look returns a view. Its error is a finding of its own.
type look func() (view, error)

// A snapshot is what existed when it was taken. Immutable.
type snapshot struct {
	looks  []look
	before []view
	failed []string // what could not be read, reported as left
}

// take looks at everything that is compared, and at the files in dir.
func take(dir string) *snapshot {
	s := &snapshot{looks: append([]look{
		goroutines,
		func() (view, error) { return files(dir) },
	}, systemLooks()...)}
	for _, l := range s.looks {
		v, err := l()
		if err != nil {
			s.failed = append(s.failed, "cannot check: "+err.Error())
		}
		s.before = append(s.before, v)
	}
	return s
}

// await waits until nothing is left or grace has passed, and returns what is
// left.
//
// It polls. There is no notification for the end of a goroutine, for the close
// of a descriptor or for an unmapping, and the exit of a child may be told only
// to the code that started it.
func (s *snapshot) await(grace time.Duration) []string {
	deadline := time.Now().Add(grace)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		left := s.left()
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		time.Sleep(pause)
	}
}

// left returns a description of each thing that exists now and did not when s
// was taken, sorted within each kind.
func (s *snapshot) left() []string {
	left := slices.Clone(s.failed)
	for i, l := range s.looks {
		now, err := l()
		if err != nil {
			left = append(left, "cannot check: "+err.Error())
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(now)) {
			if _, known := s.before[i][id]; !known {
				left = append(left, now[id])
			}
		}
	}
	return left
}

// goroutines returns the stacks of all goroutines but the caller's, the
// runtime's and those of package testing, by number.
func goroutines() (view, error) {
	v := view{}
	stacks := strings.Split(allStacks(), "\n\n")
	for _, stack := range stacks[1:] { // the first is the caller
		id, _, found := strings.Cut(strings.TrimPrefix(stack, "goroutine "), " ")
		if !found {
			return nil, fmt.Errorf("unknown stack format: %q", stack)
		}
		if !isInfrastructure(stack) {
			v[id] = stack
		}
	}
	return v, nil
}

// allStacks returns the stacks of all goroutines, the caller's first.
func allStacks() string {
	for size := 64 << 10; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size {
			return string(buf[:n])
		}
	}
}

// infrastructure marks the stacks of goroutines that no test starts or can end.
// The loop of os/signal starts with the first Notify and never ends.
var infrastructure = []string{
	"\nos/signal.loop(",
	"\ncreated by testing.",
	"\ncreated by internal/fuzz.",
	"\ncreated by runtime.",
	"\ncreated by runtime/pprof.",
	"\ncreated by runtime/trace.",
}

// isInfrastructure reports whether stack belongs to the runtime or to package
// testing.
func isInfrastructure(stack string) bool {
	return slices.ContainsFunc(infrastructure, func(mark string) bool {
		return strings.Contains(stack, mark)
	})
}

// files returns what is in dir, at any depth. A dir that is gone is empty.
func files(dir string) (view, error) {
	v := view{}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // removed while we walk
		}
		if err == nil && path != dir {
			v[path] = "file " + path
		}
		return err
	})
	return v, err
}
