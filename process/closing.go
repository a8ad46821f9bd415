package process

import (
	"context"
	"errors"
	"fmt"

	"github.com/gotandem/tandem"
)

// failedToStart returns why no slot is left, or nil.
func (ex *Executor) failedToStart() error {
	if err := ex.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// WaitReady blocks until a worker is ready to run calls, or none can be started,
// or ctx ends. The error says why there is none; it matches
// tandem.ErrWorkerStart when none can be started, and tandem.ErrClosed when the
// executor was closed.
func (ex *Executor) WaitReady(ctx context.Context) error {
	select {
	case <-ex.ready:
	default:
		select {
		case <-ex.ready:
		case <-ex.stopping.Done():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if ex.stopping.Err() != nil {
		return tandem.ErrClosed
	}
	if err := ex.failedToStart(); err != nil {
		return fmt.Errorf("%w: %w", tandem.ErrWorkerStart, err)
	}
	return nil
}

// Details returns what a program in another language said about itself when it
// was ready last, as the member details of its hello: docs/wire.md. It is nil
// before, must not be changed, and is not to be believed more than the program is.
func (ex *Executor) Details() map[string]any {
	if details := ex.details.Load(); details != nil {
		return *details
	}
	return nil
}

// wasReady reports whether any worker has been ready.
func (ex *Executor) wasReady() bool {
	select {
	case <-ex.ready:
		return true
	default:
		return false
	}
}

// noteReady lets WaitReady return.
func (ex *Executor) noteReady() { ex.readyOnce.Do(func() { close(ex.ready) }) }

// noteRetired counts a slot that will not start a worker again. With the last
// one, calls cannot run any more. err is nil when the slot retires because the
// executor closes.
func (ex *Executor) noteRetired(err error) {
	ex.mu.Lock()
	ex.retired++
	last := ex.retired == len(ex.slots)
	if err != nil {
		ex.startErr = err
	}
	err = ex.startErr
	ex.mu.Unlock()
	if !last || err == nil {
		return
	}
	ex.failed.Store(&err)
	ex.noteReady()
	ex.failWaiting()
}

// ending reports whether slots are not to start workers any more.
func (ex *Executor) ending() bool { return ex.stopping.Err() != nil || ex.life.Err() != nil }

// Close implements [tandem.Executor]. When ctx ends before the accepted calls
// have, the workers are killed: waiting calls fail with fate NotStarted, running
// ones with MayHaveRun. Of several concurrent calls, the context that ends first
// counts. Afterwards no process, descriptor or goroutine is left. Close waits
// for calls of Config.Output.
func (ex *Executor) Close(ctx context.Context) error {
	ex.queue.Drain()
	ex.draining.Store(true)
	ex.finished(0)
	stop := context.AfterFunc(ctx, func() { ex.kill(context.Cause(ctx)) })
	defer stop()
	ex.closeOnce.Do(func() {
		ex.closeErr = ex.close()
		close(ex.closed)
	})
	<-ex.closed
	return ex.closeErr
}

func (ex *Executor) close() error {
	select {
	case <-ex.drained:
	case <-ex.life.Done():
	}
	ex.stop()
	if ex.life.Err() != nil {
		ex.closeWaiting()
	}
	ex.supervisors.Wait()
	ex.nursery.close()
	ex.closeWaiting() // what was given back by the last slot
	ex.kill(tandem.ErrClosed)
	var cut error
	if n := ex.cut.Load(); n > 0 {
		cut = fmt.Errorf("process: closed with %d calls unfinished: %w", n, context.Cause(ex.life))
	}
	return errors.Join(cut, ex.spawner.Close())
}
