package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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

	child    *osproc.Child
	exceeded bool  // MaxOutput, so that output is missing
	broken   error // why output could not be kept or passed on
	output   Output
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
	a.output.Slot = a.slot.number
	args, err := a.spec.args(a.slot.number)
	if err != nil {
		return badSpec{err}
	}
	a.output.Args = args
	command, err := e.prepare(&a.spec, args, a.slot.env.of(a.spec.Seq))
	if err != nil {
		return err
	}
	a.output.Start = time.Now()
	a.child, err = a.slot.thread.Start(command, a.options())
	if err != nil {
		if a.spec.Sink != nil && errors.Is(err, osproc.ErrConstrain) {
			err = errors.Join(err, a.spec.Sink.End())
		}
		return explainStart(err, command)
	}
	a.output.PID = a.child.PID()
	return nil
}

// options returns what is done for the program.
func (a *attempt) options() osproc.Options {
	config := &a.slot.executor.config
	o := osproc.Options{
		Stdin: a.spec.Stdin, MaxOutput: config.MaxOutput,
		Memory: config.Memory, Nice: a.slot.executor.nice,
	}
	switch {
	case a.spec.Sink != nil:
		o.Sink = a.pass
	case a.call.Task() == Exec.Name(): // the result of a Program is read from memory
		o.Spill = osproc.Spill{Dir: config.Spill.Dir, Threshold: config.Spill.Threshold}
	}
	return o
}

// pass gives output to the sink.
func (a *attempt) pass(stream int, p []byte) error {
	if stream == 0 {
		return a.spec.Sink.Stdout(p)
	}
	return a.spec.Sink.Stderr(p)
}

// supervise waits until the program has ended and ends it if there is a reason
// to. The first reason counts; a later one can only make the end come sooner.
func (a *attempt) supervise() (why reason) {
	var deadline time.Time // of the program, then of its grace, then none
	if d := a.call.Batch().Timeout(); d > 0 {
		deadline = time.Now().Add(d)
	}
	for told := false; ; {
		asked, killed := notEnded, notEnded
		switch a.child.Wait(deadline) {
		case osproc.Exited:
			return why
		case osproc.Expired:
			asked, killed = timedOut, why // killed is notEnded unless the grace is over
		case osproc.Overflowed:
			killed = overflowed
		case osproc.Woken:
			asked, killed = a.slot.told()
		}
		if why == notEnded {
			why = max(asked, killed)
		}
		switch {
		case killed != notEnded:
			_ = a.child.KillGroup() // fails only when there is nobody left
			told, deadline = true, time.Time{}
		case asked != notEnded && !told:
			a.ask()
			told, deadline = true, time.Now().Add(a.slot.executor.config.KillGrace)
		}
	}
}

// ask asks the group to end, and wakes those of it that are stopped.
func (a *attempt) ask() {
	_ = a.child.Signal(syscall.SIGTERM)
	_ = a.child.Signal(sigContinue)
}

// finish reaps the program, which has ended, kills what is left of its group and
// collects the rest of its output. It does not wait for a process that holds a
// stream.
func (a *attempt) finish() osproc.Exit {
	a.output.Duration = time.Since(a.output.Start)
	exit := a.child.Reap()
	a.output.UserTime, a.output.SystemTime, a.output.MaxRSS = exit.UserTime, exit.SystemTime, exit.MaxRSS
	var stdout, stderr osproc.Captured
	stdout, stderr, a.exceeded = a.child.Output()
	a.output.Stdout, a.output.StdoutFile, a.output.StdoutSize = stdout.Bytes, stdout.File, stdout.Size
	a.output.Stderr, a.output.StderrFile, a.output.StderrSize = stderr.Bytes, stderr.File, stderr.Size
	a.output.stderrTail = stderr.Tail
	a.broken = a.child.Broken()
	if a.spec.Sink != nil {
		a.broken = cmp.Or(a.broken, a.spec.Sink.End())
	}
	return exit
}

// outcome returns the error of the attempt, nil for success.
func (a *attempt) outcome(why reason, exit osproc.Exit) error {
	killed := exit.Signal == syscall.SIGKILL
	succeeded := exit.Code == 0 && exit.Signal == 0
	switch {
	case a.exceeded:
		cause := fmt.Errorf("output exceeds MaxOutput, %d bytes", a.slot.executor.config.MaxOutput)
		return a.missingOutput(tandem.ErrTooLarge, cause, exit)
	case noRoom(a.broken):
		return a.missingOutput(tandem.ErrTooLarge, a.broken, exit)
	case a.broken != nil:
		return a.missingOutput(tandem.ErrBadResult, a.broken, exit)
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

// missingOutput says why output is missing.
func (a *attempt) missingOutput(kind, cause error, exit osproc.Exit) error {
	fate := tandem.MayHaveRun
	if exit.Signal == 0 {
		fate = tandem.Finished
	}
	return a.engineError(kind, fate, cause, exit)
}

// noRoom reports whether a file could not take more.
func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// cancellation returns why the call was canceled; it matches context.Canceled.
func (a *attempt) cancellation() error {
	cause := a.call.Canceled()
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
