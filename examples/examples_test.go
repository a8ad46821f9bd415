package examples_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image/color"
	"image/png"
	"io"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// program returns what one of the programs in Go prints.
func program(t *testing.T, name string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, filepath.Join(bin, name)).Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// The worker that one input kills costs that input's result only.
func TestProcess(t *testing.T) {
	got := strings.Join(program(t, "process"), ", ")
	if want := "100000: 9592, 13: the worker died, 200000: 17984, 300000: 25997"; got != want {
		t.Errorf("printed %s: want %s", got, want)
	}
}

// Each page passes both stages once.
func TestHybrid(t *testing.T) {
	seen := make(map[string]bool)
	for _, sum := range program(t, "hybrid") {
		seen[sum] = true
	}
	if len(seen) != 40 {
		t.Errorf("%d different sums: want 40", len(seen))
	}
}

func TestTitles(t *testing.T) {
	for i, line := range play(t, "titles").lines(t, 100) {
		if want := fmt.Sprintf("%q", fmt.Sprintf("Page %d & more", i+1)); line != want {
			t.Errorf("line %d is %s, want %s", i+1, line, want)
		}
	}
}

// The thumbnails are what another reader of PNG sees in them, and the same on
// each machine.
func TestThumbnails(t *testing.T) {
	p := play(t, "thumbnails")
	for i, line := range p.lines(t, 12) {
		var made struct {
			File          string
			Width, Height int
			CRC           uint32
		}
		if err := json.Unmarshal([]byte(line), &made); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("thumbnails/%02d.png", i+1); made.File != want {
			t.Errorf("file %s, want %s", made.File, want)
		}
		if i == 0 && made.CRC != firstThumbnail {
			t.Errorf("checksum of the first is %d, want %d", made.CRC, firstThumbnail)
		}
		width, height, crc := pixels(t, p.read(t, made.File))
		if width != 60 || height != 45 || made.Width != width || made.Height != height || crc != made.CRC {
			t.Errorf("%s: %d × %d, checksum %d; the file has %d × %d, %d", made.File, made.Width, made.Height, made.CRC, width, height, crc)
		}
	}
}

// firstThumbnail is the checksum of the pixels of the first thumbnail, also in the README.
const firstThumbnail = 2165661070

// pixels returns the size of a picture, and the checksum of its colours.
func pixels(t *testing.T, file []byte) (width, height int, crc uint32) {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	bounds := picture.Bounds()
	var all []byte
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)
			all = append(all, c.R, c.G, c.B)
		}
	}
	return bounds.Dx(), bounds.Dy(), crc32.ChecksumIEEE(all)
}

// The estimate is the same on each run, and near the exact price.
func TestMonteCarlo(t *testing.T) {
	p := play(t, "montecarlo")
	var mean, deviation, exact float64
	var paths int
	if _, err := fmt.Sscanf(p.stdout, "%f +- %f from %d paths; exact: %f", &mean, &deviation, &paths, &exact); err != nil {
		t.Fatalf("%q: %v", p.stdout, err)
	}
	if paths != 800_000 || math.Abs(mean-exact) > 4*deviation || !bytes.Contains(p.read(t, "README.md"), []byte(strings.TrimSpace(p.stdout))) {
		t.Errorf("printed %s: want what the README says", p.stdout)
	}
	if n := bytes.Count(p.read(t, "estimates"), []byte("\n")); n != 40 {
		t.Errorf("%d estimates, want 40", n)
	}
}

// Each of 1,000 files is fetched whole and converted right.
func TestConvert(t *testing.T) {
	p := play(t, "convert")
	paths := strings.Fields(string(p.read(t, "converted.txt")))
	if len(paths) != 1000 {
		t.Fatalf("%d files converted, want 1000\n%s", len(paths), p.stderr)
	}
	for i, path := range paths {
		if want := fmt.Sprintf(`"converted/%04d.json"`, i+1); path != want {
			t.Fatalf("line %d is %s, want %s", i+1, path, want)
		}
		var got converted
		if err := json.Unmarshal(p.read(t, strings.Trim(path, `"`)), &got); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if want := convert(t, p.read(t, fmt.Sprintf("downloads/%04d.csv", i+1))); !slices.Equal(got.Values, want.Values) || got.Sum != want.Sum || got.Median != want.Median {
			t.Errorf("%s: %+v, want %+v", path, got, want)
		}
	}
}

// converted is what convert.py makes of a file.
type converted struct {
	Values      []int
	Sum, Median int
}

// convert does what convert.py does.
func convert(t *testing.T, file []byte) converted {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(string(file)), "\n")
	if len(lines) != 101 || lines[0] != "second,value" {
		t.Fatalf("a download of %d lines, from %q on", len(lines), lines[0])
	}
	var c converted
	for _, line := range lines[1:] {
		_, text, _ := strings.Cut(line, ",")
		value, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		c.Values, c.Sum = append(c.Values, value), c.Sum+value
	}
	c.Median = slices.Sorted(slices.Values(c.Values))[50]
	return c
}

// Ten jobs in order, no more than five workers, as commands and as threads.
func TestSlots(t *testing.T) {
	lines := play(t, "slots").lines(t, 20)
	for half, on := range []string{"on worker", "on "} {
		workers := make(map[string]bool)
		for i, line := range lines[10*half : 10*half+10] {
			worker, found := strings.CutPrefix(line, fmt.Sprintf("job %d %s", i+1, on))
			if !found {
				t.Errorf("line %d of run %d is %q", i+1, half+1, line)
			}
			workers[worker] = true
		}
		if len(workers) > 5 || len(workers) < 2 {
			t.Errorf("workers of run %d are %v: want five", half+1, workers)
		}
	}
}

// Each log is still there and is what its compressed file holds.
func TestCompress(t *testing.T) {
	p := play(t, "compress")
	for n := 1; n <= 20; n++ {
		name := fmt.Sprintf("logs/%02d.log", n)
		unpacker, err := gzip.NewReader(bytes.NewReader(p.read(t, name+".gz")))
		if err != nil {
			t.Fatalf("%s.gz: %v", name, err)
		}
		unpacked, err := io.ReadAll(unpacker)
		if err != nil || !bytes.Equal(unpacked, p.read(t, name)) || len(unpacked) < 50_000 {
			t.Errorf("%s.gz holds %d bytes, which are not those of the log, or %v", name, len(unpacked), err)
		}
	}
}
