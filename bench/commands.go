package main

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/bench/internal/stats"
	"github.com/gotandem/tandem/bench/internal/trial"
	"github.com/gotandem/tandem/command"
)

// program is the command of row 7: it ends at once.
const program = "/bin/true"

// commandSlots is how many commands run at once.
const commandSlots = 2

// jobs runs program n times, each with one argument, start and end included.
type jobs func(ctx context.Context, n int) error

// Contenders that goals of row 7 name.
const (
	mapCommand = "tandem map -p 2"
	xargs      = "xargs -P2 -n1"
)

// commandTrials is row 7.
func commandTrials(s settings) []trial.Trial {
	counts := []int{1, 1, 1, 1000, 10_000}
	if s.quick {
		counts = []int{1, 1, 100}
	}
	return []trial.Trial{{
		Title:   fmt.Sprintf("One command: %s, %d at once", program, commandSlots),
		Metrics: []trial.Metric{{Name: "one more command", Unit: "ms"}, {Name: "start and end", Unit: "ms"}},
		Goals: []trial.Goal{
			{Text: "no more than xargs", Against: xargs, Bound: 1},
			{Text: "tandem map is there within 10 ms", Of: mapCommand, Metric: 1, Bound: 10},
			{Text: "tandem map: no more than xargs", Of: mapCommand, Against: xargs, Bound: 1},
		},
		Notes: []string{
			fmt.Sprintf("slope and intercept of the straight line through the times for %v commands, fitted for each round by relative distances", counts),
			"start and end of command.Exec are New and Close within this process; for the others, those of a process",
		},
		Contenders: []trial.Contender{
			{Name: "tandem command.Exec", Open: ready(execCommands, counts)},
			{Name: mapCommand, Open: func(ctx context.Context) (trial.Session, error) { return openTandem(ctx, counts) }},
			{Name: xargs, Open: tool([]string{"xargs", "-P" + strconv.Itoa(commandSlots), "-n1", program}, counts)},
			{Name: "GNU parallel -j2", Open: openParallel(counts)},
			{Name: "GNU parallel -j2 --fast", Open: openParallel(counts, "--fast")},
			{Name: "rush -j2", Open: openRush(counts)},
			{Name: "rust-parallel -j2", Open: tool([]string{"rust-parallel", "-j" + strconv.Itoa(commandSlots), program}, counts)},
			{Name: "os/exec, 2 goroutines", Open: ready(execByHand, counts)},
		},
	}}
}

// ready makes the session of work that needs no preparation.
func ready(work jobs, counts []int) func(context.Context) (trial.Session, error) {
	return func(context.Context) (trial.Session, error) { return fitted(work, counts), nil }
}

// fitted measures the line through the times that work takes for counts.
func fitted(work jobs, counts []int) trial.Session {
	return trial.Session{Measure: func(ctx context.Context) (trial.Sample, error) {
		var points []stats.Point
		for _, n := range counts {
			start := time.Now()
			if err := work(ctx, n); err != nil {
				return trial.Sample{}, fmt.Errorf("%d commands: %w", n, err)
			}
			points = append(points, stats.Point{X: float64(n), Y: float64(time.Since(start)) / float64(time.Millisecond)})
		}
		line, err := stats.FitRelative(points)
		return trial.Sample{Values: []float64{line.Slope, line.Intercept}, Points: points}, err
	}}
}

// execCommands runs commands with package command.
func execCommands(ctx context.Context, n int) error {
	ex, err := command.New(command.Config{Processes: commandSlots})
	if err != nil {
		return err
	}
	done := 0
	for _, err := range tandem.Map(ctx, ex, command.Exec, specs(n)) {
		if err != nil {
			return closeAfter(err, ex)
		}
		done++
	}
	if done != n {
		return closeAfter(fmt.Errorf("%d commands ended: want %d", done, n), ex)
	}
	return closing(ex)()
}

func specs(n int) iter.Seq[command.Spec] {
	return func(yield func(command.Spec) bool) {
		for i := range n {
			if !yield(command.Spec{Args: []string{program, strconv.Itoa(i)}}) {
				return
			}
		}
	}
}

// execByHand is what a Go program without a library does.
func execByHand(ctx context.Context, n int) error {
	var next atomic.Int64
	var slots sync.WaitGroup
	errs := make(chan error, commandSlots)
	for range commandSlots {
		slots.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if err := exec.CommandContext(ctx, program, strconv.FormatInt(i, 10)).Run(); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	slots.Wait()
	close(errs)
	return <-errs
}

// tool makes the session of a program that reads one argument a line and runs
// commands.
func tool(args []string, counts []int) func(context.Context) (trial.Session, error) {
	return func(context.Context) (trial.Session, error) {
		file, err := exec.LookPath(args[0])
		if err != nil {
			return trial.Session{}, trial.Unavailable("not installed")
		}
		return fitted(func(ctx context.Context, n int) error {
			return feed(exec.CommandContext(ctx, file, args[1:]...), n)
		}, counts), nil
	}
}

// feed runs a program with n lines on its standard input. The error has the end
// of what the program says about it.
func feed(cmd *exec.Cmd, n int) error {
	var lines, complaints bytes.Buffer
	for i := range n {
		fmt.Fprintln(&lines, i)
	}
	cmd.Stdin, cmd.Stderr = &lines, &complaints
	cmd.WaitDelay = closeGrace
	if err := cmd.Run(); err != nil {
		said := bytes.TrimSpace(complaints.Bytes())
		return fmt.Errorf("%w: %s", err, said[max(0, len(said)-300):])
	}
	return nil
}

// openParallel refuses a program of that name that is not GNU's, or one that does
// not know an option.
func openParallel(counts []int, options ...string) func(context.Context) (trial.Session, error) {
	return func(ctx context.Context) (trial.Session, error) {
		version, err := exec.CommandContext(ctx, "parallel", "--version").Output()
		if err != nil || !strings.HasPrefix(string(version), "GNU parallel") {
			return trial.Session{}, trial.Unavailable("not installed")
		}
		args := slices.Concat([]string{"parallel", "--will-cite", "-j" + strconv.Itoa(commandSlots)}, options, []string{program})
		if err := feed(exec.CommandContext(ctx, args[0], args[1:]...), 1); err != nil && len(options) > 0 {
			return trial.Session{}, trial.Unavailable("the installed version does not have it")
		}
		return tool(args, counts)(ctx)
	}
}

// openRush refuses the shell of that name.
func openRush(counts []int) func(context.Context) (trial.Session, error) {
	return func(ctx context.Context) (trial.Session, error) {
		args := []string{"rush", "-j", strconv.Itoa(commandSlots), program + " {}"}
		if err := feed(exec.CommandContext(ctx, args[0], args[1:]...), 1); err != nil {
			return trial.Session{}, trial.Unavailable("not installed")
		}
		return tool(args, counts)(ctx)
	}
}

// openTandem builds the command tandem for the time of the trial.
func openTandem(ctx context.Context, counts []int) (trial.Session, error) {
	file, remove, err := buildTandem(ctx)
	if err != nil {
		return trial.Session{}, err
	}
	session, err := tool([]string{file, "map", "-p", strconv.Itoa(commandSlots), "--", program}, counts)(ctx)
	session.Close = remove
	return session, err
}

// firstComplaint returns the first line of a compiler's output that is no
// heading.
func firstComplaint(output []byte) string {
	for line := range strings.Lines(string(output)) {
		if !strings.HasPrefix(line, "#") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
