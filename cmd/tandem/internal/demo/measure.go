package demo

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	// processesMost bounds how many workers are started for a mode, whatever
	// the machine: more would take longer to start than to measure.
	processesMost = 8

	threads = 16 // of the modes with threads

	waitDelay  = 25 * time.Millisecond // of a page of waiting work
	mixedDelay = 15 * time.Millisecond // of a page of mixed work
	stepTime   = 15 * time.Millisecond // of the arithmetic of one call, measured alone

	// roundsMost is how often a row is measured, less often on a slow machine: a
	// row ends when its rounds took rowTime, and after hurryAfter each row has
	// one round.
	roundsMost = 3
	rowTime    = 2 * time.Second
	hurryAfter = 15 * time.Second
)

// Config says what to measure with.
type Config struct {
	Interpreter string            // of Python
	NoPython    error             // why there is none; nil when there is
	Progress    func(text string) // is told what is being measured
}

// shape is how many of what run at once.
type shape struct{ processes, threads int }

// measurer is a measurement under way.
type measurer struct {
	config Config
	shape  shape
	pages  *pages
	began  time.Time
	report *Report
}

// Measure measures all cells. It blocks for up to half a minute, less when ctx
// ends.
func Measure(ctx context.Context, config Config) (report *Report, err error) {
	cores := runtime.GOMAXPROCS(0)
	m := &measurer{config: config, shape: shape{min(cores, processesMost), threads}, began: time.Now()}
	m.report = &Report{
		Cores: cores, Go: "Go " + strings.TrimPrefix(runtime.Version(), "go"),
		Threads: m.shape.threads, Processes: m.shape.processes,
	}
	if m.pages, err = servePages(); err != nil {
		return nil, err
	}
	defer func() {
		if failure := m.pages.close(); err == nil && failure != nil {
			report, err = nil, failure
		}
	}()
	rows, err := m.measureLanguages(ctx)
	if err != nil {
		return nil, err
	}
	m.report.Rows = rows
	return m.report, nil
}

// measureLanguages returns the rows, those of one workload together.
func (m *measurer) measureLanguages(ctx context.Context) ([]Row, error) {
	m.config.Progress("starting workers")
	inGo, err := newGo(m.shape)
	if err != nil {
		return nil, err
	}
	rows, err := m.measureLanguage(ctx, inGo)
	if err != nil {
		return nil, err
	}
	m.config.Progress("starting Python")
	inPython, err := m.startPython(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		m.report.NoPython, _, _ = strings.Cut(err.Error(), "\n")
		return rows, nil
	}
	more, err := m.measureLanguage(ctx, inPython)
	if err != nil {
		return nil, err
	}
	m.report.Python = inPython.runtime
	rows = append(rows, more...)
	slices.SortStableFunc(rows, func(a, b Row) int {
		return slices.Index(Workloads, a.Workload) - slices.Index(Workloads, b.Workload)
	})
	return rows, nil
}

// startPython starts the interpreters, or says why there are none.
func (m *measurer) startPython(ctx context.Context) (*language, error) {
	if m.config.NoPython != nil {
		return nil, m.config.NoPython
	}
	return newPython(ctx, m.shape, m.config.Interpreter)
}

// measureLanguage measures all workloads of a language and closes it.
func (m *measurer) measureLanguage(ctx context.Context, l *language) (rows []Row, err error) {
	defer func() {
		if failure := l.close(); err == nil {
			err = failure
		}
	}()
	if err := l.warmUp(ctx, m.pages, m.shape); err != nil {
		return nil, err
	}
	rounds, err := calibrate(ctx, l)
	if err != nil {
		return nil, err
	}
	for _, workload := range Workloads {
		row, err := m.measureRow(ctx, l, workload, m.works(workload, rounds))
		if err != nil {
			return nil, fmt.Errorf("%s in %s: %w", workload, l.name, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// works returns the inputs of a workload: a plain loop over them takes about
// half a second.
func (m *measurer) works(workload string, rounds int) []Work {
	fill := func(n, rounds int, delay time.Duration) []Work {
		works := make([]Work, n)
		for i := range works {
			works[i] = Work{Rounds: rounds}
			if delay > 0 {
				works[i].URL = m.pages.page(delay)
			}
		}
		return works
	}
	switch workload {
	case "waiting":
		return fill(24, 0, waitDelay)
	case "computing":
		return fill(32, rounds, 0)
	}
	return fill(20, rounds, mixedDelay)
}

// calibrate returns how many rounds of arithmetic take stepTime.
func calibrate(ctx context.Context, l *language) (rounds int, err error) {
	for rounds = 10_000; ; rounds *= 4 {
		began := time.Now()
		if _, err := l.loop(ctx, "computing", []Work{{Rounds: rounds}}); err != nil {
			return 0, err
		}
		if took := time.Since(began); took >= stepTime/2 {
			return max(1, int(float64(rounds)*float64(stepTime)/float64(took))), nil
		}
	}
}

// measureRow measures one workload in every mode, one mode after the other in
// each round, so that what else the machine does meets all of them.
func (m *measurer) measureRow(ctx context.Context, l *language, workload string, works []Work) (Row, error) {
	row := Row{Workload: workload, Language: l.name, Calls: len(works)}
	began := time.Now()
	var want []int
	for n := 0; n < roundsMost && (n == 0 || time.Since(began) < rowTime && time.Since(m.began) < hurryAfter); n++ {
		for mode := range modes {
			m.config.Progress(fmt.Sprintf("measuring %s, %s, %v", workload, l.name, mode))
			start := time.Now()
			values, err := l.run(ctx, mode, workload, works)
			took := time.Since(start).Seconds()
			if err != nil {
				return Row{}, fmt.Errorf("%v: %w", mode, err)
			}
			if want == nil {
				want = values
			}
			if !slices.Equal(values, want) {
				return Row{}, fmt.Errorf("%v: the results differ from those of the plain loop", mode)
			}
			if n == 0 || took < row.Seconds[mode] {
				row.Seconds[mode] = took
			}
		}
	}
	return row, nil
}
