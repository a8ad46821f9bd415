package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/gotandem/tandem/bench/internal/procs"
	"github.com/gotandem/tandem/bench/internal/stats"
	"github.com/gotandem/tandem/bench/internal/trial"
)

// streamLines is how many lines the memory of a program is watched for.
const streamLines = 1_000_000

// The slow input: a line after each pause. The lag of the last ones is
// measured, when every program has started.
const (
	slowLines = 200
	slowPause = 10 * time.Millisecond
	slowLast  = 50
)

// filter is a program that takes numbers, one a line, and writes each plus one.
type filter struct {
	name string
	open func(context.Context) (argv []string, remove func() error, err error)
}

// tandemLines is the command tandem, built for the time of the trial.
func tandemLines(s settings) func(context.Context) ([]string, func() error, error) {
	return func(ctx context.Context) ([]string, func() error, error) {
		file, remove, err := buildTandem(ctx)
		if err != nil {
			return nil, nil, err
		}
		return []string{
			file, "map", "-p", strconv.Itoa(pythonWorkers), "--python", s.python, pythonFile("work.py") + ":increment",
		}, remove, nil
	}
}

// loopLines is the plain loop as a program.
func loopLines(s settings) func(context.Context) ([]string, func() error, error) {
	return script(s, "work.py")
}

func script(s settings, file string, args ...string) func(context.Context) ([]string, func() error, error) {
	return func(context.Context) ([]string, func() error, error) {
		return append([]string{s.python, pythonFile(file)}, args...), func() error { return nil }, nil
	}
}

// contender makes a session of a program, which is started in each measurement.
func (f filter) contender(measure func(context.Context, *exec.Cmd) (trial.Sample, error)) trial.Contender {
	return trial.Contender{Name: f.name, Open: func(ctx context.Context) (trial.Session, error) {
		argv, remove, err := f.open(ctx)
		if err != nil {
			return trial.Session{}, err
		}
		return trial.Session{Close: remove, Measure: func(ctx context.Context) (trial.Sample, error) {
			cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
			cmd.WaitDelay = closeGrace
			return measure(ctx, cmd)
		}}, nil
	}}
}

// lines measures how many lines a second a program takes, from its start to its
// end.
func lines(s settings, name string, open func(context.Context) ([]string, func() error, error), n int) trial.Contender {
	return filter{name, open}.contender(func(_ context.Context, cmd *exec.Cmd) (trial.Sample, error) {
		var complaints bytes.Buffer
		var check tally
		cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(numbers(n)), &check, &complaints
		return rate(n, func() error {
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("%w: %s", err, lastWords(complaints.Bytes()))
			}
			return check.wants(n)
		})
	})
}

// streamTrials is the second part of row 10: programs over lines.
func streamTrials(s settings) []trial.Trial {
	n := s.size(streamLines)
	full := trial.Trial{
		Title: fmt.Sprintf("%d lines through a program", n),
		Metrics: []trial.Metric{
			{Name: "peak memory of the program, without its workers", Unit: "MB"}, {Name: "rate", Unit: "lines/s", More: true},
		},
		Notes:  []string{"what sends each call alone would take minutes and is left out; pools read their input ahead without a bound"},
		Rounds: 3, Cold: true,
	}
	slow := trial.Trial{
		Title: fmt.Sprintf("A slow input: a line each %v", slowPause),
		Metrics: []trial.Metric{
			{Name: "first result", Unit: "ms"}, {Name: "lag, median", Unit: "ms"}, {Name: "lag, greatest", Unit: "ms"},
		},
		Notes: []string{
			fmt.Sprintf("first result: from the start of the program; lag: from a line to its result, of the last %d of %d lines", slowLast, slowLines),
		},
		Rounds: 3, Cold: true,
	}
	for _, f := range []filter{
		{"tandem map", tandemLines(s)},
		{plainLoop, script(s, "work.py")},
		{poolName + ".imap, chunksize 1000", script(s, "stream.py", "pool-imap-chunks")},
		{joblibName + ", generator", script(s, "stream.py", "joblib-generator")},
	} {
		full.Contenders = append(full.Contenders, f.contender(func(ctx context.Context, cmd *exec.Cmd) (trial.Sample, error) {
			return weighStream(cmd, n)
		}))
	}
	for _, f := range []filter{
		{"tandem map", tandemLines(s)},
		{plainLoop, script(s, "work.py", "--flush")},
		{ppeName + ".map", script(s, "stream.py", "ppe", "--flush")},
		{poolName + ".imap", script(s, "stream.py", "pool-imap", "--flush")},
		{joblibName + ", generator", script(s, "stream.py", "joblib-generator", "--flush")},
		{pebbleName + ".map", script(s, "stream.py", "pebble", "--flush")},
		{mpireName + ".imap", script(s, "stream.py", "mpire-imap", "--flush")},
	} {
		slow.Contenders = append(slow.Contenders, f.contender(slowStream))
	}
	return []trial.Trial{full, slow}
}

// sampleEvery is how often the peak is read; it only grows.
const sampleEvery = 10 * time.Millisecond

// weighStream sends n lines as fast as they are taken.
func weighStream(cmd *exec.Cmd, n int) (trial.Sample, error) {
	var complaints bytes.Buffer
	var check tally
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(numbers(n)), &check, &complaints
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return trial.Sample{}, fmt.Errorf("%w (%w)", trial.Unavailable("no Python"), err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // joined by watchPeak
	peak, err := watchPeak(cmd.Process.Pid, ended)
	if err != nil {
		return trial.Sample{}, fmt.Errorf("%w: %s", err, lastWords(complaints.Bytes()))
	}
	return trial.Sample{Values: []float64{float64(peak) / 1e6, float64(n) / time.Since(start).Seconds()}}, check.wants(n)
}

// watchPeak reads the peak of a process until it has ended, and returns the
// last one and how it ended.
func watchPeak(pid int, ended <-chan error) (peak int64, err error) {
	ticks := time.NewTicker(sampleEvery)
	defer ticks.Stop()
	for {
		select {
		case err := <-ended:
			return peak, err
		case <-ticks.C:
			if size, err := procs.Peak(pid); err == nil {
				peak = max(peak, size)
			}
		}
	}
}

// slowStream sends lines with pauses and measures when their results come.
func slowStream(ctx context.Context, cmd *exec.Cmd) (trial.Sample, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return trial.Sample{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return trial.Sample{}, err
	}
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return trial.Sample{}, fmt.Errorf("%w (%w)", trial.Unavailable("no Python"), err)
	}
	sent := make(chan []time.Time, 1)
	go func() { sent <- drip(ctx, in) }() // joined below
	came := arrivals(out)
	went := <-sent
	if err := cmd.Wait(); err != nil {
		return trial.Sample{}, fmt.Errorf("%w: %s", err, lastWords(complaints.Bytes()))
	}
	if len(came) != slowLines || len(went) != slowLines {
		return trial.Sample{}, fmt.Errorf("%d results for %d lines", len(came), len(went))
	}
	var lags []float64
	for i := slowLines - slowLast; i < slowLines; i++ {
		lags = append(lags, float64(came[i].Sub(went[i]))/float64(time.Millisecond))
	}
	first := float64(came[0].Sub(start)) / float64(time.Millisecond)
	return trial.Sample{Values: []float64{first, stats.Median(lags), stats.Max(lags)}}, nil
}

// drip writes lines with pauses, then the end, and returns when each was sent.
func drip(ctx context.Context, in io.WriteCloser) (sent []time.Time) {
	defer in.Close()
	ticks := time.NewTicker(slowPause)
	defer ticks.Stop()
	for n := range slowLines {
		sent = append(sent, time.Now())
		if _, err := fmt.Fprintln(in, n); err != nil {
			return sent[:n]
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return sent
		}
	}
	return sent
}

// arrivals returns when each line has come.
func arrivals(out io.Reader) (came []time.Time) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		came = append(came, time.Now())
	}
	return came
}

// numbers are n lines from 0 on.
func numbers(n int) []byte {
	var text []byte
	for i := range n {
		text = append(strconv.AppendInt(text, int64(i), 10), '\n')
	}
	return text
}

// tally is a writer that checks the lines 1, 2, 3 and so on.
type tally struct {
	count, sum int
	number     int // of the line that has not ended
}

// Write implements io.Writer.
func (t *tally) Write(p []byte) (int, error) {
	for _, c := range p {
		switch {
		case c == '\n':
			t.count++
			t.sum += t.number
			t.number = 0
		case c >= '0' && c <= '9':
			t.number = 10*t.number + int(c-'0')
		default:
			return 0, fmt.Errorf("result with %q: want a number", c)
		}
	}
	return len(p), nil
}

// wants complains if the lines were not the values for n inputs.
func (t *tally) wants(n int) error {
	if t.count != n || t.sum != n*(n+1)/2 {
		return fmt.Errorf("%d results with sum %d: want %d with %d", t.count, t.sum, n, n*(n+1)/2)
	}
	return nil
}

// lastWords is the end of what a program has said.
func lastWords(said []byte) []byte {
	said = bytes.TrimSpace(said)
	return said[max(0, len(said)-300):]
}

// buildTandem builds the command tandem as the README says how to install it: without
// cgo, which needs another millisecond to start. The function returned removes it.
func buildTandem(ctx context.Context) (file string, remove func() error, err error) {
	dir, err := os.MkdirTemp("", "tandem-bench-")
	if err != nil {
		return "", nil, err
	}
	remove = func() error { return os.RemoveAll(dir) }
	file = dir + "/tandem"
	build := exec.CommandContext(ctx, "go", "build", "-o", file, "./cmd/tandem")
	build.Dir = ".."
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return "", nil, errors.Join(fmt.Errorf("go build ./cmd/tandem: %w: %s", err, firstComplaint(said)), remove())
	}
	return file, remove, nil
}
