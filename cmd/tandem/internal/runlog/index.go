package runlog

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

// Mode says what a run does with what the log has from earlier ones.
type Mode string

// The modes.
const (
	New          Mode = "new"           // there is nothing to continue
	Resume       Mode = "resume"        // what has finished does not run again
	ResumeFailed Mode = "resume-failed" // what has succeeded does not run again
)

// id names a held call of the log: numbers of inputs are of one run.
type id struct{ run, number int }

// pending is a call whose output is kept and was not written.
type pending struct {
	id     id
	key    outcome.Key
	offset int64 // of its line
	length int   // of it, without the line feed
	failed bool
	apart  bool  // the output is not in the line
	bytes  int64 // of the output
}

// failures is how often calls of one key have failed and not been repeated.
type failures struct {
	count int32
	again int32 // how many of them the run repeats
	run   int32 // to which again belongs

	only   int32   // the run that wrote the only output of the key, a failure; 0 when that is not so
	places *places // nil: there is nothing to keep of them
}

// index is what a log says about keys.
//
// I1: succeeded[k] + failed[k].count is how many calls of k have finished.
// I2: each call in pending counts in one of them.
// I3: a run with --resume-failed repeats what had failed before it: the first
// ends of a key in it stand for as many failures, which they replace.
type index struct {
	succeeded map[outcome.Key]uint32
	failed    map[outcome.Key]failures
	pending   map[id]pending
	large     map[id]event // held without output in the last run

	pendingFailed map[outcome.Key][]id   // those in pending that have failed
	unwritten     map[outcome.Key]uint32 // how many in pending have succeeded

	runs int // number of the last run
	last *header
}

func newIndex() *index {
	return &index{
		succeeded: map[outcome.Key]uint32{}, failed: map[outcome.Key]failures{},
		pending: map[id]pending{}, large: map[id]event{}, pendingFailed: map[outcome.Key][]id{},
		unwritten: map[outcome.Key]uint32{},
	}
}

// errForeign says that a log does not begin with the description of a run.
var errForeign = errors.New("is not a log of tandem: its first line describes no run")

// read takes in the log and returns where its last whole line ends. Only the last
// line may be torn.
func (x *index) read(r io.Reader, task Task) (whole int64, err error) {
	lines := newLines(r)
	var torn error // of the line before: an error if another one follows
	for {
		line, err := lines.next()
		switch {
		case err == io.EOF:
			return whole, nil
		case errors.Is(err, io.ErrUnexpectedEOF) && torn == nil:
			return whole, x.begun(line)
		case torn != nil:
			return whole, torn
		case err != nil:
			return whole, fmt.Errorf("line %d %w", lines.number, err)
		}
		e, err := parse(line)
		if err != nil {
			if err := x.begun(line); err != nil {
				return whole, err
			}
			torn = fmt.Errorf("line %d %w: remove it to go on; its call then runs again", lines.number, err)
			continue
		}
		if err := x.take(e, task, whole, len(line)); err != nil {
			return whole, err
		}
		whole = lines.offset
	}
}

// begun checks that a torn line which is the first can be of a log, so that no
// other file is cut.
func (x *index) begun(line []byte) error {
	const start = `{"event":"run","version":`
	if n := min(len(line), len(start)); x.last == nil && string(line[:n]) != start[:n] {
		return errForeign
	}
	return nil
}

// take takes in one event, whose line is at the offset.
func (x *index) take(e event, task Task, offset int64, length int) error {
	if x.last == nil && e.header == nil {
		return errForeign
	}
	switch {
	case e.header != nil:
		return x.takeRun(e.header, task)
	case e.status == statusCut:
	case e.name == eventEnd:
		x.count(e)
		x.put(e.key, e.status == statusFailed)
	case e.name == eventHeld && e.replay:
		x.count(e)
		x.hold(pending{id{x.runs, e.number}, e.key, offset, length, e.status == statusFailed, e.apart, e.bytes})
	case e.name == eventHeld:
		x.large[id{x.runs, e.number}] = e
	case e.name == eventWritten:
		x.takeWritten(id{e.run, e.number})
	case e.name == eventLost:
		x.takeLost(id{e.run, e.number})
	}
	return nil
}

func (x *index) takeRun(h *header, task Task) error {
	digest := task.Digest()
	switch {
	case h.Version > Version || h.Version < 1:
		return refuse("has version %d of the log: this tandem reads version %d", h.Version, Version)
	case h.TaskDigest != hex.EncodeToString(digest[:]):
		return refuse("is the log of another task: it has %s %s, this run is %s %s; give this one another --log FILE",
			h.Kind, h.Task, task.Kind, task.Name)
	}
	x.last, x.runs = h, max(x.runs+1, h.Run)
	clear(x.large) // what was held without output cannot be written by another run
	return nil
}

func (x *index) takeWritten(of id) {
	if e, ok := x.large[of]; ok {
		delete(x.large, of)
		x.count(e)
		x.put(e.key, e.status == statusFailed)
	} else if p, ok := x.pending[of]; ok {
		x.drop(p)
		x.put(p.key, p.failed)
	}
}

func (x *index) hold(p pending) {
	x.pending[p.id] = p
	if p.failed {
		x.pendingFailed[p.key] = append(x.pendingFailed[p.key], p.id)
	} else {
		x.unwritten[p.key]++
	}
}

// drop forgets an output.
func (x *index) drop(p pending) {
	delete(x.pending, p.id)
	if !p.failed {
		if x.unwritten[p.key]--; x.unwritten[p.key] == 0 {
			delete(x.unwritten, p.key)
		}
		return
	}
	left := slices.DeleteFunc(x.pendingFailed[p.key], func(of id) bool { return of == p.id })
	if x.pendingFailed[p.key] = left; len(left) == 0 {
		delete(x.pendingFailed, p.key)
	}
}

// count counts the end of a call.
func (x *index) count(e event) {
	if x.last.Mode == ResumeFailed {
		x.replace(e.key)
	}
	if e.status != statusFailed {
		x.succeeded[e.key]++
		return
	}
	f := x.failed[e.key]
	f.count++
	f.run = int32(x.runs) // again stays: 0, or what replace has left
	x.failed[e.key] = f
}

// replace makes an end of key in a run with --resume-failed stand for a failure
// before it, see I3. Of several, one whose output is kept goes last.
func (x *index) replace(key outcome.Key) {
	f, ok := x.failed[key]
	if !ok {
		return
	}
	if f.run != int32(x.runs) {
		f.run, f.again = int32(x.runs), f.count
	}
	if f.again > 0 {
		f.again--
		f.count--
	}
	x.failed[key] = f
	for of := x.pendingFailed[key]; len(of) > int(f.count); of = x.pendingFailed[key] {
		x.drop(x.pending[of[0]])
	}
}

// lost returns the calls whose outputs are not there any more.
func (x *index) lost(there map[id]int64) (lost []id) {
	for of, p := range x.pending {
		if p.apart && there[of] != p.bytes {
			lost = append(lost, of)
		}
	}
	slices.SortFunc(lost, compareID)
	return lost
}

// takeLost makes a call unfinished.
func (x *index) takeLost(of id) {
	p, ok := x.pending[of]
	if !ok {
		return
	}
	x.drop(p)
	if p.failed {
		f := x.failed[p.key]
		f.count--
		x.failed[p.key] = f
	} else if x.succeeded[p.key]--; x.succeeded[p.key] == 0 {
		delete(x.succeeded, p.key)
	}
}
