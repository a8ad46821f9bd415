package summary

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/progress"
)

// Report is what a run looked like. Its JSON is for programs: members are added
// and never change their meaning. Times are in seconds.
type Report struct {
	Version   int   `json:"version"` // 1
	Succeeded int64 `json:"ok"`
	Failed    int64 `json:"failed"`
	Cut       int64 `json:"cut"`      // ended by tandem for its own reasons
	Repeated  int64 `json:"repeated"` // attempts after the first ones

	Elapsed float64 `json:"elapsed_s"`
	Median  float64 `json:"median_s"` // of the calls that succeeded; 0 without
	P95     float64 `json:"p95_s"`
	Longest float64 `json:"longest_s"`
	CPU     float64 `json:"cpu_s"`      // of all attempts; 0 when not known
	Peak    int64   `json:"peak_bytes"` // of the largest process; 0 when not known

	Slowest  []Call     `json:"slowest"`
	Failures []Failures `json:"failures"` // the most frequent first
	Workers  []Worker   `json:"workers"`  // by slot
	Restarts uint64     `json:"restarts"`
}

// Call is one call.
type Call struct {
	Number  int     `json:"number"`
	Input   string  `json:"input"` // its beginning
	Seconds float64 `json:"wall_s"`

	wall time.Duration
}

// Failures are those of one kind.
type Failures struct {
	Kind   string `json:"kind"`
	Count  int64  `json:"count"`
	Number int    `json:"number"` // of the first one
	Input  string `json:"input"`
}

// Worker is the use of one slot. Start, wait and work make up the time of the run
// for each of its threads; wait includes the starts of later workers.
type Worker struct {
	Slot    int     `json:"slot"`
	Workers int     `json:"workers"` // processes it has had
	Calls   int64   `json:"attempts"`
	Threads int     `json:"threads"`
	Start   float64 `json:"start_s"` // until the first attempt
	Wait    float64 `json:"wait_s"`  // between attempts and after the last one, per thread
	Work    float64 `json:"work_s"`  // in attempts, per thread
	CPU     float64 `json:"cpu_s"`
}

// Report returns what has been added until now. elapsed is since the beginning
// of the run.
func (s *Stats) Report(elapsed time.Duration, ex tandem.Stats) Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	median, _ := s.Median()
	r := Report{
		Version: 1, Succeeded: s.succeeded, Failed: s.failed, Cut: s.cut, Repeated: s.repeated,
		Elapsed: elapsed.Seconds(), Median: median.Seconds(), P95: s.times.percentile(95).Seconds(),
		Longest: s.times.max.Seconds(), CPU: s.cpu.Seconds(), Peak: s.peak,
		Slowest: append([]Call{}, s.slowest...), Failures: []Failures{}, Workers: []Worker{}, Restarts: ex.Restarts,
	}
	for _, f := range s.kinds {
		r.Failures = append(r.Failures, *f)
	}
	slices.SortFunc(r.Failures, func(a, b Failures) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Number, b.Number))
	})
	for _, number := range slices.Sorted(maps.Keys(s.slots)) {
		r.Workers = append(r.Workers, s.slots[number].use(number, elapsed))
	}
	return r
}

// use returns the use of a slot in a run of the given length.
func (s *slot) use(number int, elapsed time.Duration) Worker {
	start := min(max(0, s.first), elapsed)
	work := s.work / time.Duration(s.threads)
	return Worker{
		Slot: number, Workers: s.workers, Calls: s.calls, Threads: s.threads, CPU: s.cpu.Seconds(),
		Start: start.Seconds(), Work: work.Seconds(), Wait: max(0, elapsed-start-work).Seconds(),
	}
}

const (
	failuresShown = 6
	workersShown  = 4
	shownInput    = 60 // characters
)

// Text returns the report for people, at most 25 lines.
func (r Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "calls     %d ok, %d failed", r.Succeeded, r.Failed)
	if r.Cut > 0 {
		fmt.Fprintf(&b, ", %d stopped", r.Cut)
	}
	if r.Repeated > 0 {
		fmt.Fprintf(&b, ", %d attempts repeated", r.Repeated)
	}
	fmt.Fprintf(&b, " in %s\n", short(r.Elapsed))
	if r.Succeeded > 0 {
		fmt.Fprintf(&b, "times     median %s, 95%% within %s, longest %s\n", short(r.Median), short(r.P95), short(r.Longest))
	}
	r.slowest(&b)
	r.failures(&b)
	r.workers(&b)
	return b.String()
}

func (r Report) slowest(b *strings.Builder) {
	for i, c := range r.Slowest {
		fmt.Fprintf(b, "%-8s  %9s  input %d %s\n", first(i, "slowest"), short(c.Seconds), c.Number, parenthesized(c.Input))
	}
}

func (r Report) failures(b *strings.Builder) {
	others, kinds := int64(0), 0
	for i, f := range r.Failures {
		if i >= failuresShown-1 && len(r.Failures) > failuresShown {
			others += f.Count
			kinds++
			continue
		}
		fmt.Fprintf(b, "%-8s  %9d  %s: input %d %s\n", first(i, "failures"), f.Count, printable(f.Kind, 40), f.Number, parenthesized(f.Input))
	}
	if kinds > 0 {
		fmt.Fprintf(b, "%-8s  %9d  of %d other kinds\n", "", others, kinds)
	}
}

// workers shows a line for each slot, or for all together when they are many.
func (r Report) workers(b *strings.Builder) {
	if len(r.Workers) == 0 {
		return
	}
	fmt.Fprintf(b, "%-8s  %9s  %8s  %8s  %8s  %s\n", "workers", "attempts", "start", "wait", "work", "busy")
	lines := r.Workers
	if len(lines) > workersShown {
		lines = lines[:0:0]
	}
	for _, w := range lines {
		w.line(b, fmt.Sprintf("  %d", w.Slot))
	}
	if len(r.Workers) > 1 {
		r.mean().line(b, fmt.Sprintf("  mean/%d", len(r.Workers)))
	}
	if r.Restarts > 0 {
		fmt.Fprintf(b, "restarts  %9d\n", r.Restarts)
	}
}

func (w Worker) line(b *strings.Builder, name string) {
	busy := 0.0
	if sum := w.Start + w.Wait + w.Work; sum > 0 {
		busy = 100 * w.Work / sum
	}
	fmt.Fprintf(b, "%-8s  %9d  %8s  %8s  %8s  %3.0f%%\n", name, w.Calls, short(w.Start), short(w.Wait), short(w.Work), busy)
}

// mean is the use of all slots divided by their number.
func (r Report) mean() Worker {
	var sum Worker
	n := float64(len(r.Workers))
	for _, w := range r.Workers {
		sum.Calls += w.Calls
		sum.Start += w.Start / n
		sum.Wait += w.Wait / n
		sum.Work += w.Work / n
	}
	sum.Calls /= int64(len(r.Workers))
	return sum
}

// first returns the name of a group before its first line.
func first(i int, name string) string {
	if i > 0 {
		return ""
	}
	return name
}

// short writes seconds as people read them.
func short(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond).String()
	}
	return progress.Elapsed(d)
}

func parenthesized(input string) string { return "(" + printable(input, shownInput) + ")" }

func printable(text string, most int) string {
	text = strings.NewReplacer("\n", " ", "\t", " ").Replace(console.Printable(text))
	return console.Shorten(text, most)
}
