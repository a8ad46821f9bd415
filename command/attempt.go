package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/osproc"
)

// attempt is one run of one program: start, supervise, finish, outcome, in this
// order, on the goroutine of the slot.
type attempt struct {
	slot *slot
	call tandem.Call
	spec Spec

	process        *osproc.Process
	stdin          *feeder // nil: the null device
	budget         *budget
	stdout, stderr *capture
	output         Output
}

// reason says why a program was ended.
type reason uint8

const (
	notEnded reason = iota // it ends by itself
	timedOut
	canceled
	overflowed
	closedByForce
)

// start starts the program. On an error nothing is left. An error that matches
// errBadSpec is the fault of the spec.
func (a *attempt) start() error {
	e := a.slot.executor
	a.output.Args = a.spec.args(a.slot.number)
	a.output.Slot = a.slot.number
	command, err := e.prepare(&a.spec, a.output.Args)
	if err != nil {
		return err
	}
	streams, err := a.connect(&command)
	if err != nil {
		return err
	}
	a.output.Start = time.Now()
	// Not the context of the call: a start waits for a moment at most, and a
	// cancellation that comes meanwhile is in slot.canceled.
	a.process, err = e.spawner.Start(context.Background(), command)
	closeAll(streams)
	if err != nil {
		a.disconnect()
		return explainStart(err, command)
	}
	a.output.PID = a.process.PID()
	a.stdin.start()
	a.stdout.start()
	a.stderr.start()
	return nil
}

// connect opens the streams of the program. It returns its ends of them, to be
// closed when it has started. On an error nothing is open.
func (a *attempt) connect(command *osproc.Command) (childs []*os.File, err error) {
	defer func() {
		if err != nil {
			closeAll(childs)
			a.disconnect()
		}
	}()
	a.budget = newBudget(a.slot.executor.config.MaxOutput)
	if a.stdout, command.Stdout, err = newCapture(a.budget, &a.slot.stdoutSpace); err != nil {
		return childs, err
	}
	childs = append(childs, command.Stdout)
	if a.stderr, command.Stderr, err = newCapture(a.budget, &a.slot.stderrSpace); err != nil {
		return childs, err
	}
	childs = append(childs, command.Stderr)
	if a.spec.Stdin == nil {
		return childs, nil
	}
	if a.stdin, command.Stdin, err = newFeeder(a.spec.Stdin); err != nil {
		return childs, err
	}
	return append(childs, command.Stdin), nil
}

// disconnect closes our ends of the streams of a program that did not start.
func (a *attempt) disconnect() {
	a.stdin.discard()
	a.stdout.discard()
	a.stderr.discard()
}

func closeAll(files []*os.File) {
	for _, file := range files {
		file.Close()
	}
}

// supervise waits until the program has ended and ends it if there is a reason
// to. The first reason counts; a later one can only make the end come sooner.
func (a *attempt) supervise() (why reason) {
	e := a.slot.executor
	force := e.force
	over := a.budget.over
	var deadline, grace <-chan time.Time
	if d := a.call.Batch().Timeout(); d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		deadline = timer.C
	}
	for {
		asked, killed := notEnded, notEnded
		select {
		case <-a.process.Exited():
			return why
		case <-deadline:
			asked = timedOut
		case <-a.slot.canceled:
			asked = canceled
		case <-grace:
			killed = why
		case <-over:
			over, killed = nil, overflowed
		case <-force:
			force, killed = nil, closedByForce
		}
		if why == notEnded {
			why = asked + killed // one of them is notEnded
		}
		if killed != notEnded {
			_ = a.process.KillGroup() // fails only when there is nobody left
		} else if grace == nil {
			a.ask()
			timer := time.NewTimer(e.config.KillGrace)
			defer timer.Stop()
			grace = timer.C
		}
	}
}

// ask asks the group to end, and wakes those of it that are stopped.
func (a *attempt) ask() {
	_ = a.process.Signal(syscall.SIGTERM)
	_ = a.process.Signal(sigContinue)
}

// finish reaps the program, which has ended, kills what is left of its group and
// collects the rest of its output. It does not wait for a process that holds a
// stream.
func (a *attempt) finish() osproc.Exit {
	a.output.Duration = time.Since(a.output.Start)
	exit := a.process.Reap()
	a.output.UserTime, a.output.SystemTime, a.output.MaxRSS = exit.UserTime, exit.SystemTime, exit.MaxRSS
	a.stdin.stop()
	a.output.Stdout = a.stdout.stop()
	a.output.Stderr = a.stderr.stop()
	return exit
}

// outcome returns the error of the attempt, nil for success.
func (a *attempt) outcome(why reason, exit osproc.Exit) error {
	killed := exit.Signal == syscall.SIGKILL
	succeeded := exit.Code == 0 && exit.Signal == 0
	switch {
	case a.budget.exceeded():
		return a.tooLarge(exit)
	case why == closedByForce && killed:
		a.slot.executor.cutShort.Add(1)
		return a.engineError(tandem.ErrClosed, tandem.MayHaveRun, nil, exit)
	case why == timedOut:
		return a.engineError(tandem.ErrTimeout, tandem.MayHaveRun, nil, exit)
	case why == canceled && !succeeded:
		return a.engineError(tandem.ErrWorkerLost, tandem.MayHaveRun, a.cancellation(), exit)
	case exit.Code == osproc.CodeUnknown:
		return a.engineError(tandem.ErrWorkerLost, tandem.Finished, errors.New("other code of this process waited for the program"), exit)
	case !succeeded:
		return a.exitError(exit)
	}
	return nil
}

// tooLarge says that output is missing.
func (a *attempt) tooLarge(exit osproc.Exit) error {
	fate := tandem.MayHaveRun
	if exit.Signal == 0 {
		fate = tandem.Finished
	}
	cause := fmt.Errorf("output exceeds MaxOutput, %d bytes", a.slot.executor.config.MaxOutput)
	return a.engineError(tandem.ErrTooLarge, fate, cause, exit)
}

// cancellation returns why the call was canceled; it matches context.Canceled.
func (a *attempt) cancellation() error {
	cause := a.call.Batch().Canceled()
	if errors.Is(cause, context.Canceled) {
		return cause
	}
	return fmt.Errorf("%w: %w", context.Canceled, cause)
}

func (a *attempt) exitError(exit osproc.Exit) *ExitError {
	return &ExitError{Output: a.output, Code: exit.Code, Signal: exit.Signal}
}

// engineError returns an engine failure that carries what the program left.
func (a *attempt) engineError(kind error, fate tandem.Fate, cause error, exit osproc.Exit) error {
	worker := fmt.Sprintf("pid %d", a.output.PID)
	var ended error = a.exitError(exit)
	if cause != nil {
		ended = fmt.Errorf("%w: %w", cause, ended)
	}
	return tandem.NewCallError(kind, fate, a.call, worker, ended)
}
