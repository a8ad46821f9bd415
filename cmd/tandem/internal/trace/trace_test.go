package trace_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/trace"
)

var began = time.Now()

// event is one event of a file.
type event struct {
	Name, Cat, Ph, BP, S string
	Ts                   json.Number
	Dur                  json.Number
	PID, TID, ID         int
	Args                 map[string]any
}

func (e event) start() int64 { return nanos(e.Ts) }
func (e event) end() int64   { return nanos(e.Ts) + nanos(e.Dur) }

// nanos reads microseconds with decimals exactly.
func nanos(n json.Number) int64 {
	whole, decimals, _ := strings.Cut(cmp.Or(n.String(), "0"), ".")
	value, err := strconv.ParseInt(whole+(decimals + "000")[:3], 10, 64)
	if err != nil {
		panic(err)
	}
	return value
}

// traced writes outcomes to a trace and returns its events, checked.
func traced(t *testing.T, c trace.Config, outcomes []*outcome.Outcome) ([]event, int) {
	t.Helper()
	c.Path, c.Started, c.Task, c.Version = filepath.Join(t.TempDir(), "trace.json"), began, `sh -c "\`, "test"
	tr, err := trace.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outcomes {
		if err := tr.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	missing, err := tr.Close()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	var events []event
	if err := json.Unmarshal(content, &events); err != nil {
		t.Fatalf("%v in %s", err, content)
	}
	checkLines(t, content, len(events))
	checkTracks(t, events)
	checkFlows(t, events)
	return events, missing
}

// checkLines checks that each event is a line, so that a torn file has whole ones.
func checkLines(t *testing.T, content []byte, events int) {
	lines := bytes.Split(content, []byte("\n"))
	if len(lines) != events+3 || string(lines[0]) != "[" || string(lines[events+1]) != "]" {
		t.Fatalf("%d lines for %d events", len(lines), events)
	}
	for _, line := range lines[1 : events+1] {
		if !json.Valid(bytes.TrimSuffix(line, []byte(","))) {
			t.Fatalf("line %s is no event", line)
		}
		if backslashEnd.Match(line) {
			t.Errorf("Perfetto cannot read a text that ends in a backslash: %s", line)
		}
	}
}

var backslashEnd = regexp.MustCompile(`[^\\](\\\\)+"`)

// checkTracks checks that slices of a track do not overlap, that tracks and
// processes are named once, and that no id is both.
func checkTracks(t *testing.T, events []event) {
	tracks, names, processes := map[[2]int][]event{}, map[string]int{}, map[int]bool{}
	for _, e := range events {
		switch e.Ph {
		case "X":
			tracks[[2]int{e.PID, e.TID}] = append(tracks[[2]int{e.PID, e.TID}], e)
		case "M":
			names[fmt.Sprint(e.Name, e.PID, " ", e.TID)]++
			processes[e.PID] = true
		}
	}
	for name, n := range names {
		if n != 1 {
			t.Errorf("%d times %s", n, name)
		}
	}
	for at, slicesOf := range tracks {
		if names[fmt.Sprint("thread_name", at[0], " ", at[1])] != 1 || names[fmt.Sprint("process_name", at[0], " ", at[0])] != 1 {
			t.Errorf("track %v has no name", at)
		}
		if processes[at[1]] {
			t.Errorf("track %d has the id of a process", at[1])
		}
		slices.SortStableFunc(slicesOf, func(a, b event) int {
			return cmp.Or(cmp.Compare(a.start(), b.start()), cmp.Compare(a.end(), b.end()))
		})
		for i, e := range slicesOf[1:] {
			if before := slicesOf[i]; before.end() > e.start() {
				t.Errorf("track %v: %s overlaps the next by %d ns", at, before.Name, before.end()-e.start())
			}
		}
	}
}

// checkFlows checks that each arrow leads from a slice to a later attempt of the
// same call.
func checkFlows(t *testing.T, events []event) {
	enclosing := func(flow event) event {
		for _, e := range events {
			if e.Ph == "X" && e.PID == flow.PID && e.TID == flow.TID && e.start() <= flow.start() && flow.start() <= e.end() {
				if e.end() > flow.start() || e.end() == e.start() {
					return e
				}
			}
		}
		t.Errorf("flow %d is in no slice", flow.ID)
		return event{}
	}
	begun := map[int]event{}
	for _, e := range events {
		switch e.Ph {
		case "s":
			begun[e.ID] = enclosing(e)
		case "f":
			from, to := begun[e.ID], enclosing(e)
			if from.Args == nil || to.Args == nil {
				continue
			}
			if from.Args["seq"] != to.Args["seq"] || from.Args["attempt"].(float64) >= to.Args["attempt"].(float64) || e.BP != "e" {
				t.Errorf("flow %d leads from %v to %v", e.ID, from.Args, to.Args)
			}
			delete(begun, e.ID)
		}
	}
	if len(begun) > 0 {
		t.Errorf("%d flows have no end", len(begun))
	}
}

func at(d time.Duration) time.Time { return began.Add(d) }

func TestRetryIsLinked(t *testing.T) {
	events, _ := traced(t, trace.Config{}, []*outcome.Outcome{{
		Number: 7, Input: "a\"b", Key: outcome.Key{1, 2},
		Attempts: []tandem.Attempt{
			{Number: 1, Slot: 1, PID: 100, Start: at(0), Wall: time.Millisecond, Err: errors.New("x"), Again: true},
			{Number: 2, Slot: 2, PID: 101, Start: at(2 * time.Millisecond), Wall: time.Millisecond, CPU: 300 * time.Microsecond, PeakRSS: 9},
		},
	}})
	kinds := map[string]int{}
	for _, e := range events {
		kinds[e.Ph]++
		if e.Ph == "X" && e.Args["attempt"] == 2.0 {
			want := map[string]any{
				"seq": 7.0, "key": "01020000000000000000000000000000", "attempt": 2.0, "status": "ok",
				"cpu_ms": 0.3, "peak_bytes": 9.0, "pid": 101.0,
			}
			if fmt.Sprint(e.Args) != fmt.Sprint(want) || e.Name != `a"b` || e.PID != 101 || e.Ts != "2000" {
				t.Errorf("got %+v", e)
			}
		}
	}
	if kinds["X"] != 2 || kinds["s"] != 1 || kinds["f"] != 1 {
		t.Errorf("got %v", kinds)
	}
}

// TestCallsThatDidNotStart have no slice: a time of their own is when they waited.
func TestCallsThatDidNotStart(t *testing.T) {
	for _, o := range []*outcome.Outcome{{Number: 1, Start: began, Wall: ms, Cut: true}, {Number: 1}} {
		events, missing := traced(t, trace.Config{}, []*outcome.Outcome{o})
		for _, e := range events {
			if e.Ph == "X" {
				t.Errorf("slice %+v", e)
			}
		}
		if missing != 0 {
			t.Errorf("%d are missing", missing)
		}
	}
}

// TestNames: a name is the beginning of the input, whatever is in it.
func TestNames(t *testing.T) {
	inputs := []string{`a`, `\`, `a\`, `a\\`, `"\`, `\"`, "\n\\", strings.Repeat(`\`, 100)}
	for _, input := range inputs {
		events, _ := traced(t, trace.Config{}, []*outcome.Outcome{{Number: 1, Input: input, Slot: 1, Start: began}})
		if got := events[len(events)-1].Name; got != input[:min(len(input), 60)] {
			t.Errorf("%q is called %q", input, got)
		}
		if got := events[3].Args["task"]; got != `sh -c "\` {
			t.Errorf("the task is %q", got)
		}
	}
}

// TestSlicesNest: random attempts, some of them late, some overlapping a little
// or a lot.
func TestSlicesNest(t *testing.T) {
	for seed := range uint64(20) {
		for _, slots := range []bool{false, true} {
			traced(t, trace.Config{Slots: slots}, random(rand.New(rand.NewPCG(seed, 1)), 300))
		}
	}
}

func random(r *rand.Rand, n int) []*outcome.Outcome {
	var outcomes []*outcome.Outcome
	now := map[int]time.Duration{}
	for i := range n {
		o := &outcome.Outcome{Number: i + 1, Input: fmt.Sprint("input ", i), Cut: r.IntN(20) == 0}
		for a := range 1 + r.IntN(3) {
			slot := r.IntN(3)
			wall := time.Duration(r.IntN(200_000))
			start := now[slot] - time.Duration(r.IntN(3)*r.IntN(60_000))
			now[slot] = max(now[slot], start+wall)
			o.Attempts = append(o.Attempts, tandem.Attempt{
				Number: a + 1, Slot: slot + 1, Thread: r.IntN(2), PID: 50 + slot + r.IntN(2)*10, Start: at(start), Wall: wall,
			})
		}
		outcomes = append(outcomes, o)
	}
	r.Shuffle(len(outcomes), func(i, j int) {
		if i-j < 100 && j-i < 100 {
			outcomes[i], outcomes[j] = outcomes[j], outcomes[i]
		}
	})
	return outcomes
}

// TestClockErrorsMakeNoTrack: a thread runs one call at a time, whatever the
// clocks of two processes say to the microsecond, and in whatever order its calls
// are reported.
func TestClockErrorsMakeNoTrack(t *testing.T) {
	const us = time.Microsecond
	var late []span
	for i := range 800 {
		switch {
		case i >= 700:
			i -= 200 // a hundred that two hundred have passed
		case i >= 500:
			i += 100
		}
		late = append(late, span{time.Duration(i) * ms, us})
	}
	tests := map[string][]span{
		"in the one before":     {{0, 30 * us}, {28 * us, 2 * us}},
		"at the end of the one": {{0, 30 * us}, {29 * us, 2 * us}, {32 * us, 2 * us}},
		"in one reported later": {{100 * us, 4 * us}, {97 * us, 260 * us}},
		"before one":            {{100 * us, 260 * us}, {99 * us, 4 * us}, {90 * us, 4 * us}},
		"late":                  late,
	}
	for name, spans := range tests {
		t.Run(name, func(t *testing.T) {
			var outcomes []*outcome.Outcome
			for i, s := range spans {
				outcomes = append(outcomes, one(i+1, tandem.Attempt{Slot: 1, PID: 50, Start: at(s.start), Wall: s.wall}))
			}
			events, _ := traced(t, trace.Config{}, outcomes)
			if got := names(events, "thread_name"); !slices.Equal(got, []string{"run", "thread 0"}) {
				t.Errorf("tracks %q", got)
			}
		})
	}
}

// TestOverlapHasATrack: what clocks do not explain is shown beside each other.
func TestOverlapHasATrack(t *testing.T) {
	events, _ := traced(t, trace.Config{}, []*outcome.Outcome{
		one(1, tandem.Attempt{Slot: 1, PID: 50, Start: at(0), Wall: ms}),
		one(2, tandem.Attempt{Slot: 1, PID: 50, Start: at(ms / 2), Wall: ms}),
	})
	if got := names(events, "thread_name"); !slices.Equal(got, []string{"run", "thread 0", "thread 0"}) {
		t.Errorf("tracks %q", got)
	}
}

// TestTracksComeInOrder: viewers show them in the order of their names' events, or
// of their ids.
func TestTracksComeInOrder(t *testing.T) {
	attempts := []*outcome.Outcome{
		one(1, tandem.Attempt{Slot: 2, Thread: 2, PID: 51, Start: at(0), Wall: ms}),
		one(2, tandem.Attempt{Slot: 2, Thread: 0, PID: 51, Start: at(0), Wall: ms}),
		one(3, tandem.Attempt{Slot: 2, Thread: 3, PID: 51, Start: at(0), Wall: ms}),
	}
	for slots, want := range map[bool][]string{
		false: {"run", "thread 0", "thread 1", "thread 2", "thread 3"},
		true:  {"run", "slot 1", "slot 2"},
	} {
		events, _ := traced(t, trace.Config{Slots: slots}, attempts[:1])
		if !slots {
			events, _ = traced(t, trace.Config{}, attempts)
		}
		if got := names(events, "thread_name"); !slices.Equal(got, want) {
			t.Errorf("tracks %q, want %q", got, want)
		}
		before := 0
		for _, e := range events {
			if e.Name == "thread_name" && e.TID != e.PID {
				if e.TID <= before {
					t.Errorf("track %v after the one with id %d", e, before)
				}
				before = e.TID
			}
		}
	}
}

const ms = time.Millisecond

// span is when an attempt began, and what it took.
type span struct{ start, wall time.Duration }

// one is a call of one attempt.
func one(number int, a tandem.Attempt) *outcome.Outcome {
	a.Number = 1
	return &outcome.Outcome{Number: number, Input: strconv.Itoa(number), Attempts: []tandem.Attempt{a}}
}

// names returns the names that metadata events give.
func names(events []event, what string) []string {
	var found []string
	for _, e := range events {
		if e.Name == what {
			found = append(found, e.Args["name"].(string))
		}
	}
	return found
}

func TestManyCallsKeepTheSlowest(t *testing.T) {
	const n, events = 5000, 1000
	var outcomes []*outcome.Outcome
	for i := range n {
		wall := time.Microsecond
		if i%500 == 499 {
			wall = time.Duration(i) * time.Microsecond
		}
		outcomes = append(outcomes, &outcome.Outcome{
			Number: i + 1, Start: at(time.Duration(i) * 10 * time.Millisecond), Wall: wall, Slot: 1,
		})
	}
	got, missing := traced(t, trace.Config{Events: events}, outcomes)
	if len(got) > events+1 || len(got) < events*3/4 {
		t.Errorf("%d events, want about %d", len(got), events)
	}
	shown, said := map[int]bool{}, 0.0
	for _, e := range got {
		if e.Ph == "X" {
			shown[int(e.Args["seq"].(float64))] = true
		}
		if e.Name == "calls left out" {
			said = e.Args["calls"].(float64)
		}
	}
	for i := 499; i < n; i += 500 {
		if !shown[i+1] {
			t.Errorf("the slow call %d is missing", i+1)
		}
	}
	if missing != n-len(shown) || said != float64(missing) {
		t.Errorf("%d are missing, the trace says %v, Close %d", n-len(shown), said, missing)
	}
}

func TestCounters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace.json")
	tr, err := trace.Open(trace.Config{Path: path, Started: time.Now().Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 { // one an hour and two seconds
		if err := tr.Sample(tandem.Stats{Running: 3, Waiting: 4}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	content, _ := os.ReadFile(path)
	if n := bytes.Count(content, []byte(`"args":{"running":3,"waiting":4}`)); n != 1 {
		t.Errorf("%d samples in %s", n, content)
	}
}

// TestTraceIsWholeAfterEachWrite: nothing says which one is the last.
func TestTraceIsWholeAfterEachWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace.json")
	tr, err := trace.Open(trace.Config{Path: path, Started: began})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := tr.Add(&outcome.Outcome{Number: i + 1, Input: "a", Slot: 1, Start: at(time.Duration(i) * time.Second), Wall: time.Millisecond}); err != nil {
			t.Fatal(err)
		}
		if err := tr.Flush(); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil || !json.Valid(content) || bytes.Count(content, []byte(`"ph":"X"`)) != i+1 {
			t.Errorf("after call %d: %v\n%s", i+1, err, content)
		}
	}
	if _, err := tr.Close(); err != nil {
		t.Error(err)
	}
}

// TestTraceIntoPipe: what cannot be written over has its end at the end.
func TestTraceIntoPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	name := fmt.Sprint("/dev/fd/", w.Fd())
	if _, err := os.Stat(name); err != nil {
		t.Skip("no /dev/fd on this system")
	}
	tr, err := trace.Open(trace.Config{Path: name, Started: began})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := errors.Join(tr.Add(&outcome.Outcome{Number: 1, Slot: 1, Start: began}), tr.Flush()); err != nil {
			t.Fatal(err)
		}
	}
	_, err = tr.Close()
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(r); err != nil || !json.Valid(content) {
		t.Errorf("%v in %s", err, content)
	}
}

func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full on this system")
	}
	_, err := trace.Open(trace.Config{Path: "/dev/full", Started: began})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
}

// FuzzInput: a trace is JSON whatever inputs and times are.
func FuzzInput(f *testing.F) {
	f.Add("a", int64(5), int64(7), 3)
	f.Add(`a\`, int64(5), int64(7), 3)
	f.Add(`"\\`, int64(5), int64(7), 3)
	f.Add("\xff\"\n", int64(-5), int64(-7), -3)
	f.Fuzz(func(t *testing.T, input string, start, wall int64, slot int) {
		traced(t, trace.Config{}, []*outcome.Outcome{
			{Number: 1, Input: input, Start: at(time.Duration(start)), Wall: time.Duration(wall), Slot: slot},
			{Number: 2, Input: input, Start: at(0), Wall: time.Duration(wall), Slot: slot},
		})
	})
}
