package tandemtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gotandem/tandem"
)

// TaskSet holds the tasks that the suite uses. The package comment says what
// each does.
type TaskSet struct {
	Double      tandem.Task[int, int]
	Echo        tandem.Task[[]byte, []byte]
	Hold        tandem.Task[Hold, string]
	Fail        tandem.Task[Failure, int]
	Panic       tandem.Task[Failure, int]
	Goexit      tandem.Task[int, int]
	Accept      tandem.Task[any, int]
	Unencodable tandem.Task[int, any]
	Unknown     tandem.Task[int, int] // served by nobody
}

// Hold is the input of the task hold. Use [Gate.Hold] to make one.
type Hold struct {
	Gate string // address of the gate
	Key  string // one word: which arrival at the gate it is
	Deaf bool   // ignores the end of its context
}

// Failure is the input of the tasks fail and panic.
type Failure struct {
	Kind string
	Text string
}

// prefix begins the names of the tasks of [Tasks].
const prefix = "tandemtest."

// defined are the tasks with their functions.
var defined = TaskSet{
	Double:      tandem.Define(prefix+"double", double),
	Echo:        tandem.Define(prefix+"echo", echo),
	Hold:        tandem.Define(prefix+"hold", hold),
	Fail:        tandem.Define(prefix+"fail", fail),
	Panic:       tandem.Define(prefix+"panic", panicking),
	Goexit:      tandem.Define(prefix+"goexit", goexit),
	Accept:      tandem.Define(prefix+"accept", accept),
	Unencodable: tandem.Define(prefix+"unencodable", unencodable),
	Unknown:     tandem.Declare[int, int](prefix + "unknown"),
}

// Defined returns the tasks of the suite as Go tasks.
func Defined() TaskSet { return defined }

// Declared returns the tasks of the suite for workers in another language: each
// name is prefix and the name in the package comment.
func Declared(prefix string) TaskSet {
	return TaskSet{
		Double:      tandem.Declare[int, int](prefix + "double"),
		Echo:        tandem.Declare[[]byte, []byte](prefix + "echo"),
		Hold:        tandem.Declare[Hold, string](prefix + "hold"),
		Fail:        tandem.Declare[Failure, int](prefix + "fail"),
		Panic:       tandem.Declare[Failure, int](prefix + "panic"),
		Goexit:      tandem.Declare[int, int](prefix + "goexit"),
		Accept:      tandem.Declare[any, int](prefix + "accept"),
		Unencodable: tandem.Declare[int, any](prefix + "unencodable"),
		Unknown:     tandem.Declare[int, int](prefix + "unknown"),
	}
}

// Tasks returns the tasks of [Defined], for worker.Main in the TestMain of a
// package whose executor starts its test binary as worker.
func Tasks() []tandem.AnyTask {
	d := defined
	return []tandem.AnyTask{d.Double, d.Echo, d.Hold, d.Fail, d.Panic, d.Goexit, d.Accept, d.Unencodable}
}

// Error is the error that the Go task fail wraps with Kind "wrapped".
type Error struct{ Text string }

func (e *Error) Error() string { return e.Text }

func double(_ context.Context, n int) (int, error) { return 2 * n, nil }

func echo(_ context.Context, b []byte) ([]byte, error) { return b, nil }

func accept(context.Context, any) (int, error) { return 1, nil }

func unencodable(context.Context, int) (any, error) { return make(chan int), nil }

func goexit(context.Context, int) (int, error) {
	runtime.Goexit()
	return 0, nil
}

// hold does what the gate tells it.
func hold(ctx context.Context, in Hold) (string, error) {
	conn, err := net.Dial("tcp", in.Gate)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	fmt.Fprintf(conn, "start %s %d\n", in.Key, os.Getpid())
	if !in.Deaf {
		stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
		defer stop()
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	switch {
	case err == nil:
		return obey(strings.TrimSuffix(line, "\n"))
	case errors.Is(err, os.ErrDeadlineExceeded):
		fmt.Fprintln(conn, "canceled")
		return "", ctx.Err()
	}
	return "", fmt.Errorf("gate closed: %w", err)
}

// obey carries out the gate's command.
func obey(line string) (string, error) {
	command, text, _ := strings.Cut(line, " ")
	switch command {
	case "return":
		return text, nil
	case "fail":
		return "", errors.New(text)
	case "exit":
		status, err := strconv.Atoi(text)
		if err != nil {
			return "", err
		}
		os.Exit(status)
	}
	return "", fmt.Errorf("unknown command %q", line)
}

func fail(_ context.Context, in Failure) (int, error) {
	switch in.Kind {
	case "plain":
		return 0, errors.New(in.Text)
	case "wrapped":
		return 0, fmt.Errorf("outer: %w", &Error{in.Text})
	case "canceled":
		return 0, context.Canceled
	case "deadline":
		return 0, context.DeadlineExceeded
	case "call":
		return 0, &tandem.CallError{Code: "worker_lost", Fate: tandem.NotStarted, Task: in.Text}
	}
	return 0, fmt.Errorf("unknown kind %q", in.Kind)
}

// rude is an error whose text cannot be made.
type rude struct{}

func (rude) Error() string { panic("no text") }

func panicking(_ context.Context, in Failure) (int, error) {
	switch in.Kind {
	case "string":
		panic(in.Text)
	case "error":
		panic(&Error{in.Text})
	case "rude":
		panic(rude{})
	case "nil":
		panic(nil) //nolint:govet // what panic(nil) becomes is what is tested
	}
	return 0, fmt.Errorf("unknown kind %q", in.Kind)
}
