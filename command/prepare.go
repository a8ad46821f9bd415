package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gotandem/tandem/internal/osproc"
)

// errBadSpec matches the errors that are the fault of a [Spec].
var errBadSpec = errors.New("bad command")

// badSpec marks err as the fault of a spec without changing its text.
type badSpec struct{ error }

func (e badSpec) Is(target error) bool { return target == errBadSpec }
func (e badSpec) Unwrap() error        { return e.error }

func bad(format string, args ...any) error { return badSpec{fmt.Errorf(format, args...)} }

// prepare returns what to start for a spec with these arguments and the
// environment env, to which that of the spec is added. The streams are not set.
func (e *Executor) prepare(spec *Spec, args, env []string) (osproc.Command, error) {
	if len(args) == 0 || args[0] == "" {
		return osproc.Command{}, bad("no program: want Args or Template with one")
	}
	for i, arg := range args {
		if strings.IndexByte(arg, 0) >= 0 {
			return osproc.Command{}, bad("argument %d contains a zero byte", i)
		}
	}
	if len(spec.Env) > 0 {
		if err := checkEnv("Env", spec.Env); err != nil {
			return osproc.Command{}, badSpec{err}
		}
		env = environment(env, spec.Env)
	}
	dir := spec.Dir
	if dir == "" {
		dir = e.config.Dir
	}
	path, err := LookPath(args[0], env)
	if err != nil {
		return osproc.Command{}, err
	}
	return osproc.Command{Path: path, Name: args[0], Args: args[1:], Env: env, Dir: dir}, nil
}

// LookPath returns the file that runs as program in the environment env, as
// [Spec.Args] says. A program with a slash is the file already and is not looked at.
// The error matches [fs.ErrNotExist] when PATH does not have the program, and
// [fs.ErrPermission] when what it has is not executable.
func LookPath(program string, env []string) (string, error) {
	if strings.Contains(program, "/") {
		return program, nil
	}
	list := valueOf("PATH", env)
	var refused string
	for _, dir := range filepath.SplitList(list) {
		if !filepath.IsAbs(dir) {
			continue // depends on the working directory: a trap
		}
		path := filepath.Join(dir, program)
		info, err := os.Stat(path)
		if err != nil || info.IsDir() {
			continue
		}
		if info.Mode()&0o111 != 0 {
			return path, nil
		}
		refused = path
	}
	if refused != "" {
		return "", bad("program %s: %s is not executable: %w", printable(program), refused, fs.ErrPermission)
	}
	return "", bad("program %s is not in PATH (searched %q): %w", printable(program), list, fs.ErrNotExist)
}

// valueOf returns the last value of key.
func valueOf(key string, env []string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if value, found := strings.CutPrefix(env[i], key+"="); found {
			return value
		}
	}
	return ""
}

// explainStart returns err with what the user can do, and marks what is the
// fault of the spec. Other errors are those of a system that is short of
// something.
func explainStart(err error, command osproc.Command) error {
	switch {
	case errors.Is(err, syscall.E2BIG):
		return bad("%s: %w", describeSize(command), err)
	case errors.Is(err, syscall.ENOEXEC):
		return bad("%w: neither a binary for this system nor a script that begins with #!", err)
	case errors.Is(err, fs.ErrNotExist) && isFile(command):
		return bad("%w: the file is there, its interpreter or loader is not", err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ENOTDIR),
		errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.ENAMETOOLONG),
		errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ETXTBSY):
		return badSpec{err}
	}
	if advice := descriptorAdvice(err); advice != "" {
		return fmt.Errorf("%s: %w", advice, err)
	}
	return err
}

// descriptorAdvice says which limit is reached when there are no descriptors left,
// and what to do. It is empty for other errors.
func descriptorAdvice(err error) string {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return fmt.Sprintf("this process may have %d descriptors open, and %d are needed for each program that runs at once: raise the limit (ulimit -n) or lower Processes",
			osproc.DescriptorLimit(), slotDescriptors)
	case errors.Is(err, syscall.ENFILE):
		return "the system has no descriptors left (fs.file-max on Linux): lower Processes"
	}
	return ""
}

// slotDescriptors is how many descriptors a slot needs at most: 3 of its own, a
// pidfd, three pipes of 2, and 2 files, less what is closed by then.
const slotDescriptors = 12

// isFile reports whether command's file and working directory exist.
func isFile(command osproc.Command) bool {
	if command.Dir != "" && checkDir("Dir", command.Dir) != nil {
		return false
	}
	path := command.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(command.Dir, path)
	}
	_, err := os.Stat(path)
	return err == nil
}

// describeSize says which limit of the system the arguments exceed. Each string
// counts with a zero byte, and with a pointer in the sum.
func describeSize(command osproc.Command) string {
	const pointer = 8
	longest, args := len(command.Name)+1, len(command.Name)+1+pointer
	for _, arg := range command.Args {
		longest = max(longest, len(arg)+1)
		args += len(arg) + 1 + pointer
	}
	env := 0
	for _, entry := range command.Env {
		longest = max(longest, len(entry)+1)
		env += len(entry) + 1 + pointer
	}
	all, one := argumentLimits()
	if one > 0 && longest > one {
		return fmt.Sprintf("an argument of %d bytes exceeds the system's limit of %d: pass it on standard input", longest, one)
	}
	text := fmt.Sprintf("arguments of %d bytes and environment of %d bytes exceed the system's limit", args, env)
	if all > 0 {
		text += fmt.Sprintf(" of %d for both", all)
	}
	return text
}
