// Package driver measures peers that are written in Python: each in a process
// of its own, which it asks by lines of JSON and can always end.
package driver

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/gotandem/tandem/bench/internal/trial"
)

// endWithin is how long a pool may take to end in order.
const endWithin = 5 * time.Second

// Driver is a process that measures one peer. It is for one goroutine.
type Driver struct {
	cmd     *exec.Cmd
	asks    io.WriteCloser
	answers *bufio.Reader
	ended   bool
}

// Answer is what a driver says.
type Answer struct {
	Values      []float64 `json:"values"`
	Remark      string    `json:"remark"`
	Error       string    `json:"error"`
	Unavailable string    `json:"unavailable"`
}

// Start starts a driver: interpreter runs the file with one argument, in a
// process group of its own, with env added to the environment.
func Start(interpreter, file, peer string, env ...string) (*Driver, error) {
	cmd := exec.Command(interpreter, file, peer)
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	asks, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w (%w)", trial.Unavailable("no Python"), err)
	}
	return &Driver{cmd: cmd, asks: asks, answers: bufio.NewReader(answers)}, nil
}

// Ask sends a request and waits for its answer. When ctx ends first, the driver
// and its workers are killed. Errors that the driver reports are returned, a
// peer that is not installed as [trial.Unavailable].
func (d *Driver) Ask(ctx context.Context, request map[string]any) (Answer, error) {
	if d.ended {
		return Answer{}, errors.New("its driver has ended")
	}
	stop := context.AfterFunc(ctx, d.killGroup)
	line, err := d.exchange(request)
	if !stop() {
		return Answer{}, fmt.Errorf("no answer in time: %w", context.Cause(ctx))
	}
	if err != nil {
		return Answer{}, fmt.Errorf("its driver ended: %w", err)
	}
	var answer Answer
	if err := json.Unmarshal(line, &answer); err != nil {
		return answer, fmt.Errorf("answer of the driver: %w", err)
	}
	switch {
	case answer.Unavailable != "":
		return answer, trial.Unavailable(answer.Unavailable)
	case answer.Error != "":
		return answer, errors.New(answer.Error)
	}
	return answer, nil
}

func (d *Driver) exchange(request map[string]any) ([]byte, error) {
	line, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	if _, err := d.asks.Write(append(line, '\n')); err != nil {
		return nil, err
	}
	return d.answers.ReadBytes('\n')
}

// Close ends the pool in order, then the driver, then whatever is left of
// both. It does not fail: what a pool says at its end is not measured.
func (d *Driver) Close() error {
	if d.ended {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), endWithin)
	defer cancel()
	// Whatever the answer is, the driver is ended next.
	_, _ = d.Ask(ctx, map[string]any{"do": "close"})
	d.ended = true
	d.killGroup()
	_ = d.cmd.Wait() // it was killed
	return nil
}

// killGroup kills the driver and its workers. The driver is not reaped before
// Close, so that the number of the group is its own.
func (d *Driver) killGroup() { _ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL) }
