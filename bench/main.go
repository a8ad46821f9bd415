package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gotandem/tandem/bench/internal/report"
	"github.com/gotandem/tandem/bench/internal/trial"
	"github.com/gotandem/tandem/worker"
)

// settings is what the command line says.
type settings struct {
	rows     []int // empty: all
	rounds   int
	quick    bool
	markdown bool
	json     string
	python   string // the interpreter of Python workers and peers
}

// Rounds without -rounds. Quick ones show that everything works, not how fast.
const (
	defaultRounds = 7
	quickRounds   = 2
)

// limit bounds one measurement. What takes longer hangs.
const limit = 3 * time.Minute

func main() {
	worker.Main(increment, hold)
	playPart()
	s, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// parse reads the command line. It prints what is wrong with it.
func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.Func("row", "only these rows of the table of goals, separated by commas", func(list string) error {
		for text := range strings.SplitSeq(list, ",") {
			row, err := strconv.Atoi(text)
			if err != nil || !slices.Contains(rowNumbers(), row) {
				return fmt.Errorf("row %q: want some of %v", text, rowNumbers())
			}
			s.rows = append(s.rows, row)
		}
		return nil
	})
	flags.IntVar(&s.rounds, "rounds", defaultRounds, "how often each contender is measured")
	flags.BoolVar(&s.quick, "quick", false, "little work and two rounds: to see that it runs")
	flags.BoolVar(&s.markdown, "markdown", false, "print the tables of docs/benchmarks.md")
	flags.StringVar(&s.python, "python", "python3", "the `INTERPRETER` of Python workers and of the libraries they are compared with")
	flags.StringVar(&s.json, "json", "results.json", "write every sample to this `FILE`; empty for none")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 || s.rounds < 1 {
		fmt.Fprintln(flags.Output(), "bench: want no arguments, and -rounds 1 or more")
		return s, errors.New("usage")
	}
	if s.quick && s.rounds == defaultRounds {
		s.rounds = quickRounds
	}
	return s, nil
}

// interpreter returns what the program itself says is its path: a name on PATH
// may be a script that takes its time to choose one. A program that does not
// say is left as it is: its contenders tell what is wrong.
func interpreter(ctx context.Context, program string) string {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	said, err := exec.CommandContext(ctx, program, "-c", "import sys; print(sys.executable)").Output()
	path := strings.TrimSpace(string(said))
	if err != nil || path == "" {
		return program
	}
	return path
}

// size is how much work n stands for.
func (s settings) size(n int) int {
	if s.quick {
		return max(1, n/10)
	}
	return n
}

// run measures what s asks for and prints it as it comes.
func run(ctx context.Context, s settings) error {
	started := time.Now()
	s.python = interpreter(ctx, s.python)
	findings := &report.Run{
		Started: started.UTC(), Command: "go run . " + strings.Join(os.Args[1:], " "),
		Rounds: s.rounds, Facts: facts(s),
	}
	if !s.markdown {
		printFacts(os.Stdout, findings.Facts)
	}
	for _, r := range rows {
		if len(s.rows) > 0 && !slices.Contains(s.rows, r.number) {
			continue
		}
		for _, t := range r.trials(s) {
			t.Row = r.number
			result := trial.Run(ctx, t, trial.Plan{Rounds: s.rounds, Limit: limit, Note: progress(t.Title)})
			clearProgress()
			findings.Results = append(findings.Results, result)
			if !s.markdown {
				if err := report.Text(os.Stdout, &result); err != nil {
					return err
				}
			}
		}
	}
	fmt.Fprintf(os.Stderr, "measured for %v\n", time.Since(started).Round(time.Second))
	return errors.Join(finish(s, findings), context.Cause(ctx))
}

// finish writes what is printed or kept at the end.
func finish(s settings, findings *report.Run) error {
	var errs []error
	if s.markdown {
		errs = append(errs, report.Markdown(os.Stdout, findings))
	}
	if s.json != "" {
		errs = append(errs, report.WriteJSON(s.json, findings))
	}
	return errors.Join(errs...)
}

// peers are the modules whose versions belong to the numbers.
var peers = []string{
	"github.com/alitto/pond/v2", "github.com/panjf2000/ants/v2", "github.com/sourcegraph/conc", "golang.org/x/sync",
	"github.com/gammazero/workerpool", "github.com/hashicorp/go-plugin",
}

func facts(s settings) []report.Fact {
	rounds := strconv.Itoa(s.rounds)
	if s.quick {
		rounds += ", quick: not to be published"
	}
	return append(report.Machine(peers),
		report.Fact{Name: "Python", Value: pythonVersions(s.python)}, report.Fact{Name: "rounds", Value: rounds})
}

func printFacts(w io.Writer, facts []report.Fact) {
	for _, f := range facts {
		fmt.Fprintf(w, "%-18s %s\n", f.Name, f.Value)
	}
	fmt.Fprintln(w)
}

// progress shows on a terminal what is being measured.
func progress(title string) func(string) {
	if !terminal(os.Stderr) {
		return nil
	}
	return func(contender string) { fmt.Fprintf(os.Stderr, "\r\x1b[K%s: %s", title, contender) }
}

func clearProgress() {
	if terminal(os.Stderr) {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
