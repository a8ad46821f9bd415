package trace

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/jsontext"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
)

// Config says what to trace.
type Config struct {
	Path    string
	Started time.Time // of the run: time 0
	Task    string
	Version string // of tandem

	// Slots says that each call is a process of its own: then tracks are slots.
	Slots bool

	// Events bounds the file. 0 is 200,000, which browsers still open at once.
	Events int
}

const (
	defaultEvents = 200_000
	nameMost      = 60       // bytes of an input in the name of a slice
	attemptsMost  = 16       // attempts of a call
	writeMost     = 64 << 10 // bytes that wait to be written
	sampleEvery   = 100 * time.Millisecond
)

// arrayEnd makes the file one JSON value.
const arrayEnd = "\n]\n"

// Trace is an open trace.
type Trace struct {
	config Config
	file   *os.File
	pid    int
	whole  bool // the end is written each time, and the next events over it

	mu      sync.Mutex
	pending []byte
	offset  int64 // of the file: where the next events go
	events  int
	failed  bool
	tracks  tracks
	named   map[int]bool // processes and tracks that have a name
	keeper  keeper
	missing int // calls that did not fit
	flows   int
	sampled time.Duration
}

// Open makes the file, or empties it.
func Open(c Config) (*Trace, error) {
	file, err := os.OpenFile(c.Path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("trace %s: %w", c.Path, report.WithoutPath(err))
	}
	if c.Events == 0 {
		c.Events = defaultEvents
	}
	t := &Trace{config: c, file: file, pid: os.Getpid(), named: map[int]bool{}, keeper: newKeeper(c.Events / 2)}
	if info, err := file.Stat(); err == nil {
		t.whole = info.Mode().IsRegular()
	}
	t.begin()
	if err := t.write(); err != nil {
		_ = file.Close() // the first events were all
		return nil, err
	}
	return t, nil
}

// begin appends the events that describe the run.
func (t *Trace) begin() {
	t.nameProcess(t.pid, "tandem", -1)
	t.nameThread(t.pid, t.pid, "run")
	b := append(t.next(), `{"name":"run","cat":"run","ph":"i","s":"t","ts":0`...)
	b = appendPlace(b, t.pid, t.pid)
	b = append(b, `,"args":{"started":"`+t.config.Started.UTC().Format(time.RFC3339Nano)+`","task":`...)
	b = spellEnd(jsontext.AppendString(b, t.config.Task))
	b = jsontext.AppendString(append(b, `,"tandem":`...), t.config.Version)
	t.pending = append(b, "}}"...)
}

// Add takes the attempts of a call that has ended. It keeps nothing of o.
func (t *Trace) Add(o *outcome.Outcome) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := t.unit(o)
	switch {
	case t.failed || len(u.slices) == 0:
	case t.events < t.config.Events/2:
		t.put(u)
	default:
		t.keeper.add(u)
	}
	return t.writeSome()
}

// unit makes what the trace shows of a call.
func (t *Trace) unit(o *outcome.Outcome) *unit {
	name, _ := jsontext.AppendShort(nil, o.Input, nameMost)
	u := &unit{number: o.Number, key: o.Key, name: string(spellEnd(name))}
	attempts := o.Attempts
	if attempts == nil && o.Slot > 0 {
		attempts = []tandem.Attempt{{Number: 1, Slot: o.Slot, Start: o.Start, Wall: o.Wall, Err: o.Err}}
	}
	attempts = attempts[max(0, len(attempts)-attemptsMost):]
	u.slices = make([]slice, 0, len(attempts))
	for i, a := range attempts {
		cut := o.Cut && i == len(attempts)-1
		u.slices = append(u.slices, t.slice(a, cut))
	}
	return u
}

func (t *Trace) slice(a tandem.Attempt, cut bool) slice {
	start := max(0, a.Start.Sub(t.config.Started))
	s := slice{pid: a.PID, attempt: a.Number, status: "ok", cpu: a.CPU, peak: a.PeakRSS}
	switch {
	case cut:
		s.status = "cut"
	case a.Err != nil:
		s.status = "failed"
	}
	p := place{a.PID, a.Slot, a.Thread}
	if t.config.Slots || a.PID == 0 {
		p.pid = slotProcess
	}
	s.track, s.span = t.tracks.find(p, span{start, start + max(1, a.Wall)})
	return s
}

// put appends the events of a call.
func (t *Trace) put(u *unit) {
	for i, s := range u.slices {
		t.nameTrack(s.track)
		t.putSlice(u, s)
		if i > 0 {
			t.putFlow(u.slices[i-1], s)
		}
	}
}

func (t *Trace) putSlice(u *unit, s slice) {
	b := append(t.next(), `{"name":`+u.name+`,"cat":"attempt","ph":"X"`...)
	b = appendMicros(append(b, `,"ts":`...), s.span.start)
	b = appendMicros(append(b, `,"dur":`...), s.span.end-s.span.start)
	b = appendPlace(b, s.track.place.pid, s.track.tid)
	b = strconv.AppendInt(append(b, `,"args":{"seq":`...), int64(u.number), 10)
	if u.key != (outcome.Key{}) {
		b = jsontext.AppendHex(append(b, `,"key":`...), u.key[:])
	}
	b = strconv.AppendInt(append(b, `,"attempt":`...), int64(s.attempt), 10)
	b = append(b, `,"status":"`+s.status+`","cpu_ms":`...)
	b = strconv.AppendFloat(b, float64(s.cpu.Microseconds())/1e3, 'f', 3, 64)
	b = strconv.AppendInt(append(b, `,"peak_bytes":`...), s.peak, 10)
	b = strconv.AppendInt(append(b, `,"pid":`...), int64(s.pid), 10)
	t.pending = append(b, "}}"...)
}

// putFlow appends the arrow from an attempt to the one that repeats it. It begins
// within the first one: at its very end it would belong to what follows there.
func (t *Trace) putFlow(from, to slice) {
	t.flows++
	b := append(t.next(), `{"name":"retry","cat":"retry","ph":"s","id":`...)
	b = strconv.AppendInt(b, int64(t.flows), 10)
	b = appendMicros(append(b, `,"ts":`...), max(from.span.start, from.span.end-1))
	b = append(appendPlace(b, from.track.place.pid, from.track.tid), '}')
	t.pending = b
	b = append(t.next(), `{"name":"retry","cat":"retry","ph":"f","bp":"e","id":`...)
	b = strconv.AppendInt(b, int64(t.flows), 10)
	b = appendMicros(append(b, `,"ts":`...), to.span.start)
	t.pending = append(appendPlace(b, to.track.place.pid, to.track.tid), '}')
}

// spellEnd spells a backslash that ends a text by its number. Perfetto 52 takes the
// quote behind it as a part of the text, and refuses the whole file
// (google/perfetto issue 3361).
func spellEnd(quoted []byte) []byte {
	if before, found := bytes.CutSuffix(quoted, []byte(`\\"`)); found {
		return append(before, `\u005c"`...)
	}
	return quoted
}

// nameTrack names the track and its process when they come first, after the
// tracks that come before it.
func (t *Trace) nameTrack(track *track) {
	if t.named[track.tid] {
		return
	}
	if p := track.place; p.pid == slotProcess {
		t.nameProcess(p.pid, "calls", 0)
	} else {
		t.nameProcess(p.pid, "worker "+strconv.Itoa(p.slot), p.slot)
	}
	for _, each := range t.tracks.upTo(track) {
		if !t.named[each.tid] {
			t.named[each.tid] = true
			t.nameThread(each.place.pid, each.tid, each.place.name())
		}
	}
}

func (t *Trace) nameThread(pid, tid int, name string) {
	t.nameOf("thread_name", pid, tid, jsontext.AppendString([]byte(`{"name":`), name))
}

func (t *Trace) nameProcess(pid int, name string, order int) {
	if t.named[pid] {
		return
	}
	t.named[pid] = true
	t.nameOf("process_name", pid, pid, jsontext.AppendString([]byte(`{"name":`), name))
	t.nameOf("process_sort_index", pid, pid, strconv.AppendInt([]byte(`{"sort_index":`), int64(order), 10))
}

// nameOf appends a metadata event. args lacks its closing bracket.
func (t *Trace) nameOf(what string, pid, tid int, args []byte) {
	b := appendPlace(append(t.next(), `{"name":"`+what+`","ph":"M"`...), pid, tid)
	b = append(append(b, `,"args":`...), args...)
	t.pending = append(b, "}}"...)
}

// next returns the pending events with what stands before another one.
func (t *Trace) next() []byte {
	t.events++
	if t.events == 1 {
		return append(t.pending, "[\n"...)
	}
	return append(t.pending, ",\n"...)
}

func appendPlace(b []byte, pid, tid int) []byte {
	b = strconv.AppendInt(append(b, `,"pid":`...), int64(pid), 10)
	return strconv.AppendInt(append(b, `,"tid":`...), int64(tid), 10)
}

// appendMicros appends d in microseconds, exactly.
func appendMicros(b []byte, d time.Duration) []byte {
	b = strconv.AppendInt(b, int64(d/1000), 10)
	if rest := int64(d % 1000); rest > 0 {
		b = append(b, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
	}
	return b
}

// Sample takes how many calls run and wait. It may be called at any rate: the longer
// the run is, the fewer are kept.
func (t *Trace) Sample(s tandem.Stats) error {
	at := time.Since(t.config.Started)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed || at < t.sampled+max(sampleEvery, at/2000) {
		return nil
	}
	t.sampled = at
	b := appendMicros(append(t.next(), `{"name":"calls","ph":"C","ts":`...), at)
	b = appendPlace(b, t.pid, t.pid)
	b = strconv.AppendInt(append(b, `,"args":{"running":`...), int64(s.Running), 10)
	b = strconv.AppendInt(append(b, `,"waiting":`...), int64(s.Waiting), 10)
	t.pending = append(b, "}}"...)
	return t.writeSome()
}

// Flush writes the events that wait.
func (t *Trace) Flush() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.pending) == 0 {
		return nil
	}
	return t.write()
}

// Close writes what was kept and ends the file. It returns how many calls the
// trace lacks.
func (t *Trace) Close() (missing int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, u := range t.keeper.kept() {
		if t.failed || t.events+u.events() > t.config.Events {
			t.missing++
			continue
		}
		t.put(u)
		if err = t.writeSome(); err != nil {
			break
		}
	}
	if t.missing += t.keeper.dropped(); t.missing > 0 {
		t.putMissing()
	}
	if !t.whole {
		t.pending = append(t.pending, arrayEnd...)
	}
	if failed := t.write(); err == nil {
		err = failed
	}
	if failed := t.file.Close(); err == nil && failed != nil {
		err = t.fail(failed)
	}
	return t.missing, err
}

// putMissing appends the event that says what is missing.
func (t *Trace) putMissing() {
	text := fmt.Sprintf("%d calls are left out: this trace has the first ones, the slowest and a random choice of the others", t.missing)
	b := appendMicros(append(t.next(), `{"name":"calls left out","cat":"run","ph":"i","s":"t","ts":`...), time.Since(t.config.Started))
	b = appendPlace(b, t.pid, t.pid)
	b = strconv.AppendInt(append(b, `,"args":{"calls":`...), int64(t.missing), 10)
	b = jsontext.AppendString(append(b, `,"note":`...), text)
	t.pending = append(b, "}}"...)
}

// writeSome writes when enough waits.
func (t *Trace) writeSome() error {
	if len(t.pending) < writeMost {
		return nil
	}
	return t.write()
}

// write writes what waits, and the end behind it where that can be written over.
func (t *Trace) write() (err error) {
	if t.failed {
		return nil
	}
	if t.whole {
		_, err = t.file.WriteAt(append(t.pending, arrayEnd...), t.offset)
		t.offset += int64(len(t.pending))
	} else {
		_, err = t.file.Write(t.pending)
	}
	t.pending = t.pending[:0]
	if err != nil {
		return t.fail(err)
	}
	return nil
}

// fail makes err the last error.
func (t *Trace) fail(err error) error {
	if t.failed {
		return nil
	}
	t.failed, t.pending = true, nil
	return fmt.Errorf("trace %s: %w", t.file.Name(), report.WithoutPath(err))
}
