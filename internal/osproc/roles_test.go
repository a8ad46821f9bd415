//go:build unix && !aix && !solaris

package osproc_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/gotandem/tandem/internal/osproc"
)

// roles are what the re-executed test binary can be. Each runs to the end of the
// process; returning is exit 0.
var roles = map[string]func(args []string){
	"exit": func(args []string) {
		code, _ := strconv.Atoi(args[0])
		os.Exit(code)
	},
	"kill-self": func(args []string) {
		number, _ := strconv.Atoi(args[0])
		_ = syscall.Kill(os.Getpid(), syscall.Signal(number))
		block()
	},
	"wait": func([]string) { // for ever, or until a signal
		say("ready")
		block()
	},
	"deaf": func([]string) { // ignores SIGTERM, and says when it got one
		terms := make(chan os.Signal, 1)
		signal.Notify(terms, syscall.SIGTERM)
		say("ready")
		for range terms {
			say("term")
		}
	},
	"echo": func([]string) { // until the end of the stream
		conn, err := osproc.ConnFromFD(3)
		check(err)
		_, err = conn.Write([]byte("ready"))
		check(err)
		_, err = io.Copy(conn, conn)
		check(err)
	},
	"family": func([]string) { // a leader and a grandchild that both stay
		startGrandchild("wait-silent")
		say("ready")
		block()
	},
	"orphan": func([]string) { // the leader ends, the grandchild stays
		startGrandchild("wait-silent")
		say("ready")
	},
	"wait-silent": func([]string) { block() },
	"print": func(args []string) {
		for _, arg := range args {
			fmt.Println(arg)
		}
	},
	"print-orphan": func([]string) { // the grandchild keeps stdout
		startGrandchild("wait-silent")
		fmt.Println("before")
		say("ready")
	},
	"huge": func(args []string) {
		n, _ := strconv.Atoi(args[0])
		_, err := os.Stdout.WriteString(strings.Repeat("x", n))
		check(err)
	},
	"environment": func(args []string) { // args: descriptors to leave out
		dir, _ := os.Getwd()
		fmt.Println(os.Args[0], dir, os.Environ(), openDescriptors(args))
	},
	"supervisor": func([]string) { // starts "wait" and stays, until killed
		spawner, err := osproc.NewSpawner(osproc.Nice{})
		check(err)
		self, err := osproc.Self()
		check(err)
		_, err = spawner.Start(context.Background(), osproc.Command{
			Path:  self,
			Env:   []string{roleVariable + "=wait"},
			Files: []*os.File{os.NewFile(3, "socket")},
		})
		check(err)
		block()
	},
	"memory": memoryRole,
}

func play(role string, args []string) {
	roles[role](args)
	os.Exit(0)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(99)
	}
}

// block waits for a signal that nobody sends. An empty select would be reported
// as a deadlock.
func block() {
	never := make(chan os.Signal, 1)
	signal.Notify(never, syscall.SIGUSR2)
	<-never
}

func say(word string) {
	_, err := syscall.Write(3, []byte(word))
	check(err)
}

// startGrandchild leaves a process in this group that keeps stdout and the
// socket.
func startGrandchild(role string) {
	grandchild := exec.Command("/proc/self/exe")
	if path, err := osproc.Self(); err == nil {
		grandchild.Path = path
	}
	grandchild.Env = []string{roleVariable + "=" + role}
	grandchild.Stdout = os.Stdout
	grandchild.ExtraFiles = []*os.File{os.NewFile(3, "socket")}
	check(grandchild.Start())
}
