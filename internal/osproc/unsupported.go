//go:build !unix || aix || solaris

package osproc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"syscall"
	"time"
)

// CanGiveName returns false.
func CanGiveName(string) bool { return false }

// GiveName returns [ErrUnsupported].
func GiveName(*os.File, string) error { return ErrUnsupported }

// FileSizeLimit returns that there is none.
func FileSizeLimit() int64 { return math.MaxInt64 }

// Spawner cannot be made here: [NewSpawner] returns [ErrUnsupported].
type Spawner struct{}

// NewSpawner returns [ErrUnsupported].
func NewSpawner(Nice) (*Spawner, error) { return nil, ErrUnsupported }

// Start returns [ErrUnsupported].
func (*Spawner) Start(context.Context, Command) (*Process, error) { return nil, ErrUnsupported }

// Close does nothing.
func (*Spawner) Close() error { return nil }

// Process cannot be made here.
type Process struct{}

// PID returns 0.
func (*Process) PID() int { return 0 }

// Exited returns nil.
func (*Process) Exited() <-chan struct{} { return nil }

// Signal returns [ErrUnsupported].
func (*Process) Signal(syscall.Signal) error { return ErrUnsupported }

// KillGroup returns [ErrUnsupported].
func (*Process) KillGroup() error { return ErrUnsupported }

// Reap returns an unknown exit.
func (*Process) Reap() Exit { return Exit{Code: CodeUnknown} }

// CanAdopt returns [ErrUnsupported].
func CanAdopt() error { return ErrUnsupported }

// Adopt returns [ErrUnsupported].
func Adopt(*Process, int, func() Exit) (*Process, error) { return nil, ErrUnsupported }

// ExitOf returns an unknown exit.
func ExitOf(int, time.Duration, time.Duration, int64) Exit { return Exit{Code: CodeUnknown} }

// OwnUsage returns nothing.
func OwnUsage() Usage { return Usage{} }

// SendFiles returns [ErrUnsupported].
func SendFiles(*net.UnixConn, []byte, ...*os.File) error { return ErrUnsupported }

// Thread cannot be made here: [NewThread] returns [ErrUnsupported].
type Thread struct{}

// NewThread returns [ErrUnsupported].
func NewThread() (*Thread, error) { return nil, ErrUnsupported }

// Start returns [ErrUnsupported].
func (*Thread) Start(Command, Options) (*Child, error) { return nil, ErrUnsupported }

// Wake does nothing.
func (*Thread) Wake() {}

// Close does nothing.
func (*Thread) Close() {}

// Child cannot be made here.
type Child struct{}

// Event is why [Child.Wait] returned.
type Event uint8

// The events of systems that have them.
const (
	Exited Event = iota + 1
	Woken
	Expired
	Overflowed
)

// PID returns 0.
func (*Child) PID() int { return 0 }

// Wait returns [Exited].
func (*Child) Wait(time.Time) Event { return Exited }

// Signal returns [ErrUnsupported].
func (*Child) Signal(syscall.Signal) error { return ErrUnsupported }

// KillGroup returns [ErrUnsupported].
func (*Child) KillGroup() error { return ErrUnsupported }

// Reap returns an unknown exit.
func (*Child) Reap() Exit { return Exit{Code: CodeUnknown} }

// Output returns nothing.
func (*Child) Output() (stdout, stderr Captured, exceeded bool) {
	return Captured{}, Captured{}, false
}

// Broken returns nil.
func (*Child) Broken() error { return nil }

// DescriptorLimit is not known here: it returns 0.
func DescriptorLimit() int { return 0 }

// Niceness returns [ErrUnsupported].
func Niceness() (int, error) { return 0, ErrUnsupported }

// Output cannot be made here: [NewOutput] returns [ErrUnsupported].
type Output struct{}

// NewOutput returns [ErrUnsupported].
func NewOutput(func(line []byte)) (*Output, *os.File, error) { return nil, nil, ErrUnsupported }

// Tail returns "".
func (*Output) Tail() string { return "" }

// Wait returns at once.
func (*Output) Wait() {}

// Close does nothing.
func (*Output) Close() {}

// Socketpair returns [ErrUnsupported].
func Socketpair() (*net.UnixConn, *os.File, error) { return nil, nil, ErrUnsupported }

// ConnFromFD returns [ErrUnsupported].
func ConnFromFD(int) (*net.UnixConn, error) { return nil, ErrUnsupported }

// Writer cannot be made here: [NewWriter] returns [ErrUnsupported].
type Writer struct{}

// NewWriter returns [ErrUnsupported].
func NewWriter(*net.UnixConn, func()) (*Writer, error) { return nil, ErrUnsupported }

// Write returns [ErrUnsupported].
func (*Writer) Write([]byte) (bool, error) { return false, ErrUnsupported }

// Self returns the path of this program's file.
func Self() (string, error) { return os.Executable() }

// ResidentSize is not supported here: it returns an error that wraps
// [errors.ErrUnsupported].
func ResidentSize(int) (int64, error) {
	return 0, fmt.Errorf("resident size: %w", errors.ErrUnsupported)
}
