package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	"github.com/gotandem/tandem/cmd/tandem/internal/quantity"
	"github.com/gotandem/tandem/python"
)

// loadFlags are the flags about what Python workers do before their first call.
type loadFlags struct {
	within quantity.Duration
}

// usualLoad is how long a worker may take to import the task unless --load-timeout
// says it. Longer hides an import that hangs, which Ctrl-C ends; shorter refuses
// large libraries.
const usualLoad = 5 * time.Minute

func (f *loadFlags) define(cmd *cobra.Command) {
	f.within = quantity.Duration(usualLoad)
	cmd.Flags().Var(&f.within, "load-timeout", "give up when imports and initializer of a Python process take longer")
	cmd.Flags().Lookup("load-timeout").DefValue = "5m"
}

// check refuses the flags where there is nothing to load.
func (f *loadFlags) check(cmd *cobra.Command, line arguments.Line) error {
	if line.Command != nil && cmd.Flags().Changed("load-timeout") {
		return exitf(statusUsage, "--load-timeout is for Python functions: a command does not have it")
	}
	return nil
}

// loading is a task that workers are loading.
type loading struct {
	name        string // of the task
	interpreter string
	within      time.Duration
	memory      quantity.Size
	quiet       bool
}

// await blocks until a worker of ex has loaded the task. The error says why none
// can, and what to do.
func (l loading) await(ex *python.Executor, session *mapping.Session, c *console.Console) error {
	began := time.Now()
	stop := l.show(c, began)
	err := ex.WaitReady(session.Taking())
	stop()
	if err == nil {
		return nil
	}
	if status, stopped := session.Stopped(); stopped {
		return &exit{status: status}
	}
	if remote, ok := errors.AsType[*tandem.RemoteError](err); ok && remote.Traceback != "" && !l.quiet {
		c.Print(remote.Traceback)
	}
	return exitf(statusUsage, "cannot load %s: %w", l.name, l.explain(err, time.Since(began)))
}

const (
	// How long to be silent: on a terminal, where longer looks like a hang, and
	// elsewhere, where sooner puts a line into the log of each start on a busy
	// machine.
	patientFor     = 2 * time.Second
	patientForLogs = 5 * time.Second

	// How long until the next line.
	showLoading = time.Second
	logLoading  = 30 * time.Second
)

// show says that the task is being loaded until stop is called: at once on a
// terminal, and everywhere when it takes long.
func (l loading) show(c *console.Console, began time.Time) (stop func()) {
	c.Show("tandem: loading " + l.name)
	patient, again := patientForLogs, logLoading
	if c.Terminal() {
		patient, again = patientFor, showLoading
	}
	done := make(chan struct{})
	var shower sync.WaitGroup
	shower.Go(func() {
		timer := time.NewTimer(patient)
		defer timer.Stop()
		for {
			select {
			case <-done:
				return
			case <-timer.C:
			}
			text := fmt.Sprintf("tandem: still importing %s, %d s; Ctrl-C ends", l.name, int(time.Since(began).Seconds()))
			if c.Terminal() {
				c.Show(text)
			} else if !l.quiet {
				c.Print(text + "\n")
			}
			timer.Reset(again)
		}
	})
	return func() {
		close(done)
		shower.Wait()
		c.Erase()
	}
}

// explain adds to why the task cannot be loaded what only the command knows: which
// flag to use.
func (l loading) explain(err error, took time.Duration) error {
	text := strings.TrimSpace(bareLoadError(err))
	_, raised := errors.AsType[*tandem.RemoteError](err)
	switch {
	case took >= l.within:
		return fmt.Errorf("its imports and initializer took longer than %s: --load-timeout allows more", shortDuration(l.within))
	case !raised && l.memory == 0:
		if why := noPython(l.interpreter); why != nil {
			return why
		}
	case strings.Contains(text, "no module '") || strings.Contains(text, "ModuleNotFoundError"):
		if !strings.Contains(text, " for /") { // which names it
			text += "; the interpreter is " + l.interpreter
		}
		text += "; --python takes another, or a virtual environment"
	}
	if l.memory > 0 {
		text += " (--memory is " + l.memory.String()
		if l.memory < plentyToStart {
			text += ", and an interpreter needs about 25M before its first import"
		}
		text += ")"
	}
	return errors.New(text)
}

// plentyToStart is a limit that is too small for large libraries only. CPython 3.11
// starts as a worker with 25 MiB and not with 10.
const plentyToStart = 64 << 20

// bareLoadError is the text of err without what goes without saying.
func bareLoadError(err error) string {
	text := err.Error()
	for _, said := range []string{"worker could not be started: ", "preload: ", "template: "} {
		text = strings.TrimPrefix(text, said)
	}
	return text
}

// probeAgain bounds how long an interpreter that did not become a worker may take
// to say what it is.
const probeAgain = 5 * time.Second

// noPython says why the program that was to be the interpreter is none, or nil
// when it is one.
func noPython(path string) error {
	ctx, cancel := context.WithTimeout(context.Background(), probeAgain)
	defer cancel()
	info, err := python.Probe(ctx, path)
	switch {
	case err == nil:
		return nil
	case info.Version != "":
		return err
	}
	const parts = 2 // what is wrong, and the cause; its output has been shown
	why := strings.SplitN(strings.TrimPrefix(err.Error(), "interpreter "+path+" "), ": ", parts+1)
	return fmt.Errorf("%s is no Python interpreter: it %s; --python takes another, or a virtual environment",
		path, strings.Join(why[:min(parts, len(why))], ": "))
}

// shortDuration is d without the zeros that it ends with.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
