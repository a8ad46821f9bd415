package pingpong

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// Variable makes a program the far end: its value is the way in which it reads
// and writes, a colon, and the size of a message in bytes.
const Variable = "TANDEM_BENCH_PINGPONG"

// Way is how both ends read and write.
type Way string

const (
	Blocking  Way = "blocking"  // system calls that block, of which the Go scheduler is not told
	Netpoller Way = "netpoller" // a net.Conn
)

// farSocket is the descriptor that the far end gets.
const farSocket = 3

// exchange sends a message and waits for one of the same size, or the other way
// round.
type exchange interface {
	read(message []byte) error
	write(message []byte) error
	close() error
}

// Serve plays the far end in a process that was started with [Variable] set to
// part: it sends back whatever it gets until the other end closes.
func Serve(part string) error {
	way, size, _ := strings.Cut(part, ":")
	n, err := strconv.Atoi(size)
	if err != nil {
		return fmt.Errorf("%s is %q: want a way and a size", Variable, part)
	}
	far, err := newExchange(Way(way), os.NewFile(farSocket, "far"))
	if err != nil {
		return err
	}
	message := make([]byte, n)
	for far.read(message) == nil && far.write(message) == nil {
	}
	return far.close()
}

// newExchange takes over one end of a socketpair.
func newExchange(way Way, end *os.File) (exchange, error) {
	if way == Blocking {
		return &blocking{end, int(end.Fd())}, nil // Fd makes it block
	}
	defer end.Close()
	conn, err := net.FileConn(end) // a duplicate
	if err != nil {
		return nil, err
	}
	return polled{conn}, nil
}

// blocking exchanges by system calls of which the scheduler knows nothing.
type blocking struct {
	file *os.File // keeps fd open
	fd   int
}

func (b *blocking) read(message []byte) error { return b.all(syscall.SYS_READ, message) }

func (b *blocking) write(message []byte) error { return b.all(syscall.SYS_WRITE, message) }

func (b *blocking) close() error { return b.file.Close() }

// polled exchanges as Go programs do.
type polled struct{ conn net.Conn }

func (p polled) read(message []byte) error {
	_, err := io.ReadFull(p.conn, message)
	return err
}

func (p polled) write(message []byte) error {
	_, err := p.conn.Write(message)
	return err
}

func (p polled) close() error { return p.conn.Close() }

// Pair is a process that plays the far end, and the near end in this one. One
// goroutine at a time may use it.
type Pair struct {
	near exchange
	far  *exec.Cmd
}

// Start executes file, which must call [Serve], as the far end. The caller must
// call End.
func Start(file string, way Way, size int) (*Pair, error) {
	near, far, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer far.Close()
	cmd := exec.Command(file)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s:%d", Variable, way, size))
	cmd.ExtraFiles = []*os.File{far}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, near.Close())
	}
	exchange, err := newExchange(way, near)
	if err != nil {
		near.Close()
		return nil, errors.Join(err, cmd.Wait()) // the far end sees that the socket is closed
	}
	return &Pair{exchange, cmd}, nil
}

// Round sends message, which must have the size given to Start, and waits until
// it is back. It fails when the far end has ended.
func (p *Pair) Round(message []byte) error {
	if err := p.near.write(message); err != nil {
		return err
	}
	return p.near.read(message)
}

// End closes the near end, which ends the far one, and waits for that.
func (p *Pair) End() error { return errors.Join(p.near.close(), p.far.Wait()) }

func socketPair() (near, far *os.File, err error) {
	syscall.ForkLock.RLock()
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(ends[0])
		syscall.CloseOnExec(ends[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	return os.NewFile(uintptr(ends[0]), "near"), os.NewFile(uintptr(ends[1]), "far"), nil
}

// all repeats a system call until the whole message has been moved.
func (b *blocking) all(call uintptr, message []byte) error {
	for len(message) > 0 {
		n, err := rawMove(call, b.fd, message)
		switch {
		case err == syscall.EINTR:
		case err != 0:
			return err
		case n == 0:
			return io.EOF
		default:
			message = message[n:]
		}
	}
	return nil
}

// rawMove reads or writes once. It does not tell the scheduler, which would cost
// more than a bare exchange does: whoever calls it has a processor to itself
// until the other end answers or closes.
func rawMove(call uintptr, fd int, message []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(&message[0])), uintptr(len(message)))
	return int(n), errno
}
