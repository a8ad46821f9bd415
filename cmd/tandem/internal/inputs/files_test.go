package inputs_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
)

// tree makes files with their own names in them, in a new current directory. A
// name that ends in a slash is a directory, one with an arrow a link.
func tree(t *testing.T, names ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, name := range names {
		if link, target, ok := strings.Cut(name, "->"); ok {
			if err := os.Symlink(target, link); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name+"x"), 0o700); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			continue
		}
		if err := os.WriteFile(name, []byte(name+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFile(t *testing.T) {
	tree(t, "a", "dir/")
	if err := os.WriteFile("b", []byte("1\n\n2"), 0o600); err != nil {
		t.Fatal(err)
	}
	source := inputs.NewText(inputs.FromFile("b"), '\n')
	if n, err := source.Count(t.Context()); n != 3 || err != nil {
		t.Errorf("count %d, error %v", n, err)
	}
	if got := collect(source); strings.Join(got, ";") != "1;;2" || source.Err() != nil {
		t.Errorf("records %q, error %v", got, source.Err())
	}
	for path, want := range map[string]string{"none": "none: no such file or directory", "dir": "dir: is a directory: give a file"} {
		source := inputs.NewText(inputs.FromFile(path), '\n')
		if _, err := source.Count(t.Context()); err == nil || err.Error() != want {
			t.Errorf("count: error %v, want %s", err, want)
		}
		got := collect(source)
		if failure, ok := errors.AsType[*inputs.Error](source.Err()); got != nil || !ok || !failure.Wrong || failure.Error() != want {
			t.Errorf("records %q, error %v, want %s", got, source.Err(), want)
		}
	}
}

// A file is opened when its records are asked for, not before.
func TestFileIsOpenedLate(t *testing.T) {
	tree(t)
	source := inputs.NewText(inputs.FromFile("late"), '\n')
	if err := os.WriteFile("late", []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := collect(source); strings.Join(got, ";") != "1" || source.Err() != nil {
		t.Errorf("records %q, error %v", got, source.Err())
	}
}

// Counting a file that somebody has begun to read leaves it where it stands.
func TestCountFromWhereAFileStands(t *testing.T) {
	tree(t)
	if err := os.WriteFile("x", []byte("a\nb,1\n2,3\n4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open("x")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := io.ReadFull(file, make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	source := inputs.NewTable(inputs.FromReader("x", file))
	if n, err := inputs.NewProduct(source, words("1 2 3")).Count(t.Context()); n != 6 || err != nil {
		t.Errorf("count %d, error %v", n, err)
	}
	if got := shown(source); got != "2|3 4|" && got != "2|3 4" && source.Err() != nil {
		t.Errorf("records %q, error %v", got, source.Err())
	}
}

func TestGlob(t *testing.T) {
	tree(t, "b.png", "a.png", "c.jpg", ".h.png", "sub/b.png", "sub/a.txt", "sub/deep/z.png", "sub/.git/x.png", "-rf", "we ird\n.png", "[x]", "tosub->sub", "e/")
	tests := map[string]string{
		"*.png":              "a.png|b.png|we ird\n.png",
		"./*.png":            "./a.png|./b.png|./we ird\n.png",
		"*.{png,jpg}":        "a.png|b.png|c.jpg|we ird\n.png",
		"**/*.png":           "a.png|b.png|sub/b.png|sub/deep/z.png|we ird\n.png",
		"sub/**":             "sub/a.txt|sub/b.png|sub/deep|sub/deep/z.png",
		"sub/**/*.png":       "sub/b.png|sub/deep/z.png",
		"*/b.png":            "sub/b.png|tosub/b.png",
		"*/*/z.png":          "sub/deep/z.png|tosub/deep/z.png",
		"tosub/**/z.png":     "tosub/deep/z.png",
		".*.png":             ".h.png",
		"sub/.git/*":         "sub/.git/x.png",
		"**/.git/*":          "sub/.git/x.png",
		"*/":                 "e/|sub/|tosub/",
		"{sub/deep,e}/*":     "sub/deep/z.png",
		"{e,sub/deep}":       "e|sub/deep",
		"-*":                 "-rf",
		`\[x\]`:              "[x]",
		"c.jpg":              "c.jpg",
		"../*/c.jpg":         "../" + filepath.Base(mustGetwd(t)) + "/c.jpg",
		mustGetwd(t) + "/c*": mustGetwd(t) + "/c.jpg",
	}
	for pattern, want := range tests {
		source, err := inputs.NewGlob(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		if got := strings.Join(collect(source), "|"); got != want || source.Err() != nil {
			t.Errorf("%s matches %q, error %v, want %q", pattern, got, source.Err(), want)
		}
	}
}

func mustGetwd(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestGlobs(t *testing.T) {
	tree(t, "b", "a", "c.txt")
	source, err := inputs.NewGlob("*.txt", "?")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := source.Count(t.Context()); n != 3 || err != nil {
		t.Errorf("count %d, error %v", n, err)
	}
	if got := collect(source); !slices.Equal(got, []string{"c.txt", "a", "b"}) || source.Err() != nil {
		t.Errorf("records %q, error %v", got, source.Err())
	}
}

func TestGlobFails(t *testing.T) {
	tree(t, "a")
	for _, pattern := range []string{"", "[a", "{a"} {
		if _, err := inputs.NewGlob("a", pattern); err == nil {
			t.Errorf("%q is a pattern", pattern)
		}
	}
	for _, pattern := range []string{"*.png", "none/*", "a/*", "none"} {
		source, err := inputs.NewGlob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		got := collect(source)
		failure, ok := errors.AsType[*inputs.Error](source.Err())
		if got != nil || !ok || !failure.Wrong && pattern != "a/*" || !strings.Contains(failure.Error(), pattern) {
			t.Errorf("records %q, error %v", got, source.Err())
		}
	}
}

// A directory that cannot be read does not hide what the others have.
func TestGlobReportsWhatItCannotRead(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads every directory")
	}
	tree(t, "a/x", "b/x", "c/x")
	if err := os.Chmod("b", 0); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Chmod("b", 0o700) }()
	source, err := inputs.NewGlob("*/x")
	if err != nil {
		t.Fatal(err)
	}
	got := collect(source)
	failure, ok := errors.AsType[*inputs.Error](source.Err())
	if !slices.Equal(got, []string{"a/x", "c/x"}) || !ok || failure.Wrong || !errors.Is(failure, fs.ErrPermission) {
		t.Errorf("records %q, error %v", got, source.Err())
	}
}

func TestGlobStops(t *testing.T) {
	tree(t, "a/1", "a/2", "b/1")
	source, err := inputs.NewGlob("*/*", "none")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for range source.Records() {
		n++
		source.Stop()
	}
	if n != 1 || source.Err() != nil {
		t.Errorf("%d records, error %v", n, source.Err())
	}
}
